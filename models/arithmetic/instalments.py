"""Percentages and dates of a plan of instalments, without the ORM.

Percentages run from 0 to 100 and bear six decimals, as planned lines do; the last one
takes what the others leave, so that a plan of the whole is the whole.
"""

from calendar import monthrange
from datetime import timedelta

DIGITS = 6
UNITS = ("day", "week", "month")


def equal_percents(count, whole=100.0):
    """Return `count` percentages as alike as can be that add up to `whole`.

    >>> equal_percents(3)
    [33.333333, 33.333333, 33.333334]
    >>> equal_percents(2, 70.0)
    [35.0, 35.0]
    """
    return scale_percents([100.0 / count] * count, whole)


def scale_percents(percents, whole=100.0):
    """Return percentages of `whole` instead of 100, rounded.

    Where the percentages are all of it (100), the last takes the rest, so that they
    add up to `whole` exactly; a plan of less or more stays so.

    >>> scale_percents([30.0, 40.0, 30.0], 70.0)
    [21.0, 28.0, 21.0]
    >>> scale_percents([30.0, 20.0], 50.0)
    [15.0, 10.0]
    """
    scaled = [round(percent * whole / 100.0, DIGITS) for percent in percents]
    if scaled and round(sum(percents), DIGITS) == 100.0:
        scaled[-1] = round(whole - sum(scaled[:-1]), DIGITS)
    return scaled


def split_amount(amount, percents, currency):
    """Return the amounts of percentages of one amount, in cumulative rounding.

    >>> class Cent:
    ...     def round(self, amount): return round(amount, 2)
    >>> split_amount(100.0, [33.333333, 33.333333, 33.333334], Cent())
    [33.33, 33.34, 33.33]
    """
    parts, cumulative, before = [], 0.0, 0.0
    for percent in percents:
        cumulative = round(cumulative + percent, DIGITS)
        target = currency.round(amount * cumulative / 100.0)
        parts.append(currency.round(target - before))
        before = target
    return parts


def is_month_end(day):
    """Return whether a date is the last of its month."""
    return day.day == monthrange(day.year, day.month)[1]


def shift(day, months=0, days=0):
    """Return a date so many months, then days later.

    The end of a month stays an end of month; a day that a month lacks becomes its last.

    >>> from datetime import date
    >>> shift(date(2026, 2, 28), months=1)
    datetime.date(2026, 3, 31)
    >>> shift(date(2026, 1, 30), months=1)
    datetime.date(2026, 2, 28)
    >>> shift(date(2026, 1, 15), months=1, days=3)
    datetime.date(2026, 2, 18)
    """
    if months:
        year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
        last = monthrange(year, month + 1)[1]
        number = last if is_month_end(day) else min(day.day, last)
        day = day.replace(year=year, month=month + 1, day=number)
    return day + timedelta(days=days)


def get_dates(start, count, every=1, unit="month"):
    """Return `count` dates from `start` on, every so many days, weeks or months.

    Each is counted from the start, not from the one before: the 30th does not become
    the 28th for good by passing through February.

    >>> from datetime import date
    >>> [str(day) for day in get_dates(date(2026, 1, 30), 3)]
    ['2026-01-30', '2026-02-28', '2026-03-30']
    >>> [str(day) for day in get_dates(date(2026, 1, 1), 2, 2, "week")]
    ['2026-01-01', '2026-01-15']
    """
    steps = range(0, count * every, every) if every else [0] * count
    if unit == "month":
        return [shift(start, months=step) for step in steps]
    days = 7 if unit == "week" else 1
    return [shift(start, days=days * step) for step in steps]
