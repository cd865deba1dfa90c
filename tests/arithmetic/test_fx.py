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
            adjustment = fx.get_adjustment(still_open, recalled, Cent(), Cent())
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

    @given(
        st.integers(-(10**7), 10**7),
        st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=6),
    )
    def test_spread_adds_up(self, cents, estimates):
        total = fx.Amount(cents / 100, cents / 300)
        total = fx.Amount(total.document, round(total.company, 2))
        parts = fx.spread(
            total,
            [fx.Amount(part / 100, part / 90) for part in estimates],
            Cent(),
            Cent(),
        )
        self.assertAlmostEqual(sum(part.document for part in parts), total.document, 6)
        self.assertAlmostEqual(sum(part.company for part in parts), total.company, 6)
