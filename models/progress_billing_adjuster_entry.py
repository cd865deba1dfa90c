import json
from collections import defaultdict

from odoo import models
from odoo.fields import Command


class ProgressBillingAdjuster(models.AbstractModel):
    """Which entries book the adjustments: one an invoice, for all of its deposits.

    The host makes an exchange entry for each pair that it reconciles. Those of an
    invoice become one, which takes along what the taxes of the same deposits lack.
    """

    _inherit = "progress.billing.adjuster"

    def _prepare_entry(self, move):
        """Return values of an entry without items, dated as the host dates exchanges.

        With taxes, their lock date counts too.
        """
        values = self.env["account.move.line"]._prepare_exchange_difference_move_vals(
            [],
            company=move.company_id.with_context(has_tax=True),
            exchange_date=move.date,
        )
        values["to_post"] = True
        values["move_values"]["date"] = max(values["move_values"]["date"], move.date)
        return values

    def _get_tax_entries(self, missing):
        """Return the entries of taxes that no exchange entry took along.

        :param missing: as `_get_missing`.
        :return: list of dicts as `_create_exchange_difference_moves` takes.
        """
        return [
            self._complete_entry(
                values, self.env["account.move"].browse([move_id]), [], lines
            )
            for move_id, (values, lines) in missing.items()
            if lines
        ]

    def _merge_exchanges(self, values_list, missing):
        """Return one entry an invoice and date of the host's exchange entries.

        :param values_list: as `_create_exchange_difference_moves` takes; the entries of
            other things than deposits are left as they are.
        :param missing: as `_get_missing`; what is taken along is taken from it.
        """
        groups = defaultdict(list)
        for number, values in enumerate(values_list):
            key = number
            if "progress_pair" in values:
                move_values = values["move_values"]
                _code, _id, line = move_values["line_ids"][0]
                key = (
                    line["progress_adjusted_move_id"],
                    move_values["journal_id"],
                    move_values["date"],
                )
            groups[key].append(values)
        return [
            self._merge(group, missing) if "progress_pair" in group[0] else group[0]
            for group in groups.values()
        ]

    def _merge(self, group, missing):
        """Return one entry of the host's exchange entries for an invoice."""
        items = [
            line
            for values in group
            for _code, _id, line in values["move_values"]["line_ids"]
        ]
        deposits = {line["progress_adjusted_line_id"] for line in items}
        # In a list, as the id of an invoice in memory counts as none.
        move = self.env["account.move"].browse([items[0]["progress_adjusted_move_id"]])
        owner = move if move.id in missing else move.reversed_entry_id
        values, lines = missing.get(owner.id, (group[0], []))
        fits = all(
            values["move_values"][name] == group[0]["move_values"][name]
            for name in ("date", "journal_id")
        )
        taken, rest = [], []
        for line in lines:
            is_taken = fits and line["progress_adjusted_line_id"] in deposits
            (taken if is_taken else rest).append(line)
        lines[:] = rest
        entry = {
            "move_values": group[0]["move_values"],
            "to_reconcile": [],
            "to_post": all(values["to_post"] for values in group),
            "progress_pairs": [values["progress_pair"] for values in group],
        }
        if owner == move:
            taken = self._fold_bases(taken, items, move)
        return self._complete_entry(entry, owner if taken else move, items, taken)

    def _complete_entry(self, entry, move, items, lines):
        """Return an entry with all its items: what it adjusts first, then gain or loss.

        :param items: item values of the host's exchange entries.
        :param lines: item values of taxes and tax bases, as `_get_tax_lines`.
        """
        adjusting = [item for item in items if item.get("reconciled_lines_ids")]
        losses = [item for item in items if not item.get("reconciled_lines_ids")]
        deposits = {line["progress_adjusted_line_id"] for line in [*items, *lines]}
        deposit = self.env["sale.order.line"].browse(
            deposits if len(deposits) == 1 else ()
        )
        label = self._get_entry_label(move, deposit, items)
        taxes = [line for line in lines if line["account_id"]]
        bases = [line for line in lines if not line["account_id"]]
        adjusting += [self._prepare_item(move, **line) for line in taxes]
        losses += self._get_losses(move, taxes)
        moved, counterparts = self._book_bases(move, bases)
        numbered = [
            *adjusting,
            *moved,
            *self._merge_items(losses, label, deposit, move),
            *counterparts,
        ]
        return {
            **entry,
            "move_values": {
                **entry["move_values"],
                "ref": label,
                "line_ids": [
                    Command.create({**values, "sequence": number})
                    for number, values in enumerate(numbered)
                ],
            },
        }

    def _get_entry_label(self, move, deposit, items):
        """Return what an entry says of itself: its deposit's label if it is one's."""
        if deposit:
            return move._get_progress_adjustment_label(deposit)
        number = move._get_progress_number()
        if items:
            return self.env._("Deposits at the rate of %(invoice)s", invoice=number)
        return self.env._(
            "Taxes of deposits at the rate of %(invoice)s", invoice=number
        )

    def _fold_bases(self, lines, items, move):
        """Let the host's items on the deposit account adjust the tax base as well.

        That is where the base stands. They do where they are just what it lacks.

        :return: the lines that are still to be booked.
        """
        rest = []
        for line in lines:
            same = [
                item
                for item in items
                if item.get("reconciled_lines_ids")
                and "tax_ids" not in item
                and item["progress_adjusted_line_id"]
                == line["progress_adjusted_line_id"]
            ]
            balance = sum(item["debit"] - item["credit"] for item in same)
            if line["account_id"] or move.company_currency_id.compare_amounts(
                balance, line["balance"]
            ):
                rest.append(line)
                continue
            for item in same:
                item.update(tax_ids=line["tax_ids"], tax_tag_ids=line["tax_tag_ids"])
        return rest

    def _book_bases(self, move, bases):
        """Return items of tax bases, on the exchange account, and their counterparts.

        A base changes no account, so both are on the same.
        """
        moved, balances = [], defaultdict(float)
        for line in bases:
            account = self._get_exchange_account(move, -line["balance"])
            balances[account] -= line["balance"]
            moved.append(self._prepare_item(move, **{**line, "account_id": account.id}))
        counterparts = [
            self._prepare_item(
                move,
                balance=balance,
                account_id=account.id,
                name=self.env._("Tax base of deposits"),
            )
            for account, balance in balances.items()
        ]
        return moved, counterparts

    def _get_losses(self, move, taxes):
        """Return the gains and losses of taxes, deposit by deposit."""
        losses = defaultdict(float)
        for line in taxes:
            losses[line["progress_adjusted_line_id"]] -= line["balance"]
        items = []
        for deposit_id, balance in losses.items():
            values = self._prepare_item(
                move,
                balance=balance,
                account_id=self._get_exchange_account(move, balance).id,
                progress_adjusted_line_id=deposit_id,
            )
            if move.company_id.progress_fx_policy != "historical":
                items.append(values)
                continue
            deposit = self.env["sale.order.line"].browse(deposit_id)
            recalls = move._get_progress_deposit_items().filtered(
                lambda item, line=deposit: line in item.sale_line_ids._origin
            )
            items += recalls[:1]._split_progress_revenue(values, deposit)
        return items

    def _merge_items(self, items, label, deposit, move):
        """Return gains and losses, one an account and analytic distribution."""
        merged = {}
        for item in items:
            analytic = json.dumps(item.get("analytic_distribution"), sort_keys=True)
            merged.setdefault((item["account_id"], analytic), []).append(item)
        currency = move.company_currency_id
        result = []
        for same in merged.values():
            balance = currency.round(
                sum(item["debit"] - item["credit"] for item in same)
            )
            if currency.is_zero(balance):
                continue
            result.append(
                {
                    **same[0],
                    "name": label,
                    "progress_adjusted_line_id": deposit.id,
                    "debit": max(balance, 0.0),
                    "credit": max(-balance, 0.0),
                    "amount_currency": sum(item["amount_currency"] for item in same),
                }
            )
        return result

    def _get_exchange_account(self, move, balance):
        """Return the account of the company's exchange losses, or gains."""
        return self.env["account.move.line"]._get_exchange_account(
            move.company_id, balance
        )

    def _prepare_item(self, move, *, balance, **values):
        """Return the values of one journal item."""
        balance = move.company_currency_id.round(balance)
        return {
            "partner_id": move.commercial_partner_id.id,
            "currency_id": move.currency_id.id,
            "amount_currency": 0.0,
            "debit": max(balance, 0.0),
            "credit": max(-balance, 0.0),
            "progress_adjusted_move_id": move.id,
            "progress_adjusted_line_id": False,
            **values,
        }
