from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def action_view_progress_history(self):
        """Open the order's billing from end to end, oldest first.

        Deposits, their payments, credit notes, what took them back and the entries
        that adjusted them.
        """
        self.ensure_one()
        moves = self._get_progress_items().move_id.sudo(self.env.su)
        return moves._get_progress_story_action(
            self.env._("Billing History of %(order)s", order=self.name)
        )
