from odoo import api, models


class SaleOrderLine(models.Model):
    """Invoiced quantities of lines billed by amount.

    Such an invoice line has the quantity 1, which says nothing about the ordered
    quantity. It counts as the share of the ordered quantity that its amount is of the
    line's, so that a completely billed line is exactly invoiced.
    """

    _inherit = "sale.order.line"

    @api.depends("invoice_lines.price_subtotal", "budget_amount", "product_uom_qty")
    def _compute_qty_invoiced(self):
        return super()._compute_qty_invoiced()

    def _prepare_qty_invoiced(self):
        quantities = super()._prepare_qty_invoiced()
        for line in self.filtered(lambda line: not line.is_downpayment):
            items = line._get_invoice_lines().filtered(
                lambda item: item.progress_by_amount and item.parent_state != "cancel"
            )
            if items:
                quantities[line] += line._get_by_amount_correction(items)
        return quantities

    @api.depends("invoice_lines.price_subtotal", "budget_amount", "product_uom_qty")
    def _compute_qty_invoiced_posted(self):
        result = super()._compute_qty_invoiced_posted()
        for line in self.filtered(lambda line: not line.is_downpayment):
            items = line._get_invoice_lines().filtered(
                lambda item: item.progress_by_amount and item.parent_state == "posted"
            )
            if items:
                line.qty_invoiced_posted += line._get_by_amount_correction(items)
        return result

    def _get_by_amount_correction(self, items):
        """Return the quantity that items billed by amount stand for, less their own."""
        counted = amount = 0.0
        for item in items:
            sign = -item.move_id.direction_sign
            counted += sign * item._get_sale_line_quantity(self)
            amount += sign * item.price_subtotal
        return self._get_share_quantity(amount) - counted
