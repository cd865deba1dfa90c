from odoo import fields, models


class SaleOrderTemplate(models.Model):
    """Brings terms of retention to new quotations."""

    _name = "sale.order.template"
    _inherit = ["sale.order.template", "progress.retention.terms"]

    has_retention_terms = fields.Boolean(
        string="Own Retention Terms",
        help="New quotations take the terms of retention from this template, not from "
        "the customer or the company.",
    )
    retention_step_ids = fields.One2many(
        comodel_name="progress.retention.step",
        inverse_name="template_id",
        string="Steps of Retention",
        copy=True,
    )
