"""Taxes of what is held are due when it is released: held by lines of the invoice."""

from odoo.fields import Command
from odoo.tests import tagged

from ..common_retention import RetentionCommon


@tagged("post_install", "-at_install")
class TestTaxAtRelease(RetentionCommon):
    def _order_by_lines(self, *lines, **values):
        return self._retained(*lines, retention_tax="release", **values)

    def _get_taxes(self):
        account = self.company_data["default_account_tax_sale"]
        return -round(self._balance(account), 6)

    def test_invoice_bears_no_tax_on_what_is_held_and_the_release_does(self):
        order = self._order_by_lines()
        move = self._progress(order, 40.0)
        self.assertRecordValues(
            move,
            [
                {
                    "amount_untaxed": 19000.0,
                    "amount_tax": 3800.0,
                    "amount_total": 22800.0,
                    "amount_residual": 22800.0,
                    "retention_amount": 1000.0,
                }
            ],
        )
        self.assertFalse(move.retention_move_ids)
        self.assertEqual(order.progress_billed_amount, 20000.0)
        self.assertEqual(order.order_line.qty_invoiced, 0.4)
        self.assertEqual(order.retention_held_amount, 1000.0)
        release = order._create_retention_releases()
        release.action_post()
        self.assertRecordValues(
            release,
            [{"amount_untaxed": 1000.0, "amount_tax": 200.0, "amount_total": 1200.0}],
        )
        self.assertEqual(self._held(order), 0.0)
        self.assertEqual(self._get_taxes(), 4000.0)

    def test_steps_give_back_with_taxes(self):
        order = self._order_by_lines(
            retention_step_ids=[Command.create({"until_percent": 50.0, "percent": 10})],
            retention_step_method="to_date",
        )
        moves = self._progress(order, 40.0, 35.0, 25.0)
        self.assertEqual(moves.mapped("retention_amount"), [2000.0, -125.0, 625.0])
        self.assertEqual(moves[1].amount_untaxed, 17625.0)
        self.assertEqual(self._held(order), 2500.0)

    def test_drafts_count(self):
        order = self._order_by_lines()
        moves = self._progress(order, 40.0, 35.0, post=False)
        self.assertEqual(moves.mapped("retention_amount"), [1000.0, 875.0])
        moves.action_post()
        self.assertEqual(self._held(order), 1875.0)

    def test_taxes_are_shifted_to_the_cent(self):
        five = self._tax(5.5)
        order = self._order_by_lines(
            (3333.33, 1.0),
            (1234.57, 1.0, {"tax_ids": [Command.set(five.ids)]}),
            percent=3.7,
        )
        self._progress(order, 33.33, 33.33, 33.34)
        order._create_retention_releases({order: 50.01}).action_post()
        order._create_retention_releases().action_post()
        self.assertEqual(order.retention_held_amount, 0.0)
        self.assertEqual(self._get_taxes(), order.amount_tax)

    def test_deposit_and_final(self):
        order = self._order_by_lines(method="deposit")
        deposit = self._progress(order, 30.0)
        final = self._final(order)
        self.assertEqual(deposit.retention_amount, 750.0)
        self.assertEqual(final.retention_amount, 1750.0)
        self.assertEqual(self._held(order), 2500.0)
        self.assertEqual(order.progress_deposit_balance, 0.0)

    def test_credit_gives_back(self):
        order = self._order_by_lines()
        move = self._progress(order, 40.0)
        credit = self._credit(move)
        self.assertEqual(credit.retention_amount, -1000.0)
        self.assertEqual(self._held(order), 0.0)
        self.assertEqual(self._get_taxes(), 0.0)
        self.assertEqual(move.payment_state, "reversed")

    def test_consolidated_invoice_holds_of_each_order(self):
        orders = self._order_by_lines(method="deposit") | self._order_by_lines(
            10000.0, percent=10.0, method="deposit"
        )
        move = self._final(orders, consolidated=True)
        self.assertEqual(move.retention_amount, 3500.0)
        self.assertEqual(orders.mapped("retention_held_amount"), [2500.0, 1000.0])

    def test_draft_changed_afterwards_is_set_right_by_the_next(self):
        order = self._retained(retention_tax="release")
        first = self._progress(order, 40.0, post=False)
        line = first.invoice_line_ids.filtered("sale_line_ids")
        line.price_unit = 10000.0
        first.action_post()
        self.assertEqual(first.retention_amount, 1000.0)
        second = self._progress(order, 40.0)
        self.assertEqual(second.retention_amount, 500.0)
        self.assertEqual(self._held(order), 1500.0)

    def test_orders_of_one_invoice_hold_each_in_their_way(self):
        by_lines, by_entry = self._order_by_lines(), self._retained()
        lines = self._plan(by_lines, 40.0) | self._plan(by_entry, 40.0)
        move = lines._create_progress_invoices(consolidated=True)
        self.assertEqual(len(move), 1)
        # 1,000 and its taxes are off the total, 1,200 is off what is to pay.
        self.assertEqual(move.amount_total, 46800.0)
        self.assertEqual(move.retention_payable_amount, 45600.0)
        move.action_post()
        self.assertEqual(move.amount_residual, 45600.0)
        self.assertEqual((self._held(by_lines), self._held(by_entry)), (1000.0, 1200.0))
        self._credit(move)
        self.assertEqual((self._held(by_lines), self._held(by_entry)), (0.0, 0.0))

    def test_final_wizard_shows_what_lines_hold(self):
        order = self._order_by_lines(method="deposit")
        self._progress(order, 30.0)
        wizard = self.env["progress.billing.final"].create({"order_ids": order.ids})
        shown = wizard.amount_untaxed, wizard.amount_total
        final = self._final(order, post=False)
        self.assertEqual(shown, (final.amount_untaxed, final.amount_total))
