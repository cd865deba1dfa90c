"""Design 3.7: final invoices reset, cancelled, credited and made again."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..undo_case import UndoCase


@tagged("post_install", "-at_install")
class TestUndoFinal(UndoCase):
    def test_draft_final_deleted(self):
        self._bill(self.lines)
        final = self._final(self.order, post=False)
        self.assertEqual(self.lines.mapped("state"), ["posted", "posted"])
        self.assertAlmostEqual(self.order.progress_deposit_balance, 5000.0)
        final.unlink()
        self.assertStands("posted", "posted", billed=5000.0, deposits=5000.0)
        self._final(self.order)
        self.assertSettled(self.order)

    def test_reset_final_makes_its_lines_posted_again(self):
        self._bill(self.lines)
        final = self._final(self.order)
        self.assertStands("settled", "settled", billed=10000.0, deposits=0.0)
        final.button_draft()
        self.assertEqual(self.lines.mapped("state"), ["posted", "posted"])
        self.assertAlmostEqual(self.order.progress_deposit_balance, 5000.0)
        final.action_post()
        self.assertStands("settled", "settled", billed=10000.0, deposits=0.0)
        self.assertSettled(self.order)

    def test_reset_and_cancelled_final_is_made_again(self):
        self._bill(self.lines)
        final = self._final(self.order)
        final.button_draft()
        final.button_cancel()
        self.assertStands("posted", "posted", billed=5000.0, deposits=5000.0)
        self._final(self.order)
        self.assertStands("settled", "settled", billed=10000.0, deposits=0.0)
        self.assertSettled(self.order)

    def test_cancelled_final_cannot_return_after_another(self):
        self._bill(self.lines)
        final = self._final(self.order)
        final.button_draft()
        final.button_cancel()
        self._final(self.order)
        with self.assertRaises(UserError), self.cr.savepoint():
            final.button_draft()
            final.action_post()
        self.assertStands("settled", "settled", billed=10000.0, deposits=0.0)

    def test_credited_final_is_made_again(self):
        self._bill(self.lines)
        final = self._final(self.order)
        self._credit(final)
        self.assertStands("posted", "posted", billed=5000.0, deposits=5000.0)
        again = self._final(self.order)
        self.assertAlmostEqual(again.amount_untaxed, 5000.0)
        self.assertStands("settled", "settled", billed=10000.0, deposits=0.0)
        self.assertSettled(self.order)

    def test_credited_final_twice_over(self):
        self._bill(self.lines)
        for _time in range(3):
            self._credit(self._final(self.order))
            self.assertStands("posted", "posted", billed=5000.0, deposits=5000.0)
        self._final(self.order)
        self.assertSettled(self.order)

    def test_reset_credit_of_the_final_settles_again(self):
        self._bill(self.lines)
        credit = self._credit(self._final(self.order))
        credit.button_draft()
        self.assertEqual(self.lines.mapped("state"), ["settled", "settled"])
        credit.button_cancel()
        self.assertStands("settled", "settled", billed=10000.0, deposits=0.0)
        self.assertSettled(self.order)

    def test_reset_credit_of_the_final_after_another_final_is_refused(self):
        self._bill(self.lines)
        credit = self._credit(self._final(self.order))
        self._final(self.order)
        with self.assertRaises(UserError), self.cr.savepoint():
            credit.button_draft()
        self.assertStands("settled", "settled", billed=10000.0, deposits=0.0)

    def test_reset_credit_of_the_final_after_another_deposit_is_refused(self):
        """The final that stands again would leave the newer deposit for ever."""
        self._bill(self.lines[0])
        credit = self._credit(self._final(self.order))
        newer = self._bill(self.lines[1])
        with self.assertRaisesRegex(UserError, newer.name), self.cr.savepoint():
            credit.button_draft()
        with self.assertRaisesRegex(UserError, newer.name), self.cr.savepoint():
            self._credit(credit)
        self.assertStands("posted", "posted", billed=5000.0, deposits=5000.0)
        self._credit(newer)
        credit.button_draft()
        credit.button_cancel()
        self.assertSettled(self.order)

    def test_deposit_credited_after_the_final_is_refused(self):
        deposit = self._bill(self.lines[0])
        self._final(self.order)
        with self.assertRaises(UserError), self.cr.savepoint():
            self._credit(deposit)
        self.assertStands("settled", "planned", billed=10000.0, deposits=0.0)

    def test_settled_deposit_cannot_be_reset(self):
        deposit = self._bill(self.lines[0])
        final = self._final(self.order)
        with self.assertRaisesRegex(UserError, final.name), self.cr.savepoint():
            deposit.button_draft()
        self.assertStands("settled", "planned", billed=10000.0, deposits=0.0)

    def test_final_credited_then_deposit_credited(self):
        deposit = self._bill(self.lines[0])
        self._credit(self._final(self.order))
        self._credit(deposit)
        self.assertStands("cancel", "planned", billed=0.0, deposits=0.0)
        self._final(self.order)
        self.assertSettled(self.order)

    def test_draft_final_is_stale_after_a_credit_on_its_deposit(self):
        deposit = self._bill(self.lines[0])
        final = self._final(self.order, post=False)
        self._credit(deposit)
        with self.assertRaisesRegex(UserError, "changed"), self.cr.savepoint():
            final.action_post()
        final.unlink()
        self._final(self.order)
        self.assertSettled(self.order)

    def test_draft_final_is_stale_after_another_deposit(self):
        self._bill(self.lines[0])
        final = self._final(self.order, post=False)
        with self.assertRaises(UserError), self.cr.savepoint():
            # Either the deposit is refused beside a complete draft, or the final is.
            self._bill(self.lines[1])
            final.action_post()
        final.unlink()
        self._bill(self.lines[1])
        self._final(self.order)
        self.assertSettled(self.order)

    def test_corrected_final_through_the_hosts_wizard(self):
        self._bill(self.lines)
        final = self._final(self.order)
        copy = self._correct(final)
        self.assertEqual(self.lines.mapped("state"), ["posted", "posted"])
        copy.action_post()
        self.assertIn(copy, self.order.progress_final_invoice_ids)
        self.assertStands("settled", "settled", billed=10000.0, deposits=0.0)
        self.assertSettled(self.order)

    def test_corrected_final_bills_no_more_than_an_order_that_was_cut(self):
        final = self._final(self.order)
        self.order.order_line.filtered(
            lambda line: not line.is_downpayment and not line.display_type
        ).price_unit = 9000.0
        copy = self._correct(final)
        with self.assertRaisesRegex(UserError, "9,000.00"), self.cr.savepoint():
            copy.action_post()

    def test_corrected_final_bills_no_more_than_a_discount_left(self):
        final = self._final(self.order)
        self.env["sale.order.discount"].create(
            {
                "sale_order_id": self.order.id,
                "discount_type": "so_discount",
                "discount_percentage": 0.1,
            }
        ).action_apply_discount()
        copy = self._correct(final)
        with self.assertRaisesRegex(UserError, "9,000.00"), self.cr.savepoint():
            copy.action_post()

    def test_over_deposited_final_is_a_credit_note_and_can_be_undone(self):
        deposit = self._bill(self.lines)
        self.order.order_line.filtered(
            lambda line: not line.is_downpayment and not line.display_type
        ).price_unit = 4000.0
        final = self._final(self.order)
        self.assertRecordValues(
            final, [{"move_type": "out_refund", "amount_total": 1150.0}]
        )
        self.assertSettled(self.order)
        final.button_draft()
        self.assertAlmostEqual(self.order.progress_deposit_balance, 5000.0)
        final.action_post()
        self._credit(final)
        self.assertAlmostEqual(self.order.progress_deposit_balance, 5000.0)
        self.assertEqual(deposit.progress_line_ids.mapped("state"), ["posted"] * 2)
        self._final(self.order)
        self.assertSettled(self.order)

    def test_final_cannot_be_credited_twice(self):
        self._bill(self.lines)
        final = self._final(self.order)
        self._credit(final)
        with self.assertRaisesRegex(UserError, "credited already"), self.cr.savepoint():
            self._credit(final)
        self.assertStands("posted", "posted", billed=5000.0, deposits=5000.0)

    def test_credited_final_cannot_be_reset(self):
        """Else its credit note alone halves, and the next final doubles, the order."""
        self._bill(self.lines)
        final = self._final(self.order)
        credit = self._credit(final)
        message = f"credits it|{credit.name}"
        with self.assertRaisesRegex(UserError, message), self.cr.savepoint():
            final.button_draft()
        self.assertStands("posted", "posted", billed=5000.0, deposits=5000.0)
        credit.button_draft()
        credit.unlink()
        final.button_draft()
        self.assertStands("posted", "posted", billed=10000.0, deposits=5000.0)

    def test_credited_credit_of_the_final_settles_again(self):
        self._bill(self.lines)
        final = self._final(self.order)
        self._credit(self._credit(final))
        self.assertStands("settled", "settled", billed=10000.0, deposits=0.0)
        self.assertEqual(self.order.invoice_status, "invoiced")
        self.assertFalse(self.order.has_progress_final_due)
