"""The deposit accounts in a period: what each deposit held, and if it ties."""

from collections import defaultdict
from dataclasses import dataclass, field

from odoo.fields import Domain
from odoo.models import BaseModel

from ..arithmetic import fx
from .account_reader import AccountReader

#: What moves a deposit in a period, after what it opens with.
MOVEMENTS = ("billed", "taken", "credited", "rate")
OPENING = "opening"


@dataclass
class Row:
    """One deposit: amounts above zero are owed to the customer.

    :ivar order: the sale order.
    :ivar move: the invoice that billed the deposit.
    :ivar line: the planned line of which it is, if any.
    :ivar amounts: kind -> amount in the currency of the order.
    :ivar balances: kind -> amount in company currency.
    :ivar paid: what of the deposit's untaxed amount payments cover, in the currency
        of the order; `paid_balance` in company currency.
    """

    order: BaseModel
    move: BaseModel
    line: BaseModel
    amounts: dict = field(default_factory=lambda: defaultdict(float))
    balances: dict = field(default_factory=lambda: defaultdict(float))
    paid: float = 0.0
    paid_balance: float = 0.0

    @property
    def closing(self):
        """Return what the deposit holds in the end, in the currency of the order."""
        return self.order.currency_id.round(sum(self.amounts.values()))

    @property
    def closing_balance(self):
        """Return what the deposit holds in the end, in company currency."""
        currency = self.order.company_id.currency_id
        return currency.round(sum(self.balances.values()))


class DepositAccount:
    """The items on the deposit accounts of a company, deposit by deposit.

    :ivar rows: `Row`s, by customer, order and invoice.
    :ivar balance: what the accounts hold, above zero where it is owed.
    :ivar others: items on the accounts that belong to no deposit.

    :param company: whose accounts these are.
    :param date_from: the first day of the period; what is before it is the opening.
    :param date: the last day that counts.
    :param is_payment: function of an entry that settles a part of an invoice: whether
        that pays it. None: whatever is no invoice and no credit note does.
    """

    def __init__(self, company, date_from, date, is_payment=None):
        self.company, self.date_from, self.date = company, date_from, date
        self._is_payment = is_payment or (lambda move: not move.is_sale_document())
        self.reader = AccountReader(
            company, date, self._get_linked_domain(), self._get_set_accounts()
        )
        self.items = self.reader.items
        self.balance = -self.reader.balance or 0.0
        #: Item -> deposits, down payment lines of orders.
        self._deposits = {}
        #: Item -> [(deposit, what moves it, amount, balance)].
        self.parts = {}
        self._read_deposits()
        self._read_along()
        self._read_exchange()
        self.others = self.reader.get_unreversed(
            self.items - self.items.browse().union(*self.parts)
        )
        self.row_of = self._get_row_of()
        self.rows = self._get_rows()
        self._read_payments()

    @staticmethod
    def _get_linked_domain():
        return (
            Domain("sale_line_ids.is_downpayment", "=", True)
            & Domain("account_id.account_type", "=", "liability_current")
            & Domain("move_id.move_type", "in", ("out_invoice", "out_refund"))
        )

    def _get_set_accounts(self):
        """Return the account of the company; those of deposits are found by them."""
        # In sudo mode because not everybody reads what a company is set to.
        return self.company.sudo().downpayment_account_id

    # === WHOSE ITEM IT IS === #

    def _read_deposits(self):
        """Give deposits the items that bill, credit or take them back."""
        for item in self.reader.linked:
            # Not filtered: what that returns is read apart from the others.
            deposit = next(line for line in item.sale_line_ids if line.is_downpayment)
            self._deposits[item] = deposit
            self._add(item, deposit, self._get_kind(item))

    def _add(self, item, deposit, kind, amount=None, balance=None):
        amount = item.amount_currency if amount is None else amount
        balance = item.balance if balance is None else balance
        self.parts.setdefault(item, []).append((deposit, kind, -amount, -balance))

    @staticmethod
    def _get_kind(item):
        """Return what moves a deposit by an item on it.

        The host does not say what takes a deposit back: on an invoice, what is below
        zero; on a credit note, what credits no invoice of a deposit.
        """
        if item.is_progress_recall:
            return "taken"
        move = item.move_id
        is_ours, is_credit = bool(item.progress_line_id), bool(move.reversed_entry_id)
        is_debit = (item.balance or item.amount_currency) > 0.0
        if move.move_type == "out_invoice":
            is_billed = is_ours or not is_debit
            return ("credited" if is_credit else "billed") if is_billed else "taken"
        if is_credit:
            return "credited" if is_ours or is_debit else "taken"
        return "billed" if is_ours else "taken"

    def _read_along(self):
        """Give deposits what stands on their account along with them.

        The host books a tax that has no account of its own, and discounts for early
        payment, on the account of the line that bears them.
        """
        bearers = defaultdict(self.items.browse)
        for item in self.reader.linked:
            bearers[item.move_id, item.account_id] |= item
        for item in self.items - self.reader.linked:
            found = bearers.get((item.move_id, item.account_id))
            if found:
                self._split(item, self._get_bearers(item, found))

    @staticmethod
    def _get_bearers(item, found):
        tax = item.tax_line_id
        bearing = found.filtered(
            lambda each: tax in each.tax_ids.flatten_taxes_hierarchy()
        )
        return bearing or found

    def _split(self, item, bearers):
        """Share an item among those that it goes along with, to the cent."""
        weights = bearers.mapped("amount_currency")
        shares = zip(
            bearers,
            fx.split(item.amount_currency, weights, item.currency_id),
            fx.split(item.balance, weights, item.company_currency_id),
            strict=True,
        )
        for bearer, amount, balance in shares:
            deposit = self._deposits[bearer]
            self._add(item, deposit, self._get_kind(bearer), amount, balance)

    def _read_exchange(self):
        """Give deposits the differences of their exchange rates."""
        rest = self.items - self.items.browse().union(*self.parts)
        origins = self.reader.get_exchange_origins(rest)
        for item in rest:
            deposit = item.progress_adjusted_line_id
            for origin in origins.get(item, ()) if not deposit else ():
                deposit = deposit or self._deposits.get(origin)
            if deposit:
                self._add(item, deposit, "rate")

    # === ROWS === #

    def _get_row_of(self):
        """Return deposit -> its row: those of one planned line and invoice share it."""
        origins = {}
        for item, parts in self.parts.items():
            for deposit, kind, _amount, _balance in parts:
                if deposit not in origins or (
                    kind == "billed" and origins[deposit][1] != "billed"
                ):
                    origins[deposit] = (item, kind)
        rows, result = {}, {}
        for deposit, (item, _kind) in origins.items():
            key = (deposit.order_id, item.move_id, item.progress_line_id)
            result[deposit] = rows.setdefault(key, Row(*key))
        return result

    def _get_rows(self):
        """Return the rows with anything to tell in the period."""
        for item, parts in self.parts.items():
            is_before = self.date_from and item.date < self.date_from
            for deposit, kind, amount, balance in parts:
                row = self.row_of[deposit]
                kind = OPENING if is_before else kind
                row.amounts[kind] += amount
                row.balances[kind] += balance
        rows = {id(row): row for row in self.row_of.values()}.values()
        for row in rows:
            self._round(row)
        return sorted(
            (
                row
                for row in rows
                if any([*row.amounts.values(), *row.balances.values()])
            ),
            key=lambda row: (
                row.order.partner_invoice_id.display_name or "",
                row.order.id,
                row.move.date,
                row.move.id,
                row.line.id,
            ),
        )

    def _round(self, row):
        for amounts, currency in (
            (row.amounts, row.order.currency_id),
            (row.balances, self.company.currency_id),
        ):
            for kind, amount in amounts.items():
                amounts[kind] = currency.round(amount)

    def get_items(self, move, line):
        """Return the items of the row of an invoice and a planned line."""
        return self.items.browse(
            item.id
            for item, parts in self.parts.items()
            if any(
                self.row_of[deposit].move == move and self.row_of[deposit].line == line
                for deposit, *_rest in parts
            )
        )

    # === PAYMENTS === #

    def _read_payments(self):
        """Tell the rows what of them is paid, as payments cover their invoices."""
        billed = defaultdict(lambda: [0.0, 0.0])
        for parts in self.parts.values():
            for deposit, kind, amount, balance in parts:
                if kind == "billed":
                    sums = billed[id(self.row_of[deposit])]
                    sums[0] += amount
                    sums[1] += balance
        moves = self.items.move_id.union(*(row.move for row in self.rows))
        fractions = self._get_paid_fractions(moves)
        for row in self.rows:
            amount, balance = billed[id(row)]
            fraction = fractions.get(row.move, 0.0)
            row.paid = row.order.currency_id.round(amount * fraction)
            row.paid_balance = self.company.currency_id.round(balance * fraction)

    def _get_paid_fractions(self, moves):
        """Return invoice -> what share of it payments cover, up to the day.

        What an invoice and its credit note settle is no payment.
        """
        due = moves.line_ids.filtered(
            lambda item: item.account_id.account_type == "asset_receivable"
        )
        totals, paid = defaultdict(float), defaultdict(float)
        for item in due:
            totals[item.move_id] += item.amount_currency
        partials = due.matched_credit_ids | due.matched_debit_ids
        for partial in partials.filtered(lambda each: each.max_date <= self.date):
            debit, credit = partial.debit_move_id, partial.credit_move_id
            if self._is_payment(credit.move_id):
                paid[debit.move_id] += partial.debit_amount_currency
            if self._is_payment(debit.move_id):
                paid[credit.move_id] -= partial.credit_amount_currency
        return {move: paid[move] / total for move, total in totals.items() if total}
