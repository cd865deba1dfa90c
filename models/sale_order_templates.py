from odoo import api, models
from odoo.fields import Command


class SaleOrder(models.Model):
    """What a quotation template brings along for progress billing."""

    _inherit = "sale.order"

    @api.depends("sale_order_template_id")
    def _compute_progress_method(self):
        result = super()._compute_progress_method()
        for order in self:
            method = order.sale_order_template_id.progress_method
            if method:
                order.progress_method = method
        return result

    @api.onchange("sale_order_template_id")
    def _onchange_sale_order_template_id(self):
        result = super()._onchange_sale_order_template_id()
        template = self.sale_order_template_id.with_context(lang=self.partner_id.lang)
        if template.progress_template_line_ids:
            planned = self.progress_line_ids.filtered(
                lambda line: line.state == "planned"
            )
            self.progress_line_ids = [
                *(Command.delete(line.id) for line in planned),
                *(
                    Command.create(line._prepare_progress_line_values(self))
                    for line in template.progress_template_line_ids
                ),
            ]
        return result
