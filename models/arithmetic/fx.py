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

    def __mul__(self, share):
        """Return a share of the amount, not rounded.

        >>> Amount(-450.0, -495.0) * 0.5
        Amount(document=-225.0, company=-247.5)
        """
        return Amount(self.document * share, self.company * share)


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


def get_consumption(deposits, revenue, document):
    """Return which shares of deposits the revenue of an invoice consumes.

    A deposit on a line pays for that line first. What it leaves, and deposits on the
    whole order, pay for what is left, in proportion. The rest is paid back.

    >>> class Cent:
    ...     def is_zero(self, amount): return not round(amount, 2)
    >>> get_consumption({"d": (None, 6000.0)}, {"a": ("A", 4000.0)}, Cent())
    {'d': {'a': 0.6666666666666666}}
    >>> get_consumption(
    ...     {"d": ("B", 2000.0), "e": (None, 3000.0)},
    ...     {"a": ("A", 6000.0), "b": ("B", 2000.0)},
    ...     Cent(),
    ... )
    {'d': {'b': 1.0}, 'e': {'a': 1.0}}

    :param dict deposits: deposit -> (its line or None, untaxed amount taken back).
    :param dict revenue: key -> (its line, untaxed amount), of the same sign.
    :param document: the document's currency.
    :return: dict of deposit -> {key of revenue: share of the deposit}.
    """
    rest = {deposit: amount for deposit, (_line, amount) in deposits.items()}
    left = {key: amount for key, (_line, amount) in revenue.items()}
    consumed = {deposit: dict.fromkeys(revenue, 0.0) for deposit in deposits}
    lines = dict.fromkeys(line for line, _amount in deposits.values() if line)
    for line in [*lines, None]:
        own, keys = (
            [name for name, (other, _amount) in side.items() if line in (other, None)]
            for side in (deposits, revenue)
        )
        for (deposit, key), amount in _consume(rest, left, own, keys).items():
            consumed[deposit][key] += amount
        # Noise of floats is nothing that could be shared out.
        for deposit in own:
            amount = deposits[deposit][1] - sum(consumed[deposit].values())
            rest[deposit] = 0.0 if document.is_zero(amount) else amount
        for key in keys:
            amount = revenue[key][1] - sum(parts[key] for parts in consumed.values())
            left[key] = 0.0 if document.is_zero(amount) else amount
    return {
        deposit: {
            key: amount / deposits[deposit][1]
            for key, amount in parts.items()
            if amount
        }
        for deposit, parts in consumed.items()
    }


def _consume(rest, left, owners, keys):
    """Return (deposit, key of revenue) -> amount, in proportion on both sides."""
    asked = sum(rest[owner] for owner in owners)
    given = sum(left[key] for key in keys)
    if not asked or not given:
        return {}
    used = min(max(given / asked, 0.0), 1.0)
    return {
        (owner, key): rest[owner] * used * left[key] / given
        for owner in owners
        for key in keys
    }


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
    return _spread(amount, [amount * weight / total for weight in weights], currency)


def spread(total, estimates, document, company):
    """Return parts that add up to `total`, each as near to its estimate as that allows.

    >>> class Cent:
    ...     def round(self, amount): return round(amount, 2)
    >>> spread(Amount(0.0, 0.0), [Amount(-6.0, -7.2), Amount(6.0, 7.2)], Cent(), Cent())
    [Amount(document=-6.0, company=-7.2), Amount(document=6.0, company=7.2)]

    :param total: `Amount` to spread.
    :param estimates: list of `Amount`, not rounded, at least one.
    """
    return [
        Amount(*parts)
        for parts in zip(
            _spread(total.document, [part.document for part in estimates], document),
            _spread(total.company, [part.company for part in estimates], company),
            strict=True,
        )
    ]


def _spread(total, estimates, currency):
    """Return the parts of one figure; cumulative rounding, the last takes the rest."""
    weight = sum(map(abs, estimates))
    factor = (total - sum(estimates)) / weight if weight else 0.0
    parts, done, cumulative = [], 0.0, 0.0
    for estimate in estimates:
        cumulative += estimate + factor * abs(estimate)
        target = currency.round(cumulative)
        parts.append(currency.round(target - done))
        done = target
    parts[-1] = currency.round(parts[-1] + total - done)
    return parts
