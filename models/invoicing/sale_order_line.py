from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare


class SaleOrderLine(models.Model):
    """Knows what an order line has billed, may bill, and has left."""

    _inherit = "sale.order.line"

    progress_billing_line_ids = fields.One2many(
        comodel_name="progress.billing.line",
        inverse_name="sale_line_id",
        string="Progress Billing Lines",
    )
    progress_billed_amount = fields.Monetary(
        string="Billed to Date",
        compute="_compute_progress_line_amounts",
        help="Untaxed amount billed of this line alone, less credit notes: regular "
        "invoices and open deposits, drafts included.",
    )
    progress_draft_credit_amount = fields.Monetary(
        string="Draft Credit Notes", compute="_compute_progress_line_amounts"
    )
    progress_planned_amount = fields.Monetary(
        string="Planned", compute="_compute_progress_line_amounts"
    )
    progress_remaining_amount = fields.Monetary(
        string="Remaining", compute="_compute_progress_line_amounts"
    )

    def _has_progress_price(self, items):
        """Return whether those of `items` that bill the line do so as it is priced."""
        self.ensure_one()
        digits = self.env["decimal.precision"].precision_get("Product Price")
        return all(
            item.currency_id == self.currency_id
            and item.tax_ids == self.tax_ids
            and not float_compare(
                item.price_unit, self.price_unit, precision_digits=digits
            )
            and not float_compare(item.discount, self.discount, precision_digits=2)
            for item in self.sudo().invoice_lines & items
        )

    def _prepare_progress_amount(self, share):
        """Return the values of an invoice line that bills the line by amount.

        :param share: `amounts.Share` to bill.
        """
        self.ensure_one()
        allocator = self.env["progress.billing.allocator"]
        group = (frozenset(self.tax_ids.ids), 0, self.id)
        base_line = allocator._fix_amounts(self.order_id, group, share, None)
        return {
            "quantity": 1.0,
            "price_unit": base_line["price_unit"],
            "discount": 0.0,
            "extra_tax_data": self.env["account.tax"]._export_base_line_extra_tax_data(
                base_line
            ),
            "progress_by_amount": True,
        }

    @api.depends(
        "price_subtotal",
        "invoice_lines.amount_currency",
        "invoice_lines.parent_state",
        "progress_deposit_line_ids.invoice_lines.amount_currency",
        "progress_deposit_line_ids.invoice_lines.parent_state",
        "progress_billing_line_ids.state",
        "progress_billing_line_ids.amount_untaxed",
    )
    def _compute_progress_line_amounts(self):
        for line in self:
            items = (line | line.progress_deposit_line_ids).sudo().invoice_lines
            billed = line.order_id._sum_progress_items(
                items.filtered(lambda item: item.parent_state in ("draft", "posted"))
            )
            planned = line.progress_billing_line_ids.filtered(
                lambda plan: plan.state == "planned"
            )
            line.progress_billed_amount = billed
            credits_ = line.order_id._sum_progress_draft_credits(items)
            line.progress_draft_credit_amount = credits_
            line.progress_planned_amount = sum(planned.mapped("amount_untaxed"))
            line.progress_remaining_amount = line.price_subtotal - billed

    @api.ondelete(at_uninstall=False)
    def _unlink_except_planned(self):
        for line in self:
            plan = line.progress_billing_line_ids.filtered(
                lambda plan: plan.state != "cancel"
            )
            if plan:
                raise UserError(
                    self.env._(
                        "You cannot delete %(line)s because %(plan)s bills it. Delete "
                        "or cancel that billing line first.",
                        line=line.name,
                        plan=", ".join(plan.mapped("name")),
                    )
                )

    def _get_progress_rest_quantity(self):
        """Return the ordered quantity that no invoice bills yet, delivered or not."""
        self.ensure_one()
        return self.product_uom_qty - self.qty_invoiced
