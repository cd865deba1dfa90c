"""Whatever we bill in parts comes to what the bare host invoices at once."""

import os

from hypothesis import given, settings

from odoo.tests import tagged

from ..property_case import PHASES
from .twin_case import ORDERS, STEPS, TERMS, Line, Step, Terms, TwinCase

#: A long search: PROGRESS_EXAMPLES=500 make test ARGS=tests/properties
EXAMPLES = int(os.environ.get("PROGRESS_EXAMPLES", "20"))


@tagged("post_install", "-at_install")
class TestBareHost(TwinCase):
    @settings(max_examples=EXAMPLES, phases=PHASES)
    @given(lines=ORDERS, terms=TERMS, steps=STEPS)
    def test_parts_and_final_are_the_hosts_invoice(self, lines, terms, steps):
        order = self._twin_order(lines, terms)
        self.assertPartsAreTheTwin(order, terms, steps)

    def test_the_host_alone_rounds_early_payment_discounts_invoice_by_invoice(self):
        """2 x 172.75 @15 %, 2 % discount: 50.79 of tax at once, 2 x 25.39 in halves."""
        terms = Terms(term="early_mixed")
        order = self._twin_order([Line(172.75, 2.0, policy="delivery")], terms)
        halves = order.invoice_ids
        for quantity in (1.0, 2.0):
            order.order_line.qty_delivered = quantity
            halves |= self._post(order._create_invoices(), terms)
        for moves, tax in (
            (halves, 50.78),
            (self._invoice_twin(order, terms), 50.79),
        ):
            taxes = moves.line_ids.filtered("tax_line_id")
            self.assertAlmostEqual(-sum(taxes.mapped("balance")), tax)

    def test_early_payment_discount_of_a_deposit_comes_back_to_the_cent(self):
        """343.91 and 1.59 @15 %, 2 % discount, two deposits: 50.79 of tax in all."""
        for rounding in ("round_globally", "round_per_line"):
            terms = Terms(rounding, "early_mixed")
            order = self._twin_order([Line(343.91), Line(1.59)], terms)
            for percent in (12.5, 33.333333):
                self.assertFalse(
                    self._apply_step(order, Step("percent", percent), terms)
                )
            self._finish(order, terms)
            self.assertTwins(order, terms)
