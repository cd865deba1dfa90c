from odoo.tests import tagged

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestDeposit(ProgressBillingCommon):
    def test_deposit_credits_the_deposit_account(self):
        """Design 3.1: Dr receivable 3,450, Cr deposits 3,000, Cr tax 450."""
        order = self._order(10000.0)
        move = self._bill(self._plan(order, 30.0))
        self.assertRecordValues(
            move.line_ids.sorted("balance"),
            [
                {"account_id": self.deposit_account.id, "balance": -3000.0},
                {
                    "account_id": self.company_data["default_account_tax_sale"].id,
                    "balance": -450.0,
                },
                {
                    "account_id": self.company_data["default_account_receivable"].id,
                    "balance": 3450.0,
                },
            ],
        )
        self.assertEqual(order.progress_line_ids.state, "posted")

    def test_final_takes_back_the_deposit(self):
        """Design 3.2: Cr sales 10,000, Dr deposits 3,000, Cr tax 1,050."""
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0))
        final = self._final(order)
        self.assertAlmostEqual(final.amount_total, 8050.0)
        self.assertSettled(order)
        self.assertEqual(order.progress_line_ids.state, "settled")

    def test_two_halves_bill_the_total_exactly(self):
        order = self._order(12870.59, currency_id=self.company.currency_id.id)
        order.order_line.tax_ids = False
        moves = self._bill(self._plan(order, 50.0, 50.0))
        self.assertEqual(moves.mapped("amount_untaxed"), [6435.3, 6435.29])
        final = self._final(order)
        self.assertEqual((final.move_type, final.amount_total), ("out_invoice", 0.0))
        self.assertSettled(order)
