from odoo import models


class AccountAccount(models.Model):
    """Says which accounts deposits can be booked on."""

    _inherit = "account.account"

    def _is_progress_deposit_account(self):
        """Return whether deposits can be booked on the account, and taken back.

        A current liability that allows reconciliation; no account is not.
        """
        return self.account_type == "liability_current" and self.reconcile
