from odoo.fields import Command
from odoo.tests import tagged

from ..common_currency import (
    DEPOSIT_DAY,
    FINAL_DAY,
    SECOND_DAY,
    ProgressCurrencyCommon,
)


@tagged("post_install", "-at_install")
class TestCurrencyTaxes(ProgressCurrencyCommon):
    def _pay(self, move, amount, date):
        """Pay an amount of an invoice, in its currency."""
        with self._on(date):
            return (
                self.env["account.payment.register"]
                .with_context(active_model="account.move", active_ids=move.ids)
                .create({"payment_date": date, "amount": amount})
                ._create_payments()
            )

    def _cash_basis_tax(self):
        """Return a 15 % tax that is due on payment, with the test's grids."""
        self.company.tax_cash_basis_journal_id = self.company_data[
            "default_journal_misc"
        ].copy()
        transition = self.tax_account.copy(
            {"code": "PBTRANS", "reconcile": True, "name": "Tax Received Later"}
        )
        tax = self._tax(
            15.0,
            name="on payment",
            tax_exigibility="on_payment",
            cash_basis_transition_account_id=transition.id,
        )
        self._set_grids(tax)
        return tax, transition

    # === F6: SALES TAX LIKEWISE === #

    def test_several_taxes_each_on_its_account(self):
        other_account = self.tax_account.copy({"code": "PBTAX2"})
        other = self._tax(5.0)
        other.invoice_repartition_line_ids.filtered(
            "account_id"
        ).account_id = other_account
        order = self._euro_order(
            8000.0, (2000.0, 1.0, {"tax_ids": [Command.set((self.tax | other).ids)]})
        )
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        self._final_on(FINAL_DAY, order)
        self.assertNoDeposit(order)
        self.assertAlmostEqual(self._balance(self.tax_account), -1800.0)
        self.assertAlmostEqual(self._balance(other_account), -120.0)

    def test_tax_without_amount_keeps_its_grid(self):
        export = self._tax(0.0)
        self._set_grids(export)
        order = self._euro_order((10000.0, 1.0, {"tax_ids": [Command.set(export.ids)]}))
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        self.assertEqual(self._get_grids(), (-12000.0, 0.0))
        self.assertEqual(
            self._get_rows(final.progress_adjustment_move_ids.line_ids),
            {self.deposit_account: -300.0, self.loss: 300.0},
        )

    def test_tax_on_tax(self):
        first = self._tax(10.0, include_base_amount=True, sequence=1)
        second = self._tax(5.0, name="on top", sequence=2)
        order = self._euro_order(
            (10000.0, 1.0, {"tax_ids": [Command.set((first | second).ids)]})
        )
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        self._final_on(FINAL_DAY, order)
        self.assertNoDeposit(order)
        # 10 % of 10,000 and 5 % of 11,000, at 1.20.
        self.assertAlmostEqual(self._balance(self.tax_account), -1860.0)

    def test_split_tax_follows_its_repartition(self):
        other_account = self.tax_account.copy({"code": "PBTAX3"})
        split = [
            Command.create({"repartition_type": "base"}),
            *(
                Command.create(
                    {
                        "repartition_type": "tax",
                        "factor_percent": percent,
                        "account_id": account.id,
                    }
                )
                for percent, account in ((60, self.tax_account), (40, other_account))
            ),
        ]
        tax = self._tax(
            15.0,
            name="split",
            invoice_repartition_line_ids=split,
            refund_repartition_line_ids=split,
        )
        order = self._euro_order((10000.0, 1.0, {"tax_ids": [Command.set(tax.ids)]}))
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        self._final_on(FINAL_DAY, order)
        self.assertAlmostEqual(self._balance(self.tax_account), -1080.0)
        self.assertAlmostEqual(self._balance(other_account), -720.0)

    def test_reverse_charge_ends_at_nothing(self):
        reverse = [
            Command.create({"repartition_type": "base"}),
            *(
                Command.create(
                    {
                        "repartition_type": "tax",
                        "factor_percent": percent,
                        "account_id": self.tax_account.id,
                    }
                )
                for percent in (100, -100)
            ),
        ]
        tax = self._tax(
            15.0,
            name="reverse",
            invoice_repartition_line_ids=reverse,
            refund_repartition_line_ids=reverse,
        )
        order = self._euro_order((10000.0, 1.0, {"tax_ids": [Command.set(tax.ids)]}))
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        self._final_on(FINAL_DAY, order)
        self.assertNoDeposit(order)
        for rep in tax.invoice_repartition_line_ids.filtered("account_id"):
            items = self.env["account.move.line"].search(
                [("tax_repartition_line_id", "=", rep.id)]
            )
            self.assertAlmostEqual(
                sum(items.mapped("balance")), -18.0 * rep.factor_percent
            )

    def test_prices_with_tax_included(self):
        included = self._tax(15.0, name="incl", price_include_override="tax_included")
        self._set_grids(included)
        order = self._euro_order(
            (11500.0, 1.0, {"tax_ids": [Command.set(included.ids)]})
        )
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        self.assertEqual(
            self._get_rows(final.progress_adjustment_move_ids.line_ids),
            {self.deposit_account: -300.0, self.tax_account: -45.0, self.loss: 345.0},
        )
        self.assertEqual(self._get_grids(), (-12000.0, -1800.0))

    # === TAXES DUE ON PAYMENT === #

    def test_unpaid_deposit_with_tax_on_payment_is_left_alone(self):
        tax, _transition = self._cash_basis_tax()
        order = self._euro_order((10000.0, 1.0, {"tax_ids": [Command.set(tax.ids)]}))
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        self.assertEqual(
            self._get_rows(final.progress_adjustment_move_ids.line_ids),
            {self.deposit_account: -300.0, self.loss: 300.0},
        )
        self.assertEqual(self._get_grids(), (0.0, 0.0))

    def test_half_paid_deposit_adjusts_half_the_tax_on_payment(self):
        tax, _transition = self._cash_basis_tax()
        order = self._euro_order((10000.0, 1.0, {"tax_ids": [Command.set(tax.ids)]}))
        deposit = self._deposit_on(DEPOSIT_DAY, order, 30.0)
        self._pay(deposit, 1725.0, DEPOSIT_DAY)
        self.assertEqual(self._get_grids(), (-1650.0, -247.5))
        final = self._final_on(FINAL_DAY, order)
        self.assertEqual(
            self._get_rows(final.progress_adjustment_move_ids.line_ids),
            {self.deposit_account: -300.0, self.tax_account: -22.5, self.loss: 322.5},
        )
        self.assertEqual(self._get_grids(), (-1800.0, -270.0))

    def test_all_paid_tax_on_payment_agrees(self):
        tax, _transition = self._cash_basis_tax()
        order = self._euro_order((10000.0, 1.0, {"tax_ids": [Command.set(tax.ids)]}))
        deposit = self._deposit_on(DEPOSIT_DAY, order, 30.0)
        self._pay(deposit, 3450.0, DEPOSIT_DAY)
        final = self._final_on(FINAL_DAY, order)
        self._pay(final, 8050.0, FINAL_DAY)
        self.assertAlmostEqual(self._balance(self.tax_account), -1800.0)
        self.assertEqual(self._get_grids(), (-12000.0, -1800.0))

    # === DATES === #

    def test_adjustments_are_dated_as_the_host_dates_exchange_entries(self):
        order = self._euro_order(10000.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order, post=False)
        with self._on("2026-07-10"):
            final.action_post()
        dates = set(final.progress_adjustment_move_ids.mapped("date"))
        self.assertEqual({str(date) for date in dates}, {"2026-05-31"})

    def test_lock_date_moves_the_adjustments(self):
        order = self._euro_order(10000.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order, post=False)
        self.company.fiscalyear_lock_date = "2026-05-31"
        with self._on("2026-06-10"):
            shown = {str(row["date"]) for row in final._get_progress_adjustments()}
            final.action_post()
        dates = {str(move.date) for move in final.progress_adjustment_move_ids}
        self.assertEqual(shown, dates)
        self.assertGreater(min(dates), "2026-05-31")
        self.assertNoDeposit(order)

    def test_undoing_in_a_locked_period_is_dated_after_it(self):
        order = self._euro_order(10000.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        entries = final.progress_adjustment_move_ids
        self.company.fiscalyear_lock_date = "2026-05-31"
        with self._on("2026-06-10"):
            self._credit_after_lock(final)
        self.assertFalse(final.progress_adjustment_move_ids)
        self.assertGreater(
            str(min(entries.reversal_move_ids.mapped("date"))), "2026-05-31"
        )

    def _credit_after_lock(self, move):
        credit = move._reverse_moves(
            [{"invoice_date": "2026-06-10", "date": "2026-06-10"}]
        )
        credit.action_post()
        return credit

    # === SEVERAL RECALLS === #

    def test_interim_invoice_adjusts_its_part_and_the_final_the_rest(self):
        self.service.invoice_policy = "delivery"
        order = self._euro_order((1000.0, 10.0))
        line = order.order_line
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        line.qty_delivered = 4.0
        with self._on(SECOND_DAY):
            interim = order._create_interim_invoices()
            interim.invoice_date = SECOND_DAY
            shown = self._get_preview(interim)
            interim.action_post()
        entries = interim.progress_adjustment_move_ids
        self.assertEqual(shown, self._get_posted(entries))
        # 1,200 of the deposit, from 1.10 to 1.15.
        self.assertEqual(
            self._get_rows(entries.line_ids),
            {self.deposit_account: -60.0, self.tax_account: -9.0, self.loss: 69.0},
        )
        final = self._final_on(FINAL_DAY, order)
        # The other 1,800, from 1.10 to 1.20.
        self.assertEqual(
            self._get_rows(final.progress_adjustment_move_ids.line_ids),
            {self.deposit_account: -180.0, self.tax_account: -27.0, self.loss: 207.0},
        )
        self.assertNoDeposit(order)
        # 4,000 at 1.15 and 6,000 at 1.20.
        self.assertEqual(self._get_grids(), (-11800.0, -1770.0))

    def test_consolidated_final_adjusts_each_deposit(self):
        orders = self._euro_order(10000.0) | self._euro_order(5000.0)
        self._deposit_on(DEPOSIT_DAY, orders[0], 30.0)
        self._deposit_on(SECOND_DAY, orders[1], 40.0)
        final = self._final_on(FINAL_DAY, orders, consolidated=True)
        self.assertEqual(len(final), 1)
        self.assertEqual(
            self._get_rows(final.progress_adjustment_move_ids.line_ids),
            {self.deposit_account: -400.0, self.tax_account: -60.0, self.loss: 460.0},
        )
        self.assertNoDeposit(orders)
        self.assertEqual(self._get_grids(), (-18000.0, -2700.0))

    def test_over_deposited_final_is_a_credit_note_and_adjusts(self):
        order = self._euro_order((5000.0, 2.0))
        self._deposit_on(DEPOSIT_DAY, order, 60.0)
        order.order_line.filtered(lambda line: not line.is_downpayment).write(
            {"product_uom_qty": 1.0, "price_unit": 5000.0}
        )
        final = self._final_on(FINAL_DAY, order)
        self.assertEqual(final.move_type, "out_refund")
        self.assertNoDeposit(order)
        self.assertEqual(self._get_grids(), (-6000.0, -900.0))
