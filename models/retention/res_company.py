from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResCompany(models.Model):
    """Keeps the terms of retention of new orders, and where it is booked."""

    _name = "res.company"
    _inherit = ["res.company", "progress.retention.terms"]

    retention_base = fields.Selection(required=True, default="total")
    retention_tax = fields.Selection(required=True, default="invoice")
    retention_step_method = fields.Selection(required=True, default="marginal")
    retention_release = fields.Selection(required=True, default="manual")
    retention_step_ids = fields.One2many(
        comodel_name="progress.retention.step",
        inverse_name="terms_company_id",
        string="Steps of Retention",
    )
    retention_account_id = fields.Many2one(
        comodel_name="account.account",
        domain="[('account_type', '=', 'asset_current'), ('reconcile', '=', True)]",
        check_company=True,
        help="Holds what customers retain of invoices until it is released: a current "
        "asset that allows reconciliation.",
    )
    retention_entry_journal_id = fields.Many2one(
        comodel_name="account.journal",
        string="Retention Entries",
        domain="[('type', '=', 'general')]",
        check_company=True,
        help="Journal of the entries that move what is retained from the receivable "
        "account. Empty: the company's first miscellaneous journal.",
    )
    retention_journal_id = fields.Many2one(
        comodel_name="account.journal",
        string="Retention Releases",
        domain="[('type', '=', 'sale')]",
        check_company=True,
        help="Sales journal of the invoices that release retention, with numbers of "
        "their own.",
    )

    @api.constrains("retention_account_id", "retention_journal_id")
    def _check_retention_setup(self):
        for company in self.sudo():
            account = company.retention_account_id
            if account and not company._is_retention_account_usable():
                raise ValidationError(
                    self.env._(
                        "You cannot book retention on %(account)s because it is not a "
                        "current asset that allows reconciliation. Choose another "
                        "account, or change that one.",
                        account=account.display_name,
                    )
                )
            journal = company.retention_journal_id
            if journal and journal.type != "sale":
                raise ValidationError(
                    self.env._(
                        "You cannot release retention in journal %(journal)s because "
                        "it is not a sales journal. Choose a sales journal.",
                        journal=journal.display_name,
                    )
                )

    def _is_retention_account_usable(self):
        """Return whether retention can be booked, and released."""
        account = self.retention_account_id.with_company(self)
        return account.account_type == "asset_current" and account.reconcile

    def _get_retention_entry_journal(self):
        """Return the journal of retention entries."""
        self.ensure_one()
        return self.retention_entry_journal_id or self.env["account.journal"].search(
            [
                *self.env["account.journal"]._check_company_domain(self),
                ("type", "=", "general"),
                ("id", "!=", self.currency_exchange_journal_id.id),
                ("id", "!=", self.tax_cash_basis_journal_id.id),
            ],
            limit=1,
        )
