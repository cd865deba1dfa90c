from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    progress_milestone_completion = fields.Boolean(
        string="Milestones Complete the Revenue Budget",
        help="A reached milestone sets the completed percentage of its order line.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    progress_milestone_completion = fields.Boolean(
        related="company_id.progress_milestone_completion", readonly=False
    )
