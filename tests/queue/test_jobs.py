"""The batches of a run as jobs of OCA queue_job: design 4."""

from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.queue_job.tests.common import trap_jobs

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-02 10:00:00")
class TestJobs(ProgressBillingCommon):
    def setUp(self):
        super().setUp()
        self.env["progress.billing.line"].search([]).unlink()
        self.lines = self._plan(self._order(), 10.0) | self._plan(self._order(), 20.0)

    def test_the_scheduled_job_hands_its_batches_to_the_queue(self):
        with trap_jobs() as trap:
            self.lines._enqueue_run(size=1)
            trap.assert_jobs_count(2)
            self.assertEqual(set(self.lines.mapped("state")), {"planned"})
            trap.perform_enqueued_jobs()
        self.assertEqual(set(self.lines.mapped("state")), {"draft"})

    def test_a_waiting_batch_is_not_added_again(self):
        for _time in range(2):
            self.lines._enqueue_run()
        jobs = (
            self.env["queue.job"]
            .sudo()
            .search([("model_name", "=", "progress.billing.line")])
        )
        self.assertEqual(len(jobs), 1)

    def test_a_job_that_runs_twice_bills_once(self):
        with trap_jobs() as trap:
            self.lines._enqueue_run()
            trap.perform_enqueued_jobs()
            moves = self.lines.move_id
            trap.perform_enqueued_jobs()
        self.assertEqual(self.lines.move_id, moves)
        self.assertEqual(self.lines.order_id.invoice_ids, moves)

    def test_lines_of_an_order_stay_together(self):
        """Or two processes are in each other's way."""
        order = self.lines[0].order_id
        self.lines |= self._plan(order, 5.0, 5.0, date="2026-02-01")
        with trap_jobs() as trap:
            self.assertEqual(self.lines._enqueue_run(size=2), 2)
            trap.perform_enqueued_jobs()
        self.assertEqual(set(self.lines.mapped("state")), {"draft"})

    def test_journals_take_turns(self):
        """Two processes that number invoices of one journal wait for each other."""
        journal = self.company_data["default_journal_sale"].copy()
        ours, others = self._order(), self._order()
        more = self._order(journal_id=journal.id), self._order(journal_id=journal.id)
        orders = ours | others | more[0] | more[1]
        lines = orders.browse().progress_line_ids
        for order in orders:
            lines |= self._plan(order, 5.0)
        with trap_jobs() as trap:
            lines._enqueue_run(size=1)
            found = [job.recordset.order_id for job in trap.enqueued_jobs]
            self.assertEqual(found, [ours, more[0], others, more[1]])
        # All of them are the same customer's, on one invoice.
        with trap_jobs() as trap:
            self.assertEqual(lines._enqueue_run(consolidated=True, size=1), 1)

    def test_later_job_comes_back_to_what_somebody_held(self):
        held = self.lines[1]
        Line = self.env.registry["progress.billing.line"]
        with trap_jobs() as trap:
            self.lines._enqueue_run()
            with patch.object(Line, "_try_lock_billing", lambda lines: lines - held):
                trap.enqueued_jobs[0].perform()
            self.assertEqual(self.lines.mapped("state"), ["draft", "planned"])
            later = trap.enqueued_jobs[1]
            self.assertTrue(later.eta)
            later.perform()
            self.assertEqual(held.state, "draft")
            self.assertEqual(len(trap.enqueued_jobs), 2)

    @mute_logger("odoo.addons.progress_billing.models.run.batches")
    def test_what_fails_in_the_queue_is_handed_over_once_in_a_scheduled_job(self):
        self.env.company.downpayment_account_id = False
        Line = self.env["progress.billing.line"]
        with trap_jobs() as trap:
            Line.with_context(ir_cron_progress_id=7)._get_automatic_batches(7)
            trap.assert_jobs_count(1)
            trap.perform_enqueued_jobs()
            self.assertTrue(all(self.lines.mapped("error_message")))
            Line.with_context(ir_cron_progress_id=8)._get_automatic_batches(7)
            trap.assert_jobs_count(0)
            Line.with_context(ir_cron_progress_id=9)._get_automatic_batches(9)
            trap.assert_jobs_count(1)

    def test_the_wizard_bills_in_the_background(self):
        wizard = self.env["progress.billing.run"].create({"in_background": True})
        self.assertTrue(wizard.has_job_queue)
        with trap_jobs() as trap:
            wizard.action_run()
            trap.assert_jobs_count(1)
        self.assertIn("1 jobs", wizard.message)
        self.assertEqual(set(self.lines.mapped("state")), {"planned"})

    def test_invoices_of_the_queue_hold_retention(self):
        company = self.env.company
        company.progress_auto_post = True
        company.retention_account_id = self.env["account.account"].create(
            {
                "name": "Retention",
                "code": "PBRET",
                "account_type": "asset_current",
                "reconcile": True,
            }
        )
        order = self._order(50000.0, progress_method="revenue", retention_percent=5.0)
        lines = self._plan(order, 40.0, 35.0)
        with trap_jobs() as trap:
            lines._enqueue_run(size=1)
            trap.perform_enqueued_jobs()
        held = [round(move.retention_amount, 2) for move in lines.move_id]
        self.assertEqual(held, [1150.0, 1006.25])
        self.assertEqual(order.retention_held_amount, 2156.25)
