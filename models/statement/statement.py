"""What a progress statement says, as plain values: rows, sums, and what ties them."""

from collections import defaultdict
from dataclasses import dataclass, replace

from odoo.tools.misc import formatLang

from ..arithmetic.fx import split
from ..settings.words import format_number

#: The columns of a statement, by layout.
COLUMNS = {
    "simple": ("revised", "previous", "this", "to_date", "balance"),
    "construction": (
        *("contract", "changes", "revised", "previous", "this"),
        *("to_date", "percent", "balance", "retained"),
    ),
}


@dataclass(frozen=True)
class Row:
    """One line of a statement, in the order's currency, untaxed.

    :ivar record: the order line or planned line it is about; the order, for what is
        billed of no line of it, or where a row is a whole order.
    :ivar contract: what was agreed on when the order was confirmed.
    :ivar revised: what it is worth with the changes since.
    :ivar previous: what was posted before the document.
    :ivar this: what the document bills.
    :ivar retained: what is held back of what was billed to date.
    """

    record: object
    currency: object
    contract: float = 0.0
    revised: float = 0.0
    previous: float = 0.0
    this: float = 0.0
    retained: float = 0.0

    @property
    def changes(self):
        """Return what the contract changed by since the order was confirmed."""
        return self.currency.round(self.revised - self.contract)

    @property
    def to_date(self):
        """Return what was billed with the document and before."""
        return self.currency.round(self.previous + self.this)

    @property
    def percent(self):
        """Return the share of the revised amount that is billed to date."""
        return round(100.0 * self.to_date / self.revised, 2) if self.revised else 0.0

    @property
    def balance(self):
        """Return what is left to bill."""
        return self.currency.round(self.revised - self.to_date)

    def get_excess(self, limit):
        """Return how far it is billed beyond a limit, or below nothing."""
        beyond = self.to_date - max(limit, 0.0)
        below = self.to_date - min(limit, 0.0)
        return self.currency.round(max(beyond, 0.0) or min(below, 0.0))

    @property
    def is_empty(self):
        """Return whether the row has nothing to say."""
        return not any((self.contract, self.revised, self.previous, self.this))

    def get_values(self):
        """Return the row as a dict of its columns."""
        names = COLUMNS["construction"]
        return {"line": self.record, **{name: getattr(self, name) for name in names}}


class OrderRows:
    """The rows of one order.

    Orders billed by deposits have a row a planned line, others a row an order line.
    What is billed of neither has a row of its own, whose record is the order.

    :param order: the sale order.
    :param before: its invoice lines that were posted before the document.
    :param now: those of the document; or order line -> untaxed amount, of what is no
        invoice yet.
    :param retained: what is held back before it, and by it: a pair of amounts.
    :param bool is_finished: a final invoice is among them: nothing else is planned.
    """

    def __init__(self, order, before, now, retained=(0.0, 0.0), is_finished=False):
        self.order = order
        self.currency = order.currency_id
        self.retained_before = retained[0]
        self.retained = self.currency.round(sum(retained))
        self.is_finished = is_finished
        self.is_by_plan = order.progress_method == "deposit" and bool(
            order.progress_line_ids
        )
        ledger = order._get_progress_ledger(is_plan=True)
        self.previous = ledger.sum_items(before, self._get_record)
        if isinstance(now, dict):
            self.this = defaultdict(float)
            for line, amount in now.items():
                self.this[order if self.is_by_plan else line] += amount
        else:
            self.this = ledger.sum_items(now, self._get_record)

    def _get_record(self, item):
        """Return what an invoice line bills a part of: the record of its row."""
        if self.is_by_plan:
            planned = item.progress_line_id
            is_own = planned.order_id == self.order and not item.is_progress_recall
            return planned if is_own else self.order
        line = (item.sale_line_ids & self.order.sudo().order_line)[:1]
        if line.is_downpayment:
            return line.progress_sale_line_id or self.order
        return line

    def get_rows(self):
        """Return the rows of the order, what is held back split among them."""
        rows = self._get_plan_rows() if self.is_by_plan else self._get_line_rows()
        rows.append(self._get_rest_row(rows))
        rows = [row for row in rows if not row.is_empty]
        if not rows or self.currency.is_zero(self.retained):
            return rows
        weights = [row.to_date * self._get_rate(row.record) for row in rows]
        shares = split(self.retained, weights, self.currency)
        return [
            replace(row, retained=share)
            for row, share in zip(rows, shares, strict=True)
        ]

    def _get_rate(self, record):
        """Return the rate by which a row shares in what is held back."""
        line = record
        if record._name == "progress.billing.line":
            line = record.sale_line_id
        rate = None
        if line and line._name == "sale.order.line":
            rate = line._get_retention_rate()
        common = self.order.retention_percent or max(
            self.order.retention_step_ids.mapped("percent"), default=1.0
        )
        return common if rate is None else rate

    def get_total(self):
        """Return the order as one row."""
        return add_up(self.order, self.currency, self.get_rows())

    def _make_row(self, record, contract, revised):
        return Row(
            record,
            self.currency,
            self.currency.round(contract),
            self.currency.round(revised),
            self.previous.get(record, 0.0),
            self.this.get(record, 0.0),
        )

    def _get_line_rows(self):
        return [
            self._make_row(line, line.budget_original_amount, line.budget_amount)
            for line in self.order._get_progress_contract_lines()
        ]

    def _get_plan_rows(self):
        """Return a row a planned line; what is still to come has room in the order."""
        planned = self.order.progress_line_ids
        billed = {line for line in planned if self._is_billed(line)}
        left = self.order._get_progress_revised_amount()
        left -= sum(
            self._make_row(record, 0.0, 0.0).to_date for record in (self.order, *billed)
        )
        rows = []
        for line in planned.sorted(lambda line: line._get_billing_order()):
            if line in billed:
                revised = self._make_row(line, 0.0, 0.0).to_date
            elif line.state == "cancel" or self.is_finished:
                continue
            else:
                amount = line.amount_untaxed
                revised = min(amount, left, key=abs) if amount * left > 0.0 else 0.0
                left -= revised
            contract = line._get_progress_agreed_amount(revised)
            rows.append(self._make_row(line, contract, revised))
        return rows

    def _is_billed(self, line):
        return line in self.previous or line in self.this

    def _get_rest_row(self, rows):
        """Return the row of what is of no line: the rest of the order's worth."""
        return self._make_row(
            self.order,
            self.order._get_progress_agreed_amount()
            - sum(row.contract for row in rows),
            self.order._get_progress_revised_amount()
            - sum(row.revised for row in rows),
        )


def add_up(record, currency, rows):
    """Return rows as one row about a record."""
    names = ("contract", "revised", "previous", "this", "retained")
    sums = {name: currency.round(sum(getattr(x, name) for x in rows)) for name in names}
    return Row(record, currency, **sums)


@dataclass(frozen=True)
class Tie:
    """A figure of the statement beside the same figure from elsewhere.

    :ivar items: pairs of (text, amount) that make the difference.
    """

    name: str
    expected: float
    actual: float
    is_equal: bool
    items: tuple = ()

    def get_values(self):
        """Return the tie without what makes the difference."""
        names = ("name", "expected", "actual", "is_equal")
        return {name: getattr(self, name) for name in names}


class Statement:
    """What a document says about the progress of its orders.

    :ivar orders: the `OrderRows` of each order.
    :ivar float retained_before: what was held back before the document.
    """

    def __init__(self, document, orders):
        self.document = document
        self.env = document.env
        self.orders = orders
        self.currency = orders[0].currency
        self.retained_before = sum(rows.retained_before for rows in orders)
        if len(orders) > 1:
            self.rows = [order.get_total() for order in orders]
        else:
            self.rows = orders[0].get_rows()
        self.total = add_up(document, self.currency, self.rows)

    def get_summary(self):
        """Return the sums by their numbers, 1 to 9."""
        total, rounded = self.total, self.currency.round
        earned = rounded(total.to_date - total.retained)
        certified = rounded(total.previous - self.retained_before)
        return {
            1: total.contract,
            2: total.changes,
            3: total.revised,
            4: total.to_date,
            5: total.retained,
            6: earned,
            7: certified,
            8: rounded(earned - certified),
            9: rounded(total.revised - earned),
        }

    def get_values(self):
        """Return rows and summary as plain dicts."""
        return {
            "rows": [row.get_values() for row in self.rows],
            "summary": self.get_summary(),
        }

    # === IN WORDS === #

    def get_columns(self, layout):
        """Return (name, title) of the columns of a layout; none where nothing is held.

        In the language of the document, as all texts are.
        """
        titles = {
            "contract": self.env._("Contract"),
            "changes": self.env._("Changes"),
            "revised": self.env._("Revised"),
            "previous": self.env._("Previous"),
            "this": self.env._("This"),
            "to_date": self.env._("To Date"),
            "percent": self.env._("%"),
            "balance": self.env._("Balance"),
            "retained": self.env._("Retained"),
        }
        if layout == "simple":
            titles.update(
                revised=self.env._("Contract"), balance=self.env._("Remaining")
            )
        return [
            (name, titles[name])
            for name in COLUMNS[layout]
            if name != "retained" or self.has_retention
        ]

    def get_title(self, name):
        """Return the title of the column of texts, or of the row of sums."""
        return self.env._("Total") if name == "total" else self.env._("Description")

    @property
    def has_retention(self):
        """Return whether anything is, or was, held back."""
        return bool(self.total.retained or self.retained_before)

    def get_label(self, row):
        """Return what a row is about, in words."""
        record = row.record
        if record._name != "sale.order":
            return (record.name or "").partition("\n")[0]
        if len(self.orders) > 1:
            reference = record.client_order_ref
            return f"{record.name} ({reference})" if reference else record.name
        if self.orders[0].is_by_plan:
            return self.env._("Regular and final invoices")
        return self.env._("Deposits on the whole order")

    def get_summary_lines(self):
        """Return (number, text, amount) of the summary, retention only where there is.

        Without retention 5 and 6 say nothing that 4 does not.
        """
        texts = {
            1: self.env._("Contract"),
            2: self.env._("Changes"),
            3: self.env._("Revised contract"),
            4: self.env._("Billed to date"),
            5: self.env._("Retention"),
            6: self.env._("Billed less retention"),
            7: self.env._("Less previous certificates"),
            8: self.env._("Due now, untaxed"),
            9: self.env._("Balance to finish, retention included"),
        }
        if not self.has_retention:
            texts[9] = self.env._("Balance to finish")
        return [
            (number, texts[number], amount)
            for number, amount in self.get_summary().items()
            if number not in (5, 6) or self.has_retention
        ]

    def get_totals(self):
        """Return (text, amount, whether it is bold) from due now to the document."""
        untaxed, tax, total = self.document._get_progress_statement_amounts()
        due, rounded = self.get_summary()[8], self.currency.round
        others = rounded(untaxed - self.total.this)
        payable = rounded(due + others + tax)
        lines = [
            (self.env._("Other items"), others, False),
            (self.env._("Taxes"), tax, False),
            (self.env._("To pay"), payable, True),
            (self.env._("Total of the invoice"), total, False),
        ]
        return lines[
            not others : 4 if self.currency.compare_amounts(payable, total) else 3
        ]

    def format(self, row, name):
        """Return a column of a row as text."""
        value = getattr(row, name)
        if name == "percent":
            return format_number(self.env, value, 2)
        if name in ("changes", "retained") and not value:
            return ""
        return self.format_amount(value)

    def format_amount(self, amount):
        """Return an amount as text, without its currency."""
        digits = self.currency.decimal_places
        return formatLang(self.env, amount or 0.0, digits=digits)
