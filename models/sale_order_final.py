from odoo import models
from odoo.exceptions import UserError
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
            moves |= (
                by_deposit._with_progress_batch()
                .with_context(progress_billing_final=True, progress_billing_date=date)
                ._create_invoices(grouped=not consolidated, final=True)
                .with_env(self.env)
            )
        return moves

    def _is_progress_revenue(self):
        """Return whether the order's final invoice has no deposit to take back."""
        self.ensure_one()
        return self.progress_method == REVENUE and self.currency_id.is_zero(
            self.progress_deposit_balance
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
        self._check_progress_draft_recalls()
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
                lambda item: (
                    item.parent_state == "draft"
                    and not item.is_progress_recall
                    and any(line.is_downpayment for line in item.sale_line_ids)
                )
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
            date = self.env.context.get("progress_billing_date")
            date = date or self.company_id._get_progress_today()
            values.update(self._get_progress_dates(date), is_progress_final=True)
        return values

    def _get_invoiceable_lines(self, final=False):
        lines = super()._get_invoiceable_lines(final)
        if not self._uses_progress_billing():
            return lines
        if self.env.context.get("progress_billing_final"):
            lines = self._get_progress_rest_lines()
            recalls = self._get_progress_open_lines()._get_progress_open_shares()
        else:
            lines = lines.filtered(lambda line: not line.is_downpayment)
            recalls = self._get_progress_interim_shares(lines)
        return self._add_progress_recalls(lines, recalls)

    def _add_progress_recalls(self, lines, recalls):
        """Return the lines followed by the deposits that are taken back.

        :param recalls: down payment line -> {(taxes, account): `amounts.Share`}. It
            travels in the context because it is known for the order as a whole, while
            the host prepares invoice lines one by one.
        """
        deposits = lines.browse(line.id for line, groups in recalls.items() if groups)
        if not deposits:
            return lines
        return (lines + deposits).with_context(
            progress_recalls={line.id: groups for line, groups in recalls.items()}
        )

    def _get_progress_rest_lines(self):
        """Return the lines that a final invoice bills, with their sections and notes.

        It recognises the whole order, delivered or not: what is ordered and not yet
        invoiced.
        """
        self.ensure_one()
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        rest = self._get_progress_contract_lines().filtered(
            lambda line: (
                not float_is_zero(
                    line._get_progress_rest_quantity(), precision_digits=digits
                )
            )
        )
        if not rest:
            return rest
        # The host takes the *Down Payments* section for that of a line added below it.
        sections = (rest.parent_id | rest.parent_id.parent_id).filtered(
            lambda section: not section.is_downpayment
        )
        return self.order_line.filtered(
            lambda line: (
                line in rest or line in sections or line.display_type == "line_note"
            )
        )

    def _get_progress_open_lines(self):
        """Return the down payment lines that posted items leave open."""
        self.ensure_one()
        return self.order_line.filtered(
            lambda line: (
                line._is_progress_deposit()
                and not self.currency_id.is_zero(line._get_progress_open_base())
            )
        )
