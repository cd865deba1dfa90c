from odoo.tests import tagged

from .test_interim import InterimCase


@tagged("post_install", "-at_install")
class TestInterimRest(InterimCase):
    """The invoice that completes a line makes all of them come to the order."""

    def test_last_invoice_of_a_line_takes_the_rest(self):
        for deposit in (1.0, 50.0):
            for stages in ((0.3,), (0.3, 1.0)):
                with self.subTest(deposit=deposit, stages=stages):
                    order = self._staged((10.05, 1.0, None), (100.0, 1.0, self.tax))
                    self._bill(self._plan(order, deposit))
                    for stage in stages:
                        self._deliver(order, stage, 0.0)
                        order._create_interim_invoices("none").action_post()
                    final = self._final(order)
                    own = order.order_line.filtered(
                        lambda line: line.price_unit == 10.05
                    )
                    # 0.3 and 0.7 of 10.05 both round up: 3.02 and 7.04.
                    amounts = own.invoice_lines.mapped("price_subtotal")
                    self.assertEqual(sorted(amounts), [3.02, 7.03])
                    self.assertTrue(final.is_progress_final)
                    self.assertSettled(order)

    def test_last_invoice_of_a_line_takes_the_rest_with_its_taxes(self):
        included = self._tax(15.0, name="in", price_include_override="tax_included")
        order = self._staged((10.05, 1.0, included))
        self._bill(self._plan(order, 10.0))
        self._deliver(order, 0.3)
        order._create_interim_invoices("none").action_post()
        final = self._final(order)
        items = order.order_line.invoice_lines.move_id.line_ids
        revenue = self.company_data["default_account_revenue"]
        sales = items.filtered(lambda item: item.account_id == revenue)
        self.assertAlmostEqual(-sum(sales.mapped("balance")), order.amount_untaxed)
        taxes = items.filtered("tax_line_id")
        self.assertAlmostEqual(-sum(taxes.mapped("balance")), order.amount_tax)
        self.assertTrue(final.is_progress_final)

    def test_the_final_completes_a_line_at_its_new_price(self):
        """3.02 of what is 20.00 now were billed: 16.98 are left, not 0.7 x 20.00."""
        order = self._staged((10.05, 1.0, None))
        line = order.order_line
        self._bill(self._plan(order, 10.0))
        self._deliver(order, 0.3)
        order._create_interim_invoices("none").action_post()
        line.price_unit = 20.0
        final = self._final(order, post=False)
        self.assertEqual(
            final.invoice_line_ids.filtered(
                lambda item: line in item.sale_line_ids
            ).price_subtotal,
            16.98,
        )
        final.action_post()
        self.assertSettled(order)

    def test_rest_of_lines_rounded_as_a_whole(self):
        """What rounding leaves of three lines must not add up to a cent."""
        self.company.tax_calculation_rounding_method = "round_globally"
        order = self._staged(
            *((price, 0.33, None) for price in (10.01, 10.04, 10.07, 10.1)),
            (33.33, 3.0, self.tax),
        )
        self._bill(self._plan(order, 10.0))
        self._deliver(order, 0.1, 0.1, 0.1, 0.1, 1.0)
        order._create_interim_invoices().action_post()
        self._final(order)
        self.assertSettled(order)
