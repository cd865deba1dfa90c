"""The arithmetic by itself: shares, cumulative parts, ceilings, recoupment."""

import doctest

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged
from odoo.tools import float_compare, float_is_zero, float_round

from ...models.arithmetic import amounts
from ...models.arithmetic.amounts import Share


class Currency:
    """What the functions need of a currency."""

    def __init__(self, rounding):
        self.rounding = rounding

    def round(self, amount):
        return float_round(amount, precision_rounding=self.rounding)

    def is_zero(self, amount):
        return float_is_zero(amount, precision_rounding=self.rounding)

    def compare_amounts(self, first, second):
        return float_compare(first, second, precision_rounding=self.rounding)


CURRENCIES = st.sampled_from([Currency(1.0), Currency(0.01), Currency(0.001)])
MONEY = st.integers(-10_000_000, 10_000_000).map(lambda cents: cents / 100.0)
GROUPS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.builds(
        lambda base, tax: Share(base, {"1": (tax, base)}),
        st.integers(0, 1_000_000).map(float),
        st.integers(0, 200_000).map(float),
    ),
    min_size=1,
)


@tagged("post_install", "-at_install")
class TestAmounts(BaseCase):
    def test_examples_in_the_docstrings_hold(self):
        self.assertFalse(doctest.testmod(amounts).failed)

    @given(GROUPS, GROUPS, CURRENCIES)
    def test_subtracting_undoes_adding(self, first, second, currency):
        total = amounts.add_groups(first, second, currency)
        back = amounts.add_groups(total, second, currency, sign=-1)
        for group, share in first.items():
            self.assertEqual(currency.compare_amounts(back[group].base, share.base), 0)
            self.assertEqual(currency.compare_amounts(back[group].tax, share.tax), 0)
        for group in back.keys() - first.keys():
            self.assertTrue(amounts.is_empty(back[group], currency))

    @given(GROUPS, st.lists(st.integers(1, 99), max_size=6, unique=True), CURRENCIES)
    def test_cumulative_parts_add_up_to_the_whole(self, whole, cuts, currency):
        def target(percent):
            return {
                group: Share(
                    currency.round(share.base * percent / 100),
                    {
                        tax: (
                            currency.round(amount * percent / 100),
                            currency.round(base * percent / 100),
                        )
                        for tax, (amount, base) in share.taxes.items()
                    },
                )
                for group, share in whole.items()
            }

        billed = {}
        for percent in [*sorted(cuts), 100]:
            part = amounts.next_part(
                target(percent), billed, lambda: {}, percent == 100, currency
            )
            billed = amounts.add_groups(billed, part, currency)
        for group, share in whole.items():
            self.assertEqual(
                currency.compare_amounts(billed[group].base, share.base), 0
            )
            self.assertEqual(currency.compare_amounts(billed[group].tax, share.tax), 0)

    @given(GROUPS, st.data(), CURRENCIES)
    def test_what_is_left_is_shared_out_within_each_group(self, worth, data, currency):
        """However unequally groups were billed, none gets more than it has left."""
        billed = {
            group: amounts.portion(
                {group: share}, data.draw(st.sampled_from([0.0, 0.3, 1.0])), currency
            )[group]
            for group, share in worth.items()
        }
        rest = amounts.add_groups(worth, billed, currency, sign=-1)
        left = currency.round(amounts.total_base(rest))
        amount = currency.round(left * data.draw(st.sampled_from([0.25, 0.5, 1.0])))
        part = amounts.share_out(amount, worth, billed, currency)
        if part is None:
            self.assertTrue(currency.is_zero(amount))
            return
        # The taxed sum is rounded once, which moves a unit of untaxed.
        difference = currency.round(amounts.total_base(part) - amount)
        self.assertLessEqual(abs(difference), 1.5 * currency.rounding)
        for group, share in rest.items():
            if currency.is_zero(share.total):
                self.assertTrue(currency.is_zero(part[group].base))
            beyond = currency.round(part[group].base - share.base)
            self.assertLessEqual(beyond, 1.5 * currency.rounding)

    @given(GROUPS, st.integers(0, 1_000_000).map(float), CURRENCIES)
    def test_entered_amounts_are_met_and_taxes_kept(self, groups, wanted, currency):
        by_base = amounts.set_base(groups, wanted, currency)
        self.assertEqual(
            currency.compare_amounts(amounts.total_base(by_base), wanted), 0
        )
        by_total = amounts.set_total(groups, wanted, currency)
        total = sum(share.total for share in by_total.values())
        self.assertEqual(currency.compare_amounts(total, wanted), 0)
        for changed in (by_base, by_total):
            self.assertEqual(
                {group: share.taxes for group, share in changed.items()},
                {group: share.taxes for group, share in groups.items()},
            )

    @given(MONEY, MONEY, CURRENCIES)
    def test_fraction_is_exactly_one_for_the_whole(self, amount, whole, currency):
        fraction = amounts.fraction_of(amount, whole, currency)
        if currency.is_zero(whole):
            self.assertEqual(fraction, 0.0)
        elif currency.compare_amounts(amount, whole) == 0:
            self.assertEqual(fraction, 1.0)

    @given(MONEY, st.integers(0, 100), CURRENCIES)
    def test_ceiling_without_tolerance_is_the_contract(self, value, percent, currency):
        value = abs(value)
        contract = amounts.ceiling(value, 0.0, currency)
        self.assertEqual(currency.compare_amounts(contract, value), 0)
        self.assertGreaterEqual(amounts.ceiling(value, percent, currency), contract)
