from odoo import api, models


class AccountPartialReconcile(models.Model):
    """Books one exchange entry for all deposits of an invoice; undoes them together.

    The host reverses the whole entry as soon as one of its partials goes. The others
    are then reconciled anew.
    """

    _inherit = "account.partial.reconcile"

    def _get_progress_siblings(self):
        """Return the other partials of entries that adjust deposits."""
        entries = self.exchange_move_id.filtered(
            lambda move: any(move.line_ids.mapped("progress_adjusted_move_id"))
        )
        return entries.exchange_diff_partial_ids - self

    def _get_progress_pairs(self):
        """Return what these partials reconcile, as the host plans it."""
        return [partial.debit_move_id | partial.credit_move_id for partial in self]

    def _take_progress_reconciled(self, entries):
        """Take from entries which items theirs are to be reconciled with.

        :param entries: values as `_create_exchange_difference_moves` takes, changed in
            place.
        :return: a dict for each entry: sequence of its item -> id of the other.
        """
        result = []
        for entry in entries:
            result.append({})
            for _code, _id, values in entry["move_values"]["line_ids"]:
                command = values.pop("reconciled_lines_ids", None)
                if command:
                    ((_set, _none, (other_id,)),) = command
                    result[-1][values["sequence"]] = other_id
        return result

    def _link_progress_entries(self, vals_list, entries, moves):
        """Link the partials that an entry adjusts to it: the host links one a move.

        :param vals_list: values of the partials, changed in place.
        :param entries: values as `_create_exchange_difference_moves` takes, with the
            item ids of each partial in `progress_pairs`.
        :param moves: the entries made of them, in order.
        """
        made = {
            frozenset(pair): move.id
            for entry, move in zip(entries, moves, strict=True)
            for pair in entry["progress_pairs"]
        }
        for vals in vals_list:
            pair = frozenset((vals["debit_move_id"], vals["credit_move_id"]))
            if pair in made:
                vals["exchange_move_id"] = made[pair]

    def _prepare_progress_fixes(self, moves, reconciled):
        """Return values of partials between exchange entries and what they adjust.

        As the host has them: they have nothing in document currency.

        :param reconciled: as `_take_progress_reconciled`, for each of `moves`.
        """
        vals_list = []
        for move, others in zip(moves, reconciled, strict=True):
            items = {item.sequence: item for item in move.line_ids}
            for sequence, other_id in others.items():
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

    @api.model
    def _book_progress_exchanges(self, vals_list):
        """Make the exchange entries of deposits along with the partials they belong to.

        So they are linked and reconciled at once. The host would plan that, and number,
        entry by entry.

        :param vals_list: values of partials.
        :return: the values to create instead, and those of further partials between
            the entries and what they adjust.
        """
        if not any("progress_exchange" in vals for vals in vals_list):
            return vals_list, []
        vals_list = [dict(vals) for vals in vals_list]
        exchanges = [
            vals.pop("progress_exchange")
            for vals in vals_list
            if "progress_exchange" in vals
        ]
        entries = self.env["progress.billing.adjuster"]._merge_exchanges(
            exchanges, self.env.context.get("progress_billing_taxes", {})
        )
        reconciled = self._take_progress_reconciled(entries)
        moves = self.env["account.move.line"]._create_progress_entries(entries)
        self._link_progress_entries(vals_list, entries, moves)
        return vals_list, self._prepare_progress_fixes(moves, reconciled)
