from odoo.tests import tagged

from ..common_currency import (
    DEPOSIT_DAY,
    FINAL_DAY,
    SECOND_DAY,
    ProgressCurrencyCommon,
)


@tagged("post_install", "-at_install")
class TestCurrency(ProgressCurrencyCommon):
    # === DESIGN 3.3 === #

    def test_design_example_leaves_no_deposit(self):
        """Cr deposits 300, Cr tax 45, Dr exchange loss 345."""
        order = self._euro_order(10000.0)
        deposit = self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        self.assertEqual(
            self._get_rows(deposit.line_ids),
            {
                self.deposit_account: -3300.0,
                self.tax_account: -495.0,
                self.company_data["default_account_receivable"]: 3795.0,
            },
        )
        self.assertEqual(
            self._get_rows(final.line_ids),
            {
                self.revenue: -12000.0,
                self.deposit_account: 3600.0,
                self.tax_account: -1260.0,
                self.company_data["default_account_receivable"]: 9660.0,
            },
        )
        self.assertEqual(
            self._get_rows(final.progress_adjustment_move_ids.line_ids),
            {self.deposit_account: -300.0, self.tax_account: -45.0, self.loss: 345.0},
        )
        self.assertNoDeposit(order)
        self.assertAlmostEqual(self._balance(self.tax_account), -1800.0)

    def test_ledger_and_tax_report_agree(self):
        order = self._euro_order(10000.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        self._final_on(FINAL_DAY, order)
        self.assertEqual(self._get_grids(), (-12000.0, -1800.0))

    def test_labels_name_deposit_rates_and_final(self):
        order = self._euro_order(10000.0)
        deposit = self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        entries = final.progress_adjustment_move_ids
        self.assertEqual(len(entries), 1)
        for line in entries.line_ids:
            for word in (deposit.name, final.name, "1.100000", "1.200000"):
                self.assertIn(word, line.name)

    def test_gain_when_the_rate_fell(self):
        order = self._euro_order(10000.0)
        self._deposit_on(FINAL_DAY, order, 30.0)
        euro = self.euro
        self.env["res.currency.rate"].create(
            {
                "currency_id": euro.id,
                "company_id": self.company.id,
                "name": "2026-06-01",
                "inverse_company_rate": 1.05,
            }
        )
        final = self._final_on("2026-06-01", order)
        self.assertEqual(
            self._get_rows(final.progress_adjustment_move_ids.line_ids),
            {self.deposit_account: 450.0, self.tax_account: 67.5, self.gain: -517.5},
        )
        self.assertNoDeposit(order)
        self.assertEqual(self._get_grids(), (-10500.0, -1575.0))

    def test_several_deposits_at_several_rates(self):
        order = self._euro_order(10000.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        self._deposit_on(SECOND_DAY, order, 20.0)
        final = self._final_on(FINAL_DAY, order)
        self.assertEqual(
            self._get_rows(final.progress_adjustment_move_ids.line_ids),
            {self.deposit_account: -400.0, self.tax_account: -60.0, self.loss: 460.0},
        )
        self.assertNoDeposit(order)
        self.assertEqual(self._get_grids(), (-12000.0, -1800.0))

    def test_same_rate_makes_no_entry(self):
        order = self._euro_order(10000.0)
        self._deposit_on(FINAL_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        self.assertFalse(final.progress_adjustment_move_ids)
        self.assertNoDeposit(order)

    def test_without_adjust_tax_only_deposits(self):
        self.company.progress_adjust_tax = False
        order = self._euro_order(10000.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        self.assertEqual(
            self._get_rows(final.progress_adjustment_move_ids.line_ids),
            {self.deposit_account: -300.0, self.loss: 300.0},
        )
        self.assertEqual(self._get_grids(), (-11700.0, -1755.0))

    # === HISTORICAL RATES === #

    def test_historical_difference_goes_to_revenue(self):
        self.company.progress_fx_policy = "historical"
        other = self.revenue.copy({"code": "PBREV2"})
        order = self._euro_order(7500.0, 2500.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order, post=False)
        final.invoice_line_ids.filtered(
            lambda line: line.price_unit == 2500.0
        ).account_id = other
        with self._on(FINAL_DAY):
            final.action_post()
        self.assertEqual(
            self._get_rows(final.progress_adjustment_move_ids.line_ids),
            {self.deposit_account: -300.0, self.revenue: 225.0, other: 75.0},
        )
        self.assertNoDeposit(order)
        self.assertEqual(self._get_grids(), (-11700.0, -1755.0))
        self.assertAlmostEqual(self._balance(self.loss), 0.0)

    # === UNDOING === #

    def test_reset_undoes_and_posting_makes_again(self):
        order = self._euro_order(10000.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        for _time in range(2):
            with self._on(FINAL_DAY):
                final.button_draft()
                self.assertFalse(final.progress_adjustment_move_ids)
                self.assertAlmostEqual(self._balance(self.deposit_account), -3300.0)
                self.assertAlmostEqual(self._balance(self.loss), 0.0)
                self.assertEqual(self._get_grids(), (-3300.0, -495.0))
                final.action_post()
            self.assertEqual(len(final.progress_adjustment_move_ids), 1)
            self.assertAlmostEqual(self._balance(self.loss), 345.0)
            self.assertNoDeposit(order)
            self.assertEqual(self._get_grids(), (-12000.0, -1800.0))

    def test_cancelled_final_leaves_the_deposit_as_it_was(self):
        order = self._euro_order(10000.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        with self._on(FINAL_DAY):
            final.button_cancel()
        self.assertFalse(final.progress_adjustment_move_ids)
        self.assertAlmostEqual(self._balance(self.deposit_account), -3300.0)
        self.assertEqual(self._get_grids(), (-3300.0, -495.0))

    def test_credited_final_leaves_the_deposit_as_it_was(self):
        order = self._euro_order(10000.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        with self._on(FINAL_DAY):
            credit = self._credit(final)
        self.assertFalse(final.progress_adjustment_move_ids)
        self.assertAlmostEqual(self._balance(self.deposit_account), -3300.0)
        self.assertAlmostEqual(self._balance(self.loss), 0.0)
        self.assertEqual(self._get_grids(), (-3300.0, -495.0))
        with self._on(FINAL_DAY):
            credit.button_draft()
        self.assertEqual(len(final.progress_adjustment_move_ids), 1)
        self.assertAlmostEqual(self._balance(self.loss), 345.0)
        self.assertEqual(self._get_grids(), (-12000.0, -1800.0))

    def test_final_after_a_credited_final(self):
        order = self._euro_order(10000.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(SECOND_DAY, order)
        with self._on(SECOND_DAY):
            self._credit(final)
        again = self._final_on(FINAL_DAY, order)
        self.assertEqual(
            self._get_rows(again.progress_adjustment_move_ids.line_ids),
            {self.deposit_account: -300.0, self.tax_account: -45.0, self.loss: 345.0},
        )
        self.assertNoDeposit(order)
        self.assertEqual(self._get_grids(), (-12000.0, -1800.0))

    def test_partly_credited_deposit_ends_at_zero(self):
        order = self._euro_order(10000.0)
        deposit = self._deposit_on(DEPOSIT_DAY, order, 30.0)
        with self._on(SECOND_DAY):
            credit = deposit._reverse_moves([{"invoice_date": SECOND_DAY}])
            credit.invoice_line_ids.price_unit = 1000.0
            credit.action_post()
        self._final_on(FINAL_DAY, order)
        self.assertNoDeposit(order)
        self.assertAlmostEqual(self._balance(self.tax_account), -1800.0)
        self.assertEqual(self._get_grids(), (-12000.0, -1800.0))
