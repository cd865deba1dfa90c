"""What is left after anything was billed by amount, and what completes an order."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_interim import InterimCase


@tagged("post_install", "-at_install")
class TestRestByAmount(InterimCase):
    def _part_as_revenue(self, order, percent):
        order.progress_method = "revenue"
        moves = self._bill(self._plan(order, percent, name="Revenue"))
        order.progress_method = "deposit"
        return moves

    def test_final_after_revenue_and_a_deposit(self):
        order = self._order(100000.0)
        self._part_as_revenue(order, 33.7)
        self._bill(self._plan(order, 30.0))
        final = self._final(order)
        self.assertEqual(final.amount_untaxed, 36300.0)
        self.assertEqual(order.order_line[0].qty_invoiced, 1.0)
        self.assertSettled(order)

    def test_deposits_after_revenue_are_of_the_amount_left(self):
        order = self._order(100000.0)
        self._part_as_revenue(order, 33.7)
        deposit = self._bill(self._plan(order, ("amount", 66300.0)))
        self.assertEqual(deposit.amount_untaxed, 66300.0)
        self.assertEqual(self._final(order).amount_total, 0.0)
        self.assertSettled(order)

    def test_invoice_of_the_host_after_revenue_bills_the_rest(self):
        for invoice in ("interim", "host", "wizard"):
            with self.subTest(invoice):
                order = self._order(100000.0, progress_method="revenue")
                self._bill(self._plan(order, 33.333))
                if invoice == "interim":
                    move = order._create_interim_invoices()
                elif invoice == "host":
                    move = order._create_invoices()
                else:
                    wizard = self.env["sale.advance.payment.inv"].create(
                        {"sale_order_ids": order.ids}
                    )
                    wizard.create_invoices()
                    move = order.invoice_ids.sorted("id")[-1]
                self.assertEqual(move.amount_untaxed, 66667.0)
                move.action_post()
                self.assertEqual(order.order_line.qty_invoiced, 1.0)
                self.assertSettled(order)

    def test_delivered_quantities_after_revenue(self):
        """Half of 100,000 is delivered and 33,333 of it billed: 16,667 are left."""
        order = self._staged((100000.0, 1.0, self.tax), progress_method="revenue")
        self._bill(self._plan(order, 33.333))
        self.assertEqual(self._interim(order, 0.5).amount_untaxed, 16667.0)
        self.assertEqual(self._interim(order, 1.0).amount_untaxed, 50000.0)
        self.assertSettled(order)

    def test_a_share_too_small_for_the_quantity(self):
        """0.4 % of one unit is a quantity of 0.00; the amount counts all the same."""
        order = self._order(100000.0, progress_method="revenue")
        self._bill(self._plan(order, 0.4))
        order._create_invoices().action_post()
        self.assertSettled(order)

    def test_a_rest_too_small_for_the_quantity(self):
        """Of 99.6 % billed a quantity of 0.00 is left, and 400."""
        for invoice in ("_create_final_invoices", "_create_interim_invoices"):
            with self.subTest(invoice):
                order = self._order(100000.0)
                self._part_as_revenue(order, 99.6)
                move = getattr(order, invoice)()
                self.assertEqual(move.amount_untaxed, 400.0)
                move.action_post()
                self.assertSettled(order)

    def test_preview_of_the_final_after_revenue(self):
        order = self._order(100000.0)
        self._part_as_revenue(order, 33.7)
        self._bill(self._plan(order, 30.0))
        wizard = self.env["progress.billing.final"].create({"order_ids": order.ids})
        self.assertEqual(wizard.amount_untaxed, 36300.0)

    def test_a_regular_invoice_beyond_the_contract_is_not_posted(self):
        order = self._order(100000.0, progress_method="revenue")
        self._bill(self._plan(order, 33.333))
        move = order._create_invoices()
        move.invoice_line_ids.price_unit = 67000.0
        with self.assertRaisesRegex(UserError, "66,667.00"):
            move.action_post()


@tagged("post_install", "-at_install")
class TestFinalCompletesTheOrder(InterimCase):
    """All invoices of an order together are its totals, tax by tax."""

    def _assert_complete(self, order):
        moves = order.order_line.invoice_lines.move_id
        signed = [(move, -move.direction_sign) for move in moves]
        for name in ("amount_untaxed", "amount_tax", "amount_total"):
            billed = sum(sign * move[name] for move, sign in signed)
            self.assertAlmostEqual(billed, order[name], 2, name)
        self.assertEqual(order.progress_deposit_balance, 0.0)

    def _complete_order(self, lines, stages, percent):
        order = self._staged(*lines)
        for line in order.order_line:
            line.discount = 15.0 if line.price_unit == 96.4 else 0.0
        if percent:
            self._bill(self._plan(order, percent))
        for stage in stages:
            self._interim(order, *stage)
        if order._get_progress_rest_lines() or order._get_progress_open_lines():
            self._final(order)
        self._assert_complete(order)

    def test_prices_with_tax_rounded_as_a_whole(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        tax = self._tax(10.0, name="in", price_include_override="tax_included")
        self._complete_order([(59.79, 4.0, tax), (79.85, 3.0, tax)], [(1.0, 3.0)], 20.0)

    def test_any_stages_under_either_rounding(self):
        included = self._tax(10.0, name="in", price_include_override="tax_included")
        tax = self._tax(21.0)
        cases = [
            ([(59.79, 4.0, included), (79.85, 3.0, included)], 20.0),
            ([(28.85, 4.0, tax), (96.40, 3.0, tax)], 30.0),
        ]
        for rounding in ("round_globally", "round_per_line"):
            self.company.tax_calculation_rounding_method = rounding
            for lines, percent in cases:
                for first in range(0, 5):
                    for second in range(0, 4):
                        if not first + second:
                            continue
                        stage = (float(first), float(second))
                        with (
                            self.subTest(rounding=rounding, lines=lines, stage=stage),
                            self.env.cr.savepoint() as savepoint,
                        ):
                            self._complete_order(lines, [stage], percent)
                            savepoint.rollback()
                            self.env.invalidate_all()

    def test_final_of_an_order_that_only_the_host_invoiced(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        tax = self._tax(10.0, name="in", price_include_override="tax_included")
        for stages in ([(1.0, 3.0)], [(1.0, 0.0)], [(3.0, 1.0), (3.0, 2.0)]):
            self._complete_order([(59.79, 4.0, tax), (79.85, 3.0, tax)], stages, 0.0)

    def test_two_stages_and_mixed_taxes(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        five, seven = self._tax(5.5), self._tax(7.25)
        order = self._staged(
            (33.335, 3.0, five), (10.01, 7.0, seven), (0.99, 11.0, five | seven)
        )
        self._bill(self._plan(order, 17.3))
        self._interim(order, 1.0, 2.0, 3.0)
        self._interim(order, 2.0, 5.0, 7.0)
        self._final(order)
        self._assert_complete(order)
