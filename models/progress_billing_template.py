from odoo import api, fields, models


class ProgressBillingTemplate(models.Model):
    """A plan of instalments to generate planned lines from, again and again."""

    _name = "progress.billing.template"
    _description = "Progress Billing Template"
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        comodel_name="res.company", help="Empty: for all companies.", index=True
    )
    line_ids = fields.One2many(
        comodel_name="progress.billing.template.line",
        inverse_name="template_id",
        string="Instalments",
        copy=True,
    )
    percent_total = fields.Float(
        string="Total (%)", digits=(16, 6), compute="_compute_percent_total"
    )

    @api.depends("line_ids.percent")
    def _compute_percent_total(self):
        for template in self:
            template.percent_total = sum(template.line_ids.mapped("percent"))
