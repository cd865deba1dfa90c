"""What is to be done with planned lines, one by one and by the dozen."""

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-02 10:00:00")
class TestToBill(ProgressBillingCommon):
    def _statuses(self, lines):
        lines.invalidate_recordset(["billing_status"])
        return lines.mapped("billing_status")

    def test_each_line_says_what_is_to_be_done(self):
        order = self._order(10000.0)
        lines = self._plan(order, 10.0, 10.0, 10.0, 10.0)
        lines[1].date = "2026-04-01"
        lines[2].invoice_flag = "no"
        lines[3]._note_failure("because")
        self.assertEqual(self._statuses(lines), ["due", "planned", "hold", "failed"])
        self.assertEqual(lines.mapped("is_billable"), [True, True, False, True])
        self._bill(lines[0])
        self.assertEqual(self._statuses(lines[0]), ["posted"])

    def test_lines_of_a_quotation_are_not_billable(self):
        line = self._plan(self._order(confirm=False), 10.0)
        self.assertEqual(self._statuses(line), ["planned"])
        self.assertFalse(line.is_billable)

    def test_what_a_final_invoice_left_is_closed_and_no_longer_offered(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0, 20.0)
        self._bill(lines[0])
        final = self._final(order)
        self.assertEqual(self._statuses(lines), ["settled", "closed"])
        self.assertFalse(lines[1].is_billable)
        self.assertFalse(order.progress_next_step)
        final.button_draft()
        final.unlink()
        self.assertEqual(self._statuses(lines), ["posted", "due"])

    # === WHO LOOKS === #

    def test_reason_is_the_same_for_project_managers(self):
        """They read no line of the order, which is on no project."""
        order = self._order(6000.0)
        billed, planned = self._plan(order, ("amount", 3600.0), ("amount", 2400.0))
        self._bill(billed)
        order.order_line.filtered(
            lambda line: not line.is_downpayment and not line.display_type
        ).price_unit = 5000.0
        manager = new_test_user(self.env, "pm", groups="project.group_project_manager")
        for user in (self.env.user, manager):
            with self.subTest(user=user.name):
                self.env.invalidate_all()
                self.assertEqual(planned.with_user(user).run_obstacle, "contract")

    def test_invoicing_people_open_orders(self):
        """The host asks for a field of projects that only salespeople may read."""
        order = self._order(1000.0)
        # The form has that field for everybody where milestones are used.
        groups = "account.group_account_invoice,project.group_project_milestone"
        biller = new_test_user(self.env, "biller", groups=groups)
        self.env.invalidate_all()
        self.assertFalse(order.with_user(biller).project_ids)
        with Form(order.with_user(biller)) as form:
            self.assertEqual(form.progress_contract_amount, 1000.0)

    # === THE NEXT STEP === #

    def test_the_next_step_of_an_order(self):
        order = self._order(10000.0)
        self.assertFalse(order.progress_next_step)
        lines = self._plan(order, 30.0, 20.0)
        lines[1].date = "2026-05-01"
        self.assertEqual(order.progress_next_step, "due")
        self.assertIn("3,000.00", order.progress_next_label)
        self.assertEqual(order.progress_next_due, "due 03/01/2026")
        order.action_bill_next()
        self.assertEqual(lines.mapped("state"), ["draft", "planned"])
        order.invalidate_recordset(["progress_next_step"])
        self.assertEqual(order.progress_next_step, "draft")
        action = order.action_view_progress_drafts()
        self.assertEqual(action["res_id"], lines[0].move_id.id)
        lines[0].move_id.action_post()
        order.invalidate_recordset(["progress_next_step"])
        self.assertEqual(order.progress_next_step, "later")
        lines[1].unlink()
        order.invalidate_recordset(["progress_next_step"])
        self.assertEqual(order.progress_next_step, "final")

    # === MANY LINES === #

    def test_ticked_lines_are_billed_and_those_left_say_why(self):
        good = self._plan(self._order(10000.0), 30.0)
        small = self._order(1000.0)
        bad = self._plan(small, 60.0)
        self._bill(self._plan(small, 60.0, date="2026-02-01"))
        held = self._plan(self._order(500.0), 10.0, invoice_flag="no")
        action = (good + bad + held).action_bill()
        self.assertEqual(good.state, "draft")
        self.assertEqual((bad.state, held.state), ("planned", "planned"))
        self.assertIn("400.00", bad.error_message)
        self.assertIn("2", action["params"]["message"])
        self.assertEqual(action["params"]["next"]["res_id"], good.move_id.id)

    def test_where_nothing_can_be_billed_the_reason_is_raised(self):
        held = self._plan(self._order(500.0), 10.0, invoice_flag="no")
        with self.assertRaisesRegex(UserError, "on hold"):
            held.action_bill()

    def test_lines_are_postponed_by_as_much_each(self):
        order = self._order(10000.0)
        lines = self._plan(order, 10.0, 10.0)
        lines[1].date = "2026-03-31"
        wizard = self.env["progress.billing.postpone"].with_context(
            active_ids=lines.ids
        )
        wizard.create({"every": 1, "unit": "month"}).action_postpone()
        self.assertEqual(
            lines.mapped("date"),
            [fields.Date.to_date("2026-04-01"), fields.Date.to_date("2026-04-30")],
        )

    def test_queries_do_not_grow_with_the_lines_of_the_list(self):
        names = ["billing_status", "run_obstacle", "is_billable"]
        counts = []
        for size in (4, 24):
            orders = [self._order(10000.0) for _number in range(size)]
            lines = self.env["progress.billing.line"].union(
                *(self._plan(order, 10.0, 20.0) for order in orders)
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            lines.read(names)
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2)


@tagged("post_install", "-at_install")
class TestStrip(ProgressBillingCommon):
    def test_the_parts_of_a_contract_add_up_to_it(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0, 20.0, 10.0)
        paid, posted = self._bill(lines[0]), self._bill(lines[1])
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=paid.ids
        ).create({})._create_payments()
        lines[2].action_create_invoice()
        self._plan(order, 25.0)
        self.assertRecordValues(
            order,
            [
                {
                    "progress_contract_amount": 10000.0,
                    "progress_paid_amount": 3000.0,
                    "progress_posted_amount": 2000.0,
                    "progress_draft_amount": 1000.0,
                    "progress_planned_amount": 2500.0,
                    "progress_unplanned_amount": 1500.0,
                    "progress_billed_amount": 6000.0,
                }
            ],
        )
        self.assertFalse(order.progress_other_move_ids)
        self.assertEqual(posted.state, "posted")

    def test_down_payments_made_by_hand_are_listed_and_billed(self):
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0))
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": order.ids,
                "advance_payment_method": "percentage",
                "amount": 20.0,
            }
        )
        by_hand = wizard._create_invoices(order)
        self.assertEqual(order.progress_other_move_ids, by_hand)
        self.assertEqual(order.progress_draft_amount, 2000.0)
        self.assertEqual(order.progress_billed_amount, 5000.0)

    def test_a_credited_deposit_is_neither_paid_nor_posted(self):
        order = self._order(10000.0)
        self._credit(self._bill(self._plan(order, 30.0)))
        self.assertEqual(order.progress_paid_amount, 0.0)
        self.assertEqual(order.progress_posted_amount, 0.0)
        self.assertEqual(order.progress_unplanned_amount, 10000.0)

    def test_nobody_is_to_see_to_a_line_that_is_cancelled(self):
        for cancel in (
            lambda line: line.action_cancel(),
            lambda line: line.order_id._action_cancel(),
        ):
            line = self._plan(self._order(10000.0), 10.0)
            line._note_failure("because")
            self.assertTrue(line.order_id.activity_ids)
            cancel(line)
            self.assertFalse(line.error_message)
            self.assertFalse(line.order_id.activity_ids)
