"""Exact arithmetic of rate adjustments, without the ORM.

An `Amount` is one figure in two currencies, the document's and the company's, signed as
in the ledger (credits negative). Currencies are anything with `round` and `is_zero`.
"""

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


def get_adjustment(still_open, recalled, document, company):
    """Return what completes a recall at another rate, in company currency.

    What is taken back in document currency must go in company currency too. Where it
    is all that was open, the adjustment leaves exactly 0.00; a part takes its share.

    >>> class Cent:
    ...     def round(self, amount): return round(amount, 2)
    ...     def is_zero(self, amount): return not self.round(amount)
    >>> get_adjustment(Amount(-450.0, -495.0), Amount(450.0, 540.0), Cent(), Cent())
    -45.0
    >>> get_adjustment(Amount(-450.0, -495.0), Amount(150.0, 180.0), Cent(), Cent())
    -15.0

    :param still_open: `Amount` on the deposit before it is taken back.
    :param recalled: `Amount` that takes it back, of the opposite sign.
    :param document: the document's currency.
    :param company: the company's currency.
    """
    if document.is_zero(recalled.document):
        return 0.0
    if document.is_zero(still_open.document + recalled.document):
        share = still_open.company
    else:
        share = company.round(
            still_open.company * get_fraction(recalled, still_open, document)
        )
    return company.round(-recalled.company - share)


def get_exigible_adjustment(exigible, deposited, recalled, document, company):
    """Return what brings the exigible part of a tax to the rate of its recall.

    A tax on payment is in the ledger as far as it was paid; only that part has a rate
    of its own. The rest becomes exigible at the rate of its payment.

    >>> class Cent:
    ...     def round(self, amount): return round(amount, 2)
    ...     def is_zero(self, amount): return not self.round(amount)
    >>> get_exigible_adjustment(Amount(-225.0, -247.5), Amount(-450.0, -495.0),
    ...     Amount(450.0, 540.0), Cent(), Cent())
    -22.5

    :param exigible: `Amount` of the deposit's tax that payments made exigible.
    :param deposited: `Amount` of the deposit's tax, credit notes counted.
    :param recalled: `Amount` that takes it back, of the opposite sign.
    """
    if document.is_zero(recalled.document):
        return 0.0
    fraction = get_fraction(recalled, deposited, document)
    rate = recalled.company / recalled.document
    return company.round(
        company.round(fraction * exigible.document * rate)
        - company.round(fraction * exigible.company)
    )


def get_fraction(recalled, whole, document):
    """Return the share of `whole` that a recall takes back, 0.0 of nothing.

    >>> class Cent:
    ...     def is_zero(self, amount): return not round(amount, 2)
    >>> get_fraction(Amount(150.0, 180.0), Amount(-450.0, -495.0), Cent())
    0.3333333333333333
    """
    if document.is_zero(whole.document):
        return 0.0
    return -recalled.document / whole.document


def split(amount, weights, currency):
    """Return `amount` split in proportion to `weights`; the parts add up exactly.

    Cumulative rounding, so that no part is off by more than half a unit. Weights that
    add up to zero cannot be followed: the first part takes all.

    >>> class Cent:
    ...     def round(self, amount): return round(amount, 2)
    ...     def is_zero(self, amount): return not self.round(amount)
    >>> split(100.0, [1.0, 1.0, 1.0], Cent())
    [33.33, 33.34, 33.33]
    >>> split(100.0, [1.0, -1.0], Cent())
    [100.0, 0.0]
    """
    total = sum(weights)
    if currency.is_zero(total):
        return [amount, *(0.0 for _weight in weights[1:])]
    parts, done, cumulative = [], 0.0, 0.0
    for number, weight in enumerate(weights, 1):
        cumulative += weight
        target = (
            amount
            if number == len(weights)
            else currency.round(amount * cumulative / total)
        )
        parts.append(currency.round(target - done))
        done = target
    return parts
