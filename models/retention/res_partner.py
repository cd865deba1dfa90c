from odoo import fields, models


class ResPartner(models.Model):
    """Keeps the terms of retention that were agreed with a customer."""

    _name = "res.partner"
    _inherit = ["res.partner", "progress.retention.terms"]

    has_retention_terms = fields.Boolean(
        string="Own Retention Terms",
        company_dependent=True,
        help="New orders take the terms of retention from the customer, not from the "
        "company.",
    )
    retention_percent = fields.Float(company_dependent=True)
    retention_base = fields.Selection(company_dependent=True)
    retention_tax = fields.Selection(company_dependent=True)
    retention_step_method = fields.Selection(company_dependent=True)
    retention_cap_percent = fields.Float(company_dependent=True)
    retention_release = fields.Selection(company_dependent=True)
    retention_months = fields.Integer(company_dependent=True)
