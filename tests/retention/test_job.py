"""Retention falls due, is released by the scheduled job, or replaced by a guarantee."""

from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..common_retention import RetentionCommon

LOGGER = "odoo.addons.progress_billing.models.run.batches"


@tagged("post_install", "-at_install")
class TestJob(RetentionCommon):
    def _run(self):
        cron = self.env.ref("progress_billing.ir_cron_release_retention")
        with self.enter_registry_test_mode(), mute_logger(LOGGER):
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def _get_releases(self, order):
        return order.retention_item_ids.move_id.filtered("is_retention_release")

    def _activities(self, order):
        return order.activity_search(["progress_billing.mail_activity_type_retention"])

    def test_job_releases_months_after_the_final_invoice_and_reminds_before(self):
        order = self._retained(retention_release="months", retention_months=12)
        with freeze_time("2026-03-01"):
            self._progress(order, 100.0)
        self.assertEqual(str(order.retention_date), "2027-03-01")
        with freeze_time("2027-01-31 12:00:00"):
            self._run()
            self.assertFalse(self._activities(order))
        with freeze_time("2027-02-02 12:00:00"):
            self._run()
            self._run()
            self.assertEqual(len(self._activities(order)), 1)
            self.assertFalse(self._get_releases(order))
            self.assertEqual(order.retention_due_amount, 0.0)
        with freeze_time("2027-03-01 12:00:00"):
            self.env.invalidate_all()
            self.assertEqual(order.retention_due_amount, 3000.0)
            self._run()
            self._run()
            release = self._get_releases(order)
            self.assertRecordValues(
                release, [{"amount_total": 3000.0, "state": "draft"}]
            )

    def test_job_posts_where_the_company_wants_it(self):
        order = self._retained(retention_release="months", retention_months=1)
        with freeze_time("2026-03-01"):
            self._progress(order, 100.0)
        self.company.progress_auto_post = True
        with freeze_time("2028-03-01 12:00:00"):
            self._run()
            self.assertEqual(self._get_releases(order).state, "posted")
            self.assertEqual(order.retention_held_amount, 0.0)

    def test_reached_milestone_makes_it_due(self):
        project = (
            self.env["project.project"]
            .sudo()
            .create({"name": "Site", "allow_milestones": True})
        )
        milestone = (
            self.env["project.milestone"]
            .sudo()
            .create(
                {
                    "name": "Acceptance",
                    "project_id": project.id,
                    "deadline": "2027-01-01",
                }
            )
        )
        order = self._retained(
            retention_release="milestone", retention_milestone_id=milestone.id
        )
        move = self._progress(order, 40.0)
        self.assertIn("due with Acceptance", move.retention_text)
        self._run()
        self.assertFalse(self._get_releases(order))
        milestone.is_reached = True
        self._run()
        self.assertEqual(self._get_releases(order).amount_total, 1200.0)

    def test_what_cannot_be_released_is_told_and_the_rest_goes_on(self):
        orders = self._retained(
            retention_release="months", retention_months=0
        ) | self._retained(retention_release="months", retention_months=0)
        with freeze_time("2026-03-01"):
            for order in orders:
                self._progress(order, 100.0)
        self.company.retention_journal_id = False
        with freeze_time("2026-04-01 12:00:00"):
            self._run()
            self.assertEqual(len(self._activities(orders[0])), 1)
            self._run()
            self.assertEqual(len(self._activities(orders[0])), 1)

    def test_guarantee_releases_all_and_holds_nothing_more(self):
        order = self._retained()
        self._progress(order, 40.0)
        order.write(
            {
                "retention_guarantee_reference": "BG 4711",
                "retention_guarantee_date": "2028-01-31",
            }
        )
        release = self._get_releases(order)
        self.assertEqual(release.amount_total, 1200.0)
        release.action_post()
        second = self._progress(order, 35.0)
        self.assertEqual(second.retention_amount, 0.0)
        self.assertEqual(second.amount_residual, 21000.0)
        with freeze_time("2028-01-05 12:00:00"):
            self._run()
            self._run()
            self.assertIn("BG 4711", self._activities(order).note)

    # === WHAT IT COSTS === #

    def test_order_without_terms_asks_nothing_of_the_database(self):
        """Counted with the rooms' steps replaced by nothing."""
        order = self._order(50000.0, progress_method="revenue")
        moves = self._progress(order, 10.0, 10.0, post=False)
        self.env.flush_all()
        self.env.invalidate_all()
        first, second = moves
        orders = second._get_progress_orders()
        orders.mapped("has_retention")
        second.line_ids.mapped("retention_order_id")
        second.mapped("has_retention")
        with self.assertQueryCount(0):
            retained = second._get_retained_documents()
            retained._check_retention_posting()
            retained._hold_retention()
            second._check_retention_undo()
            second._undo_retention()
            second._correct_retention_payment_state()
            orders._add_retention_lines([])
        self.assertFalse(retained)

    def test_many_releases_are_one_batch(self):
        def count(number):
            orders = self.env["sale.order"]
            for _number in range(number):
                orders |= self._retained()
            for order in orders:
                self._progress(order, 40.0)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            orders._create_retention_releases()
            self.env.flush_all()
            return self.cr.sql_log_count - before

        count(1)
        few, many = count(2), count(6)
        self.assertLess((many - few) / 4, 4.0)
