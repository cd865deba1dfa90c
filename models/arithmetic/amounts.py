"""Exact arithmetic of progress billing, without the ORM.

Every function takes a currency-like argument (`round`, `is_zero`, `compare_amounts`)
where it rounds or compares; none knows records. All amounts are in that currency,
percentages run from 0 to 100.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Share:
    """A base amount and its taxes.

    :ivar base: untaxed amount.
    :ivar taxes: tax id as text -> (tax amount, base amount of that tax).
    """

    base: float = 0.0
    taxes: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def tax(self):
        """Return the sum of the tax amounts."""
        return sum(amount for amount, _base in self.taxes.values())

    @property
    def total(self):
        """Return the taxed amount."""
        return self.base + self.tax


def add(first, second, currency, sign=1):
    """Return `first` plus (or, with `sign=-1`, less) `second`, rounded.

    >>> class Cent:
    ...     def round(self, amount): return round(amount, 2)
    >>> add(Share(3.0, {"1": (.45, 3.0)}), Share(1.0, {"1": (.15, 1.0)}), Cent(), -1)
    Share(base=2.0, taxes={'1': (0.3, 2.0)})
    """
    taxes = {}
    for tax in {**first.taxes, **second.taxes}:
        amount, base = first.taxes.get(tax, (0.0, 0.0))
        other_amount, other_base = second.taxes.get(tax, (0.0, 0.0))
        taxes[tax] = (
            currency.round(amount + sign * other_amount),
            currency.round(base + sign * other_base),
        )
    return Share(currency.round(first.base + sign * second.base), taxes)


def add_groups(first, second, currency, sign=1):
    """Add (or subtract) two mappings of group -> Share, group by group."""
    return {
        group: add(
            first.get(group, Share()), second.get(group, Share()), currency, sign
        )
        for group in {**first, **second}
    }


def total_base(groups):
    """Return the untaxed amount of a mapping of group -> Share."""
    return sum(share.base for share in groups.values())


def total_taxed(groups):
    """Return the taxed amount of a mapping of group -> Share."""
    return sum(share.total for share in groups.values())


def next_part(target, billed, alone, is_last, currency):
    """Return what a part bills, group by group: its cumulative target less the billed.

    The host rounds each deposit by itself, so that two halves of 12,870.59 bill
    12,870.60. Subtracting what was billed before from a cumulative target carries the
    rounding on, and the last part takes what is left.

    Where groups were billed unequally, or the order changed in between (another tax, a
    line taken out), a cumulative part would correct earlier invoices; then it is worked
    out by itself, and the final invoice settles the rest. The last part always brings
    each group to its target, as far as the groups still are the same.

    :param target: group -> Share at the cumulative fraction.
    :param billed: group -> Share billed before.
    :param alone: callable returning group -> Share of this part taken by itself.
    :param bool is_last: whether the target is the whole.
    """
    if not billed:
        return target
    part = add_groups(target, billed, currency, sign=-1)
    changed = any(
        group not in target and not currency.is_zero(share.base)
        for group, share in billed.items()
    )
    sign = 1 if total_base(part) >= 0 else -1
    against = any(
        currency.compare_amounts(sign * share.base, 0.0) < 0 for share in part.values()
    )
    if changed or (against and not is_last):
        return alone()
    return part


def share_out(amount, worth, billed, currency):
    """Return an amount shared out over what is left of each group.

    No group is billed beyond its worth by that, however unequally parts billed them.

    :param worth: group -> Share.
    :param billed: group -> Share billed before.
    :return: group -> Share; None where more than its worth is billed of a group, or the
        amount is not a part of what is left.
    """
    rest = add_groups(worth, billed, currency, sign=-1)
    is_beyond = any(
        share.base * worth.get(group, Share()).base <= 0.0
        and not currency.is_zero(share.base)
        for group, share in rest.items()
    )
    fraction = fraction_of(amount, total_base(rest), currency)
    if is_beyond or not 0.0 < fraction <= 1.0:
        return None
    return portion(rest, fraction, currency)


def set_base(groups, base, currency):
    """Return the groups with their untaxed sum brought to `base`, taxes untouched.

    The difference (the rounding of several taxes) goes to the largest group.
    """
    difference = currency.round(base - total_base(groups))
    if not groups or currency.is_zero(difference):
        return groups
    largest = max(groups, key=lambda group: abs(groups[group].base))
    share = groups[largest]
    return {
        **groups,
        largest: Share(currency.round(share.base + difference), share.taxes),
    }


def set_total(groups, total, currency):
    """Return the groups with their taxed sum brought to `total`, taxes untouched."""
    tax = sum(share.tax for share in groups.values())
    return set_base(groups, total - tax, currency)


def is_empty(share, currency):
    """Return whether a share bills nothing, neither base nor any tax."""
    return currency.is_zero(share.base) and all(
        currency.is_zero(amount) for amount, _base in share.taxes.values()
    )


def fraction_of(amount, whole, currency):
    """Return amount / whole, exactly 1.0 where both are the same amount of money.

    :raises ZeroDivisionError: never; a whole of zero gives 0.0.
    """
    if currency.is_zero(whole):
        return 0.0
    if currency.compare_amounts(amount, whole) == 0:
        return 1.0
    return amount / whole


def ceiling(contract, tolerance, currency):
    """Return the most that may be billed of a contract value.

    :param float tolerance: percentage allowed on top, 0-100.
    """
    return currency.round(contract * (1 + tolerance / 100.0))


def portion(shares, fraction, currency):
    """Return a fraction (0-1) of a mapping of key -> Share, rounded as one document.

    The taxed sum is rounded once, and so is each tax: what the host says of a down
    payment. Exactly the mapping where the fraction is 1.0.

    >>> class Cent:
    ...     def round(self, amount): return round(amount, 2)
    ...     def is_zero(self, amount): return abs(amount) < 0.005
    >>> halves = portion({1: Share(0.05), 2: Share(0.05)}, 0.5, Cent())
    >>> [share.base for share in halves.values()]
    [0.03, 0.02]
    """
    if fraction == 1.0:
        return dict(shares)
    bases = _apportion([share.base for share in shares.values()], fraction, currency)
    taxes = {key: {} for key in shares}
    for tax in dict.fromkeys(tax for share in shares.values() for tax in share.taxes):
        keys = [key for key, share in shares.items() if tax in share.taxes]
        columns = zip(*(shares[key].taxes[tax] for key in keys), strict=True)
        amounts = [_apportion(column, fraction, currency) for column in columns]
        for key, amount, base in zip(keys, *amounts, strict=True):
            taxes[key][tax] = (amount, base)
    parts = {
        key: Share(base, taxes[key]) for key, base in zip(shares, bases, strict=True)
    }
    return set_total(parts, currency.round(total_taxed(shares) * fraction), currency)


def _apportion(amounts, fraction, currency):
    """Return a fraction of some amounts that adds up to that fraction of their sum."""
    parts, whole, before = [], 0.0, 0.0
    for amount in amounts:
        whole += amount
        after = currency.round(whole * fraction)
        parts.append(currency.round(after - before))
        before = after
    return parts


@dataclass(frozen=True)
class Excess:
    """Why an amount may not be billed: untaxed figures, in the order's currency.

    :ivar amount: what is to be billed on top; negative where it is taken back.
    :ivar billed: what is billed before, drafts included.
    :ivar contract: what may be billed in all, without tolerance.
    :ivar rest: the most of `amount` that may be billed.
    :ivar beyond: what passes the bound, positive.
    :ivar is_over: whether it is beyond the contract, not below nothing.
    """

    amount: float
    billed: float
    contract: float
    rest: float
    beyond: float
    is_over: bool = True


def get_excess(amount, billed, contract, limit, currency):
    """Return the `Excess` of an amount to bill, None where it may be billed.

    Billed stays between nothing and the limit, on the side of the contract: a discount
    is billed downwards. What leads towards these bounds is welcome, however far beyond
    them an order that was changed stands.

    :param amount: 0 asks whether what is billed is beyond the limit already.
    :param limit: the contract with the tolerance on top.

    >>> class Cent:
    ...     def compare_amounts(self, a, b): return (a > b + .005) - (a < b - .005)
    >>> get_excess(60.0, 60.0, 100.0, 100.0, Cent()).rest
    40.0
    >>> get_excess(-60.0, 40.0, 100.0, 100.0, Cent()).rest
    -40.0
    >>> get_excess(-60.0, -40.0, -100.0, -100.0, Cent()) is None
    True
    """
    sign = -1 if contract < 0.0 else 1
    after, step = sign * (billed + amount), sign * amount
    if step >= 0.0 and currency.compare_amounts(after, sign * limit) > 0:
        rest = sign * max(sign * (limit - billed), 0.0)
        return Excess(amount, billed, contract, rest, after - sign * limit)
    if step < 0.0 and currency.compare_amounts(after, 0.0) < 0:
        rest = -sign * max(sign * billed, 0.0)
        return Excess(amount, billed, contract, rest, -after, is_over=False)
    return None


def scale(share, fraction, currency):
    """Return a fraction of a share, rounded; exactly the share where it is 1.0.

    >>> class Cent:
    ...     def round(self, amount): return round(amount, 2)
    >>> scale(Share(500.0, {"1": (75.0, 500.0)}), 0.1, Cent())
    Share(base=50.0, taxes={'1': (7.5, 50.0)})
    """
    if fraction == 1.0:
        return share
    return Share(
        currency.round(share.base * fraction),
        {
            tax: (currency.round(amount * fraction), currency.round(base * fraction))
            for tax, (amount, base) in share.taxes.items()
        },
    )


def part_of(groups, base, currency):
    """Return the part of some groups that comes to a base amount, in proportion.

    :param groups: group -> Share.
    :param float base: untaxed amount; nothing where it is against the groups, and no
        more than all of them.
    """
    whole = total_base(groups)
    if currency.is_zero(base) or currency.is_zero(whole) or base * whole < 0.0:
        return {}
    if abs(base) >= abs(whole):
        return groups
    scaled = {
        group: scale(share, base / whole, currency) for group, share in groups.items()
    }
    return set_base(scaled, base, currency)


def recoup(open_shares, fractions, invoice, mode, currency):
    """Return what an interim invoice takes back of each deposit.

    Each invoice takes its fraction of what is *still* open and not yet invoiced, so
    that roundings do not add up and the last one takes the rest.

    :param open_shares: deposit -> Share not yet taken back.
    :param fractions: deposit -> fraction (0-1) that the invoice bills of what is not
        invoiced yet of the deposit's order or order line.
    :param invoice: Share that the invoice bills, before the deposits.
    :param str mode: `proportional`, `fit` or `none`.
    :return: deposit -> Share. Neither its untaxed nor its taxed sum exceeds the
        invoice, whatever their taxes: it never becomes a credit note.
    """
    if mode == "none":
        return {}
    wanted = {
        deposit: scale(
            share, 1.0 if mode == "fit" else fractions.get(deposit, 0.0), currency
        )
        for deposit, share in open_shares.items()
    }
    factor = 1.0
    for want, limit in (
        (total_base(wanted), invoice.base),
        (total_taxed(wanted), invoice.total),
    ):
        if currency.compare_amounts(want, limit) > 0:
            factor = min(factor, max(limit, 0.0) / want)
    if factor <= 0.0 or currency.compare_amounts(total_base(wanted), 0.0) <= 0:
        return {}
    if factor == 1.0:
        return wanted
    taken = {key: scale(share, factor, currency) for key, share in wanted.items()}
    if currency.compare_amounts(total_taxed(taken), invoice.total) > 0:
        taken = set_total(taken, invoice.total, currency)
    if currency.compare_amounts(total_base(taken), invoice.base) > 0:
        taken = set_base(taken, invoice.base, currency)
    return taken
