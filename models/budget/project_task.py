from odoo import fields, models


class ProjectTask(models.Model):
    _inherit = "project.task"

    progress_rule_id = fields.Many2one(
        comodel_name="progress.billing.rule",
        string="Billing Rule",
        check_company=True,
        help="Beats the rule of the project.",
    )
    bill_separately = fields.Boolean(
        help="Progress of this task gets an invoice of its own."
    )
    progress_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Billing Account",
        domain="[('account_type', 'in', ('income', 'income_other'))]",
        check_company=True,
        help="Used where the billing rule takes the income account from the task.",
    )
    progress_analytic_account_id = fields.Many2one(
        comodel_name="account.analytic.account",
        string="Billing Branch",
        check_company=True,
        help="Used where the billing rule takes the branch from the task.",
    )
