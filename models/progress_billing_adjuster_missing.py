from collections import defaultdict

from odoo import models
from odoo.fields import Command


class ProgressBillingAdjuster(models.AbstractModel):
    """What is wanted and not booked yet: each adjustment is made once."""

    _inherit = "progress.billing.adjuster"

    def _get_missing(self, wanted, undone):
        """Return what is wanted and not booked yet.

        :param dict wanted: invoice -> item values, as `_get_tax_lines`.
        :param undone: entries that no longer count: about to be reversed.
        :return: dict of invoice id -> (entry values as the host's exchange entries,
            without items; list of item values as wanted).
        """
        standing = self._read_standing(wanted, undone)
        missing = {}
        for move, lines in wanted.items():
            lines = self._subtract(lines, standing[move.id], move.company_currency_id)
            if lines:
                missing[move.id] = (self._prepare_entry(move), lines)
        return missing

    def _read_standing(self, wanted, undone):
        """Return the posted tax items that adjust invoices: dict of id -> key -> items.

        Reversals are among them, so that their sum is what stands.
        """
        # In sudo mode because whoever posts need not read the exchange journal.
        AccountMoveLine = self.env["account.move.line"].sudo()
        standing = defaultdict(lambda: defaultdict(AccountMoveLine.browse))
        ids = [move._origin.id for move in wanted if move._origin]
        domain = [
            ("progress_adjusted_move_id", "in", ids),
            ("parent_state", "=", "posted"),
            ("move_id", "not in", undone.ids),
            "|",
            ("tax_repartition_line_id", "!=", False),
            ("tax_ids", "!=", False),
        ]
        for item in AccountMoveLine.search(domain) if ids else ():
            rep = item.tax_repartition_line_id
            key = self._get_key(
                item.progress_adjusted_line_id.id,
                rep.id,
                item.account_id.id if rep else item.tax_ids.ids,
            )
            standing[item.progress_adjusted_move_id.id][key] |= item
        return standing

    def _get_key(self, deposit_id, rep_id, rest):
        """Return what makes tax items the same: a base is so on any account."""
        return deposit_id, rep_id, rest if rep_id else tuple(sorted(rest))

    def _subtract(self, lines, standing, currency):
        """Return wanted item values less what stands; what is wanted no more goes."""
        standing = dict(standing)
        result = []
        for values in lines:
            rep_id = values.get("tax_repartition_line_id", False)
            _code, _id, tax_ids = values["tax_ids"][0]
            key = self._get_key(
                values["progress_adjusted_line_id"],
                rep_id,
                values["account_id"] if rep_id else tax_ids,
            )
            items = standing.pop(key, None)
            balance = values["balance"] - sum(items.mapped("balance") if items else ())
            result.append({**values, "balance": balance})
        result += [
            {
                "name": items[0].name,
                "progress_adjusted_move_id": items[0].progress_adjusted_move_id.id,
                "progress_adjusted_line_id": items[0].progress_adjusted_line_id.id,
                "account_id": items[0].tax_repartition_line_id
                and items[0].account_id.id,
                "tax_repartition_line_id": items[0].tax_repartition_line_id.id,
                "tax_ids": [Command.set(items[0].tax_ids.ids)],
                "tax_tag_ids": [Command.set(items[0].tax_tag_ids.ids)],
                "balance": -sum(items.mapped("balance")),
            }
            for items in standing.values()
        ]
        return [line for line in result if not currency.is_zero(line["balance"])]
