"""Billed never falls below zero: no credit note for money never billed."""

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ..common_project import ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestNeverBelowZero(ProjectBillingCommon):
    def setUp(self):
        super().setUp()
        self.order = self._project_order(10000.0)
        self.line = self.order.order_line
        self.project = self.order.project_id

    def test_a_line_is_not_completed_below_zero(self):
        with self.assertRaises(UserError) as caught:
            self.line.completed_percent = -100.0
        self.assertIn("0.00", str(caught.exception))
        with self.assertRaises(UserError):
            self.line.pending_amount = -10000.0

    def test_progress_is_taken_back_down_to_nothing(self):
        self._complete(self.line, 60.0)
        self._run(self.project, post=True)
        self._complete(self.line, 0.0)
        credit = self._run(self.project, post=True)[1]
        self.assertEqual(
            (credit.move_type, credit.amount_untaxed), ("out_refund", 6000.0)
        )
        self.assertEqual(self.order.progress_billed_amount, 0.0)

    def test_a_pro_forma_takes_back_no_more_than_was_billed(self):
        self._complete(self.line, 60.0)
        self._run(self.project, post=True)
        proforma = self._proforma(self.order, 50.0)
        with self.assertRaisesRegex(ValidationError, "6,000.00"):
            proforma.line_ids.amount_to_invoice = -6000.01
        proforma.line_ids.amount_to_invoice = -6000.0
        proforma.action_release()
        proforma.move_ids.action_post()
        self.assertEqual(self.order.progress_billed_amount, 0.0)

    def test_a_pro_forma_of_nothing_billed_is_not_negative(self):
        proforma = self._proforma(self.order, 50.0)
        with self.assertRaises(ValidationError):
            proforma.line_ids.amount_to_invoice = -1e9

    def test_a_negative_line_is_bounded_by_its_worth(self):
        order = self._project_order(1000.0, -100.0)
        line, discount = order.order_line
        self._complete(order.order_line, 80.0, 50.0)
        proforma = self._proforma(order, 80.0, 50.0)
        own = proforma.line_ids.filtered(lambda line: line.sale_line_id == discount)
        for amount in (0.01, -100.01):
            with self.assertRaises(ValidationError):
                own.amount_to_invoice = amount
        own.amount_to_invoice = -100.0
        proforma.action_release()
        proforma.move_ids.action_post()
        self.assertEqual(discount.actual_amount, -100.0)

    def test_a_draft_that_credits_too_much_is_not_posted(self):
        self._complete(self.line, 60.0)
        self._run(self.project, post=True)
        self._complete(self.line, 50.0)
        credit = self._run(self.project)[1]
        item = credit.invoice_line_ids
        sign = 1 if item.price_unit > 0 else -1
        item.price_unit = sign * 6000.01
        with self.assertRaisesRegex(UserError, "6,000.00"):
            credit.action_post()
        item.price_unit = sign * 6000.0
        credit.action_post()
        self.assertEqual(self.order.progress_billed_amount, 0.0)

    def test_two_draft_credits_count_together(self):
        self._complete(self.line, 60.0)
        move = self._run(self.project, post=True)[1]
        self._credit(move, post=False)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self._credit(move)

    def test_a_manual_credit_note_of_a_billed_invoice_is_posted(self):
        self._complete(self.line, 60.0)
        move = self._run(self.project, post=True)[1]
        self._credit(move)
        self.assertEqual(self.order.progress_billed_amount, 0.0)

    def test_a_credit_note_is_not_undone_once_its_amount_is_billed_anew(self):
        self._complete(self.line, 60.0)
        credit = self._credit(self._run(self.project, post=True)[1])
        again = self._run(self.project, post=True)[1]
        self.assertEqual(again.amount_untaxed, 6000.0)
        with self.assertRaisesRegex(UserError, "6,000.00"):
            credit.button_draft()
        again.button_draft()
        again.unlink()
        credit.button_draft()
        self.assertEqual(credit.state, "draft")

    def test_an_invoice_is_not_undone_beneath_what_credits_it(self):
        self._complete(self.line, 60.0)
        move = self._run(self.project, post=True)[1]
        self._complete(self.line, 50.0)
        credit = self._run(self.project, post=True)[1]
        self.assertEqual(self.order.progress_billed_amount, 5000.0)
        for undo in (move.button_draft, move.button_cancel):
            with self.assertRaisesRegex(UserError, credit.name), self.cr.savepoint():
                undo()
        (move | credit).button_draft()
        move.unlink()
        self.assertEqual(self.order.progress_billed_amount, -1000.0)
        with self.assertRaisesRegex(UserError, "1,000.00"):
            credit.action_post()

    def test_an_invoice_of_the_host_is_not_undone_beneath_its_credit_note(self):
        order = self._order(1000.0, progress_method="revenue")
        self._bill(self._plan(order, 30.0))
        regular = order._create_invoices()
        regular.action_post()
        credit = self._credit(regular, 350.0)
        self._credit(order.progress_line_ids.move_id)
        self.assertEqual(order.progress_billed_amount, 350.0)
        with self.assertRaisesRegex(UserError, credit.name), self.cr.savepoint():
            regular.button_draft()
        credit.button_draft()
        regular.button_draft()
        self.assertEqual(regular.state, "draft")
