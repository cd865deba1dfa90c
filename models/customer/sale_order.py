from odoo import api, models
from odoo.fields import Command, Domain

from ..settings.words import format_percent
from .schedule import Schedule, Step


class SaleOrder(models.Model):
    """Tells the customer when what is billed, and how far that is paid."""

    _inherit = "sale.order"

    def _get_progress_schedule(self):
        """Return the order's `Schedule`, None where nothing is planned or billed so.

        Planned lines, each with its posted invoice; other posted invoices; and the
        rest that the final invoice will bill. Drafts are nothing that a customer sees.
        """
        self.ensure_one()
        # In sudo mode because customers read their schedule, not what it is made of.
        order = self.sudo()
        if order.state == "cancel" or not order._uses_progress_billing():
            return None
        steps = [
            *order._get_progress_planned_steps(),
            *order._get_progress_other_steps(),
        ]
        rounded = order.currency_id.round
        rest = rounded(order.amount_total - sum(step.amount for step in steps))
        is_finished = bool(order._get_progress_finals_in_effect())
        if not is_finished and not order.currency_id.is_zero(rest):
            steps.append(order._make_progress_rest_step(rest))
        invoiced = rounded(sum(step.amount for step in steps if step.move))
        return Schedule(
            steps=tuple(steps),
            paid=rounded(
                sum(step.paid for step in steps) + order._get_progress_paid_releases()
            ),
            retained=order._get_progress_retained_total(),
            invoiced=invoiced,
            to_come=rounded(order.amount_total - invoiced),
            proformas=order._get_progress_proformas_to_approve(),
        )

    @api.model
    def _get_progress_unfinished_domain(self):
        """Return the domain of orders whose schedule has steps to come, or may have.

        What it leaves out has none: who reads many schedules need not read those.
        """
        lines = Domain("state", "=", "draft")
        lines |= Domain("state", "=", "planned") & Domain("amount_total", "!=", 0.0)
        drafts = Domain("parent_state", "=", "draft")
        return (
            Domain("progress_line_ids", "!=", False)
            | Domain("order_line.progress_item_ids", "!=", False)
        ) & (
            Domain("progress_remaining_amount", "!=", 0.0)
            | Domain("progress_deposit_balance", "!=", 0.0)
            | Domain("progress_line_ids", "any", lines)
            | Domain("order_line.invoice_lines", "any!", drafts)
        )

    def action_open_billing_history(self):
        """Open what the orders were billed and paid, with what is open after each."""
        self.check_access("read")
        history = self.env["progress.billing.history"].create(
            {
                "order_ids": [Command.set(self.ids)],
                "company_id": self.company_id[:1].id or self.env.company.id,
            }
        )
        return history._get_form_action()

    # === STEPS === #

    def _get_progress_planned_steps(self):
        """Return a step a planned line that is planned, or invoiced."""
        lines = self.progress_line_ids.sorted(lambda line: line._get_billing_order())
        steps = []
        for line in lines:
            items = line._get_progress_invoiced_items()
            if items and line.state != "planned":
                amount = self._sum_progress_totals(items)
                if not self.currency_id.is_zero(amount):
                    moves = line.move_id & items.move_id or items.move_id[:1]
                    paid = self._sum_progress_paid(items)
                    steps.append(self._make_progress_step(line, amount, moves, paid))
            elif line.state in ("planned", "draft") and not self._has_progress_final():
                steps.append(self._make_progress_step(line, line.amount_total))
        return steps

    def _get_progress_other_steps(self):
        """Return a step an invoice that bills something else than planned lines."""
        planned = self.progress_line_ids._get_progress_invoiced_items()
        items = self._get_progress_items().filtered(
            lambda item: item.parent_state == "posted"
        )
        others = (items - planned).grouped("move_id")
        return [
            self._make_progress_step(
                self,
                self._sum_progress_totals(others[move]),
                move,
                self._sum_progress_paid(others[move]),
            )
            for move in sorted(others, key=lambda move: (move.invoice_date, move.id))
        ]

    def _make_progress_step(self, line, amount, move=None, paid=0.0):
        """Return the `Step` of a planned line, or of an invoice of the order.

        :param float paid: what of the amount is paid.
        """
        move = (move or self.env["account.move"]).sudo()
        is_line = line != self
        name = line.name if is_line else move._get_progress_title()
        milestone = is_line and not move and line.milestone_id
        amount = self.currency_id.round(amount)
        paid = self.currency_id.round(paid)
        return Step(
            line=line,
            name=name,
            amount=amount,
            share=self._get_progress_share(amount),
            when=move.invoice_date or (is_line and not milestone and line.date) or None,
            milestone=milestone.name if milestone else "",
            move=move,
            due=move.invoice_date_due or None,
            paid=paid,
            state=self._get_progress_step_state(move, paid),
        )

    def _make_progress_rest_step(self, amount):
        """Return the step of the final invoice to come."""
        return Step(
            line=self,
            name=self.env._("Final invoice"),
            amount=amount,
            share=self._get_progress_share(amount),
            when=None,
            milestone="",
            move=self.env["account.move"],
            due=None,
            paid=0.0,
            state="planned",
        )

    def _get_progress_step_state(self, move, paid):
        if not move:
            return "planned"
        if move._is_progress_paid():
            return "paid"
        today = self.company_id._get_progress_today()
        if move.invoice_date_due and move.invoice_date_due < today:
            return "overdue"
        return "partial" if paid else "invoiced"

    def _get_progress_paid_releases(self):
        """Return what was paid of releases of what the order's invoices retained."""
        items = self._get_progress_retained_items()
        return self._sum_progress_paid(items.filtered("move_id.is_retention_release"))

    def _get_progress_retained_items(self):
        """Return the posted items of what is held, read together for many orders."""
        return self.retention_item_ids.filtered(
            lambda item: item.parent_state == "posted"
        )

    def _get_progress_retained_total(self):
        """Return what is held, with its taxes where these are due with the release."""
        items = self._get_progress_retained_items()
        taxed = items.filtered("tax_ids")
        plain = sum((items - taxed).mapped("amount_currency"))
        return self.currency_id.round(plain - self._sum_progress_totals(taxed))

    def _get_progress_share(self, amount):
        """Return an amount with taxes in percent of the order."""
        total = self.amount_total
        return round(100.0 * amount / total, 2) if total else 0.0

    def _sum_progress_totals(self, items):
        """Return what invoice lines come to with their taxes, less what they credit.

        As the journal has it: under global rounding lines alone can miss a cent of it.
        """
        shares = self.env["progress.billing.allocator"]._get_billed_shares(items)
        return sum(share.total for share in shares.values())

    def _sum_progress_paid(self, items):
        """Return what of invoice lines, taxes included, is paid.

        Invoice by invoice: a credit note pays nothing of the invoice that it credits.
        """
        return sum(
            self._sum_progress_totals(own) * move._get_progress_paid_share()
            for move, own in items.grouped("move_id").items()
        )

    def _get_progress_proformas_to_approve(self):
        """Return the pro formas of the order that await this customer's approval."""
        proformas = self.order_line.progress_proforma_line_ids.proforma_id
        customer = self.partner_id.commercial_partner_id
        return proformas.filtered(
            lambda proforma: (
                proforma._has_to_be_signed()
                and proforma.partner_id.commercial_partner_id == customer
            )
        )

    # === IN WORDS === #

    def _may_open_progress_invoice(self, move):
        """Return whether who reads the order may open one of its invoices.

        An order's link does not open invoices that go to somebody else.
        """
        customer = self.sudo().partner_id.commercial_partner_id
        return move.commercial_partner_id == customer

    def _format_progress_share(self, share):
        """Return a share as text, in the reader's language."""
        return format_percent(self.env, share, 2, "\N{NO-BREAK SPACE}")

    def _get_progress_step_label(self, state):
        """Return the state of a step in words."""
        return {
            "planned": self.env._("Planned"),
            "invoiced": self.env._("To pay"),
            "overdue": self.env._("Overdue"),
            "partial": self.env._("Partially paid"),
            "paid": self.env._("Paid"),
        }[state]

    def _get_progress_step_color(self, state):
        """Return the colour of the state's badge."""
        return {
            "planned": "light",
            "invoiced": "info",
            "overdue": "danger",
            "partial": "warning",
            "paid": "success",
        }[state]
