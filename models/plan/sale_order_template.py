from odoo import fields, models


class SaleOrderTemplate(models.Model):
    """Brings a billing method and planned lines to new quotations."""

    _inherit = "sale.order.template"

    progress_method = fields.Selection(
        selection=lambda self: (
            self.env["sale.order"]
            ._fields["progress_method"]
            ._description_selection(self.env)
        ),
        string="Progress Billing Method",
        help="Empty: the company's default.",
    )
    progress_template_line_ids = fields.One2many(
        comodel_name="progress.billing.template.line",
        inverse_name="sale_order_template_id",
        string="Progress Billing Lines",
        copy=True,
    )


class SaleOrderTemplateLine(models.Model):
    _inherit = "sale.order.template.line"

    progress_basis = fields.Selection(
        selection=[("amount", "Amount"), ("quantity", "Quantity")],
        string="Billing Basis",
        help="Basis of the revenue budget. Empty: the billing rule's default.",
    )
