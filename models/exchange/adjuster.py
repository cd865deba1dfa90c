"""Taxes of deposits, brought to the rate of the invoice that takes them back.

Amounts are read from posted journal items, deposit by deposit and tax by tax. Nothing
is written here.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property

from ..arithmetic import fx
from .tax_reader import TaxPart, TaxReader


@dataclass(frozen=True)
class Adjustment:
    """An amount to book on one part of a deposit's tax, or on its tax base."""

    move: object
    deposit: object
    part: TaxPart
    #: In company currency.
    balance: float


class Adjuster:
    """Compares what the taxes of deposits ask for with what is booked.

    :param families: invoice, draft or posted -> the invoice and the credit notes of it,
        posted or about to be, that give some of its deposits back.
    """

    def __init__(self, env, families):
        self.env = env
        self.reader = TaxReader(env)
        #: What an invoice takes back of a deposit, and the deposit's other items.
        self.recalls, self.others = {}, {}
        for move, family in families.items():
            items = family._get_progress_deposit_items().filtered("is_progress_recall")
            for deposit in items._get_progress_deposits():
                others = deposit._get_progress_posted_items().filtered(
                    lambda item, family=family: item.move_id not in family
                )
                own = deposit._get_progress_own(items)
                if self._is_adjusted(move, own | others):
                    self.recalls[move, deposit] = own
                    self.others[move, deposit] = others

    def get_missing(self, undone):
        """Return what is wanted and not booked yet: each adjustment is made once.

        :param undone: entries that no longer count: about to be reversed.
        :return: dict of invoice -> list of `Adjustment`.
        """
        missing = defaultdict(list)
        for move, deposit in self.recalls:
            wanted = self._get_wanted(move, deposit, undone)
            for part, balance in self._less_booked(move, deposit, undone, wanted):
                if not move.company_currency_id.is_zero(balance):
                    missing[move].append(Adjustment(move, deposit, part, balance))
        return dict(missing)

    def _adjusts_taxes(self, move):
        """Return whether the company brings taxes and their reports to the rate."""
        company = move.company_id
        return (
            company.progress_adjust_tax and company.progress_fx_policy != "historical"
        )

    def _is_adjusted(self, move, items):
        """Return whether any tax is adjusted.

        The host books a tax without an account of its own on that of its base. There it
        is part of the deposit: nothing of it may stay, whatever happens to taxes.
        """
        taxes = items.move_id.line_ids.filtered("tax_repartition_line_id")
        return self._adjusts_taxes(move) or bool(taxes.account_id & items.account_id)

    # === WHAT IS WANTED === #

    @cached_property
    def lines(self):
        """Item -> {key: `TaxPart`}, of the invoices of all deposits and recalls."""
        items = self.env["account.move.line"].union(
            *self.recalls.values(), *self.others.values()
        )
        return self.reader.read_taxes(items)

    def _get_wanted(self, move, deposit, undone):
        """Return (key, account) -> (part, balance) of what is to be booked in all."""
        parts = {}
        for item in self.others[move, deposit]:
            parts = {**self.lines[item], **parts}
        if not self._adjusts_taxes(move):
            # Tax reports stay as they are: no grids.
            accounts = self.recalls[move, deposit].account_id
            parts = {
                key: replace(part, tags=part.tags.browse())
                for key, part in parts.items()
                if part.account & accounts
            }
        return {
            (key, part.account): (part, self._get_balance(move, deposit, key, undone))
            for key, part in parts.items()
        }

    def _get_balance(self, move, deposit, key, undone):
        """Return what one part of a tax is to be adjusted by, in company currency.

        A tax due on payment is in the ledger as far as it was paid; only that has a
        rate of its own. The rest becomes exigible at the rate of its payment.
        """
        others = self.others[move, deposit]
        taxes, _position = key
        if taxes[:1].tax_exigibility == "on_payment":
            deposited = others.filtered(lambda item: not item.is_progress_recall)
            whole = self._sum(deposited, key)
            booked = self._sum_exigible(deposited, key)
        else:
            prior = sum(
                part.amount.company
                for other, same, part in self._get_booked(deposit, undone)
                if other != move._origin and same == key
            )
            whole = booked = self._sum(others, key) + fx.Amount(0.0, prior)
        return fx.get_adjustment(
            self._sum(self.recalls[move, deposit], key),
            whole,
            booked,
            move.currency_id,
            move.company_currency_id,
        )

    def _sum(self, items, key):
        """Return the `fx.Amount` of one part of a tax on some items."""
        parts = (self.lines[item].get(key) for item in items)
        return sum((part.amount for part in parts if part), fx.Amount())

    def _sum_exigible(self, items, key):
        """Return the `fx.Amount` of deposit items that payments made exigible.

        Cash basis items are not by invoice line: each has its share of its invoice.
        """
        total = fx.Amount()
        for move, own in items.grouped("move_id").items():
            whole = self._sum(
                (item for item in self.lines if item.move_id == move), key
            ).document
            booked = self.exigible.get(move, ())
            amounts = (part.amount for other, part in booked if other == key)
            if whole:
                share = self._sum(own, key).document / whole
                total += sum(amounts, fx.Amount()) * share
        return total

    # === WHAT IS BOOKED === #

    def _less_booked(self, move, deposit, undone, wanted):
        """Return parts and balances less what is booked; what none asks for goes."""
        rest = dict(wanted)
        for other, key, part in self._get_booked(deposit, undone):
            if other == move._origin:
                wanted_part, balance = rest.get((key, part.account), (part, 0.0))
                balance -= part.amount.company
                rest[key, part.account] = (wanted_part, balance)
        return rest.values()

    def _get_booked(self, deposit, undone):
        """Return (invoice, key, part) of what was adjusted, reversals among them."""
        return [
            (move, key, part)
            for entry, move, key, part in self.booked[deposit]
            if entry not in undone
        ]

    @cached_property
    def booked(self):
        """Deposit -> list of (entry, invoice, key, part) of posted adjustments."""
        # In sudo mode because whoever posts need not read the exchange journal.
        items = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    (
                        "progress_adjusted_line_id",
                        "in",
                        [deposit.id for _move, deposit in self.recalls],
                    ),
                    ("parent_state", "=", "posted"),
                    "|",
                    ("tax_repartition_line_id", "!=", False),
                    ("tax_ids", "!=", False),
                ]
            )
        )
        booked = defaultdict(list)
        for item in items:
            booked[item.progress_adjusted_line_id].append(
                (
                    item.move_id,
                    item.progress_adjusted_move_id,
                    *self.reader.read_item(item),
                )
            )
        return booked

    @cached_property
    def exigible(self):
        """Invoice -> list of (key, part) of its posted cash basis items."""
        moves = self.env["account.move"].union(*(item.move_id for item in self.lines))
        # In sudo mode because whoever posts need not read the cash basis journal.
        items = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("move_id.tax_cash_basis_origin_move_id", "in", moves.ids),
                    ("parent_state", "=", "posted"),
                ]
            )
        )
        exigible = defaultdict(list)
        for item in items:
            origin = item.move_id.tax_cash_basis_origin_move_id
            exigible[origin].append(self.reader.read_item(item))
        return exigible
