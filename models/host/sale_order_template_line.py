from odoo import models


class SaleOrderTemplateLine(models.Model):
    """The moments of a quotation template's line: it becomes an order line."""

    _inherit = "sale.order.template.line"

    def _prepare_order_line_values(self):
        values = super()._prepare_order_line_values()
        if self.progress_basis:
            values["progress_basis"] = self.progress_basis
        return values
