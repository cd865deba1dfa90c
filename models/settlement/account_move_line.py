from odoo import models


class AccountMoveLine(models.Model):
    """Knows which deposits an item bills, credits or takes back."""

    _inherit = "account.move.line"

    def _get_progress_deposits(self):
        """Return the deposits that the items bill, credit or take back."""
        return self.sale_line_ids._origin._get_progress_deposits()
