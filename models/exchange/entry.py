"""Which entries adjust deposits: one an invoice, for all of its deposits.

The host makes an exchange entry for each pair that it reconciles. Those of an invoice
become one, which takes along what the taxes of the same deposits lack.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from odoo.fields import Command
from odoo.tools import frozendict

from ..arithmetic import fx


@dataclass(frozen=True, eq=False)
class Entry:
    """An entry to come."""

    #: As the host creates a move; the sequence of an item is its number.
    values: frozendict
    to_post: bool = True
    #: Ids (debit, credit) of what is reconciled at another rate, and booked by this.
    pairs: frozenset = frozenset()
    #: Which item, by its sequence, is reconciled with the item of which id.
    links: tuple = ()


@dataclass(frozen=True, eq=False)
class Exchange:
    """What reconciling deposits books: decided by reading, carried to the booking."""

    #: Made along with the reconciliation of their pairs.
    entries: tuple = ()
    #: Taxes of deposits without a difference on the deposit account.
    tax_entries: tuple = ()
    #: Made by the host alone: of a deposit and its own credit note.
    host_entries: tuple = ()
    #: Posted entries of taxes alone, made anew as a whole: reversed first.
    outdated: object = ()
    #: Only to be shown: what is reconciled yet counts as open.
    is_preview: bool = False

    def books(self, debit, credit):
        """Return whether one of the entries is of a pair of items."""
        return any((debit.id, credit.id) in entry.pairs for entry in self.entries)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two items reconciled at different rates, and the host's entry for it."""

    debit: object
    credit: object
    values: dict

    @cached_property
    def recall(self):
        """The item that takes a deposit back, empty for a deposit's own credit note.

        A credit note that returns what an invoice took back reconciles with it: then
        the credit note's item, as it came later.
        """
        recalls = (self.debit | self.credit).filtered("is_progress_recall")
        credits_ = recalls.filtered(
            lambda item: item.move_id.reversed_entry_id in recalls.move_id
        )
        return (credits_ or recalls)[:1]

    @cached_property
    def deposit(self):
        """The down payment order line that is taken back."""
        return self.recall._get_progress_deposits()[:1]

    @property
    def key(self):
        """What the pairs of one entry share: invoice, journal and date."""
        move_values = self.values["move_values"]
        return self.recall.move_id, move_values["journal_id"], move_values["date"]

    @property
    def items(self):
        """The values of the items of the host's entry."""
        return [values for _code, _id, values in self.values["move_values"]["line_ids"]]


class EntryBuilder:
    """Makes the entries of pairs, and of what the taxes of their deposits lack.

    :param dict missing: invoice -> tuple of `Adjustment`.
    """

    def __init__(self, env, missing):
        self.env = env
        self.missing = missing
        self._labels = {}
        self._consumption = {}

    def build(self, pairs):
        """Return the `Exchange` of a list of `Pair`."""
        groups = defaultdict(list)
        for pair in pairs:
            if pair.recall:
                groups[pair.key].append(pair)
        entries, taken = [], set()
        for (move, _journal, _date), group in groups.items():
            owner = move if move in self.missing else move.reversed_entry_id
            along = [
                adjustment
                for adjustment in self._get_along(owner, group)
                if adjustment not in taken
            ]
            taken.update(along)
            entries.append(self._build_exchange(move, owner, group, along))
        rest = {
            move: [one for one in adjustments if one not in taken]
            for move, adjustments in self.missing.items()
        }
        return Exchange(
            entries=tuple(entries),
            tax_entries=tuple(
                self._build(move, self._prepare_values(move), [], adjustments)
                for move, adjustments in rest.items()
                if adjustments
            ),
            host_entries=tuple(
                Entry(frozendict(pair.values["move_values"]))
                for pair in pairs
                if not pair.recall
            ),
        )

    # === ONE ENTRY === #

    def _prepare_values(self, move):
        """Return values of an entry without items, dated as the host dates exchanges.

        With taxes, their lock date counts too.
        """
        values = self.env["account.move.line"]._prepare_exchange_difference_move_vals(
            [],
            company=move.company_id.with_context(has_tax=True),
            exchange_date=move.date,
        )["move_values"]
        return {**values, "date": max(values["date"], move.date)}

    def _get_along(self, owner, group):
        """Return what the taxes of a group of deposits lack, if it fits its date."""
        adjustments = self.missing.get(owner, ())
        if not adjustments:
            return []
        values = self._prepare_values(owner)
        _move, journal_id, date = group[0].key
        deposits = {pair.deposit for pair in group}
        return [
            adjustment
            for adjustment in adjustments
            if (values["journal_id"], values["date"]) == (journal_id, date)
            and adjustment.deposit in deposits
        ]

    def _build_exchange(self, move, owner, group, adjustments):
        """Return the `Entry` of pairs of one invoice, with taxes of its deposits."""
        items = [item for pair in group for item in self._prepare_exchange_items(pair)]
        if owner == move:
            items, adjustments = self._fold_bases(items, adjustments)
        values = group[0].values["move_values"]
        return self._build(
            owner if adjustments else move,
            values,
            items,
            adjustments,
            to_post=all(pair.values["to_post"] for pair in group),
            pairs=frozenset((pair.debit.id, pair.credit.id) for pair in group),
        )

    def _build(self, move, move_values, items, adjustments, **values):
        """Return an `Entry`: what it adjusts comes first, then gain or loss.

        :param items: item values of the host's exchange entries.
        :param adjustments: list of `Adjustment` to book besides.
        """
        deposits = {item["progress_adjusted_line_id"] for item in items}
        deposits |= {adjustment.deposit.id for adjustment in adjustments}
        deposit = self.env["sale.order.line"].browse(
            deposits if len(deposits) == 1 else ()
        )
        label = self._get_entry_label(move, deposit, items)
        taxes = [adjustment for adjustment in adjustments if adjustment.account]
        moved, counterparts = self._prepare_bases(
            move, [one for one in adjustments if not one.account]
        )
        losses = [item for item in items if "reconciled_lines_ids" not in item]
        losses += self._prepare_tax_losses(move, taxes)
        numbered = [
            *(item for item in items if "reconciled_lines_ids" in item),
            *(self._prepare_tax(move, adjustment) for adjustment in taxes),
            *moved,
            *self._merge_losses(losses, label, deposit, move),
            *counterparts,
        ]
        return self._number(move_values, label, numbered, **values)

    def _number(self, move_values, label, items, **values):
        """Return an `Entry` of item values in order."""
        commands, links = [], []
        for number, item in enumerate(items):
            for _set, _none, other_ids in item.get("reconciled_lines_ids", ()):
                # None of an item in memory.
                links += [(number, other_id) for other_id in other_ids]
            item = {name: item[name] for name in item if name != "reconciled_lines_ids"}
            commands.append(Command.create({**item, "sequence": number}))
        return Entry(
            frozendict({**move_values, "ref": label, "line_ids": commands}),
            links=tuple(links),
            **values,
        )

    # === WORDS === #

    def _get_label(self, move, deposit):
        """Return the label of what adjusts a deposit for an invoice."""
        if (move, deposit) not in self._labels:
            label = move._get_progress_adjustment_label(deposit)
            self._labels[move, deposit] = label
        return self._labels[move, deposit]

    def _get_entry_label(self, move, deposit, items):
        """Return what an entry says of itself: its deposit's label if it is one's."""
        if deposit:
            return self._get_label(move, deposit)
        number = move._get_progress_number()
        if items:
            return self.env._("Deposits at the rate of %(invoice)s", invoice=number)
        return self.env._(
            "Taxes of deposits at the rate of %(invoice)s", invoice=number
        )

    # === ITEMS === #

    def _prepare_exchange_items(self, pair):
        """Return the host's item values, with deposit, rates and invoice.

        With historical rates the difference goes to revenue instead of gain or loss.
        """
        move, deposit = pair.recall.move_id, pair.deposit
        result = []
        for values in pair.items:
            item = {
                **values,
                "name": self._get_label(move, deposit),
                "progress_adjusted_move_id": move.id,
                "progress_adjusted_line_id": deposit.id,
            }
            is_loss = "reconciled_lines_ids" not in values
            result += self._split_loss(item, move, deposit) if is_loss else [item]
        return result

    def _fold_bases(self, items, adjustments):
        """Let the host's items on the deposit account adjust the tax base as well.

        That is where the base stands. They do where they are just what it lacks.

        :return: tuple of all items, and the adjustments that are still to be booked.
        """
        rest = []
        for adjustment in adjustments:
            same = [
                number
                for number, item in enumerate(items)
                if "reconciled_lines_ids" in item
                and "tax_ids" not in item
                and item["progress_adjusted_line_id"] == adjustment.deposit.id
            ]
            balance = sum(
                items[number]["debit"] - items[number]["credit"] for number in same
            )
            currency = adjustment.move.company_currency_id
            if adjustment.account or currency.compare_amounts(
                balance, adjustment.balance
            ):
                rest.append(adjustment)
                continue
            grids = self._prepare_grids(adjustment)
            items = [
                {**item, **grids} if number in same else item
                for number, item in enumerate(items)
            ]
        return items, rest

    def _prepare_grids(self, adjustment):
        return {
            "tax_ids": [Command.set(adjustment.taxes.ids)],
            "tax_tag_ids": [Command.set(adjustment.tags.ids)],
        }

    def _prepare_tax(self, move, adjustment):
        """Return the values of an item on the account of a tax."""
        return self._prepare_item(
            move,
            balance=adjustment.balance,
            name=self._get_label(adjustment.move, adjustment.deposit),
            account_id=adjustment.account.id,
            progress_adjusted_line_id=adjustment.deposit.id,
            tax_repartition_line_id=adjustment.repartition_line.id,
            **self._prepare_grids(adjustment),
        )

    def _prepare_bases(self, move, adjustments):
        """Return items of tax bases, on the exchange account, and their counterparts.

        A base changes no account, so both are on the same.
        """
        moved, balances = [], defaultdict(float)
        for adjustment in adjustments:
            account = self._get_exchange_account(move, -adjustment.balance)
            balances[account] -= adjustment.balance
            label = self._get_label(adjustment.move, adjustment.deposit)
            moved.append(
                self._prepare_item(
                    move,
                    balance=adjustment.balance,
                    name=self.env._("%(label)s, tax base", label=label),
                    account_id=account.id,
                    progress_adjusted_line_id=adjustment.deposit.id,
                    **self._prepare_grids(adjustment),
                )
            )
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

    def _get_exchange_account(self, move, balance):
        """Return the account of the company's exchange losses, or gains."""
        return self.env["account.move.line"]._get_exchange_account(
            move.company_id, balance
        )

    # === GAIN, LOSS OR REVENUE === #

    def _prepare_tax_losses(self, move, taxes):
        """Return the gains and losses of taxes, deposit by deposit."""
        balances = defaultdict(float)
        for adjustment in taxes:
            balances[adjustment.deposit] -= adjustment.balance
        return [
            item
            for deposit, balance in balances.items()
            for item in self._split_loss(
                self._prepare_item(
                    move,
                    balance=balance,
                    account_id=self._get_exchange_account(move, balance).id,
                    progress_adjusted_line_id=deposit.id,
                ),
                move,
                deposit,
            )
        ]

    def _split_loss(self, item, move, deposit):
        """Return the values of a gain or loss, with historical rates over revenue.

        What the revenue of the deposit's order consumes is part of that revenue. What
        is paid back is money, so that its part stays an exchange gain or loss.
        """
        if move.company_id.progress_fx_policy != "historical":
            return [item]
        currency = move.company_currency_id
        weights = self._get_revenue_weights(move, deposit)
        *parts, paid_back = fx.split(
            item["debit"] - item["credit"],
            [*weights.values(), 1.0 - sum(weights.values())],
            currency,
        )
        accounts = [
            {"account_id": account_id, "analytic_distribution": json.loads(analytic)}
            for account_id, analytic in weights
        ]
        return [
            {
                **item,
                **account,
                "debit": max(part, 0.0),
                "credit": max(-part, 0.0),
            }
            for account, part in zip([*accounts, {}], [*parts, paid_back], strict=True)
            if not currency.is_zero(part)
        ]

    def _get_revenue_weights(self, move, deposit):
        """Return (account id, analytic distribution) -> share of the deposit."""
        key = move, deposit.order_id
        if key not in self._consumption:
            consumption = move._get_progress_consumption(deposit.order_id)
            self._consumption[key] = consumption
        weights = defaultdict(float)
        for item, share in self._consumption[key].get(deposit, {}).items():
            analytic = json.dumps(item.analytic_distribution or False, sort_keys=True)
            weights[item.account_id.id, analytic] += share
        return weights

    def _merge_losses(self, items, label, deposit, move):
        """Return gains and losses, one an account and analytic distribution."""
        merged = defaultdict(list)
        for item in items:
            analytic = json.dumps(item.get("analytic_distribution"), sort_keys=True)
            merged[item["account_id"], analytic].append(item)
        currency = move.company_currency_id
        result = []
        for same in merged.values():
            balance = currency.round(
                sum(item["debit"] - item["credit"] for item in same)
            )
            if not currency.is_zero(balance):
                result.append(
                    {
                        **same[0],
                        "name": label,
                        "progress_adjusted_line_id": deposit.id,
                        "debit": max(balance, 0.0),
                        "credit": max(-balance, 0.0),
                        "amount_currency": sum(
                            item["amount_currency"] for item in same
                        ),
                    }
                )
        return result
