from odoo import api, models


class SaleOrderLine(models.Model):
    """The moments of an order line: written, counted, invoiced."""

    _name = "sale.order.line"
    _inherit = ["sale.order.line", "progress.billing.guard"]

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.filtered(lambda line: line.state == "sale")._set_default_basis()
        return lines

    def write(self, vals):
        self._check_budget_access(vals)
        self._check_retention_write(vals)
        if self._is_progress_deposit_kept(vals):
            return True
        self._note_completion(vals)
        for lines, values in self._get_budget_writes(vals):
            super(SaleOrderLine, lines).write(values)
        return True

    # === INVOICED QUANTITIES === #

    @api.depends("invoice_lines.amount_currency", "budget_amount", "product_uom_qty")
    def _compute_qty_invoiced(self):
        return super()._compute_qty_invoiced()

    def _prepare_qty_invoiced(self):
        quantities = super()._prepare_qty_invoiced()
        quantities.update(self._get_amount_quantities(("draft", "posted")))
        return quantities

    @api.depends("invoice_lines.amount_currency", "budget_amount", "product_uom_qty")
    def _compute_qty_invoiced_posted(self):
        result = super()._compute_qty_invoiced_posted()
        for line, quantity in self._get_amount_quantities(("posted",)).items():
            line.qty_invoiced_posted = quantity
        return result

    # === INVOICING === #

    def _prepare_invoice_lines_vals_list(self, **optional_values):
        if self._is_progress_deposit():
            return self._prepare_progress_recalls(**optional_values)
        return super()._prepare_invoice_lines_vals_list(**optional_values)

    def _prepare_invoice_line(self, **optional_values):
        values = super()._prepare_invoice_line(
            **self._spare_progress_search(optional_values)
        )
        self._complete_progress_line(values)
        return values
