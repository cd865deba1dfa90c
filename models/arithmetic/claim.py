"""What is to be billed, as plain data: the one language between sources and builder.

A source (planned lines, the revenue budget, a pro forma) describes *what* it wants
billed; the builder decides which journal items that takes. Neither knows the other.
"""

from dataclasses import dataclass, field
from datetime import date

DEPOSIT = "deposit"
REVENUE = "revenue"


@dataclass(frozen=True)
class Part:
    """A share of one order line, or of the whole order.

    :ivar line_id: id of the order line, 0 for the whole order.
    :ivar amount: untaxed amount in the order's currency, *not yet rounded*: the
        builder rounds cumulatively, so that parts of a percentage add up exactly.
        May be negative.
    :ivar quantity: quantity in the order line's unit when billed by quantity, None
        when billed by amount.
    :ivar taxed_amount: the taxed amount that was entered, where the company enters
        amounts taxes included; `amount` is then its untaxed share.
    :ivar is_exact: the amount was entered as such and is billed to the cent, even
        where the split over several taxes would round otherwise.
    :ivar is_line_only: bills its own line and no other, even where its amount is by
        chance what is left of the whole order.
    :ivar name: text of the invoice line, empty for the usual one.
    :ivar account_id: income account of the invoice line, 0 for the host's choice.
    :ivar analytic: analytic distribution as sorted (key, percent) pairs, empty for the
        order line's own.
    """

    line_id: int
    amount: float
    quantity: float | None = None
    taxed_amount: float | None = None
    is_exact: bool = False
    is_line_only: bool = False
    name: str = ""
    account_id: int = 0
    analytic: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Claim:
    """One demand for payment on one order.

    :ivar order_id: the order it bills.
    :ivar parts: what is billed of it.
    :ivar booking: `deposit` (credit the deposit liability) or `revenue` (income).
    :ivar invoice_date: date of the invoice, None for the day it is made.
    :ivar title: short text, heads the invoice line ("Kick-off").
    :ivar label: the share in words ("30 %", "1,000.00 $").
    :ivar item_description: text of the deposit line, after the title.
    :ivar narration: text of the invoice.
    :ivar progress_line_id: the planned line behind it, 0 for a budget run.
    :ivar proforma_id: the pro forma behind it, 0 without one.
    :ivar is_budget: its items count as draft and actual of the revenue budget.
    :ivar invoice_key: claims with the same key, order by order, share an invoice; see
        `progress.billing.builder._get_invoice_key`. None: an invoice of its own.
    """

    order_id: int
    parts: tuple[Part, ...]
    booking: str = DEPOSIT
    invoice_date: date | None = None
    title: str = ""
    label: str = ""
    item_description: str = ""
    narration: str = ""
    progress_line_id: int = 0
    proforma_id: int = 0
    is_budget: bool = False
    invoice_key: tuple | None = field(default=None)
