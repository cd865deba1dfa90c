"""What the scheduled job tells the host, which runs it in slices of ten seconds."""

import time
from datetime import timedelta

from odoo import fields
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..common_project import ProjectBillingCommon

LOGGER = "odoo.addons.progress_billing.models.run.batches"


@tagged("post_install", "-at_install")
@freeze_time("2026-03-01 12:00:00")
class TestCronJob(ProjectBillingCommon):
    def setUp(self):
        super().setUp()
        self.cron = self.env.ref("progress_billing.ir_cron_generate")
        self.env["ir.cron.progress"].search([]).unlink()

    @mute_logger(LOGGER)
    def _run_slice(self, seconds=600.0):
        """Run a slice of the job; return how many it did, and how many it left."""
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            cron, progress = self.cron.with_env(self.env(cr=cr))._add_progress()
            cron = cron.with_context(
                cron_id=cron.id, cron_end_time=time.monotonic() + seconds
            )
            cron.env["progress.billing.line"]._cron_generate()
            counts = progress.done, progress.remaining
        self.env.invalidate_all()
        return counts

    def _due_project(self, **values):
        order = self._project_order(1000.0, **values)
        order.order_line.completed_percent = 50.0
        order.project_id.write(
            {"progress_period": "month", "progress_first_date": "2026-03-01"}
        )
        return order.project_id

    def _too_much(self, date="2026-03-01"):
        """Return a due line that cannot be billed."""
        order = self._order(1000.0)
        self._bill(self._plan(order, 60.0))
        return self._plan(order, 60.0, date=date)

    def _get_automatic_lines(self):
        return self.env["progress.billing.line"]._get_automatic_lines()

    def test_lines_and_projects_are_one_count(self):
        lines = self._plan(self._order(1000.0), 10.0, 20.0)
        projects = self._due_project() + self._due_project()
        self.assertEqual(self._run_slice(seconds=0.0), (0, 4))
        self.assertEqual(self._run_slice(), (4, 0))
        self.assertEqual(set(lines.mapped("state")), {"draft"})
        self.assertTrue(all(projects.mapped("progress_last_date")))
        self.assertEqual(self._run_slice(), (0, 0))

    def test_what_fails_counts_as_done(self):
        line, project = self._too_much(), self._due_project(method="deposit")
        self.company.downpayment_account_id = False
        self.assertEqual(self._run_slice(), (2, 0))
        self.assertTrue(line.error_message)
        self.assertTrue(project.progress_error_message)

    def test_job_tries_once_what_fails_however_many_slices_it_takes(self):
        line, project = self._too_much(), self._due_project(method="deposit")
        self.company.downpayment_account_id = False
        self._run_slice()
        # As if the slice had ended with work left.
        self.env["ir.cron.progress"].search([], limit=1, order="id desc").remaining = 5
        good = self._plan(self._order(1000.0, progress_method="revenue"), 10.0)
        self.assertEqual(self._run_slice(), (1, 0))
        self.assertEqual(good.state, "draft")
        self.assertTrue(line.error_message and project.progress_error_message)

    def test_next_job_tries_again_what_failed(self):
        line, project = self._too_much(), self._due_project(method="deposit")
        account = self.company.downpayment_account_id
        self.company.downpayment_account_id = False
        self._run_slice()
        self.company.downpayment_account_id = account
        line.percent = 40.0
        self.assertEqual(self._run_slice(), (2, 0))
        self.assertEqual(line.state, "draft")
        self.assertFalse(line.error_message)
        self.assertFalse(project.progress_error_message)

    def test_oldest_due_comes_first(self):
        orders = self._order(1000.0) + self._order(1000.0)
        late = self._plan(orders[0], 10.0, date="2026-02-20")
        later = self._plan(orders[0], 10.0, date="2026-02-28")
        early = self._plan(orders[1], 10.0, date="2026-02-10")
        self.assertEqual(self._get_automatic_lines(), early + late + later)

    def test_orders_that_failed_before_come_last(self):
        failing = self._too_much(date="2026-01-01")
        self._run_slice()
        good = self._plan(self._order(1000.0), 10.0, date="2026-02-28")
        self.assertEqual(self._get_automatic_lines(), good + failing)

    def test_projects_that_failed_before_come_last(self):
        failing = self._due_project(method="deposit")
        failing.progress_first_date = "2026-01-01"
        self.company.downpayment_account_id = False
        self._run_slice()
        good = self._due_project()
        batches = self.env["project.project"]._get_automatic_batches(float("inf"))
        self.assertEqual([ids for _bill, ids in batches], [good.ids, failing.ids])

    # === WHO IS TOLD === #

    def test_project_manager_is_told_once_until_the_project_is_billed(self):
        project = self._due_project(method="deposit")
        account = self.company.downpayment_account_id
        self.company.downpayment_account_id = False
        self._run_slice()
        told = project.activity_ids
        self.assertEqual(len(told), 1)
        self._run_slice()
        self.assertEqual(project.activity_ids, told)
        told.action_done()
        self._run_slice()
        self.assertFalse(project.activity_ids, "not told again")
        self.company.downpayment_account_id = account
        self._run_slice()
        self.assertFalse(project.progress_error_message)

    def test_salesperson_is_told_once_until_the_line_is_billed(self):
        line = self._too_much()
        self._run_slice()
        told = line.order_id.activity_ids
        self.assertEqual(len(told), 1)
        told.action_done()
        self._run_slice()
        self.assertFalse(line.order_id.activity_ids, "not told again")
        line.percent = 40.0
        self._run_slice()
        self.assertFalse(line.error_message)

    def test_failure_of_a_project_goes_when_somebody_bills_it(self):
        project = self._due_project(method="deposit")
        account = self.company.downpayment_account_id
        self.company.downpayment_account_id = False
        self._run_slice()
        self.company.downpayment_account_id = account
        project.action_run_billing()
        self.assertFalse(project.progress_error_message)
        self.assertFalse(project.activity_ids)

    @mute_logger("odoo.addons.base.models.ir_cron")
    def _fail(self, cron, count):
        """Let a job fail that failed some times before, for more than a week."""
        cron.write(
            {
                "code": "raise Exception('broken')",
                "failure_count": count,
                "first_failure_date": fields.Datetime.now() - timedelta(days=8),
            }
        )
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def _get_told(self):
        """Return what users were told of jobs."""
        return self.env["mail.message"].search(
            [("model", "=", "ir.cron"), ("message_type", "=", "user_notification")]
        )

    def test_administrators_are_told_when_odoo_switches_the_job_off(self):
        self._fail(self.cron, 3)
        self.assertTrue(self.cron.active)
        self.assertFalse(self._get_told())
        self._fail(self.cron, 4)
        self.assertFalse(self.cron.active)
        told = self._get_told()
        self.assertIn(self.cron.name, told.body)
        self.assertIn(self.env.ref("base.user_admin").partner_id, told.partner_ids)
        self._fail(self.cron, 4)
        self.assertEqual(self._get_told(), told, "not told again")

    def test_other_jobs_that_odoo_switches_off_are_not_told(self):
        other = self.cron.copy()
        self._fail(other, 4)
        self.assertFalse(other.active)
        self.assertFalse(self._get_told())
