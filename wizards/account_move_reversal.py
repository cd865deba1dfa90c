from odoo import models


class AccountMoveReversal(models.TransientModel):
    _inherit = "account.move.reversal"

    def reverse_moves(self, is_modify=False):
        self.check_access("write")
        self.move_ids.check_access("write")
        # In sudo mode because what items bill is copied, but set by nobody.
        wizard = self.sudo() if is_modify else self
        action = super(AccountMoveReversal, wizard).reverse_moves(is_modify)
        if is_modify:
            self.new_move_ids._take_over_progress_lines()
        return action

    def _modify_default_reverse_values(self, origin_move):
        values = super()._modify_default_reverse_values(origin_move)
        return {**values, "is_progress_final": origin_move.is_progress_final}
