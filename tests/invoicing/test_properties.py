"""Whatever happens to whatever order: nothing twice, nothing lost, to the cent."""

from hypothesis import given, note
from hypothesis import strategies as st

from odoo.tests import tagged

from ..property_case import (
    BOUNDS,
    EVENTS,
    INCLUDED_LINES,
    ORDER_LINES,
    PLANS,
    PropertyCase,
)

ORDERS = st.one_of(
    st.lists(ORDER_LINES, min_size=1, max_size=4),
    st.lists(ORDER_LINES, min_size=1, max_size=10),
    st.lists(INCLUDED_LINES, min_size=1, max_size=4),
)
METHODS = st.sampled_from(["round_globally", "round_per_line"])
#: Parts of a whole: percentages with two decimals that add up to 100.
PARTITIONS = st.lists(st.integers(1, 9999), min_size=1, max_size=6, unique=True).map(
    lambda cuts: [
        (after - before) / 100.0
        for before, after in zip(
            [0, *sorted(cuts)], [*sorted(cuts), 10000], strict=True
        )
    ]
)


class Properties(PropertyCase):
    """The properties; one class below per currency."""

    @BOUNDS
    @given(ORDERS, st.lists(PLANS, min_size=1, max_size=5), METHODS, st.data())
    def test_any_sequence_of_events_keeps_the_books(self, specs, plan, method, data):
        self.company.progress_amount_tax_included = data.draw(
            st.sampled_from([False, False, True]), "amounts with taxes"
        )
        order = self._random_order(specs, method)
        if not order.amount_untaxed or not self._random_plan(order, plan):
            return
        self._check(order)
        for event in data.draw(st.lists(EVENTS, min_size=3, max_size=12), "events"):
            done = self._apply(order, event)
            note(f"{event[0]} {event[1]}: {'done' if done else 'refused'}")
            self._check(order)
        self._finish(order)

    def _finish(self, order):
        """Whatever happened, a final invoice brings the order to its total."""
        drafts = self._moves(order, "draft")
        drafts.filtered("is_progress_final").unlink()
        drafts.exists().unlink()
        self._check(order)
        if not self._is_final(order):
            order._create_final_invoices().action_post()
            self._check(order)
            self.assertTrue(self._is_final(order))

    @BOUNDS
    @given(ORDERS, PARTITIONS, METHODS)
    def test_percentages_that_reach_100_bill_exactly_the_total(
        self, specs, percents, method
    ):
        order = self._random_order(specs, method)
        unit = self.currency.rounding
        if order.amount_untaxed < 20000 * unit:
            return
        lines = self._plan(order, *percents)
        self.assertMoney(sum(lines.mapped("amount_untaxed")), order.amount_untaxed)
        self.assertMoney(sum(lines.mapped("amount_total")), order.amount_total)
        planned = lines.mapped("amount_total")
        moves = self._bill(lines)
        for move, amount in zip(moves, planned, strict=True):
            self.assertMoney(move.amount_total, amount, "planned and billed")
        self.assertMoney(sum(moves.mapped("amount_untaxed")), order.amount_untaxed)
        self.assertMoney(sum(moves.mapped("amount_total")), order.amount_total)
        self.assertTaxes(moves.line_ids, self._order_taxes(order))
        final = self._final(order)
        self.assertMoney(final.amount_total, 0.0)
        self._check(order)

    @BOUNDS
    @given(ORDERS, PARTITIONS, METHODS)
    def test_parts_billed_one_by_one_are_those_billed_together(
        self, specs, percents, method
    ):
        order = self._random_order(specs, method)
        if order.amount_untaxed < 20000 * self.currency.rounding:
            return
        together = self._plan(order, *percents).mapped("amount_total")
        for line, amount in zip(order.progress_line_ids, together, strict=True):
            self.assertMoney(self._bill(line).amount_total, amount)
        self._check(order)


@tagged("post_install", "-at_install")
class TestPropertiesCents(Properties):
    currency_xmlid = "base.USD"


@tagged("post_install", "-at_install")
class TestPropertiesWhole(Properties):
    """No decimals."""

    currency_xmlid = "base.JPY"


@tagged("post_install", "-at_install")
class TestPropertiesThousandths(Properties):
    """Three decimals."""

    currency_xmlid = "base.KWD"


del Properties, PropertyCase
