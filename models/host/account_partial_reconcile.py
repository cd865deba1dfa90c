from odoo import api, models

from ..exchange.entry import get_exchange


class AccountPartialReconcile(models.Model):
    """The moments of a reconciliation: made, undone."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        exchange = get_exchange(self)
        if not exchange:
            return super().create(vals_list)
        return super().create(self._add_progress_exchange(vals_list, exchange))

    def unlink(self):
        # In sudo mode because whoever undoes one need not read the exchange journal.
        siblings = self.sudo()._get_progress_siblings()
        if not siblings:
            return super().unlink()
        groups = siblings._get_progress_groups()
        result = super(AccountPartialReconcile, self | siblings).unlink()
        self.env["account.move.line"].sudo()._reconcile_plan(groups)
        return result
