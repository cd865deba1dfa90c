from odoo import fields, models
from odoo.exceptions import UserError


class ProgressBillingAccount(models.TransientModel):
    """Choose the account that deposits of a company go to, or have one made."""

    _name = "progress.billing.account"
    _inherit = "progress.billing.guard"
    _description = "Deposit Account"

    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
    )
    account_id = fields.Many2one(
        comodel_name="account.account",
        string="Deposit Account",
        domain="[('account_type', '=', 'liability_current'), ('reconcile', '=', True), "
        "('company_ids', 'parent_of', company_id)]",
        help="Credited by deposit invoices until the final invoice takes them back: a "
        "current liability that allows reconciliation.",
    )

    def action_choose(self):
        """Make the chosen account the company's deposit account."""
        self.ensure_one()
        if not self.account_id:
            raise UserError(
                self.env._(
                    "You cannot set the deposit account because none is chosen. "
                    "Choose one, or create a new one."
                )
            )
        self._check_company_chosen()
        # In sudo mode because accounting managers decide on accounts, though only
        # administrators write companies.
        self.company_id.sudo().downpayment_account_id = self.account_id
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _check_company_chosen(self):
        """Refuse other people's companies, and accounts that deposits cannot go to."""
        account = self.account_id
        if (
            self.company_id not in self.env.companies
            or not account._is_progress_deposit_account()
            or not (account.company_ids & self.company_id.parent_ids)
        ):
            raise UserError(
                self.env._(
                    "You cannot use %(account)s for deposits of %(company)s because it "
                    "is not a current liability of that company that allows "
                    "reconciliation. Choose another one.",
                    account=account.display_name,
                    company=self.company_id.display_name,
                )
            )

    def action_create_account(self):
        """Let the company choose from its chart, or make an account."""
        self.ensure_one()
        return self.company_id.action_set_up_progress_billing()
