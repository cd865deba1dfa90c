"""What orders were billed, and what was paid of it: item by item on receivables."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from odoo.models import BaseModel


@dataclass(frozen=True)
class Entry:
    """What one document, or one payment of it, adds to what the customer owes.

    :ivar kind: a key of `progress_role`; `retention`, `release` or `rate`.
    :ivar is_billing: whether it bills, credits or holds back; else it pays or settles.
    :ivar name: the planned lines that it bills, or its reference.
    :ivar due: until when a document is to be paid.
    :ivar amount: in the document's currency, below zero for what is owed no more.
    :ivar balance: in company currency.
    """

    kind: str
    is_billing: bool
    day: date
    move: BaseModel
    name: str
    due: date | None
    currency: BaseModel
    amount: float
    balance: float


def get_entries(orders, day):
    """Return the `Entry`s of some orders up to a day, the first one first.

    Posted invoices and credit notes of the orders, each as a whole; what is held back
    of them and released; and what payments and others cover of these. They come to
    what the documents have open on that day. A payment counts from the day on which
    both it and the document that it pays are booked.

    :param orders: of one company.
    :param day: the last day that counts.
    """
    # In sudo mode because who may see an order may see how it was billed and paid.
    orders = orders.sudo()
    items = orders.order_line.invoice_lines | orders.retention_item_ids
    moves = items.move_id.filtered(
        lambda move: move.state == "posted" and move.date <= day
    )
    due = moves.line_ids.filtered(
        lambda item: item.account_id.account_type == "asset_receivable"
    )
    _read_together(moves.line_ids)
    entries = [_get_document(move, own) for move, own in due.grouped("move_id").items()]
    entries += _get_payments(due, day)
    return sorted(
        entries, key=lambda entry: (entry.day, not entry.is_billing, entry.move.id)
    )


def _read_together(items):
    """Read what is asked of each document, of all at once."""
    items.sale_line_ids.fetch(["is_downpayment", "order_id"])
    items.progress_line_id.fetch(["name"])


def _get_document(move, items):
    """Return the `Entry` of a document, from its items on receivables."""
    lines = move._get_progress_billing_items().progress_line_id
    return Entry(
        kind=_get_document_kind(move),
        is_billing=True,
        day=move.date,
        move=move,
        name=", ".join(lines.mapped("name")) or move.ref or "",
        due=move.invoice_date_due or None,
        currency=items.currency_id[:1],
        amount=items.currency_id[:1].round(sum(items.mapped("amount_currency"))),
        balance=move.company_currency_id.round(sum(items.mapped("balance"))),
    )


def _get_document_kind(move):
    if move.retention_origin_id:
        return "retention"
    return "release" if move.is_retention_release else move.progress_role


def _get_payments(due, day):
    """Return the `Entry`s of what settles some items, one a document, day and currency.

    What they settle among themselves, such as an invoice and its credit note, changes
    nothing.
    """
    sums = defaultdict(lambda: [0.0, 0.0])
    for partial in due.matched_debit_ids | due.matched_credit_ids:
        debit, credit = partial.debit_move_id, partial.credit_move_id
        if partial.max_date > day or (debit in due) == (credit in due):
            continue
        own, other, sign = (debit, credit, -1) if debit in due else (credit, debit, 1)
        side = "debit" if own == debit else "credit"
        row = sums[other.move_id, partial.max_date, own.currency_id]
        row[0] += sign * partial[f"{side}_amount_currency"]
        row[1] += sign * partial.amount
    return [
        _get_payment(move, paid_on, currency, amounts)
        for (move, paid_on, currency), amounts in sums.items()
    ]


def _get_payment(move, day, currency, amounts):
    is_rate = bool(move.exchange_diff_partial_ids)
    return Entry(
        kind="rate" if is_rate else move.progress_role or "adjustment",
        is_billing=False,
        day=day,
        move=move,
        name=move.ref or "",
        due=None,
        currency=currency,
        amount=currency.round(amounts[0]),
        balance=move.company_currency_id.round(amounts[1]),
    )
