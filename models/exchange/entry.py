"""Entries that adjust deposits: one an invoice, for all of its deposits.

The host makes an exchange entry for each pair that it reconciles. Those of an invoice
become one, which takes along what the taxes of the same deposits lack.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from odoo.fields import Command
from odoo.tools import frozendict

from ..arithmetic import fx


@dataclass(frozen=True, eq=False)
class Entry:
    """An entry to come."""

    #: As the host creates a move.
    values: frozendict
    to_post: bool = True
    #: Ids (debit, credit) of what is reconciled at another rate, and booked by this.
    pairs: frozenset = frozenset()


@dataclass(frozen=True, eq=False)
class Exchange:
    """Carries what reconciling deposits books from the reading to the booking."""

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


def get_exchange(records):
    """Return the `Exchange` under way in the records' environment, None without one.

    What a client sends under its name is none.
    """
    exchange = records.env.context.get("progress_exchange")
    return exchange if isinstance(exchange, Exchange) else None


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
        """The values of the host's items on the accounts of the pair."""
        commands = self.values["move_values"]["line_ids"]
        items = (values for _code, _id, values in commands)
        return [item for item in items if "reconciled_lines_ids" in item]


class EntryBuilder:
    """Makes one entry of what is adjusted for the same invoice, journal and date."""

    def __init__(self, env):
        self.env = env

    def build(self, pairs, missing):
        """Return the `Exchange` that books these.

        :param pairs: list of `Pair`.
        :param dict missing: invoice -> list of `Adjustment`.
        """
        recalled, values = defaultdict(list), {}
        for pair in pairs:
            if pair.recall:
                recalled[pair.key].append(pair)
                values[pair.key] = pair.values["move_values"]
        along = {}
        for move, adjustments in missing.items():
            prepared = self._prepare_values(move)
            key = move, prepared["journal_id"], prepared["date"]
            along[key] = adjustments
            values.setdefault(key, prepared)
        entries = [
            self._build(key[0], values[key], recalled[key], along.get(key, ()))
            for key in values
        ]
        return Exchange(
            entries=tuple(entry for entry in entries if entry.pairs),
            tax_entries=tuple(entry for entry in entries if not entry.pairs),
            host_entries=tuple(
                Entry(frozendict(pair.values["move_values"]))
                for pair in pairs
                if not pair.recall
            ),
        )

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

    def _build(self, move, move_values, pairs, adjustments):
        """Return an `Entry`: what it adjusts comes first, then gain or loss."""
        items = [item for pair in pairs for item in self._prepare_items(pair)]
        items, adjustments = self._fold_bases(items, adjustments)
        taxes = [one for one in adjustments if one.part.repartition_line]
        bases = [one for one in adjustments if not one.part.repartition_line]
        adjusting = [*items, *(self._prepare_tax(move, one) for one in taxes)]
        moved, counterpart = self._prepare_bases(move, bases)
        deposits = self.env["sale.order.line"].union(
            *(pair.deposit for pair in pairs), *(one.deposit for one in adjustments)
        )
        label = self._get_label(move, deposits, is_tax_only=not pairs)
        values = {
            "name": label,
            "progress_adjusted_line_id": deposits.id if len(deposits) == 1 else False,
        }
        numbered = [
            *adjusting,
            *moved,
            *self._prepare_losses(move, adjusting, values),
            *counterpart,
        ]
        given = self.env["account.move.line"]._get_progress_given_values()
        commands = [
            Command.create({**given, **item, "sequence": number})
            for number, item in enumerate(numbered)
        ]
        return Entry(
            frozendict({**move_values, "ref": label, "line_ids": commands}),
            to_post=all(pair.values["to_post"] for pair in pairs),
            pairs=frozenset((pair.debit.id, pair.credit.id) for pair in pairs),
        )

    def _get_label(self, move, deposits, *, is_tax_only):
        """Return what an entry says of itself: its deposit's label if it is one's."""
        if len(deposits) == 1:
            return move._get_progress_adjustment_label(deposits)
        number = move._get_progress_number()
        if is_tax_only:
            return self.env._(
                "Taxes of deposits at the rate of %(invoice)s", invoice=number
            )
        return self.env._("Deposits at the rate of %(invoice)s", invoice=number)

    # === ITEMS === #

    def _prepare_items(self, pair):
        """Return the host's items on the deposit account, with deposit and invoice."""
        move, deposit = pair.recall.move_id, pair.deposit
        own = {
            "name": move._get_progress_adjustment_label(deposit),
            "progress_adjusted_move_id": move.id,
            "progress_adjusted_line_id": deposit.id,
        }
        return [{**item, **own} for item in pair.items]

    def _fold_bases(self, items, adjustments):
        """Let the items on the deposit account adjust the tax base as well.

        That is where the base stands. They do where they are just what it lacks.

        :return: tuple of all items, and the adjustments that are still to be booked.
        """
        rest, folded = [], []
        by_deposit = defaultdict(list)
        for item in items:
            by_deposit[item["progress_adjusted_line_id"]].append(item)
        for adjustment in adjustments:
            same = by_deposit[adjustment.deposit.id]
            balance = sum(item["debit"] - item["credit"] for item in same)
            is_base = not adjustment.part.repartition_line
            currency = adjustment.move.company_currency_id
            if is_base and not currency.compare_amounts(balance, adjustment.balance):
                grids = self._prepare_grids(adjustment)
                folded += [{**item, **grids} for item in same]
                del by_deposit[adjustment.deposit.id]
            else:
                rest.append(adjustment)
        return [*folded, *chain(*by_deposit.values())], rest

    def _prepare_grids(self, adjustment):
        return {
            "tax_ids": [Command.set(adjustment.part.taxes.ids)],
            "tax_tag_ids": [Command.set(adjustment.part.tags.ids)],
        }

    def _prepare_tax(self, move, adjustment):
        """Return the values of an item on the account of a tax."""
        return self._prepare_item(
            move,
            adjustment.balance,
            name=move._get_progress_adjustment_label(adjustment.deposit),
            account_id=adjustment.part.account.id,
            progress_adjusted_line_id=adjustment.deposit.id,
            tax_repartition_line_id=adjustment.part.repartition_line.id,
            **self._prepare_grids(adjustment),
        )

    def _prepare_bases(self, move, adjustments):
        """Return items of tax bases, on the exchange account, and their counterpart.

        A base changes no account, so both are on the same.
        """
        total = sum(adjustment.balance for adjustment in adjustments)
        account = self._get_exchange_account(move, -total)
        moved = [
            self._prepare_item(
                move,
                adjustment.balance,
                name=self.env._(
                    "%(label)s, tax base",
                    label=move._get_progress_adjustment_label(adjustment.deposit),
                ),
                account_id=account.id,
                progress_adjusted_line_id=adjustment.deposit.id,
                **self._prepare_grids(adjustment),
            )
            for adjustment in adjustments
        ]
        if move.company_currency_id.is_zero(total):
            return moved, []
        name = self.env._("Tax base of deposits")
        return moved, [
            self._prepare_item(move, -total, account_id=account.id, name=name)
        ]

    def _prepare_item(self, move, balance, **values):
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

    def _prepare_losses(self, move, adjusting, values):
        """Return gains and losses, one an account and analytic distribution."""
        balances = defaultdict(float)
        for item in adjusting:
            balance = item["debit"] - item["credit"]
            balances[item["progress_adjusted_line_id"]] -= balance
        shares = self._get_revenue_shares(move, balances)
        losses = defaultdict(float)
        for deposit_id, balance in balances.items():
            for key, part in self._split_loss(move, balance, shares.get(deposit_id)):
                losses[key] += part
        currency = move.company_currency_id
        return [
            self._prepare_item(
                move,
                balance,
                account_id=account_id,
                **({"analytic_distribution": json.loads(analytic)} if analytic else {}),
                **values,
            )
            for (account_id, analytic), balance in losses.items()
            if not currency.is_zero(balance)
        ]

    def _split_loss(self, move, balance, shares):
        """Yield (account id, analytic distribution) and its part of a gain or loss.

        What revenue consumes is part of that revenue. What is paid back is money, so
        that its part stays an exchange gain or loss.
        """
        account = self._get_exchange_account(move, balance)
        keys, weights = [(account.id, None)], [1.0]
        if shares:
            keys = [*shares, *keys]
            weights = [*shares.values(), 1.0 - sum(shares.values())]
        parts = fx.split(balance, weights, move.company_currency_id)
        return zip(keys, parts, strict=True)

    def _get_revenue_shares(self, move, deposit_ids):
        """Return deposit id -> {(account id, analytic distribution): share}.

        With historical rates only: of the difference, that part goes to revenue.
        """
        if move.company_id.progress_fx_policy != "historical":
            return {}
        shares = {}
        deposits = self.env["sale.order.line"].browse(deposit_ids)
        for order in deposits.order_id:
            consumption = move._get_progress_consumption(order)
            for deposit, consumed in consumption.items():
                own = shares[deposit.id] = defaultdict(float)
                for item, share in consumed.items():
                    analytic = item.analytic_distribution or False
                    key = item.account_id.id, json.dumps(analytic, sort_keys=True)
                    own[key] += share
        return shares
