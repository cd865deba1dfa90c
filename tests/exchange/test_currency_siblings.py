from odoo.fields import Command
from odoo.tests import tagged

from ..common_currency import (
    DEPOSIT_DAY,
    FINAL_DAY,
    SECOND_DAY,
    ProgressCurrencyCommon,
)


@tagged("post_install", "-at_install")
class TestCurrencySiblings(ProgressCurrencyCommon):
    """Deposits that share the exchange entry of their final invoice."""

    def _get_deposit_items(self, move):
        return move.line_ids.filtered(
            lambda item: item.account_id == self.deposit_account
        )

    def _order_with_deposits(self):
        """Return an order of 10,000 EUR, its two posted deposits, its posted final."""
        order = self._euro_order(10000.0)
        first = self._deposit_on(DEPOSIT_DAY, order, 30.0)
        second = self._deposit_on(SECOND_DAY, order, 20.0)
        return first, second, self._final_on(FINAL_DAY, order)

    def assertAdjusted(self, final):
        """Assert that the final stands: deposits empty, 460 lost, taxes at its rate."""
        self.assertNoDeposit(final)
        self.assertAlmostEqual(self._balance(self.loss), 460.0)
        self.assertEqual(self._get_grids(), (-12000.0, -1800.0))

    def test_one_entry_adjusts_all_deposits_and_their_taxes(self):
        first, second, final = self._order_with_deposits()
        entry = final.progress_adjustment_move_ids
        self.assertEqual(len(entry), 1)
        self.assertEqual(
            sorted(
                (item.account_id.code, round(item.balance, 6))
                for item in entry.line_ids
            ),
            sorted(
                [
                    (self.deposit_account.code, -300.0),
                    (self.deposit_account.code, -100.0),
                    (self.tax_account.code, -45.0),
                    (self.tax_account.code, -15.0),
                    (self.loss.code, 460.0),
                ]
            ),
        )
        for deposit, rate in ((first, "1.100000"), (second, "1.150000")):
            named = entry.line_ids.filtered(
                lambda item, name=deposit.name: name in item.name
            )
            self.assertEqual(named.account_id, self.deposit_account | self.tax_account)
            for item in named:
                self.assertIn(rate, item.name)
                self.assertIn(final.name, item.name)
        self.assertIn(final.name, entry.ref)

    def test_each_deposit_is_linked_to_the_entry(self):
        first, second, final = self._order_with_deposits()
        entry = final.progress_adjustment_move_ids
        recalls = self._get_deposit_items(final)
        self.assertEqual(len(entry.exchange_diff_partial_ids), 2)
        for deposit in first | second:
            item = self._get_deposit_items(deposit)
            self.assertTrue(item.full_reconcile_id)
            self.assertEqual(item.matched_debit_ids.exchange_move_id, entry)
            self.assertEqual(
                item.reconciled_lines_excluding_exchange_diff_ids,
                recalls & item.reconciled_lines_ids,
            )
        self.assertNotEqual(
            self._get_deposit_items(first).full_reconcile_id,
            self._get_deposit_items(second).full_reconcile_id,
        )

    def test_credit_giving_back_one_deposit_leaves_the_other(self):
        first, second, final = self._order_with_deposits()
        with self._on(FINAL_DAY):
            credit = self._credit(final, post=False)
            credit.invoice_line_ids.filtered(
                lambda line: line.is_progress_recall and line.price_unit == 2000.0
            ).unlink()
            self.assertEqual(len(credit._get_progress_deposit_items()), 1)
            shown = self._get_preview(credit)
            before = self.env["account.move"].search([])
            credit.action_post()
            made = self.env["account.move"].search([]) - before
        self.assertEqual(shown, self._get_posted(made))
        self.assertFalse(self._get_deposit_items(first).reconciled)
        self.assertTrue(self._get_deposit_items(second).reconciled)
        self.assertAlmostEqual(self._balance(self.deposit_account), -3300.0)
        # The second deposit's 1,000 stay adjusted: 100 and 15.
        self.assertAlmostEqual(self._balance(self.loss), 115.0)
        with self._on(FINAL_DAY):
            credit.button_draft()
        self.assertAdjusted(final)
        with self._on(FINAL_DAY):
            credit.unlink()
            final.button_draft()
        self.assertAlmostEqual(self._balance(self.loss), 0.0)
        self.assertAlmostEqual(self._balance(self.deposit_account), -5600.0)

    def test_reconciliation_undone_by_hand_leaves_the_other_deposit(self):
        first, second, final = self._order_with_deposits()
        item = self._get_deposit_items(first)
        partial = item.matched_debit_ids
        pair = partial.debit_move_id | partial.credit_move_id
        with self._on(FINAL_DAY):
            partial.unlink()
        self.assertFalse(item.reconciled)
        self.assertTrue(self._get_deposit_items(second).reconciled)
        # Only the first deposit's 300 are open; all taxes are as the final left them.
        self.assertAlmostEqual(self._balance(self.deposit_account), 300.0)
        self.assertAlmostEqual(self._balance(self.loss), 160.0)
        self.assertAlmostEqual(self._balance(self.tax_account), -1800.0)
        with self._on(FINAL_DAY):
            pair.reconcile()
        self.assertAdjusted(final)
        with self._on(FINAL_DAY):
            final.button_draft()
            self.assertFalse(final.progress_adjustment_move_ids)
            self.assertAlmostEqual(self._balance(self.loss), 0.0)
            self.assertEqual(self._get_grids(), (-5600.0, -840.0))
            final.action_post()
        self.assertAdjusted(final)

    def test_deposits_of_two_tax_sets_are_told_apart(self):
        other = self._tax(20.0, name="other")
        self._set_grids(other)
        order = self._euro_order(
            7000.0, (3000.0, 1.0, {"tax_ids": [Command.set(other.ids)]})
        )
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        self.assertEqual(len(final.progress_adjustment_move_ids), 1)
        items = final.progress_adjustment_move_ids.line_ids
        folded = items.filtered(lambda item: item.account_id == self.deposit_account)
        self.assertEqual(folded.mapped("tax_ids"), self.tax | other)
        self.assertNoDeposit(order)
        self.assertEqual(self._get_grids(), (-12000.0, -1980.0))
