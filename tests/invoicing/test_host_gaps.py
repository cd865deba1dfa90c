"""What the host gets wrong and we get right."""

from odoo.exceptions import RedirectWarning, UserError
from odoo.tests import tagged

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestHostGaps(ProgressBillingCommon):
    def test_partly_credited_deposit_is_deducted_less_the_credit(self):
        """Deposit 115 of 1,150, credited by 57.50: the final bills 1,092.50."""
        order = self._order(1000.0)
        deposit = self._bill(self._plan(order, 10.0))
        self.assertAlmostEqual(deposit.amount_total, 115.0)
        credit = self._credit(deposit, 50.0)
        self.assertAlmostEqual(credit.amount_total, 57.5)
        final = self._final(order)
        self.assertAlmostEqual(final.amount_total, 1092.5)
        self.assertSettled(order)

    def test_two_halves_bill_the_total_and_the_final_is_zero(self):
        order = self._order((12870.59, 1.0, {"tax_ids": False}))
        moves = self._bill(self._plan(order, 50.0, 50.0))
        self.assertEqual(moves.mapped("amount_total"), [6435.3, 6435.29])
        final = self._final(order)
        self.assertRecordValues(
            final, [{"move_type": "out_invoice", "amount_total": 0.0}]
        )
        self.assertSettled(order)

    def test_two_halves_with_tax_bill_the_total(self):
        order = self._order(11191.82)
        self.assertAlmostEqual(order.amount_total, 12870.59)
        moves = self._bill(self._plan(order, 50.0, 50.0))
        self.assertEqual(moves.mapped("amount_total"), [6435.3, 6435.29])
        final = self._final(order)
        self.assertRecordValues(
            final, [{"move_type": "out_invoice", "amount_total": 0.0}]
        )
        self.assertSettled(order)

    def test_second_deposit_of_60_percent_is_refused(self):
        order = self._order(1000.0)
        lines = self._plan(order, 60.0, 60.0, 60.0)
        self._bill(lines[0])
        with self.assertRaisesRegex(UserError, "600.00"):
            self._bill(lines[1])
        self.assertEqual(lines.mapped("state"), ["posted", "planned", "planned"])
        self.assertEqual(len(order.invoice_ids), 1)

    def test_three_deposits_of_60_percent_at_once_write_nothing(self):
        order = self._order(1000.0)
        lines = self._plan(order, 60.0, 60.0, 60.0)
        with self.assertRaises(UserError):
            self._bill(lines)
        self.assertFalse(order.invoice_ids)
        self.assertFalse(order.order_line.filtered("is_downpayment"))

    def test_final_stops_at_a_draft_deposit_and_names_it(self):
        order = self._order(1000.0)
        draft = self._bill(self._plan(order, 10.0), post=False)
        with self.assertRaisesRegex(UserError, "still a draft") as caught:
            self._final(order)
        self.assertIn(draft.display_name, str(caught.exception))
        self.assertEqual(order.invoice_ids, draft)

    def test_locked_order_deducts_what_the_edited_draft_billed(self):
        order = self._order(1000.0)
        deposit = self._bill(self._plan(order, 30.0), post=False)
        order.action_lock()
        deposit.invoice_line_ids.price_unit = 200.0
        deposit.action_post()
        self.assertAlmostEqual(deposit.amount_total, 230.0)
        final = self._final(order)
        self.assertAlmostEqual(final.amount_untaxed, 800.0)
        self.assertAlmostEqual(final.amount_total, 920.0)
        self.assertSettled(order)

    def test_planning_without_deposit_account_names_the_setting(self):
        order = self._order(1000.0)
        self.company.downpayment_account_id = False
        with self.assertRaisesRegex(RedirectWarning, "Deposit Account") as caught:
            self._plan(order, 30.0)
        self.assertEqual(
            caught.exception.args[1],
            self.env.ref("progress_billing.action_progress_billing_settings").id,
        )

    def test_creating_without_deposit_account_names_the_setting(self):
        order = self._order(1000.0)
        lines = self._plan(order, 30.0)
        self.company.downpayment_account_id = False
        with self.assertRaisesRegex(RedirectWarning, "Deposit Account"):
            lines._create_progress_invoices()
        self.assertFalse(order.invoice_ids)

    def test_deleted_draft_leaves_nothing_on_the_order(self):
        order = self._order(1000.0)
        before = order.order_line
        lines = self._plan(order, 30.0, 20.0)
        drafts = self._bill(lines, post=False)
        drafts[0].unlink()
        self.assertTrue(order.order_line.filtered("is_downpayment"))
        drafts[1].unlink()
        self.assertEqual(order.order_line, before)
        self.assertEqual(lines.mapped("state"), ["planned", "planned"])
