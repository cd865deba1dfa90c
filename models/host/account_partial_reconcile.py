from odoo import api, models


class AccountPartialReconcile(models.Model):
    """The moments of a reconciliation: made, undone."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        booked, further = self._book_progress_exchanges(vals_list)
        return super().create(booked + further)[: len(vals_list)]

    def unlink(self):
        # In sudo mode because whoever undoes one need not read the exchange journal.
        siblings = self.sudo()._get_progress_siblings()
        if not siblings:
            return super().unlink()
        pairs = siblings._get_progress_pairs()
        result = super(AccountPartialReconcile, self | siblings).unlink()
        self.env["account.move.line"].sudo()._reconcile_plan(pairs)
        return result
