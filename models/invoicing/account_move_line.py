from odoo import fields, models


class AccountMoveLine(models.Model):
    """Links an invoice item to what it bills: planned line, revenue budget, deposit."""

    _inherit = "account.move.line"

    progress_line_id = fields.Many2one(
        comodel_name="progress.billing.line",
        string="Progress Billing Line",
        index="btree_not_null",
        copy=False,
        readonly=True,
    )
    progress_budget_line_id = fields.Many2one(
        comodel_name="sale.order.line",
        string="Revenue Budget Line",
        index="btree_not_null",
        copy=False,
        readonly=True,
        help="Order line whose revenue budget this item bills.",
    )
    is_progress_recall = fields.Boolean(
        string="Takes Back a Deposit",
        copy=False,
        readonly=True,
    )
    progress_by_amount = fields.Boolean(
        string="Billed by Amount",
        copy=False,
        readonly=True,
        help="The quantity of 1 stands for a share of the order line's quantity.",
    )

    def _forget_progress_prices(self):
        """Spare the tax engine to be asked for each item's total: it is there."""
        for name in ("price_subtotal", "price_total"):
            self.env.remove_to_compute(self._fields[name], self)

    def _get_sale_line_quantity(self, sale_line):
        """Return the item's quantity in the unit of the order line, without sign."""
        return self.product_uom_id._compute_quantity(
            self.quantity, sale_line.product_uom_id
        )

    def _get_progress_deposits(self):
        """Return the deposits that the items bill, credit or take back."""
        return self.sale_line_ids._origin._get_progress_deposits()

    def _get_progress_draft_credits(self, contract):
        """Return the items on draft credit notes, which make no room for others yet.

        :param float contract: what the order, or the line, of the items is worth,
            untaxed. What is worth less than nothing is billed by credit notes; such a
            draft counts as any other.
        """
        drafts = self.filtered(
            lambda item: (
                item.parent_state == "draft"
                and item.move_id.move_type == "out_refund"
                and not item.move_id.is_progress_final
            )
        )
        if contract >= 0.0:
            return drafts
        credits_ = self.browse()
        for items in drafts.grouped("move_id").values():
            if sum(items.mapped("amount_currency")) <= 0.0:
                credits_ |= items
        return credits_

    def _get_progress_bounded_lines(self):
        """Return the order lines of which the items bill, or take back, a part.

        Parts of a whole order are none of single lines.
        """
        lines = (
            self.sale_line_ids.progress_sale_line_id
            | self.progress_line_id.sale_line_id
        )
        of_budget = self.filtered(lambda item: not item.progress_line_id)
        lines |= of_budget.progress_budget_line_id
        credits_ = self.filtered(lambda item: item.move_id.move_type == "out_refund")
        return lines | credits_.sale_line_ids.filtered(
            lambda line: not line.is_downpayment and not line.display_type
        )
