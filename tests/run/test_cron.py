"""The scheduled job."""

from odoo import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..common import ProgressBillingCommon

LOGGER = "odoo.addons.progress_billing.models.run.batches"


@tagged("post_install", "-at_install")
class TestCron(ProgressBillingCommon):
    def setUp(self):
        super().setUp()
        self.cron = self.env.ref("progress_billing.ir_cron_generate")

    def _run(self):
        with self.enter_registry_test_mode(), mute_logger(LOGGER):
            self.cron.method_direct_trigger()
        self.env.invalidate_all()

    def _activities(self, order):
        return order.activity_search(
            ["progress_billing.mail_activity_type_billing_error"]
        )

    # === WHAT IS DUE === #

    @freeze_time("2026-03-01 12:00:00")
    def test_job_bills_what_is_due_today(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0) + self._plan(order, 20.0, date="2026-03-02")
        self._run()
        self.assertEqual(lines.mapped("state"), ["draft", "planned"])

    @freeze_time("2026-03-05 12:00:00")
    def test_missed_nights_are_caught_up(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0) + self._plan(order, 20.0, date="2026-03-04")
        self._run()
        self.assertEqual(lines.mapped("state"), ["draft", "draft"])
        self.assertEqual(str(lines[0].move_id.invoice_date), "2026-03-05")

    @freeze_time("2026-03-01 12:00:00")
    def test_twice_makes_nothing_the_second_time(self):
        order = self._order(10000.0)
        self._plan(order, 30.0)
        self._run()
        self._run()
        self.assertEqual(len(order.invoice_ids), 1)

    @freeze_time("2026-03-01 12:00:00")
    def test_only_automatic_lines_of_confirmed_orders(self):
        order = self._order(10000.0)
        lines = self._plan(order, 10.0, invoice_flag="yes")
        lines += self._plan(order, 10.0, invoice_flag="no")
        lines += self._plan(order, 10.0, date=False)
        cancelled = self._plan(order, 10.0)
        cancelled.action_cancel()
        lines += self._plan(self._order(500.0, confirm=False), 50.0)
        self._run()
        self.assertEqual(set(lines.mapped("state")), {"planned"})
        self.assertEqual(cancelled.state, "cancel")

    @freeze_time("2026-03-01 12:00:00")
    def test_milestone_makes_a_line_due_whatever_its_date(self):
        order = self._order(10000.0)
        project = (
            self.env["project.project"]
            .sudo()
            .create({"name": "Bridge", "allow_milestones": True})
        )
        milestone = (
            self.env["project.milestone"]
            .sudo()
            .create({"name": "Deck", "project_id": project.id})
        )
        values = {"milestone_id": milestone.id, "project_id": project.id}
        late = self._plan(order, 30.0, date="2027-01-01", **values)
        early = self._plan(order, 20.0, date="2026-01-01", **values)
        self._run()
        self.assertEqual((late + early).mapped("state"), ["planned", "planned"])
        milestone.is_reached = True
        self._run()
        self.assertEqual((late + early).mapped("state"), ["draft", "draft"])

    def test_day_is_the_companys(self):
        order = self._order(10000.0)
        line = self._plan(order, 30.0)
        self.company.partner_id.tz = "Pacific/Auckland"
        with freeze_time("2026-02-28 10:00:00"):
            self._run()
            self.assertEqual(line.state, "planned")
        with freeze_time("2026-02-28 11:30:00"):
            self._run()
            self.assertEqual(line.state, "draft")
            self.assertEqual(str(line.move_id.invoice_date), "2026-03-01")

    @freeze_time("2026-03-01 12:00:00")
    def test_several_companies_bill_their_own_lines(self):
        mine = self._plan(self._order(10000.0), 30.0)
        other = self.setup_other_company(name="Other company")["company"]
        self.env.user.company_ids += other
        env = self.env(context={"allowed_company_ids": [other.id]})
        env.company.downpayment_account_id = env["account.account"].create(
            {
                "name": "Deposits",
                "code": "PBDEP3",
                "account_type": "liability_current",
                "reconcile": True,
            }
        )
        order = env["sale.order"].create(
            {
                "partner_id": self.partner_b.id,
                "company_id": other.id,
                "order_line": [
                    Command.create(
                        {
                            "name": "Work",
                            "product_id": self.service.id,
                            "price_unit": 500.0,
                            "tax_ids": False,
                        }
                    )
                ],
            }
        )
        order.action_confirm()
        theirs = env["progress.billing.line"].create(
            {
                "order_id": order.id,
                "name": "Half",
                "percent": 50.0,
                "date": "2026-03-01",
            }
        )
        self._run()
        self.assertEqual((mine.state, theirs.state), ("draft", "draft"))
        self.assertEqual(theirs.move_id.company_id, other)
        self.assertEqual(mine.move_id.company_id, self.company)
        self.assertEqual(theirs.move_id.amount_untaxed, 250.0)

    # === FAILURES === #

    @freeze_time("2026-03-01 12:00:00")
    def test_failing_line_is_isolated_shown_and_told_once(self):
        good, bad = self._order(10000.0), self._order(1000.0)
        fine = self._plan(good, 30.0)
        wrong = self._plan(bad, 60.0, 60.0)
        self._run()
        self.assertEqual(fine.state, "draft")
        self.assertEqual(wrong.mapped("state"), ["draft", "planned"])
        self.assertIn("1,000.00", wrong[1].error_message)
        self.assertFalse(wrong[0].error_message)
        self.assertEqual(len(self._activities(bad)), 1)
        self.assertEqual(self._activities(bad).user_id, bad.user_id)
        self.assertFalse(self._activities(good))
        self._run()
        self.assertEqual(len(self._activities(bad)), 1)

    @freeze_time("2026-03-01 12:00:00")
    def test_error_and_activity_go_when_the_job_succeeds(self):
        order = self._order(1000.0)
        lines = self._plan(order, 60.0, 60.0)
        self._run()
        lines[1].percent = 40.0
        self._run()
        self.assertEqual(lines.mapped("state"), ["draft", "draft"])
        self.assertFalse(lines[1].error_message)
        self.assertFalse(self._activities(order))

    @freeze_time("2026-03-01 12:00:00")
    def test_error_and_activity_go_when_a_person_bills_the_line(self):
        order = self._order(1000.0)
        lines = self._plan(order, 60.0, 60.0)
        self._run()
        lines[1].percent = 40.0
        lines[1].action_create_invoice()
        self.assertFalse(lines[1].error_message)
        self.assertFalse(self._activities(order))

    @freeze_time("2026-03-01 12:00:00")
    def test_error_and_activity_go_with_the_line(self):
        order = self._order(1000.0)
        lines = self._plan(order, 60.0, 60.0)
        self._run()
        lines[1].unlink()
        self.assertFalse(self._activities(order))

    @freeze_time("2026-03-01 12:00:00")
    def test_missing_account_fails_its_lines_only(self):
        order = self._order(1000.0)
        line = self._plan(order, 60.0)
        self.company.downpayment_account_id = False
        self._run()
        self.assertEqual(line.state, "planned")
        self.assertIn("Deposit Account", line.error_message)

    @freeze_time("2026-03-01 12:00:00")
    def test_more_lines_than_a_batch(self):
        order = self._order(100000.0)
        lines = self._plan(order, *[0.5] * 120)
        self._run()
        self.assertEqual(set(lines.mapped("state")), {"draft"})
        self.assertEqual(len(order.invoice_ids), 120)
        self.assertAlmostEqual(order.progress_billed_amount, 60000.0)

    # === COMPANY OPTIONS, ADMINISTRATORS === #

    @freeze_time("2026-03-01 12:00:00")
    def test_company_posts_automatically(self):
        self.company.progress_auto_post = True
        order = self._order(10000.0)
        line = self._plan(order, 30.0)
        self._run()
        self.assertEqual((line.state, line.move_id.state), ("posted", "posted"))

    @freeze_time("2026-03-01 12:00:00")
    def test_company_sends_automatically(self):
        self.company.write({"progress_auto_post": True, "progress_auto_send": True})
        self.partner_a.email = "customer@example.com"
        line = self._plan(self._order(10000.0), 30.0)
        self._run()
        self.assertTrue(line.move_id.sending_data)

    def test_administrators_choose_when_and_updates_keep_it(self):
        self.assertEqual(
            (self.cron.interval_number, self.cron.interval_type), (1, "days")
        )
        data = self.env["ir.model.data"].search(
            [("module", "=", "progress_billing"), ("name", "=", "ir_cron_generate")]
        )
        self.assertTrue(data.noupdate)
