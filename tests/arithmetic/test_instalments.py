"""Dates and percentages of plans, without a database."""

import doctest
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ...models.arithmetic import instalments


@tagged("post_install", "-at_install")
class TestInstalments(BaseCase):
    def test_examples_in_the_text_hold(self):
        self.assertFalse(doctest.testmod(instalments).failed)

    @given(st.integers(1, 400))
    def test_equal_parts_are_the_whole(self, count):
        percents = instalments.equal_percents(count)
        self.assertEqual(sum(Decimal(str(percent)) for percent in percents), 100)
        self.assertEqual(len(percents), count)
        self.assertLess(max(percents) - min(percents), 0.001)

    @given(
        st.lists(st.integers(1, 10**6), min_size=1, max_size=30),
        st.integers(1, 10**8),
    )
    def test_scaled_parts_are_the_rest(self, weights, whole):
        percents = [100.0 * weight / sum(weights) for weight in weights]
        rest = whole / 10**6
        scaled = instalments.scale_percents(percents, rest)
        total = sum(Decimal(str(percent)) for percent in scaled)
        self.assertEqual(total, Decimal(str(rest)))

    @given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 240))
    def test_months_keep_the_end_of_month(self, day, months):
        later = instalments.shift(day, months=months)
        self.assertEqual(
            (later.year * 12 + later.month) - (day.year * 12 + day.month), months
        )
        if instalments.is_month_end(day):
            self.assertTrue(instalments.is_month_end(later))
        elif not instalments.is_month_end(later):
            self.assertEqual(later.day, day.day)

    @given(
        st.dates(date(1990, 1, 1), date(2100, 1, 1)),
        st.integers(1, 60),
        st.integers(1, 12),
        st.sampled_from(instalments.UNITS),
    )
    def test_dates_rise_from_the_first(self, start, count, every, unit):
        dates = instalments.get_dates(start, count, every, unit)
        self.assertEqual(dates[0], start)
        self.assertEqual(len(dates), count)
        self.assertEqual(dates, sorted(set(dates)))
