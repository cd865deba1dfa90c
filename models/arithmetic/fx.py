"""Exact arithmetic of rate adjustments, without the ORM.

An `Amount` is one figure in two currencies, the document's and the company's, signed as
in the ledger (credits negative). Currencies are anything with `round` and `is_zero`.
"""

from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True)
class Amount:
    """A signed amount in document and in company currency."""

    document: float = 0.0
    company: float = 0.0

    def __add__(self, other):
        """Return the sum, not yet rounded.

        >>> Amount(-450.0, -495.0) + Amount(150.0, 165.0)
        Amount(document=-300.0, company=-330.0)
        """
        return Amount(self.document + other.document, self.company + other.company)

    def __mul__(self, share):
        """Return a share of the amount, not rounded.

        >>> Amount(-450.0, -495.0) * 0.5
        Amount(document=-225.0, company=-247.5)
        """
        return Amount(self.document * share, self.company * share)


def get_adjustment(recalled, whole, booked, document, company):
    """Return what completes a recall at another rate, in company currency.

    What is taken back in document currency must go in company currency too. Where it
    is all that was open, the adjustment leaves exactly 0.00; a part takes its share.

    :param recalled: `Amount` that takes a deposit back, of the opposite sign.
    :param whole: `Amount` of the deposit that it is a part of.
    :param booked: `Amount` of that which is in the ledger: all of it, but of a tax on
        payment what was paid.
    :param document: the document's currency.
    :param company: the company's currency.
    """
    if document.is_zero(recalled.document) or document.is_zero(whole.document):
        return 0.0
    is_all = document.is_zero(whole.document + recalled.document)
    fraction = 1.0 if is_all else -recalled.document / whole.document
    at_its_rate = -recalled.company * booked.document / whole.document
    return company.round(
        company.round(at_its_rate) - company.round(booked.company * fraction)
    )


def get_consumption(deposits, revenue, document):
    """Return which shares of deposits the revenue of an invoice consumes.

    A deposit on a line pays for that line first. What it leaves, and deposits on the
    whole order, pay for what is left, in proportion. The rest is paid back.

    :param dict deposits: deposit -> (its line or None, untaxed amount taken back).
    :param dict revenue: key -> (its line, untaxed amount), of the same sign.
    :param document: the document's currency.
    :return: dict of deposit -> {key of revenue: share of the deposit}.
    """
    rest = {deposit: amount for deposit, (_line, amount) in deposits.items()}
    left = {key: amount for key, (_line, amount) in revenue.items()}
    consumed = {deposit: defaultdict(float) for deposit in deposits}
    lines = dict.fromkeys(line for line, _amount in deposits.values() if line)
    for line in [*lines, None]:
        owners, keys = (
            [name for name, (other, _amount) in side.items() if line in (other, None)]
            for side in (deposits, revenue)
        )
        asked = sum(rest[owner] for owner in owners)
        given = sum(left[key] for key in keys)
        if document.is_zero(asked) or document.is_zero(given):
            continue
        used = min(max(given / asked, 0.0), 1.0)
        for owner in owners:
            for key in keys:
                share = rest[owner] * used * left[key] / given / deposits[owner][1]
                consumed[owner][key] += share
            rest[owner] *= 1.0 - used
        for key in keys:
            left[key] *= 1.0 - used * asked / given
    return {
        deposit: {key: share for key, share in shares.items() if share}
        for deposit, shares in consumed.items()
    }


def split(amount, weights, currency):
    """Return `amount` split in proportion to `weights`; the parts add up exactly.

    Cumulative rounding, so that no part is off by more than half a unit. Weights that
    add up to zero cannot be followed: the first part takes all.
    """
    total = sum(weights)
    if currency.is_zero(total):
        return [amount, *(0.0 for _weight in weights[1:])]
    parts, done, cumulative = [], 0.0, 0.0
    for weight in weights:
        cumulative += weight
        target = currency.round(amount * cumulative / total)
        parts.append(currency.round(target - done))
        done = target
    return parts
