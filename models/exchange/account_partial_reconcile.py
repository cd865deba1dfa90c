from odoo import api, models


class AccountPartialReconcile(models.Model):
    """Ties deposits of one invoice to the exchange entry they share.

    The host reverses the whole entry as soon as one of its partials goes. So they are
    undone together, and the others are then reconciled anew.
    """

    _inherit = "account.partial.reconcile"

    def _get_progress_siblings(self):
        """Return the other partials of entries that adjust deposits."""
        entries = self.exchange_move_id.filtered(
            lambda move: any(move.line_ids.mapped("progress_adjusted_move_id"))
        )
        return entries.exchange_diff_partial_ids - self

    def _get_progress_groups(self):
        """Return what these partials reconcile, as the host plans it."""
        return [partial.debit_move_id | partial.credit_move_id for partial in self]

    @api.model
    def _add_progress_exchange(self, vals_list, exchange):
        """Create the exchange entries of partials to come; return these with them.

        The host's way allows an entry no more than one partial.

        :param vals_list: values of the partials.
        :param exchange: the `Exchange` that decided on their entries.
        """
        pairs = [(vals["debit_move_id"], vals["credit_move_id"]) for vals in vals_list]
        entries = [
            entry for entry in exchange.entries if not entry.pairs.isdisjoint(pairs)
        ]
        # In sudo mode because whoever reconciles need not read the exchange journal.
        AccountMoveLine = self.env["account.move.line"].sudo()
        moves = AccountMoveLine._create_progress_entries(entries)
        made = {
            pair: move.id
            for entry, move in zip(entries, moves, strict=True)
            for pair in entry.pairs
        }
        return [
            {**vals, "exchange_move_id": made[pair]} if pair in made else vals
            for pair, vals in zip(pairs, vals_list, strict=True)
        ]
