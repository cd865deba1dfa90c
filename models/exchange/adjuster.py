"""What taxes of deposits lack at the rate of the invoice that takes them back.

Amounts are read from posted journal items, deposit by deposit and tax by tax. Nothing
is written here.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property

from ..arithmetic import fx
from .tax_reader import TaxReader


@dataclass(frozen=True)
class Adjustment:
    """What one account of a deposit's tax, or its tax base, is to be adjusted by."""

    move: object
    deposit: object
    #: In company currency.
    balance: float
    #: Empty for a tax base, as is the account: a base changes none.
    repartition_line: object
    account: object
    taxes: object
    tags: object

    @property
    def key(self):
        """What makes adjustments the same: a base is so on any account."""
        is_base = not self.repartition_line
        return (
            self.deposit.id,
            self.repartition_line.id,
            tuple(sorted(self.taxes.ids)) if is_base else self.account.id,
        )


class Adjuster:
    """Says what the taxes of deposits ask for that one invoice takes back.

    :param move: the invoice, draft or posted.
    :param credits_: the credit notes of it, posted or about to be, that give some back.
    """

    def __init__(self, move, credits_):
        self.env = move.env
        self.move = move
        self.company = move.company_id
        self.document = move.currency_id
        self.currency = move.company_currency_id
        self.reader = TaxReader(self.env)
        family = move | credits_
        items = family._get_progress_deposit_items()
        self.recalls = items.filtered("is_progress_recall")
        self.deposits = self.recalls._get_progress_deposits()
        self.others = {
            deposit: deposit._get_progress_posted_items().filtered(
                lambda item: item.move_id not in family
            )
            for deposit in self.deposits
        }
        self.items = items.browse().union(self.recalls, *self.others.values())

    def get_adjustments(self):
        """Return a list of `Adjustment`: what is to be booked in all."""
        if self.document == self.currency:
            return []
        if self._adjusts_taxes():
            return [
                adjustment
                for deposit in self.deposits
                for method in (self._get_taxes, self._get_bases)
                for adjustment in method(deposit)
            ]
        if not self._has_tax_on_deposit_account():
            return []
        # Tax reports stay as they are: no grids.
        return [
            replace(adjustment, tags=adjustment.tags.browse())
            for deposit in self.deposits
            for adjustment in self._get_taxes(deposit)
            if adjustment.account in deposit._get_progress_own(self.recalls).account_id
        ]

    def _adjusts_taxes(self):
        """Return whether the company brings taxes and their reports to the rate."""
        is_final_rate = self.company.progress_fx_policy == "final_rate"
        return is_final_rate and self.company.progress_adjust_tax

    def _has_tax_on_deposit_account(self):
        """Return whether a tax stands where the deposits themselves do.

        The host books a tax without an account of its own on that of its base. There it
        is part of the deposit: nothing of it may stay, whatever happens to taxes.
        """
        taxes = self.items.move_id.line_ids.filtered("tax_repartition_line_id")
        return bool(taxes.account_id & self.items.account_id)

    # === TAXES === #

    @cached_property
    def lines(self):
        """Item -> `TaxedLine`, of the invoices of all deposits and of what follows."""
        return self.reader.read_taxes(self.items)

    def _get_taxes(self, deposit):
        """Yield what the accounts of a deposit's taxes are to be adjusted by.

        Each repartition line of a tax by itself: it was rounded by itself.
        """
        own, others = deposit._get_progress_own(self.recalls), self.others[deposit]
        parts = {}
        for item in others:
            for key, part in self.lines[item].parts.items():
                parts.setdefault(key, (item, part))
        for key, (item, part) in parts.items():
            balance = self._get_tax_balance(deposit, key, own, others)
            if not self.currency.is_zero(balance):
                yield Adjustment(
                    move=self.move,
                    deposit=deposit,
                    balance=balance,
                    repartition_line=part.repartition_line,
                    account=self._get_tax_account(item, part),
                    taxes=part.taxes,
                    tags=part.tags,
                )

    def _get_tax_balance(self, deposit, key, own, others):
        """Return what one part of a tax is to be adjusted by, in company currency."""
        tax, _position = key
        recalled = self._sum_taxes(own, key)
        if tax.tax_exigibility == "on_payment":
            deposited = self._get_deposited(others)
            return fx.get_exigible_adjustment(
                self._sum_exigible(
                    deposited,
                    lambda item: (
                        item.tax_repartition_line_id
                        and self.reader.get_key(item.tax_repartition_line_id) == key
                    ),
                    lambda items: self._sum_taxes(items, key),
                ),
                self._sum_taxes(deposited, key),
                recalled,
                self.document,
                self.currency,
            )
        still_open = self._sum_taxes(others, key)
        still_open += fx.Amount(0.0, self.prior[deposit, key])
        return fx.get_adjustment(still_open, recalled, self.document, self.currency)

    def _get_tax_account(self, item, part):
        """Return the account of a tax: its item's own, unless due on payment."""
        if part.repartition_line.tax_id.tax_exigibility == "on_payment":
            return part.account
        own = item.move_id.line_ids.filtered(
            lambda line: line.tax_repartition_line_id == part.repartition_line
        )
        if item.account_id in own.account_id:
            # Without an account of its own, a tax follows each base to its account.
            return item.account_id
        return own.account_id[:1] or part.account

    def _sum_taxes(self, items, key):
        """Return the `fx.Amount` of one part of a tax on some items."""
        total = fx.Amount()
        for item in items:
            part = self.lines[item].parts.get(key)
            if part:
                total += part.amount
        return total

    def _get_deposited(self, items):
        """Return deposits and their credit notes, without what took them back."""
        return items.filtered(lambda item: not item.is_progress_recall)

    # === BASES === #

    def _get_bases(self, deposit):
        """Yield what the tax grids of a deposit's base are to be adjusted by.

        The host moves the deposit account without grids: the report's base would stay
        at the deposit's rate while its tax does not.
        """
        own = deposit._get_progress_own(self.recalls)
        for taxes, items in self.others[deposit].grouped("tax_ids").items():
            recalled = self._sum_bases(
                own.filtered(lambda item, taxes=taxes: item.tax_ids._origin == taxes)
            )
            flat = taxes.flatten_taxes_hierarchy()
            by_exigibility = flat.grouped("tax_exigibility")
            for exigibility, some in sorted(by_exigibility.items()):
                is_on_payment = exigibility == "on_payment"
                method = self._get_exigible_base if is_on_payment else self._get_base
                balance = method(deposit, items, some, recalled)
                if not self.currency.is_zero(balance):
                    yield Adjustment(
                        move=self.move,
                        deposit=deposit,
                        balance=balance,
                        repartition_line=some.repartition_line_ids.browse(),
                        account=items.account_id.browse(),
                        taxes=some,
                        tags=some.get_tax_tags(items[0].is_refund, "base"),
                    )

    def _get_base(self, deposit, items, taxes, recalled):
        """Return what the base of taxes due on invoice is to be adjusted by."""
        still_open = self._sum_bases(items)
        still_open += fx.Amount(0.0, self.prior[deposit, taxes])
        return fx.get_adjustment(still_open, recalled, self.document, self.currency)

    def _get_exigible_base(self, _deposit, items, taxes, recalled):
        """Return what the base of taxes due on payment is to be adjusted by."""
        deposited = self._get_deposited(items)
        return fx.get_exigible_adjustment(
            self._sum_exigible(
                deposited,
                lambda item: item.tax_ids == taxes and not item.tax_repartition_line_id,
                self._sum_bases,
            ),
            self._sum_bases(deposited),
            recalled,
            self.document,
            self.currency,
        )

    def _sum_bases(self, items):
        """Return the `fx.Amount` of some items as the tax report has them."""
        return sum((self.lines[item].base for item in items), fx.Amount())

    # === WHAT ELSE IS IN THE LEDGER === #

    @cached_property
    def prior(self):
        """What other invoices' posting adjusted, reversals counted.

        By (deposit, key of a tax's part) or (deposit, taxes of a base), in company
        currency.
        """
        prior = defaultdict(float)
        # In sudo mode because whoever posts need not read the exchange journal.
        AccountMoveLine = self.env["account.move.line"].sudo()
        domain = [
            ("progress_adjusted_line_id", "in", self.deposits.ids),
            ("progress_adjusted_move_id", "!=", self.move._origin.id),
            *AccountMoveLine._get_progress_tax_domain(),
        ]
        for item in AccountMoveLine.search(domain):
            rep = item.tax_repartition_line_id
            key = self.reader.get_key(rep) if rep else item.tax_ids
            prior[item.progress_adjusted_line_id, key] += item.balance
        return prior

    @cached_property
    def exigible(self):
        """The cash basis items of all invoices, by invoice."""
        # In sudo mode because whoever posts need not read the cash basis journal.
        items = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    (
                        "move_id.tax_cash_basis_origin_move_id",
                        "in",
                        self.items.move_id.ids,
                    ),
                    ("parent_state", "=", "posted"),
                ]
            )
        )
        return items.grouped(lambda item: item.move_id.tax_cash_basis_origin_move_id)

    def _sum_exigible(self, items, is_wanted, measure):
        """Return the `fx.Amount` of deposit items that payments made exigible.

        Cash basis items are not by invoice line: each has its share of its invoice.

        :param is_wanted: predicate of cash basis items.
        :param measure: callable returning the `fx.Amount` of some invoice lines.
        """
        total = fx.Amount()
        for move, mine in items.grouped("move_id").items():
            same = items.browse().union(
                *(
                    item
                    for item in self.lines
                    if item.move_id == move and item.tax_ids == mine[:1].tax_ids
                )
            )
            whole = measure(same).document
            if not whole or move not in self.exigible:
                continue
            booked = self.exigible[move].filtered(is_wanted)
            total += fx.Amount(
                sum(booked.mapped("amount_currency")), sum(booked.mapped("balance"))
            ) * (measure(mine).document / whole)
        return total


# === WHAT IS MISSING === #


def get_missing(wanted, undone):
    """Return what is wanted and not booked yet: each adjustment is made once.

    :param dict wanted: invoice -> list of `Adjustment`.
    :param undone: entries that no longer count: about to be reversed.
    :return: dict of invoice -> tuple of `Adjustment`, without empty ones.
    """
    booked = _read_booked(wanted, undone)
    missing = {
        move: _subtract(adjustments, booked.get(move._origin, ()))
        for move, adjustments in wanted.items()
    }
    return {move: rest for move, rest in missing.items() if rest}


def _read_booked(moves, undone):
    """Return invoice -> list of posted `Adjustment`, those of reversals among them."""
    origins = [move._origin for move in moves if move._origin]
    if not origins:
        return {}
    # In sudo mode because whoever posts need not read the exchange journal.
    AccountMoveLine = origins[0].env["account.move.line"].sudo()
    domain = [
        ("progress_adjusted_move_id", "in", [move.id for move in origins]),
        ("move_id", "not in", undone.ids),
        *AccountMoveLine._get_progress_tax_domain(),
    ]
    booked = defaultdict(list)
    for item in AccountMoveLine.search(domain):
        is_base = not item.tax_repartition_line_id
        adjustment = Adjustment(
            move=item.progress_adjusted_move_id,
            deposit=item.progress_adjusted_line_id,
            balance=item.balance,
            repartition_line=item.tax_repartition_line_id,
            account=item.account_id.browse() if is_base else item.account_id,
            taxes=item.tax_ids,
            tags=item.tax_tag_ids,
        )
        booked[adjustment.move].append(adjustment)
    return booked


def _subtract(adjustments, booked):
    """Return adjustments less what is booked; what is wanted no more goes."""
    rest = {}
    booked = [replace(adjustment, balance=-adjustment.balance) for adjustment in booked]
    for adjustment in [*adjustments, *booked]:
        same = rest.get(adjustment.key)
        rest[adjustment.key] = (
            replace(same, balance=same.balance + adjustment.balance)
            if same
            else adjustment
        )
    return tuple(
        adjustment
        for adjustment in rest.values()
        if not adjustment.move.company_currency_id.is_zero(adjustment.balance)
    )
