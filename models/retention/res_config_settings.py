from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    retention_percent = fields.Float(
        related="company_id.retention_percent", readonly=False
    )
    retention_base = fields.Selection(
        related="company_id.retention_base", readonly=False, required=True
    )
    retention_tax = fields.Selection(
        related="company_id.retention_tax", readonly=False, required=True
    )
    retention_cap_percent = fields.Float(
        related="company_id.retention_cap_percent", readonly=False
    )
    retention_release = fields.Selection(
        related="company_id.retention_release", readonly=False, required=True
    )
    retention_months = fields.Integer(
        related="company_id.retention_months", readonly=False
    )
    retention_step_method = fields.Selection(
        related="company_id.retention_step_method", readonly=False, required=True
    )
    retention_step_ids = fields.One2many(
        related="company_id.retention_step_ids", readonly=False
    )
    retention_account_id = fields.Many2one(
        related="company_id.retention_account_id", readonly=False
    )
    retention_entry_journal_id = fields.Many2one(
        related="company_id.retention_entry_journal_id", readonly=False
    )
    retention_journal_id = fields.Many2one(
        related="company_id.retention_journal_id", readonly=False
    )
