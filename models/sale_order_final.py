from odoo import models
from odoo.exceptions import LockError, RedirectWarning, UserError
from odoo.tools import float_is_zero

from .claim import REVENUE, Claim, Part
from .order_billing import OrderBilling


class SaleOrder(models.Model):
    """The final invoice, and what an order must not do before it."""

    _inherit = "sale.order"

    # === FINAL INVOICE === #

    def action_create_final_invoice(self):
        """Open the final-invoice wizard on the orders."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Create Final Invoice"),
            "res_model": "progress.billing.final",
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_ids": self.ids},
        }

    def _create_final_invoices(self, date=None, consolidated=False):
        """Create the final invoices: all that is not invoiced yet, less all deposits.

        What is taken back comes from posted journal items. The total may be zero, or
        negative: then it is a credit note.

        :param date: invoice date, None for today.
        :param bool consolidated: one invoice for all orders of the same customer,
            delivery address, currency and company.
        :return: the draft `account.move` records.
        :raise UserError: when an order is not confirmed, has a draft deposit, has a
            draft final invoice already, or has nothing left to invoice.
        """
        self._lock_progress()
        self._check_progress_billable()
        self._check_progress_drafts()
        for order in self:
            order._check_progress_final()
        by_revenue = self.filtered(lambda order: order._is_progress_revenue())
        moves = by_revenue._create_final_revenue(date, consolidated)
        by_deposit = self - by_revenue
        if by_deposit:
            moves |= by_deposit.with_context(
                progress_billing_final=True, progress_billing_date=date
            )._create_invoices(grouped=not consolidated, final=True).with_context(
                self.env.context
            )
        return moves

    def _is_progress_revenue(self):
        """Return whether the order's final invoice has no deposit to take back."""
        self.ensure_one()
        return (
            self.progress_method == REVENUE
            and self.currency_id.is_zero(self.progress_deposit_balance)
        )

    def _create_final_revenue(self, date, consolidated):
        """Bill what is left of orders whose revenue was billed part by part."""
        claims = []
        for order in self:
            billing = OrderBilling(order, self.env["progress.billing.allocator"])
            claims.append(
                Claim(
                    order_id=order.id,
                    parts=(Part(0, billing.get_rest(REVENUE)),),
                    booking=REVENUE,
                    invoice_date=date,
                    title=order.env._("Final invoice"),
                    invoice_key=("final",) if consolidated else None,
                )
            )
        moves = self.env["progress.billing.builder"]._create_invoices(claims)
        moves.sudo().is_progress_final = True
        return moves

    def _check_progress_final(self):
        """Refuse a second final invoice, and one of nothing."""
        self.ensure_one()
        draft = self._get_progress_finals().filtered(lambda move: move.state == "draft")
        if draft:
            raise UserError(
                self.env._(
                    "You cannot create the final invoice of %(order)s because there is "
                    "a draft already (%(invoice)s). Post or delete it first.",
                    order=self.display_name,
                    invoice=", ".join(draft.sudo().mapped("display_name")),
                )
            )
        if not self._get_progress_rest_lines() and not self._get_progress_open_lines():
            raise UserError(
                self.env._(
                    "You cannot create the final invoice of %(order)s because all of "
                    "its %(amount)s is invoiced and no deposit is open.",
                    order=self.display_name,
                    amount=self._format_progress(self.progress_contract_amount),
                )
            )

    def _check_progress_drafts(self):
        """Refuse to settle orders while a deposit on them is still a draft."""
        for order in self:
            items = order._get_progress_items().filtered(
                lambda item: item.parent_state == "draft"
                and not item.is_progress_recall
                and any(line.is_downpayment for line in item.sale_line_ids)
            )
            if items:
                raise UserError(
                    self.env._(
                        "You cannot make the final invoice of %(order)s because its "
                        "deposit %(deposits)s is still a draft. Post or delete it "
                        "first.",
                        order=order.display_name,
                        deposits=", ".join(
                            f"{move.display_name} "
                            f"({order._format_progress(move.amount_untaxed)})"
                            for move in items.move_id
                        ),
                    )
                )

    # === THE HOST'S INVOICING === #

    def _prepare_invoice(self):
        values = super()._prepare_invoice()
        if self.env.context.get("progress_billing_final"):
            values["is_progress_final"] = True
            values["invoice_date"] = (
                self.env.context.get("progress_billing_date")
                or self.company_id._get_progress_today()
            )
        return values

    def _get_invoiceable_lines(self, final=False):
        lines = super()._get_invoiceable_lines(final)
        if not self.progress_line_ids:
            return lines
        if self.env.context.get("progress_billing_final"):
            lines = self._get_progress_rest_lines()
        else:
            lines = lines.filtered(lambda line: not line.is_downpayment)
        return lines + self._get_progress_open_lines() if final else lines

    def _get_progress_rest_lines(self):
        """Return the lines that a final invoice bills, with their sections and notes.

        It recognises the whole order, delivered or not: what is ordered and not yet
        invoiced.
        """
        self.ensure_one()
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        rest = self._get_progress_contract_lines().filtered(
            lambda line: not float_is_zero(
                line._get_progress_rest_quantity(), precision_digits=digits
            )
        )
        if not rest:
            return rest
        sections = rest.parent_id | rest.parent_id.parent_id
        return self.order_line.filtered(
            lambda line: line in rest
            or line in sections
            or line.display_type == "line_note"
        )

    def _get_progress_open_lines(self):
        """Return the down payment lines that posted items leave open."""
        self.ensure_one()
        return self.order_line.filtered(
            lambda line: line._is_progress_deposit()
            and not self.currency_id.is_zero(line._get_progress_open_base())
        )

    # === LIFE OF THE ORDER === #

    def _update_billing_error_activity(self):
        """Keep one activity per order while any of its lines failed to be billed."""
        activity_type = "progress_billing.mail_activity_type_billing_error"
        for order in self:
            failed = order.progress_line_ids.filtered("error_message")
            has_activity = order.activity_search([activity_type])
            if failed and not has_activity:
                order.activity_schedule(
                    activity_type,
                    user_id=(order.user_id or order.create_uid).id,
                    note=order.env._(
                        "The scheduled job could not bill all progress billing lines. "
                        "The Billing tab says why."
                    ),
                )
            elif not failed and has_activity:
                order.activity_unlink([activity_type])

    def _lock_progress(self):
        """Keep anybody else from billing or settling the orders meanwhile."""
        try:
            # In sudo mode because locking a row is no change that needs a right.
            self.sudo().lock_for_update(allow_referencing=True)
        except LockError:
            raise UserError(
                self.env._(
                    "You cannot bill %(orders)s because somebody else is billing or "
                    "changing it right now. Try again in a moment.",
                    orders=", ".join(self.mapped("display_name")),
                )
            ) from None

    def action_lock(self):
        for order in self:
            if (
                order._is_progress_running()
                and order.progress_method == "deposit"
                and order.currency_id.compare_amounts(
                    order.progress_billed_amount, order.progress_contract_amount
                )
                >= 0
            ):
                raise UserError(
                    self.env._(
                        "You cannot lock %(order)s because its deposits of "
                        "%(amount)s await the final invoice. Create and post the "
                        "final invoice first.",
                        order=order.display_name,
                        amount=order._format_progress(order.progress_billed_amount),
                    )
                )
        return super().action_lock()

    def _action_cancel(self):
        for order in self:
            lines = order._get_progress_open_lines()
            if lines:
                moves = lines._get_progress_deposit_moves()
                raise RedirectWarning(
                    self.env._(
                        "You cannot cancel %(order)s because deposits of %(amount)s "
                        "are posted and not taken back (%(invoices)s). Credit them "
                        "first.",
                        order=order.display_name,
                        amount=order._format_progress(order.progress_deposit_balance),
                        invoices=", ".join(moves.mapped("name")),
                    ),
                    self.env.ref("account.action_view_account_move_reversal").id,
                    self.env._("Credit the deposits"),
                    {"active_model": "account.move", "active_ids": moves.ids},
                )
        return super()._action_cancel()

    def _remove_empty_progress_section(self):
        """Delete the *Down Payments* section where no deposit is left under it."""
        sections = self.env["sale.order.line"]
        for order in self.exists():
            lines = order.order_line.filtered("is_downpayment")
            if all(line.display_type for line in lines):
                sections |= lines
        # In sudo mode because whoever may delete the invoice need not edit the order.
        sections.sudo().unlink()

    # === PREVIEW === #

    def _get_final_preview_values(self):
        """Return one dict per row of the final invoice to come, for the wizard.

        Order lines with what is left to bill, then deposits with what they have open;
        `amount_final` is untaxed, in the order's currency, negative for a deposit.
        """
        self.ensure_one()
        return [
            *map(self._get_final_line_values, self._get_progress_rest_lines()),
            *map(self._get_final_deposit_values, self._get_progress_open_lines()),
        ]

    def _get_final_line_values(self, line):
        """Return the preview row of an order line."""
        rest = line._get_progress_rest_quantity() if line.product_uom_qty else 0.0
        share = rest / line.product_uom_qty if line.product_uom_qty else 0.0
        amount = self.currency_id.round(line.price_subtotal * share)
        return {
            "order_id": self.id,
            "sequence": line.sequence,
            "name": line.name,
            "amount": line.price_subtotal,
            "amount_open": amount,
            "amount_final": amount,
        }

    def _get_final_deposit_values(self, line):
        """Return the preview row of a deposit."""
        move = line._get_progress_deposit_moves()[:1]
        amount_open = line._get_progress_open_base()
        deposits = line._get_progress_posted_items().filtered(
            lambda item: item.move_id == move
        )
        return {
            "order_id": self.id,
            "sequence": line.sequence,
            "name": line._get_progress_recall_name(),
            "is_deposit": True,
            "move_id": move.id,
            "date": move.invoice_date,
            "amount": self._sum_progress_items(deposits),
            "amount_open": amount_open,
            "amount_final": -amount_open,
        }
