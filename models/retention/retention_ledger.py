"""What orders have billed, and what of it is held, invoice by invoice."""

from collections import defaultdict
from dataclasses import dataclass

from odoo.models import BaseModel

from ..arithmetic import retention


@dataclass(frozen=True)
class Holding:
    """What a document holds back, or gives back, of one retained invoice.

    :ivar order: the sale order.
    :ivar invoice: the invoice of which it is held.
    :ivar amount: in the document's currency, below zero where it is given back.
    :ivar billed: what it is held back of, 0.0 where it is given back.
    :ivar account: the account that it is given back from; None: the company's.
    """

    order: BaseModel
    invoice: BaseModel
    amount: float
    billed: float = 0.0
    account: BaseModel | None = None


class RetentionLedger:
    """The retention of some orders, read once and moved on document by document.

    :param orders: sale orders, in whose environment the amounts are read.
    :param moves: documents that do not count yet, until they are held.
    :param bool is_live: whether drafts count, as they do where they hold by lines.
    """

    def __init__(self, orders, moves=(), is_live=False):
        self.env = orders.env
        self.allocator = self.env["progress.billing.allocator"]
        self.states = ("draft", "posted") if is_live else ("posted",)
        # In sudo mode because whoever posts need not see all that was billed.
        self.items = orders.order_line.sudo().invoice_lines
        # Of all at once, not order by order.
        orders.mapped("retention_step_ids")
        self.billed = {order: defaultdict(float) for order in orders}
        self._amounts = {}
        #: Order -> document -> invoice -> amount held, releases under None.
        self.held = {order: defaultdict(dict) for order in orders}
        items = orders._get_retention_items(self.states)
        self._accounts = items._get_retention_accounts()
        for item in items:
            self._read_item(item, moves)
        for move in self.items.move_id:
            if move.state in self.states and move not in moves:
                self.count(move)

    def _read_item(self, item, moves):
        """Count an item on the retention account."""
        order = self._get_order(item)
        document = item._get_retention_document()
        if order in self.held and document not in moves:
            key = None if document.is_retention_release else document
            self._add(order, key, item._get_retained_move(), item.amount_currency)

    def _get_order(self, item):
        return item.retention_order_id.with_env(self.env)

    def _add(self, order, document, invoice, amount):
        row = self.held[order][document]
        row[invoice] = order.currency_id.round(row.get(invoice, 0.0) + amount)

    def count(self, move):
        """Count what a document bills, for those after it."""
        for order, amounts in self.get_amounts(move).items():
            for rate, amount in amounts.items():
                self.billed[order][rate] += amount

    # === WHAT IS BILLED === #

    def get_amounts(self, move):
        """Return order -> own rate, or None -> amount that a document bills.

        Below zero for what a credit note takes back.
        """
        if move not in self._amounts:
            items = self._get_items(move)
            orders = items.sale_line_ids.order_id.with_env(self.env)
            self._amounts[move] = {
                order: self._sum_rates(order, move, items)
                for order in orders
                if order in self.billed
            }
        return self._amounts[move]

    def _get_items(self, move):
        return move.sudo().line_ids.filtered(
            lambda item: item.display_type == "product" and not item.retention_order_id
        )

    def _sum_rates(self, order, move, items):
        own = items.filtered(lambda item: item.sale_line_ids.order_id == order)
        is_taxed = order._get_retention_base() == "total"
        if is_taxed and own == items and not order._has_retention_rates():
            sign = 1 if move.move_type == "out_invoice" else -1
            return {None: sign * move.amount_total}
        amounts = defaultdict(float)
        shares = self.allocator._get_billed_shares(own) if is_taxed else {}
        for item in own:
            rate = item.sale_line_ids[:1]._get_retention_rate()
            amounts[rate] += shares[item].total if is_taxed else -item.amount_currency
        return amounts

    # === WHAT IS HELD === #

    def get_retained(self, order):
        """Return what documents hold of an order, less what they gave back."""
        return order.currency_id.round(
            sum(
                amount
                for document, row in self.held[order].items()
                for amount in row.values()
                if document
            )
        )

    def get_released(self, order):
        """Return what was released of an order."""
        return order.currency_id.round(-sum(self.held[order].get(None, {}).values()))

    def get_open(self, order):
        """Return invoice -> what of it is held and not released, the oldest first."""
        result = defaultdict(float)
        for row in self.held[order].values():
            for invoice, amount in row.items():
                result[invoice] = order.currency_id.round(result[invoice] + amount)
        keys = sorted(
            result, key=lambda move: (move.date or move.create_date.date(), move.id)
        )
        return {invoice: result[invoice] for invoice in keys}

    # === WHAT A DOCUMENT HOLDS === #

    def hold(self, move):
        """Return the `Holding`s of a document, and count them for those after it.

        Those of an entry: what lines hold, or give back, is held with them.
        """
        holdings, left = [], move.amount_total
        self.count(move)
        credited = move.reversed_entry_id
        held_by_lines = move.line_ids.retention_order_id
        for order, amounts in self.get_amounts(move).items():
            if order in held_by_lines:
                found = []
            elif move.move_type == "out_refund" and order in self.get_amounts(credited):
                found = self._give_back(order, move, credited)
            elif order._holds_by_lines():
                found = []
            else:
                found = self._hold_order(order, move, sum(amounts.values()), left)
            left -= sum(each.amount for each in found)
            holdings += found
        for each in holdings:
            self._add(each.order, move, each.invoice, each.amount)
        return holdings

    def _hold_order(self, order, move, billed, left):
        """Return what an invoice holds of an order: the target, less what is held.

        :param left: what of the invoice's total is not held of other orders.
        """
        is_credit = move.move_type == "out_refund"
        limit = -left if is_credit else min(billed, left)
        amount = self.get_wanted(order, limit)
        if amount >= 0.0:
            return [Holding(order, move, amount, billed)] if amount else []
        taken = retention.take_oldest(-amount, self.get_open(order), order.currency_id)
        return [
            self._make_return(order, invoice, -part) for invoice, part in taken.items()
        ]

    def _make_return(self, order, invoice, amount):
        """Return the `Holding` of what is given back, where it is held."""
        account = self._accounts.get((order, invoice))
        return Holding(order, invoice, amount, account=account)

    def get_wanted(self, order, limit):
        """Return what is to be held of all that counts, less what is held already.

        Nothing is held any more where a guarantee replaces it.

        :param limit: what the document comes to, below zero for a credit note.
        """
        if order.retention_guarantee_reference:
            return 0.0
        return retention.get_held(
            retention.get_target(
                order._get_retention_plain_terms(),
                order._get_retention_pools(self.billed[order]),
                order.currency_id,
            ),
            self.get_retained(order),
            self.get_released(order),
            limit,
            order.currency_id,
        )

    def hold_by_lines(self, order, amounts, limit):
        """Return what an invoice to come holds by lines, and count it.

        :param amounts: own rate, or None -> amount that it bills.
        """
        for rate, amount in amounts.items():
            self.billed[order][rate] += amount
        amount = self.get_wanted(order, limit)
        # Under no invoice, as it has none yet: one more to come counts it all the same.
        to_come = self.env["account.move"].new()
        self._add(order, to_come, to_come, amount)
        return amount

    def _give_back(self, order, move, credited):
        """Return what a credit note gives back: its share of what its invoice holds."""
        if not any(self.held[order].get(credited, {}).values()):
            return []
        available = self.get_open(order)
        documents = [
            each for each in credited.reversal_move_ids if each in self.held[order]
        ]
        credits_ = [
            each
            for each in credited.reversal_move_ids
            if each == move or each.state == "posted"
        ]
        weight = self._get_weight(order, credited, credited)
        credit = sum(self._get_weight(order, each, credited) for each in credits_)
        fraction = -credit / weight if weight else 1.0
        if order.currency_id.is_zero(weight + credit):
            fraction = 1.0
        found = []
        for invoice, amount in self.held[order][credited].items():
            sign = 1 if amount > 0.0 else -1
            given = -sum(self.held[order][each].get(invoice, 0.0) for each in documents)
            part = retention.get_given_back(
                sign * amount,
                sign * given,
                fraction,
                available.get(invoice, 0.0) if sign > 0 else sign * (amount - given),
                order.currency_id,
            )
            if part:
                found.append(self._make_return(order, invoice, -sign * part))
        return found

    def _get_weight(self, order, move, invoice):
        """Return what a document would hold at the rates of an invoice."""
        held = sum(self.held[order][invoice].values())
        amounts = self.get_amounts(invoice).get(order, {})
        own = sum(
            rate * amount / 100.0
            for rate, amount in amounts.items()
            if rate is not None
        )
        common = amounts.get(None, 0.0)
        rates = {rate: rate / 100.0 for rate in amounts if rate is not None}
        rates[None] = (held - own) / common if common else 0.0
        return sum(
            amount * rates.get(rate, rates[None])
            for rate, amount in self.get_amounts(move).get(order, {}).items()
        )
