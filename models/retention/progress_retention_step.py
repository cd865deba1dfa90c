from odoo import api, fields, models


class ProgressRetentionStep(models.Model):
    """A step of an order's retention: up to which completion, which rate."""

    _name = "progress.retention.step"
    _inherit = "progress.billing.guard"
    _description = "Retention Step"
    _order = "order_id, until_percent, id"

    order_id = fields.Many2one(
        comodel_name="sale.order",
        required=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="order_id.company_id", store=True)
    user_id = fields.Many2one(related="order_id.user_id", store=True)
    until_percent = fields.Float(
        string="Until Completed (%)",
        required=True,
        help="The rate holds until so much of the contract is billed.",
    )
    percent = fields.Float(string="Retention (%)")
    _until_percent_range = models.Constraint(
        "CHECK(until_percent > 0 AND until_percent <= 100)",
        "A step of retention must end between 0 and 100 % completed.",
    )
    _percent_range = models.Constraint(
        "CHECK(percent >= 0 AND percent <= 100)",
        "The retention must be between 0 and 100 %.",
    )
    _until_percent_unique = models.Constraint(
        "UNIQUE(order_id, until_percent)",
        "Two steps of retention cannot end at the same percentage.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        steps = super().create(vals_list)
        steps.order_id._check_retention_editable()
        return steps

    def write(self, vals):
        self.order_id._check_retention_editable()
        result = super().write(vals)
        self.order_id._check_retention_editable()
        return result

    def unlink(self):
        self.order_id._check_retention_editable()
        return super().unlink()
