from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def action_view_progress_history(self):
        """Open the journal items that tell the order's billing from end to end.

        Deposits, their payments' receivables, credits, what took them back and the
        entries that adjusted them.
        """
        self.ensure_one()
        moves = self._get_progress_items().move_id
        moves |= moves.sudo().line_ids.matched_debit_ids.exchange_move_id
        moves |= moves.sudo().line_ids.matched_credit_ids.exchange_move_id
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Billing History of %(order)s", order=self.name),
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [("id", "in", moves.ids)],
        }
