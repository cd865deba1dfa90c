"""Design 3.7: every way back, in every order of events.

After each step the lines' states, the order's totals and the ledger agree.
"""

from odoo.exceptions import RedirectWarning, UserError
from odoo.tests import tagged

from ..undo_case import UndoCase


@tagged("post_install", "-at_install")
class TestUndo(UndoCase):
    # === DRAFT DEPOSITS === #

    def test_deleted_draft_is_planned_again(self):
        draft = self._bill(self.lines[0], post=False)
        self.assertStands("draft", "planned", billed=3000.0, deposits=0.0)
        draft.unlink()
        self.assertStands("planned", "planned", billed=0.0, deposits=0.0)
        self._bill(self.lines[0])
        self.assertStands("posted", "planned", billed=3000.0, deposits=3000.0)

    def test_cancelled_draft_is_planned_again(self):
        draft = self._bill(self.lines[0], post=False)
        draft.button_cancel()
        self.assertStands("planned", "planned", billed=0.0, deposits=0.0)
        again = self._bill(self.lines[0])
        self.assertStands("posted", "planned", billed=3000.0, deposits=3000.0)
        self.assertEqual(self.lines[0].move_id, again)

    def test_cancelled_draft_cannot_return_once_billed_anew(self):
        draft = self._bill(self.lines[0], post=False)
        draft.button_cancel()
        self._bill(self.lines[0])
        with self.assertRaisesRegex(UserError, "billed anew"):
            draft.button_draft()
        self.assertStands("posted", "planned", billed=3000.0, deposits=3000.0)

    def test_cancelled_draft_returns_while_nothing_replaced_it(self):
        draft = self._bill(self.lines[0], post=False)
        draft.button_cancel()
        draft.button_draft()
        self.assertStands("draft", "planned", billed=3000.0, deposits=0.0)
        draft.action_post()
        self.assertStands("posted", "planned", billed=3000.0, deposits=3000.0)

    def test_cancelled_draft_deleted_after_billing_anew_changes_nothing(self):
        draft = self._bill(self.lines[0], post=False)
        draft.button_cancel()
        self._bill(self.lines[0])
        draft.unlink()
        self.assertStands("posted", "planned", billed=3000.0, deposits=3000.0)

    def test_posted_deposit_reset_and_deleted(self):
        deposit = self._bill(self.lines[0])
        deposit.button_draft()
        self.assertStands("draft", "planned", billed=3000.0, deposits=0.0)
        deposit.action_post()
        self.assertStands("posted", "planned", billed=3000.0, deposits=3000.0)

    def test_posted_deposit_reset_and_cancelled(self):
        deposit = self._bill(self.lines[0])
        deposit.button_draft()
        deposit.button_cancel()
        self.assertStands("planned", "planned", billed=0.0, deposits=0.0)
        final = self._final(self.order)
        self.assertAlmostEqual(final.amount_untaxed, 10000.0)

    # === CREDIT NOTES ON DEPOSITS === #

    def test_full_credit_frees_the_amount(self):
        deposit = self._bill(self.lines)[0]
        self._credit(deposit)
        self.assertStands("cancel", "posted", billed=2000.0, deposits=2000.0)
        final = self._final(self.order)
        self.assertAlmostEqual(final.amount_untaxed, 8000.0)
        self.assertStands("cancel", "settled", billed=10000.0, deposits=0.0)
        self.assertSettled(self.order)

    def test_draft_credit_changes_nothing_open(self):
        deposit = self._bill(self.lines[0])
        credit = self._credit(deposit, post=False)
        self.assertAlmostEqual(self.order.progress_deposit_balance, 3000.0)
        self.assertEqual(self.lines[0].state, "posted")
        credit.unlink()
        self.assertStands("posted", "planned", billed=3000.0, deposits=3000.0)

    def test_partial_credit_leaves_the_difference(self):
        deposit = self._bill(self.lines[0])
        self._credit(deposit, 1000.0)
        self.assertStands("posted", "planned", billed=2000.0, deposits=2000.0)
        final = self._final(self.order)
        self.assertAlmostEqual(final.amount_untaxed, 8000.0)
        self.assertStands("settled", "planned", billed=10000.0, deposits=0.0)
        self.assertSettled(self.order)

    def test_two_partial_credits_make_a_full_one(self):
        deposit = self._bill(self.lines[0])
        self._credit(deposit, 1000.0)
        self._credit(deposit, 2000.0)
        self.assertStands("cancel", "planned", billed=0.0, deposits=0.0)

    def test_credit_of_more_than_the_deposit_is_refused(self):
        deposit = self._bill(self.lines[0])
        self._credit(deposit, 1000.0)
        with self.assertRaisesRegex(UserError, "2,000.00"), self.cr.savepoint():
            self._credit(deposit)
        self.assertStands("posted", "planned", billed=2000.0, deposits=2000.0)

    def test_credited_line_is_billed_again_when_planned_again(self):
        deposit = self._bill(self.lines[0])
        self._credit(deposit)
        self.lines[0].action_replan()
        self.assertStands("planned", "planned", billed=0.0, deposits=0.0)
        self.assertEqual(self.lines[0].invoice_flag, "yes")
        self._bill(self.lines[0])
        self.assertStands("posted", "planned", billed=3000.0, deposits=3000.0)
        self._bill(self.lines[1])
        self._final(self.order)
        self.assertStands("settled", "settled", billed=10000.0, deposits=0.0)
        self.assertSettled(self.order)

    def test_reset_credit_restores_the_deposit(self):
        deposit = self._bill(self.lines[0])
        credit = self._credit(deposit)
        self.assertStands("cancel", "planned", billed=0.0, deposits=0.0)
        credit.button_draft()
        self.assertEqual(self.lines[0].state, "posted")
        self.assertAlmostEqual(self.order.progress_deposit_balance, 3000.0)
        credit.button_cancel()
        self.assertStands("posted", "planned", billed=3000.0, deposits=3000.0)
        self._final(self.order)
        self.assertSettled(self.order)

    def test_reset_credit_after_billing_anew_is_refused(self):
        deposit = self._bill(self.lines[0])
        credit = self._credit(deposit)
        self.lines[0].action_replan()
        self._bill(self.lines[0])
        with self.assertRaises(UserError), self.cr.savepoint():
            credit.button_draft()
        self.assertStands("posted", "planned", billed=3000.0, deposits=3000.0)

    def test_reset_credit_after_planning_anew_takes_the_line_back(self):
        deposit = self._bill(self.lines[0])
        credit = self._credit(deposit)
        self.lines[0].action_replan()
        credit.button_draft()
        self.assertEqual(self.lines[0].state, "posted")
        self.assertEqual(self.lines[0].move_id, deposit)
        credit.unlink()
        self.assertStands("posted", "planned", billed=3000.0, deposits=3000.0)

    def test_credit_note_credited_after_billing_anew_is_refused(self):
        credit = self._credit(self._bill(self.lines[0]))
        self.lines[0].action_replan()
        self._bill(self.lines[0])
        with self.assertRaisesRegex(UserError, "billed anew"), self.cr.savepoint():
            self._credit(credit)
        self.assertStands("posted", "planned", billed=3000.0, deposits=3000.0)

    def test_credited_deposit_cannot_be_reset(self):
        deposit = self._bill(self.lines[0])
        credit = self._credit(deposit)
        with self.assertRaisesRegex(UserError, credit.name), self.cr.savepoint():
            deposit.button_draft()
        self.assertStands("cancel", "planned", billed=0.0, deposits=0.0)

    def test_credited_credit_note_bills_the_deposit_again(self):
        deposit = self._bill(self.lines[0])
        credit = self._credit(deposit)
        self._credit(credit)
        self.assertStands("posted", "planned", billed=3000.0, deposits=3000.0)
        self._final(self.order)
        self.assertSettled(self.order)

    def test_credit_through_the_hosts_wizard(self):
        deposit = self._bill(self.lines[0])
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=deposit.ids)
            .create({"journal_id": deposit.journal_id.id})
        )
        credit = self.env["account.move"].browse(wizard.reverse_moves()["res_id"])
        credit.action_post()
        self.assertStands("cancel", "planned", billed=0.0, deposits=0.0)

    def test_corrected_deposit_through_the_hosts_wizard(self):
        """The host's "Reverse and Create Invoice": the copy bills the line anew."""
        deposit = self._bill(self.lines[0])
        copy = self._correct(deposit)
        self.assertStands("draft", "planned", billed=3000.0, deposits=0.0)
        with self.assertRaises(UserError), self.cr.savepoint():
            deposit.reversal_move_ids.button_draft()
        copy.action_post()
        self.assertStands("posted", "planned", billed=3000.0, deposits=3000.0)
        self._final(self.order)
        self.assertSettled(self.order)

    def test_corrected_deposit_waits_for_its_credit_note(self):
        """Dated ahead, it is a draft yet: the line would be billed twice."""
        deposit = self._bill(self.lines[0])
        copy = self._correct(deposit, date="2099-01-31")
        self.assertEqual(deposit.reversal_move_ids.state, "draft")
        with self.assertRaisesRegex(UserError, deposit.name), self.cr.savepoint():
            copy.action_post()
        self.assertAlmostEqual(self.order.progress_deposit_balance, 3000.0)
        deposit.reversal_move_ids.write({"auto_post": "no", "date": "2026-03-31"})
        deposit.reversal_move_ids.action_post()
        copy.action_post()
        self.assertStands("posted", "planned", billed=3000.0, deposits=3000.0)

    def test_credit_of_a_deposit_is_not_reset_after_the_final(self):
        """It would leave an amount on the deposit account that nothing explains."""
        credit = self._credit(self._bill(self.lines[0]), 1000.0)
        final = self._final(self.order)
        with self.assertRaisesRegex(UserError, f"{final.name} has settled it"):
            credit.button_draft()
        self.assertSettled(self.order)
        final.button_draft()
        credit.button_draft()
        self.assertAlmostEqual(self.order.progress_deposit_balance, 3000.0)

    def test_credit_of_a_deposit_is_not_credited_after_the_final(self):
        credit = self._credit(self._bill(self.lines[0]), 1000.0)
        self._final(self.order)
        with self.assertRaisesRegex(UserError, "has settled it"):
            self._credit(credit)

    # === THE ORDER === #

    def test_order_with_open_deposits_cannot_be_cancelled(self):
        deposit = self._bill(self.lines[0])
        with self.assertRaisesRegex(RedirectWarning, deposit.name):
            self.order._action_cancel()
        self._credit(deposit)
        self.order._action_cancel()
        self.assertEqual(self.order.state, "cancel")

    def test_cancelled_order_takes_its_draft_deposits_along(self):
        draft = self._bill(self.lines[0], post=False)
        self.order._action_cancel()
        self.assertEqual((self.order.state, draft.state), ("cancel", "cancel"))
        self.assertEqual(self.lines[0].state, "planned")

    # === PAYMENTS === #

    def test_paid_deposit_credited_and_made_final(self):
        deposit = self._bill(self.lines[0])
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=deposit.ids
        ).create({}).action_create_payments()
        self.assertIn(self.lines[0].payment_state, ("paid", "in_payment"))
        self._credit(deposit, 1000.0)
        self.assertStands("posted", "planned", billed=2000.0, deposits=2000.0)
        self._final(self.order)
        self.assertSettled(self.order)
