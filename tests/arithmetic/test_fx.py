import doctest

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ...models.arithmetic import fx


class Cent:
    """A currency of two decimals."""

    def round(self, amount):
        return round(amount, 2)

    def is_zero(self, amount):
        return not self.round(amount)


@tagged("post_install", "-at_install")
class TestFx(BaseCase):
    def test_doctests(self):
        self.assertFalse(doctest.testmod(fx).failed)

    def test_split_gives_the_odd_cent_to_the_middle(self):
        parts = fx.split(100.0, [1.0, 1.0, 1.0], Cent())
        self.assertEqual(parts, [33.33, 33.34, 33.33])
        self.assertEqual(fx.split(100.0, [1.0, -1.0], Cent()), [100.0, 0.0])

    def _adjust(self, recalled, whole, booked):
        return fx.get_adjustment(
            fx.Amount(*recalled),
            fx.Amount(*whole),
            fx.Amount(*booked),
            Cent(),
            Cent(),
        )

    def test_adjustment_of_all_of_a_part_and_of_what_was_paid(self):
        """450 of tax at 1.10, taken back at 1.20."""
        whole = (-450.0, -495.0)
        self.assertEqual(self._adjust((450.0, 540.0), whole, whole), -45.0)
        self.assertEqual(self._adjust((150.0, 180.0), whole, whole), -15.0)
        paid = (-225.0, -247.5)
        self.assertEqual(self._adjust((450.0, 540.0), whole, paid), -22.5)
        self.assertEqual(self._adjust((0.0, 0.0), whole, whole), 0.0)

    def test_deposit_on_a_line_pays_for_that_first(self):
        shares = fx.get_consumption(
            {"d": ("B", 2000.0), "e": (None, 3000.0)},
            {"a": ("A", 6000.0), "b": ("B", 2000.0)},
            Cent(),
        )
        self.assertEqual(shares, {"d": {"b": 1.0}, "e": {"a": 1.0}})

    def test_what_revenue_does_not_consume_is_no_share(self):
        shares = fx.get_consumption({"d": (None, 6000.0)}, {"a": ("A", 3000.0)}, Cent())
        self.assertEqual(shares, {"d": {"a": 0.5}})

    @given(
        st.integers(-(10**7), 10**7),
        st.lists(st.integers(1, 10**5), min_size=1, max_size=6),
    )
    def test_split_adds_up_and_is_fair(self, cents, weights):
        amount = cents / 100
        parts = fx.split(amount, weights, Cent())
        self.assertAlmostEqual(sum(parts), amount, 6)
        for part, weight in zip(parts, weights, strict=True):
            self.assertLessEqual(abs(part - amount * weight / sum(weights)), 0.0101)

    @given(
        st.lists(st.integers(1, 10**6), min_size=1, max_size=6),
        st.floats(0.1, 10.0),
        st.lists(st.floats(0.1, 10.0), min_size=6, max_size=6),
    )
    def test_recalls_in_parts_leave_nothing(self, parts, rate, rates):
        """However a deposit is taken back, its last part leaves 0.00."""
        total = sum(parts) / 100
        still_open = fx.Amount(-total, -round(total * rate, 2))
        for part, other in zip(parts, rates, strict=False):
            recalled = fx.Amount(part / 100, round(part / 100 * other, 2))
            adjustment = fx.get_adjustment(
                recalled, still_open, still_open, Cent(), Cent()
            )
            still_open += recalled
            still_open += fx.Amount(0.0, adjustment)
        self.assertAlmostEqual(still_open.document, 0.0, 6)
        self.assertAlmostEqual(still_open.company, 0.0, 6)

    @given(
        st.dictionaries(
            st.sampled_from("def"),
            st.tuples(st.sampled_from([None, "A", "B"]), st.integers(1, 10**6)),
            min_size=1,
        ),
        st.dictionaries(
            st.sampled_from("abc"),
            st.tuples(st.sampled_from("AB"), st.integers(1, 10**6)),
        ),
    )
    def test_revenue_consumes_no_more_than_it_is_nor_than_was_deposited(
        self, deposits, revenue
    ):
        shares = fx.get_consumption(deposits, revenue, Cent())
        for own in shares.values():
            self.assertLessEqual(sum(own.values()), 1.0 + 1e-9)
        consumed = 0.0
        for key, (_line, amount) in revenue.items():
            taken = sum(
                own.get(key, 0.0) * deposits[name][1] for name, own in shares.items()
            )
            self.assertGreaterEqual(taken, -1e-6)
            self.assertLessEqual(taken, amount + 0.01)
            consumed += taken
        most = min(
            sum(amount for _line, amount in deposits.values()),
            sum(amount for _line, amount in revenue.values()),
        )
        self.assertAlmostEqual(consumed, most, 1)
