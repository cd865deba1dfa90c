from odoo import fields, models


class ProgressBillingCompletion(models.Model):
    """One change of how far a budget line is completed."""

    _name = "progress.billing.completion"
    _inherit = "progress.billing.guard"
    _description = "History of Completed Percentages"
    _order = "id desc"

    sale_line_id = fields.Many2one(
        comodel_name="sale.order.line",
        string="Order Line",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    user_id = fields.Many2one(
        comodel_name="res.users", string="Completed By", readonly=True
    )
    previous_percent = fields.Float(
        string="Before (%)", digits=False, readonly=True, aggregator=None
    )
    percent = fields.Float(
        string="Done (%)", digits=False, readonly=True, aggregator=None
    )
    note = fields.Char(readonly=True)
    company_id = fields.Many2one(related="sale_line_id.company_id", store=True)
