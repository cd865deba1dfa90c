"""Revenue budget: pending, completed and analytic arithmetic, without the ORM.

Percentages run from 0 to 100. Amounts are untaxed, in the currency of the order; every
function that rounds takes a currency-like argument (`round`, `is_zero`).
"""

import itertools

from .amounts import get_excess

AMOUNT = "amount"
QUANTITY = "quantity"


def pending_amount(budget, percent, billed, currency):
    """Return what is still to be billed of a line that is `percent` completed.

    >>> class Cent:
    ...     def round(self, amount): return round(amount, 2)
    >>> pending_amount(4800.0, 50.0, 0.0, Cent())
    2400.0
    >>> pending_amount(4800.0, 50.0, 3000.0, Cent())
    -600.0
    """
    return currency.round(currency.round(budget * percent / 100.0) - billed)


def pending_quantity(budget, percent, billed, digits):
    """Return the quantity still to be billed, rounded to `digits` decimals.

    >>> pending_quantity(480.0, 50.0, 100.0, 2)
    140.0
    """
    return round(budget * percent / 100.0 - billed, digits)


def quantity_worth(quantity, budget_quantity, budget_amount, billed, currency, digits):
    """Return the amount of a pending quantity; the last one takes the rounding.

    :param billed: pair of the quantity and the amount billed before.

    >>> class Cent:
    ...     def round(self, amount): return round(amount, 2)
    >>> quantity_worth(240.0, 480.0, 10560.0, (0.0, 0.0), Cent(), 2)
    5280.0
    >>> quantity_worth(1.0, 3.0, 100.0, (2.0, 66.66), Cent(), 2)
    33.34
    """
    billed_quantity, billed_amount = billed
    if not budget_quantity or not round(quantity, digits):
        return 0.0
    if not round(billed_quantity + quantity - budget_quantity, digits):
        return currency.round(budget_amount - billed_amount)
    return currency.round(quantity * budget_amount / budget_quantity)


def completed_percent(pending, billed, budget):
    """Return the completed percentage at which `pending` is what is left to bill.

    Works for amounts and for quantities; it is not rounded, so that the pending value
    comes back as it was typed.

    >>> completed_percent(2400.0, 0.0, 4800.0)
    50.0
    >>> completed_percent(-600.0, 3000.0, 4800.0)
    50.0
    """
    if not budget:
        raise ValueError("A budget of 0 has no completed percentage.")
    return (pending + billed) / budget * 100.0


def invoiced_share(amount, budget_amount, budget_quantity, currency):
    """Return the quantity that billing `amount` of a line stands for.

    Exactly the budgeted quantity when the whole amount is billed, so that the line
    then counts as fully invoiced.

    >>> class Cent:
    ...     def is_zero(self, amount): return abs(amount) < 0.005
    >>> invoiced_share(1200.0, 4800.0, 3.0, Cent())
    0.75
    >>> invoiced_share(33.33 + 33.33 + 33.34, 100.0, 7.0, Cent())
    7.0
    """
    if not amount or currency.is_zero(amount):
        # Nothing billed needs no currency: a line being typed, or removed, has none.
        return 0.0
    if currency.is_zero(budget_amount) or currency.is_zero(amount - budget_amount):
        return budget_quantity
    return budget_quantity * amount / budget_amount


class _Percent:
    """Percentages, compared as amounts are."""

    @staticmethod
    def compare_amounts(first, second):
        difference = first - second
        return 0 if abs(difference) < 1e-9 else 1 if difference > 0 else -1


def get_completed_excess(percent, tolerance):
    """Return why a line may not be completed by a percentage, None where it may.

    :return: `amounts.Excess` in percent.

    >>> get_completed_excess(100.0, 0.0), get_completed_excess(104.0, 5.0)
    (None, None)
    >>> get_completed_excess(100.01, 0.0).is_over
    True
    >>> get_completed_excess(-5.0, 0.0).is_over
    False
    """
    return get_excess(percent, 0.0, 100.0, 100.0 + tolerance, _Percent)


def shown_quantity(quantity, ordered, digits):
    """Return a share of an ordered quantity, rounded, but never to all of it.

    >>> shown_quantity(0.996, 1.0, 2), shown_quantity(1.0, 1.0, 2)
    (0.99, 1.0)
    >>> shown_quantity(0.337, 1.0, 2), shown_quantity(1.002, 1.0, 2)
    (0.34, 1.01)
    """
    rounded = round(quantity, digits)
    if quantity == ordered or rounded != round(ordered, digits):
        return rounded
    return round(rounded + (1 if quantity > ordered else -1) * 10**-digits, digits)


def add_branch(distribution, branch, plan_of):
    """Return an analytic distribution moved to the branch accounts.

    A branch account takes the place of an account of its own plan and joins those of
    other plans, so that the project's account stays.

    :param distribution: account ids, joined by commas -> percentage.
    :param branch: the same, for the branch.
    :param plan_of: account id -> plan id.

    >>> add_branch({"1": 100.0}, {"7": 60.0, "8": 40.0}, {1: 1, 7: 2, 8: 2})
    {'1,7': 60.0, '1,8': 40.0}
    >>> add_branch({"1,7": 100.0}, {"8": 100.0}, {1: 1, 7: 2, 8: 2})
    {'1,8': 100.0}
    """
    if not distribution or not branch:
        return dict(branch or distribution or {})
    result = {}
    for (key, percent), (other_key, other_percent) in itertools.product(
        distribution.items(), branch.items()
    ):
        added = [int(account) for account in other_key.split(",")]
        plans = {plan_of[account] for account in added}
        kept = [int(account) for account in key.split(",")]
        kept = [account for account in kept if plan_of[account] not in plans]
        joined = ",".join(str(account) for account in kept + added)
        share = percent * other_percent / 100.0
        result[joined] = result.get(joined, 0.0) + share
    return result


def next_date(first, step, after):
    """Return the first date of a series that lies after a date.

    :param first: first date of the series.
    :param step: function of a number, the date that many periods after `first`.
    :param after: date, or None for the first one.

    >>> from datetime import date, timedelta
    >>> week = lambda n: date(2026, 1, 5) + timedelta(weeks=n)
    >>> next_date(date(2026, 1, 5), week, None)
    datetime.date(2026, 1, 5)
    >>> next_date(date(2026, 1, 5), week, date(2026, 1, 19))
    datetime.date(2026, 1, 26)
    """
    if after is None or first > after:
        return first
    # Not counted from the last run, or a missed night would move all later dates.
    return next(day for day in map(step, itertools.count(1)) if day > after)
