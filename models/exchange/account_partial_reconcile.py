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
        """Create the exchange entries of partials to come, and add what ties them.

        Made along with the partials they belong to, entries are linked and reconciled
        at once. The host would plan that, and number, entry by entry.

        :param vals_list: values of the partials.
        :param exchange: the `Exchange` that decided on their entries.
        :return: values of the partials, and after those of partials between entries
            and what they adjust.
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
        tied = [
            {**vals, "exchange_move_id": made[pair]} if pair in made else vals
            for pair, vals in zip(pairs, vals_list, strict=True)
        ]
        return tied + self._prepare_progress_links(entries, moves)

    def _prepare_progress_links(self, entries, moves):
        """Return values of partials between exchange entries and what they adjust.

        As the host has them: they have nothing in document currency.
        """
        vals_list = []
        for entry, move in zip(entries, moves, strict=True):
            items = {item.sequence: item for item in move.line_ids}
            for sequence, other_id in entry.links:
                item = items[sequence]
                ids = [item.id, other_id]
                debit_id, credit_id = ids if item.balance > 0 else reversed(ids)
                vals_list.append(
                    {
                        "amount": abs(item.balance),
                        "debit_amount_currency": 0.0,
                        "credit_amount_currency": 0.0,
                        "debit_move_id": debit_id,
                        "credit_move_id": credit_id,
                    }
                )
        return vals_list
