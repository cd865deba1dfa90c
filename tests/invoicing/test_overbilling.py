"""Never too much."""

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestOverbilling(ProgressBillingCommon):
    def test_planning_too_much_warns_and_saves(self):
        order = self._order(10000.0)
        self._plan(order, 60.0, 60.0)
        self.assertAlmostEqual(order.progress_excess_amount, 2000.0)

    def test_warning_shows_while_typing(self):
        order = self._order(10000.0)
        self._plan(order, 60.0)
        with Form(order) as form:
            self.assertFalse(form.progress_excess_amount)
            with form.progress_line_ids.new() as line:
                line.name = "Too much"
                line.percent = 50.0
            self.assertAlmostEqual(form.progress_excess_amount, 1000.0)

    def test_creating_too_much_is_refused_with_the_figures(self):
        order = self._order(10000.0)
        lines = self._plan(order, 60.0, 60.0)
        self._bill(lines[0])
        with self.assertRaises(UserError) as caught:
            lines[1]._create_progress_invoices()
        for figure in ("6,000.00", "10,000.00", "4,000.00"):
            self.assertIn(figure, str(caught.exception))

    def test_drafts_count(self):
        order = self._order(10000.0)
        lines = self._plan(order, 60.0, 60.0)
        draft = self._bill(lines[0], post=False)
        with self.assertRaisesRegex(UserError, "drafts included") as caught:
            lines[1]._create_progress_invoices()
        self.assertIn(order._format_progress_moves(draft), str(caught.exception))

    def test_draft_deposit_in_the_way_of_a_delivery_is_named(self):
        order = self._order(10000.0)
        draft = self._bill(self._plan(order, 60.0), post=False)
        with self.assertRaises(UserError) as caught:
            order._create_invoices()
        self.assertIn(order._format_progress_moves(draft), str(caught.exception))

    def test_draft_credit_notes_do_not_make_room(self):
        order = self._order(10000.0)
        lines = self._plan(order, 60.0, 60.0)
        credit = self._credit(self._bill(lines[0]), post=False)
        with self.assertRaisesRegex(UserError, "billed already"):
            lines[1]._create_progress_invoices()
        credit.action_post()
        self._bill(lines[1])
        self.assertAlmostEqual(order.progress_billed_amount, 6000.0)

    def test_regular_invoices_count(self):
        order = self._order(10000.0)
        regular = order._create_invoices()
        lines = self._plan(order, 10.0)
        with self.assertRaises(UserError):
            lines._create_progress_invoices()
        regular.unlink()
        self._bill(lines)
        self.assertAlmostEqual(order.progress_billed_amount, 1000.0)

    def test_raised_draft_cannot_be_posted(self):
        order = self._order(10000.0)
        draft = self._bill(self._plan(order, 60.0), post=False)
        draft.invoice_line_ids.price_unit = 10000.01
        with self.assertRaisesRegex(UserError, "10,000.01"), self.cr.savepoint():
            draft.action_post()
        self.assertEqual(draft.state, "draft")
        draft.invoice_line_ids.price_unit = 10000.0
        draft.action_post()
        self.assertEqual(draft.state, "posted")

    def test_shrunk_order_cannot_post_its_draft(self):
        order = self._order(10000.0)
        draft = self._bill(self._plan(order, 60.0), post=False)
        order.order_line[0].price_unit = 5000.0
        with self.assertRaises(UserError):
            draft.action_post()

    def test_one_order_line_cannot_be_billed_beyond_its_value(self):
        order = self._order(1000.0, 9000.0)
        lines = self._plan(order, 80.0, 80.0, sale_line_id=order.order_line[0].id)
        self._bill(lines[0])
        with self.assertRaises(UserError) as caught:
            lines[1]._create_progress_invoices()
        self.assertIn("1,000.00", str(caught.exception))
        self.assertIn("200.00", str(caught.exception))

    def test_raised_draft_of_one_order_line_cannot_be_posted(self):
        order = self._order(1000.0, 9000.0)
        line = self._plan(order, 80.0, sale_line_id=order.order_line[0].id)
        draft = self._bill(line, post=False)
        draft.invoice_line_ids.price_unit = 1500.0
        with self.assertRaisesRegex(UserError, "1,000.00"):
            draft.action_post()

    def test_tolerance_of_the_company(self):
        self.company.progress_overbilling_tolerance = 10.0
        order = self._order(10000.0)
        lines = self._plan(order, 100.0, ("amount", 1000.0), ("amount", 0.01))
        self._bill(lines[:2])
        self.assertAlmostEqual(order.progress_remaining_amount, -1000.0)
        with self.assertRaises(UserError), self.cr.savepoint():
            lines[2]._create_progress_invoices()
        final = self._final(order)
        self.assertRecordValues(
            final, [{"move_type": "out_refund", "amount_untaxed": 1000.0}]
        )
        self.assertSettled(order)

    def test_group_may_exceed_and_is_warned(self):
        self.env.user.group_ids += self.env.ref(
            "progress_billing.group_exceed_contract"
        )
        order = self._order(10000.0)
        self._bill(self._plan(order, 60.0, 60.0))
        self.assertAlmostEqual(order.progress_billed_amount, 12000.0)
        self.assertAlmostEqual(order.progress_excess_amount, 2000.0)
        self.assertEqual(self._final(order).move_type, "out_refund")
        self.assertSettled(order)

    def test_batch_counts_every_line_of_the_batch(self):
        order = self._order(10000.0)
        lines = self._plan(order, 40.0, 40.0, 40.0)
        with self.assertRaises(UserError):
            lines._create_progress_invoices()
        self.assertFalse(order.invoice_ids)
        self.assertEqual(set(lines.mapped("state")), {"planned"})

    def test_orders_of_nothing_and_of_less_than_nothing(self):
        free = self._order(0.0)
        line = self._plan(free, 50.0)
        self.assertAlmostEqual(line.amount_untaxed, 0.0)
        with self.assertRaisesRegex(UserError, "nothing is left"):
            line._create_progress_invoices()
