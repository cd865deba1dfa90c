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
    retention_step_ids = fields.One2many(
        comodel_name="progress.retention.step",
        inverse_name="partner_id",
        string="Steps of Retention",
    )

    def action_release_retention(self):
        """Open the wizard that releases all that is held of the customers' orders."""
        self.check_access("read")
        self.env["progress.retention.release"].check_access("create")
        customers = self.commercial_partner_id
        orders = self.env["sale.order"].search(
            [
                ("has_retention", "=", True),
                ("partner_invoice_id", "child_of", customers.ids),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        action = orders._get_retention_release_action(
            ", ".join(customers.mapped("display_name"))
        )
        action["context"]["default_consolidated"] = True
        return action
