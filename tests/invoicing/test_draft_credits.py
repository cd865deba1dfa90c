"""A credit note makes room when it is posted, not before."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestDraftCredits(ProgressBillingCommon):
    def setUp(self):
        super().setUp()
        self.order = self._order(1000.0, progress_method="revenue")
        self.part = self._bill(self._plan(self.order, 30.0))
        self.final = self._final(self.order)
        self.assertEqual(self.final.amount_untaxed, 700.0)

    def _host_wizard(self, **values):
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": self.order.ids,
                "advance_payment_method": "delivered",
                **values,
            }
        )
        before = self.order.invoice_ids
        wizard.create_invoices()
        return self.order.invoice_ids - before

    def _assert_billed(self, amount):
        items = self.order.order_line.invoice_lines
        posted = items.filtered(lambda item: item.parent_state == "posted")
        self.assertAlmostEqual(-sum(posted.mapped("balance")), amount)

    def test_nothing_is_billed_anew_beside_a_draft_credit_note(self):
        credit = self._credit(self.final, post=False)
        for create in (
            self.order._create_invoices,
            self._host_wizard,
            self.order._create_interim_invoices,
            self.order._create_final_invoices,
            lambda: self.order._create_invoices(grouped=True, final=True),
        ):
            with self.assertRaises(UserError) as caught, self.cr.savepoint():
                create()
            self.assertIn(credit.display_name, str(caught.exception))
            self.assertIn("700.00", str(caught.exception))
        credit.unlink()
        self._assert_billed(1000.0)

    def test_part_beside_a_second_credit_note_of_another_is_its_own(self):
        """The second one, a draft, leaves less than nothing: no deposit to credit."""
        order = self._order(300.0)
        first, second = self._plan(
            order, 40.0, 30.0, sale_line_id=order.order_line[0].id
        )
        self._credit(self._bill(first))
        self._credit(first.move_id, post=False)
        move = self._bill(second)
        self.assertRecordValues(
            first | second,
            [
                {"state": "cancel", "amount_open": 0.0},
                {"state": "posted", "amount_open": 90.0},
            ],
        )
        self.assertEqual(move.line_ids.progress_line_id, second)
        self.assertEqual(move.amount_untaxed, 90.0)

    def test_all_is_billed_anew_after_the_credit_note(self):
        for create in (self._host_wizard, self.order._create_final_invoices):
            with self.subTest(create.__name__), self.cr.savepoint() as savepoint:
                self._credit(self.final)
                again = create()
                again.action_post()
                self.assertEqual(again.amount_untaxed, 700.0)
                self._assert_billed(1000.0)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_credit_note_is_not_reset_beside_a_draft_that_bills_anew(self):
        credit = self._credit(self.final)
        again = self._host_wizard()
        for undo in (credit.button_draft, credit.button_cancel):
            with self.assertRaisesRegex(UserError, "1,000.00"), self.cr.savepoint():
                undo()
        again.unlink()
        credit.button_draft()
        self._assert_billed(1000.0)

    def test_a_draft_final_is_not_posted_beside_a_credit_note_that_was_reset(self):
        credit = self._credit(self.final)
        again = self.order._create_final_invoices()
        credit.button_draft()
        with self.assertRaises(UserError), self.cr.savepoint():
            again.action_post()
        again.unlink()
        self._assert_billed(1000.0)

    def test_a_copy_of_what_is_billed_is_not_posted_beside_a_draft_credit_note(self):
        self._credit(self.final, post=False)
        for move in (self.part, self.final):
            # In sudo mode because what items bill is set by nobody.
            copy = move.sudo().with_context(include_business_fields=True).copy()
            self.assertTrue(copy.invoice_line_ids.sale_line_ids)
            with self.assertRaisesRegex(UserError, "1,000.00"), self.cr.savepoint():
                copy.sudo(False).action_post()

    def test_a_cancelled_final_does_not_return_beside_what_replaced_it(self):
        self.final.button_draft()
        self.final.button_cancel()
        again = self._host_wizard()
        again.action_post()
        self.final.button_draft()
        with self.assertRaises(UserError), self.cr.savepoint():
            self.final.action_post()
        self._assert_billed(1000.0)

    def test_a_credited_credit_note_does_not_bill_beside_what_replaced_it(self):
        credit = self._credit(self.final)
        self._host_wizard().action_post()
        with self.assertRaises(UserError), self.cr.savepoint():
            self._credit(credit)
        self._assert_billed(1000.0)

    def test_a_draft_credit_note_of_a_part_is_in_the_way_too(self):
        credit = self._credit(self.part, post=False)
        with self.assertRaisesRegex(UserError, credit.display_name):
            self._host_wizard()

    def test_a_credit_note_posted_with_what_bills_anew(self):
        credit = self._credit(self.final)
        again = self._host_wizard()
        again.action_post()
        self._assert_billed(1000.0)
        self.assertEqual(credit.state, "posted")

    def test_the_final_wizard_tells_of_a_draft_credit_note(self):
        credit = self._credit(self.final, post=False)
        wizard = self.env["progress.billing.final"].create(
            {"order_ids": self.order.ids}
        )
        self.assertIn(credit.display_name, wizard.obstacle)
        credit.action_post()
        wizard = self.env["progress.billing.final"].create(
            {"order_ids": self.order.ids}
        )
        self.assertFalse(wizard.obstacle)


@tagged("post_install", "-at_install")
class TestDraftCreditsOfDeposits(ProgressBillingCommon):
    def test_draft_credit_of_an_interim_is_in_the_way_of_the_final(self):
        order = self._order((100.0, 10.0))
        self._bill(self._plan(order, 30.0))
        interim = order._create_interim_invoices()
        interim.action_post()
        self.assertEqual(interim.amount_untaxed, 700.0)
        credit = self._credit(interim, post=False)
        for create in (order._create_final_invoices, order._create_invoices):
            with self.assertRaisesRegex(UserError, credit.display_name):
                with self.cr.savepoint():
                    create()
        credit.action_post()
        self._final(order)
        self.assertSettled(order)

    def test_regular_invoices_of_plain_orders_are_the_hosts(self):
        order = self._order(1000.0)
        order._create_invoices().action_post()
        self._credit(order.invoice_ids, post=False)
        again = order._create_invoices()
        again.action_post()
        self.assertEqual(again.amount_untaxed, 1000.0)

    def test_draft_of_an_order_below_zero_counts_as_billed(self):
        """-50.00: a draft credit note bills it, so a part besides is too much."""
        for method in ("revenue", "deposit"):
            order = self._order((-50.0, 1.0), 0.19, progress_method=method)
            part = self._plan(order, 50.0)
            draft = order._create_interim_invoices()
            self.assertEqual(draft.move_type, "out_refund")
            with self.assertRaises(UserError), self.cr.savepoint():
                part._create_progress_invoices()
            self.assertAlmostEqual(order.progress_billed_amount, -49.81)
            draft.unlink()
            bill = part._create_progress_invoices()
            self.assertAlmostEqual(bill.amount_untaxed, 24.9)
            self.assertAlmostEqual(order.progress_billed_amount, -24.9)

    def test_draft_of_a_line_below_zero_counts_as_billed(self):
        """A draft credit note bills 60 % of a line of -50.00: 40 % are left."""
        order = self._order(1000.0, (-50.0, 1.0), progress_method="revenue")
        above, line = order.order_line
        self._bill(self._plan(order, 50.0, sale_line_id=above.id))
        first, second = self._plan(order, 60.0, 40.0, sale_line_id=line.id)
        draft = first._create_progress_invoices()
        self.assertEqual(draft.move_type, "out_refund")
        self.assertFalse(order._get_progress_excess(-20.0, line))
        self.assertEqual(order._get_progress_excess(-25.0, line).beyond, 5.0)
        draft.action_post()
        self._bill(second)
        self._final(order)
        self.assertAlmostEqual(order.progress_billed_amount, 950.0)
