"""What a customer holds back of what is billed, until the work has proved itself.

Amounts are cumulative: what is to be held of all that is billed so far, less what is
held already. So roundings do not add up, and another rate, step or contract corrects
itself with the next invoice.
"""

from dataclasses import dataclass

MARGINAL = "marginal"
TO_DATE = "to_date"


@dataclass(frozen=True)
class Terms:
    """How much of an order is held back.

    :ivar percent: the rate, beyond the last step where there are steps.
    :ivar steps: pairs of (until which completed percentage, rate).
    :ivar method: `marginal`: each rate on its part; `to_date`: the rate that is reached
        applies to all that is billed.
    :ivar cap: the most that is held, in percent of the contract; 0 for no cap.
    """

    percent: float = 0.0
    steps: tuple[tuple[float, float], ...] = ()
    method: str = MARGINAL
    cap: float = 0.0


@dataclass(frozen=True)
class Pool:
    """What is billed at one rate.

    :ivar billed: amount billed so far.
    :ivar contract: what it is a part of.
    :ivar percent: its own rate, None for that of the terms.
    """

    billed: float
    contract: float
    percent: float | None = None


def get_target(terms, pools, currency):
    """Return what is to be held of all that is billed so far, never below nothing.

    :param pools: `Pool`s; steps are of those without a rate of their own.

    >>> class Cent:
    ...     def round(self, amount): return round(amount, 2)
    ...     def compare_amounts(self, a, b): return (a > b + .005) - (a < b - .005)
    >>> def held(terms):
    ...     return [
    ...         get_target(terms, [Pool(billed, 60000.0)], Cent())
    ...         for billed in (24000.0, 45000.0, 60000.0)
    ...     ]
    >>> held(Terms(5.0))
    [1200.0, 2250.0, 3000.0]
    >>> held(Terms(5.0, cap=4.0))
    [1200.0, 2250.0, 2400.0]
    >>> held(Terms(5.0, ((50.0, 10.0),), TO_DATE))
    [2400.0, 2250.0, 3000.0]
    >>> held(Terms(5.0, ((50.0, 10.0),), MARGINAL))
    [2400.0, 3750.0, 4500.0]
    """
    get_amount = _get_to_date if terms.method == TO_DATE else _get_marginal
    amount = sum(
        get_amount(terms, pool, currency)
        if pool.percent is None
        else pool.billed * pool.percent / 100.0
        for pool in pools
    )
    if terms.cap:
        contract = sum(pool.contract for pool in pools)
        amount = min(amount, contract * terms.cap / 100.0)
    return max(currency.round(amount), 0.0)


def _get_bounds(terms, pool, currency):
    """Return the steps as pairs of (up to which amount, rate)."""
    if pool.contract <= 0.0:
        return []
    return [
        (currency.round(pool.contract * until / 100.0), percent)
        for until, percent in sorted(terms.steps)
    ]


def _get_to_date(terms, pool, currency):
    for bound, percent in _get_bounds(terms, pool, currency):
        if currency.compare_amounts(pool.billed, bound) <= 0:
            return pool.billed * percent / 100.0
    return pool.billed * terms.percent / 100.0


def _get_marginal(terms, pool, currency):
    amount, before = 0.0, 0.0
    for bound, percent in _get_bounds(terms, pool, currency):
        part = min(pool.billed, bound) - before
        if part <= 0.0:
            break
        amount += part * percent / 100.0
        before += part
    else:
        amount += (pool.billed - before) * terms.percent / 100.0
    return amount


def get_held(target, retained, released, invoice, currency):
    """Return what an invoice holds back, below zero where it gives back.

    :param target: what is to be held of all that is billed, this invoice included.
    :param retained: what invoices before it held, less what they gave back.
    :param released: what of that was released since.
    :param invoice: what the invoice comes to, below zero for a credit note.

    >>> class Cent:
    ...     def round(self, amount): return round(amount, 2)
    >>> get_held(2250.0, 2400.0, 0.0, 21000.0, Cent())
    -150.0
    >>> get_held(2250.0, 1200.0, 0.0, 500.0, Cent())
    500.0
    >>> get_held(0.0, 1200.0, 900.0, -24000.0, Cent())
    -300.0
    """
    wanted = currency.round(target - retained)
    if wanted >= 0.0:
        return currency.round(max(min(wanted, invoice), 0.0))
    given = max(min(-wanted, retained - released), 0.0)
    if invoice < 0.0:
        given = min(given, -invoice)
    return -currency.round(given)


def get_given_back(retained, given, fraction, available, currency):
    """Return what the credit of a part of an invoice gives back.

    :param retained: what the invoice holds.
    :param given: what earlier credits of it gave back.
    :param fraction: share of the invoice that is credited by now, this one included.
    :param available: what of it is still held: not released.

    >>> class Cent:
    ...     def round(self, amount): return round(amount, 2)
    >>> get_given_back(1200.0, 0.0, 0.25, 1200.0, Cent())
    300.0
    >>> get_given_back(1200.0, 300.0, 1.0, 900.0, Cent())
    900.0
    >>> get_given_back(1200.0, 300.0, 1.0, 100.0, Cent())
    100.0
    """
    wanted = currency.round(retained * min(fraction, 1.0)) - given
    return currency.round(max(min(wanted, available), 0.0))


def apportion(amount, weights, currency):
    """Return an amount split in proportion to weights, which it adds up to.

    >>> class Cent:
    ...     def round(self, amount): return round(amount, 2)
    ...     def is_zero(self, amount): return abs(amount) < .005
    >>> apportion(100.0, [1.0, 1.0, 1.0], Cent())
    [33.33, 33.34, 33.33]
    """
    whole = sum(weights)
    if currency.is_zero(whole):
        return [amount, *(0.0 for _weight in weights[1:])]
    parts, reached, before = [], 0.0, 0.0
    for weight in weights:
        reached += weight
        after = currency.round(amount * reached / whole)
        parts.append(currency.round(after - before))
        before = after
    return parts


def take_oldest(amount, available, currency):
    """Return how an amount is taken of what is there, the oldest first.

    :param available: dict of key -> amount, oldest first; what is below zero is none.

    >>> class Cent:
    ...     def round(self, amount): return round(amount, 2)
    ...     def is_zero(self, amount): return abs(amount) < .005
    >>> take_oldest(1500.0, {"a": 1200.0, "b": 1050.0}, Cent())
    {'a': 1200.0, 'b': 300.0}
    """
    taken = {}
    for key, most in available.items():
        part = currency.round(min(amount, max(most, 0.0)))
        if not currency.is_zero(part):
            taken[key] = part
            amount = currency.round(amount - part)
    return taken
