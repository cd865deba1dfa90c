"""What the final wizard shows is what the draft is, line by line."""

from collections import defaultdict

from odoo.fields import Command
from odoo.tests import tagged

from .test_interim import InterimCase


@tagged("post_install", "-at_install")
class TestFinalPreview(InterimCase):
    def _preview(self, orders, **values):
        return self.env["progress.billing.final"].create(
            {"order_ids": [Command.set(orders.ids)], **values}
        )

    def assertAsShown(self, orders, **values):
        """Assert that the finals bill what the wizard shows; return their total."""
        wizard = self._preview(orders, **values)
        rows = wizard.preview_line_ids.filtered("amount_final")
        shown = sorted((row.order_id.id, row.amount_final) for row in rows)
        total = wizard.amount_untaxed
        before = orders.invoice_ids
        wizard.action_create()
        made = orders.invoice_ids - before
        amounts = defaultdict(float)
        for item in made.invoice_line_ids.filtered("sale_line_ids"):
            amounts[item.sale_line_ids] -= item.amount_currency
        currency = orders.currency_id
        self.assertEqual(
            shown,
            sorted(
                (line.order_id.id, currency.round(amount))
                for line, amount in amounts.items()
                if not currency.is_zero(amount)
            ),
        )
        self.assertEqual(
            currency.compare_amounts(
                -sum(made.mapped("amount_untaxed_signed")), -total
            ),
            0,
        )
        return currency.round(total)

    def _revenue(self, *shares, **values):
        order = self._order((100.0, 4.0, values), progress_method="revenue")
        self._bill(self._plan(order, *shares))
        return order

    def test_another_price_after_a_stage_was_invoiced(self):
        """1 of 4 at 100.00 is invoiced, 320.00 are ordered: 220.00 are left."""
        for method in ("revenue", "deposit"):
            order = self._staged((100.0, 4.0, self.tax), progress_method=method)
            self._interim(order, 1.0)
            self._plan(order, 10.0)
            order.order_line.price_unit = 80.0
            self.assertEqual(self.assertAsShown(order), 220.0)
            order.progress_final_invoice_ids.action_post()
            self.assertSettled(order)

    def test_a_price_cut_below_what_was_invoiced(self):
        """3 of 4 at 100.00 are invoiced, 200.00 are ordered: 100.00 go back."""
        order = self._staged((100.0, 4.0, self.tax))
        self._interim(order, 3.0)
        self._bill(self._plan(order, 5.0))
        order.order_line.filtered("price_unit")[0].price_unit = 50.0
        self.assertEqual(self.assertAsShown(order), -120.0)
        order.progress_final_invoice_ids.action_post()
        self.assertSettled(order)

    def test_a_stage_invoiced_in_full_before_its_price_rose(self):
        order = self._staged((100.0, 4.0, self.tax), (50.0, 1.0, self.tax))
        self._bill(self._plan(order, 10.0))
        self._interim(order, 4.0, 0.0, recoupment="none")
        order.order_line[0].price_unit = 120.0
        # 80.00 and 50.00, less the deposit of 45.00.
        self.assertEqual(self.assertAsShown(order), 85.0)
        order.progress_final_invoice_ids.action_post()
        self.assertSettled(order)

    def test_a_stage_credited_in_part(self):
        """100.00 less 33.33 are billed: the credit's quantity of 1 says nothing."""
        order = self._staged((100.0, 4.0, self.tax))
        self._bill(self._plan(order, 10.0))
        stage = self._interim(order, 1.0, recoupment="none")
        self._credit(stage, 33.33)
        self.assertEqual(self.assertAsShown(order), 400.0 - 66.67 - 40.0)
        order.progress_final_invoice_ids.action_post()
        self.assertSettled(order)

    def test_another_tax_after_a_price_that_included_one(self):
        included = self._tax(21.0, name="incl.", price_include_override="tax_included")
        order = self._revenue(50.0, tax_ids=included.ids)
        order.order_line.tax_ids = self.tax
        # 400.00 less the half of 330.58.
        self.assertEqual(self.assertAsShown(order), 234.71)

    def test_an_order_cut_below_what_was_billed_of_one_line(self):
        order = self._order(100.0, 200.0, progress_method="revenue")
        self._bill(self._plan(order, 100.0, sale_line_id=order.order_line[0].id))
        order.order_line[0].price_unit = 30.0
        self.assertEqual(self.assertAsShown(order), 130.0)

    def test_a_stage_credited_in_part_and_the_order_cut(self):
        order = self._order(100.0, (60.0, 1.0, {"tax_ids": False}))
        deposits = self._bill(self._plan(order, 30.0, 20.0))
        self._credit(deposits[1], 10.0)
        order.order_line[0].price_unit = 10.0
        order.order_line[1].price_unit = 0.0
        # Deposits of 80.00 less 20.00 credited, and 10.00 ordered.
        self.assertEqual(self.assertAsShown(order), -50.0)

    def test_orders_on_one_invoice(self):
        tax = self._tax(7.7, name="in", price_include_override="tax_included")
        orders = self.env["sale.order"]
        for _number in range(3):
            order = self._order(*((0.99, 3.0, {"tax_ids": tax.ids}),) * 3)
            self._bill(self._plan(order, 33.3))
            orders |= order
        self.assertAsShown(orders, consolidated=True)

    def test_preview_says_what_the_customer_pays(self):
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0))
        wizard = self.env["progress.billing.final"].create({"order_ids": order.ids})
        self.assertEqual((wizard.amount_untaxed, wizard.amount_total), (7000.0, 8050.0))
        self.assertFalse(wizard.has_drafts)
        wizard.action_create()
        self.assertEqual(order.progress_final_invoice_ids.amount_total, 8050.0)

    def test_draft_in_the_way_is_opened_from_the_preview(self):
        order = self._order(10000.0)
        move = self._bill(self._plan(order, 30.0), post=False)
        wizard = self.env["progress.billing.final"].create({"order_ids": order.ids})
        self.assertTrue(wizard.has_drafts)
        action = wizard.action_view_drafts()
        self.assertEqual(action["res_id"], order.progress_line_ids.move_id.id, move)
