"""Deposits reconciled by hand, discounted, or of a part of the revenue only."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..common_currency import DEPOSIT_DAY, FINAL_DAY, ProgressCurrencyCommon


@tagged("post_install", "-at_install")
class TestCurrencyEdges(ProgressCurrencyCommon):
    def _get_deposit_items(self, *moves):
        items = self.env["account.move"].union(*moves).line_ids
        return items.filtered(lambda item: item.account_id == self.deposit_account)

    def _post_as_shown(self, move):
        """Post an invoice; assert that it adjusts what its draft showed."""
        with self._on(FINAL_DAY):
            shown = self._get_preview(move)
            move.action_post()
        entries = move.progress_adjustment_move_ids
        self.assertEqual(shown, self._get_posted(entries))
        return entries

    # === RECONCILED BY HAND === #

    def _reconcile_again(self, deposit, final, reconcile):
        """Undo the reconciliation of a deposit, as accountants do, and make it anew."""
        items = self._get_deposit_items(deposit, final)
        with self._on(FINAL_DAY):
            items.with_context(active_ids=items.ids).action_unreconcile_match_entries()
            self.assertFalse(any(items.mapped("reconciled")))
            reconcile(items)

    def assertDesignExample(self, order, final):
        """Assert design 3.3: deposits 0, taxes 1,800, a loss of 345, in one entry."""
        self.assertNoDeposit(order)
        self.assertAlmostEqual(self._balance(self.tax_account), -1800.0)
        self.assertAlmostEqual(self._balance(self.loss), 345.0)
        self.assertEqual(self._get_grids(), (-12000.0, -1800.0))
        self.assertEqual(len(final.progress_adjustment_move_ids), 1)

    def test_reconciling_by_hand_adjusts_taxes_again(self):
        order = self._euro_order(10000.0)
        deposit = self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        for _time in range(2):
            self._reconcile_again(deposit, final, lambda items: items.reconcile())
            self.assertDesignExample(order, final)
        with self._on(FINAL_DAY):
            final.button_draft()
        self.assertEqual(self._get_grids(), (-3300.0, -495.0))
        self.assertAlmostEqual(self._balance(self.loss), 0.0)
        with self._on(FINAL_DAY):
            final.action_post()
        self.assertDesignExample(order, final)

    def test_what_a_client_says_of_exchange_or_invoicing_is_not_listened_to(self):
        order = self._euro_order(10000.0)
        deposit = self._deposit_on(DEPOSIT_DAY, order, 30.0)
        said = {"progress_exchange": True, "progress_invoicing": {"is_batch": True}}
        with self._on(FINAL_DAY):
            final = order.with_context(**said)._create_final_invoices()
            final.action_post()
        self.assertDesignExample(order, final)
        self._reconcile_again(
            deposit, final, lambda items: items.with_context(**said).reconcile()
        )
        self.assertDesignExample(order, final)

    def test_reconciling_by_a_nested_plan_adjusts_taxes_again(self):
        order = self._euro_order(10000.0)
        deposit = self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        self._reconcile_again(
            deposit, final, lambda items: items._reconcile_plan([[items]])
        )
        self.assertDesignExample(order, final)

    def test_imported_matching_adjusts_deposit_and_taxes(self):
        order = self._euro_order(10000.0)
        deposit = self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)

        def import_matching(items):
            items.matching_number = "I1"
            items._reconcile_marked()

        self._reconcile_again(deposit, final, import_matching)
        self.assertDesignExample(order, final)

    def test_all_deposits_reconciled_by_hand_at_once(self):
        order = self._euro_order(10000.0)
        deposits = self._deposit_on(DEPOSIT_DAY, order, 30.0)
        deposits |= self._deposit_on("2026-04-01", order, 20.0)
        final = self._final_on(FINAL_DAY, order)
        self._reconcile_again(deposits, final, lambda items: items.reconcile())
        self.assertNoDeposit(order)
        self.assertAlmostEqual(self._balance(self.loss), 460.0)
        self.assertEqual(self._get_grids(), (-12000.0, -1800.0))

    def test_reconciling_by_hand_leaves_taxes_alone_where_the_company_wants_it(self):
        self.company.progress_adjust_tax = False
        order = self._euro_order(10000.0)
        deposit = self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        self._reconcile_again(deposit, final, lambda items: items.reconcile())
        self.assertNoDeposit(order)
        self.assertEqual(self._get_grids(), (-11700.0, -1755.0))

    # === EARLY PAYMENT DISCOUNT === #

    def _discount_term(self):
        """Return 2 % within ten days, by which taxes are reduced at once."""
        return self.env["account.payment.term"].create(
            {
                "name": "2 % within 10 days",
                "early_discount": True,
                "discount_percentage": 2.0,
                "discount_days": 10,
                "early_pay_discount_computation": "mixed",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100.0, "nb_days": 30}
                    )
                ],
            }
        )

    def test_early_payment_discount_reduces_the_adjusted_tax(self):
        """1,000 @20 %, 2 % discount: 196 EUR of tax are 235.20 at 1.20."""
        twenty = self._tax(20.0)
        self._set_grids(twenty)
        order = self._euro_order(
            (1000.0, 1.0, {"tax_ids": [Command.set(twenty.ids)]}),
            payment_term_id=self._discount_term().id,
        )
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        with self._on(FINAL_DAY):
            wizard = sorted(
                (row["account"].code, round(row["amount"], 6))
                for draft in order._get_final_drafts(FINAL_DAY, False)
                for row in draft._get_progress_adjustments()
            )
        final = self._final_on(FINAL_DAY, order, post=False)
        entries = self._post_as_shown(final)
        self.assertEqual(wizard, self._get_posted(entries))
        # 300 and their tax of 58.80, from 1.10 to 1.20.
        self.assertEqual(
            self._get_rows(entries.line_ids),
            {self.deposit_account: -30.0, self.tax_account: -5.88, self.loss: 35.88},
        )
        self.assertEqual(self._get_grids(), (-1176.0, -235.2))
        items = self._get_deposit_items(*entries, final)
        items |= order.order_line.invoice_lines.move_id.line_ids.filtered(
            lambda item: item.account_id == self.deposit_account
        )
        self.assertAlmostEqual(sum(items.mapped("balance")), 0.0)

    def _discounted_order(self, first, second):
        """Return an order of two lines with other taxes each, billed up to its final.

        Two deposits at rates of their own, early payment discount on all.
        """
        five = self._tax(5.0)
        self._set_grids(five)
        order = self._euro_order(
            (first, 1.0, {"tax_ids": [Command.set((self.tax | five).ids)]}),
            second,
            payment_term_id=self._discount_term().id,
        )
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        self._deposit_on("2026-04-01", order, 33.333333)
        self._post_as_shown(self._final_on(FINAL_DAY, order, post=False))
        return order

    def _invoice_at_once(self, order):
        """Invoice a copy of an order at once, by the host alone."""
        with self._on(FINAL_DAY):
            twin = order.copy()
            twin.action_confirm()
            twin._create_invoices().action_post()

    def test_early_payment_discount_of_several_deposits_and_taxes(self):
        order = self._discounted_order(997.41, 589.16)
        self.assertAlmostEqual(self._balance(self.deposit_account), 0.0)
        taxes, (base, grid) = self._balance(self.tax_account), self._get_grids()
        self._invoice_at_once(order)
        self.assertAlmostEqual(self._balance(self.tax_account), 2.0 * taxes)
        self.assertEqual(
            self._get_grids(), (round(2.0 * base, 6), round(2.0 * grid, 6))
        )

    def test_early_payment_discount_that_the_host_cannot_balance(self):
        """15.56 and 6.67 at 1.20 are 18.67 and 8.00, their sum is 26.68."""
        order = self._discounted_order(777.77, 333.33)
        self.assertAlmostEqual(self._balance(self.deposit_account), 0.0)
        # 15 % of 1,088.87 are 163.33 EUR, 5 % of 762.21 are 38.11.
        self.assertAlmostEqual(self._balance(self.tax_account), -196.0 - 45.73)
        with self.assertRaisesRegex(UserError, "not balanced"), self.cr.savepoint():
            self._invoice_at_once(order)

    # === HISTORICAL RATES === #

    def _plan_for_line(self, line, percent):
        return self._bill(
            self._plan(line.order_id, percent, date=DEPOSIT_DAY, sale_line_id=line.id)
        )

    def _order_of_two_accounts(self, first, second):
        """Return an order in EUR of two lines, each on an income account of its own."""
        self.company.progress_fx_policy = "historical"
        self.other = self.revenue.copy({"code": "PBREV2"})
        product = self.env["product.product"].create(
            {
                "name": "Plant",
                "type": "service",
                "invoice_policy": "order",
                "property_account_income_id": self.other.id,
            }
        )
        return self._euro_order(first, (second, 1.0, {"product_id": product.id}))

    def test_historical_deposit_on_a_line_belongs_to_its_revenue(self):
        """A 6,000, B 4,000 with a deposit of 50 % at 1.10: A 7,200, B 4,600."""
        order = self._order_of_two_accounts(6000.0, 4000.0)
        with self._on(DEPOSIT_DAY):
            self._plan_for_line(order.order_line[1], 50.0)
        final = self._final_on(FINAL_DAY, order, post=False)
        self._post_as_shown(final)
        self.assertNoDeposit(order)
        self.assertAlmostEqual(self._balance(self.revenue), -7200.0)
        self.assertAlmostEqual(self._balance(self.other), -4600.0)
        self.assertAlmostEqual(self._balance(self.loss), 0.0)

    def test_historical_deposit_on_the_order_takes_what_line_deposits_leave(self):
        """B's 4,000 are paid at 1.10 by its own deposit; the order's are A's."""
        order = self._order_of_two_accounts(6000.0, 4000.0)
        with self._on(DEPOSIT_DAY):
            self._plan_for_line(order.order_line[1], 100.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order, post=False)
        self._post_as_shown(final)
        self.assertNoDeposit(order)
        self.assertAlmostEqual(self._balance(self.revenue), -6900.0)
        self.assertAlmostEqual(self._balance(self.other), -4400.0)
        self.assertAlmostEqual(self._balance(self.loss), 0.0)

    def test_historical_rate_of_what_is_paid_back_is_a_loss(self):
        """6,000 at 1.10, cut to 4,000: revenue 4,400, a loss of 200 on 2,000."""
        self.company.progress_fx_policy = "historical"
        order = self._euro_order((5000.0, 2.0))
        self._deposit_on(DEPOSIT_DAY, order, 60.0)
        order.order_line.filtered(lambda line: not line.is_downpayment).write(
            {"product_uom_qty": 1.0, "price_unit": 4000.0}
        )
        final = self._final_on(FINAL_DAY, order, post=False)
        self.assertEqual(final.move_type, "out_refund")
        self._post_as_shown(final)
        self.assertNoDeposit(order)
        self.assertAlmostEqual(self._balance(self.revenue), -4400.0)
        self.assertAlmostEqual(self._balance(self.loss), 200.0)

    def test_historical_deposit_beyond_its_line_is_consumed_by_the_order(self):
        """A deposit of 4,000 on B, cut to 1,000: the other 3,000 pay for A."""
        order = self._order_of_two_accounts(6000.0, 4000.0)
        line = order.order_line[1]
        with self._on(DEPOSIT_DAY):
            self._plan_for_line(line, 100.0)
        line.price_unit = 1000.0
        final = self._final_on(FINAL_DAY, order, post=False)
        self._post_as_shown(final)
        self.assertNoDeposit(order)
        self.assertAlmostEqual(self._balance(self.revenue), -6900.0)
        self.assertAlmostEqual(self._balance(self.other), -1100.0)
        self.assertAlmostEqual(self._balance(self.loss), 0.0)

    def test_historical_deposit_of_an_order_without_revenue_is_money(self):
        """Of a consolidated final, one order is cut to nothing: its 3,000 are paid."""
        self.company.progress_fx_policy = "historical"
        orders = self._euro_order(10000.0) | self._euro_order(10000.0)
        self._deposit_on(DEPOSIT_DAY, orders[0], 30.0)
        orders[0].order_line.filtered(
            lambda line: not line.is_downpayment
        ).product_uom_qty = 0.0
        final = self._final_on(FINAL_DAY, orders, post=False, consolidated=True)
        self.assertEqual(len(final), 1)
        self._post_as_shown(final)
        self.assertNoDeposit(orders)
        self.assertAlmostEqual(self._balance(self.revenue), -12000.0)
        self.assertAlmostEqual(self._balance(self.loss), 300.0)

    def test_historical_credit_note_gives_back_what_the_final_consumed(self):
        self.company.progress_fx_policy = "historical"
        order = self._euro_order((5000.0, 2.0))
        self._deposit_on(DEPOSIT_DAY, order, 60.0)
        order.order_line.filtered(lambda line: not line.is_downpayment).write(
            {"product_uom_qty": 1.0, "price_unit": 4000.0}
        )
        final = self._final_on(FINAL_DAY, order)
        with self._on(FINAL_DAY):
            self._credit(final)
        self.assertAlmostEqual(self._balance(self.revenue), 0.0)
        self.assertAlmostEqual(self._balance(self.loss), 0.0)
        self.assertAlmostEqual(self._balance(self.deposit_account), -6600.0)
