"""The billing schedule of an order, as plain values."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Step:
    """One step of a billing schedule, taxes included, in the order's currency.

    :ivar line: the planned line, or the order for what no planned line bills.
    :ivar share: in percent of the order.
    :ivar when: date of the invoice, planned or made; none for a milestone.
    :ivar move: the posted invoice, none while there is none.
    :ivar paid: how much of the amount is paid.
    :ivar state: `planned`, `invoiced`, `overdue`, `partial` or `paid`.
    """

    line: object
    name: str
    amount: float
    share: float
    when: date | None
    milestone: str
    move: object
    due: date | None
    paid: float
    state: str


@dataclass(frozen=True)
class Schedule:
    """All steps of an order, and what they come to.

    :ivar retained: what of the invoiced is held back, and not released.
    :ivar proformas: pro formas that await the customer's approval.
    """

    steps: tuple
    paid: float
    retained: float
    invoiced: float
    to_come: float
    proformas: object
