from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    progress_milestone_completion = fields.Boolean(
        related="company_id.progress_milestone_completion", readonly=False
    )
    progress_method = fields.Selection(
        related="company_id.progress_method", readonly=False, required=True
    )
    progress_statement_layout = fields.Selection(
        related="company_id.progress_statement_layout", readonly=False, required=True
    )
    progress_auto_post = fields.Boolean(
        related="company_id.progress_auto_post", readonly=False
    )
    progress_auto_send = fields.Boolean(
        related="company_id.progress_auto_send", readonly=False
    )
    progress_amount_tax_included = fields.Boolean(
        related="company_id.progress_amount_tax_included", readonly=False
    )
    progress_overbilling_tolerance = fields.Float(
        related="company_id.progress_overbilling_tolerance", readonly=False
    )
    progress_fx_policy = fields.Selection(
        related="company_id.progress_fx_policy", readonly=False, required=True
    )
    progress_adjust_tax = fields.Boolean(
        related="company_id.progress_adjust_tax", readonly=False
    )

    def action_set_up_progress_billing(self):
        """Set up the company of the settings; see there."""
        return self.company_id.action_set_up_progress_billing()
