"""Retention falls due, is released by the scheduled job, or replaced by a guarantee."""

from lxml import etree

from odoo.fields import Command
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

    def _milestone(self, **values):
        """Return the milestone *Acceptance* of a project."""
        env = self.env(su=True)
        project = env["project.project"].create(
            {"name": "Site", "allow_milestones": True}
        )
        return env["project.milestone"].create(
            {"name": "Acceptance", "project_id": project.id, **values}
        )

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
        milestone = self._milestone(deadline="2027-01-01")
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

    def test_milestone_is_reminded_of_by_its_deadline_and_releases_when_reached(self):
        milestone = self._milestone(deadline="2027-01-01")
        order = self._retained(
            retention_release="milestone", retention_milestone_id=milestone.id
        )
        self._progress(order, 40.0)
        self.assertEqual(str(order.retention_date), "2027-01-01")
        with freeze_time("2026-12-02 12:00:00"):
            self._run()
            self.assertEqual(len(self._activities(order)), 1)
            self.assertEqual(order.retention_due_amount, 0.0)
        with freeze_time("2027-02-01 12:00:00"):
            # Late, and not reached: nothing is due.
            self._run()
            self.assertFalse(self._get_releases(order))
            milestone.is_reached = True
            self.assertEqual(order.retention_due_amount, 1200.0)
            self._run()
            self.assertEqual(self._get_releases(order).amount_total, 1200.0)

    def test_billing_tab_and_project_say_what_is_held_what_is_due_and_when(self):
        order = self._retained(retention_release="months", retention_months=12)
        project = self._milestone().project_id
        project.write(
            {
                "allow_billable": True,
                "partner_id": order.partner_id.id,
                "sale_line_id": order.order_line[0].id,
            }
        )
        tab = etree.fromstring(order.get_view(view_type="form")["arch"])
        [tab] = tab.xpath("//page[@name='progress_billing']")
        names = tab.xpath(".//div[@name='progress_retention_strip']/field/@name")
        self.assertEqual(
            names,
            ["retention_held_amount", "retention_due_amount", "retention_date"],
        )
        with freeze_time("2026-03-01"):
            self._progress(order, 100.0)
        for day, shown in (
            ("2026-03-02", ["Retention Held", "Retention Due"]),
            ("2027-03-01", ["Retention Held", "Retention Due for Release"]),
        ):
            with freeze_time(day):
                self.env.invalidate_all()
                buttons = project._get_retention_stat_buttons()
                self.assertEqual([button["text"] for button in buttons], shown)
                number = buttons[1]["number"]
                self.assertIn("2027" if day < "2027" else "3,000.00", number)

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

    def test_failure_is_told_once_until_it_is_released(self):
        order = self._due()
        journal = self.company.retention_journal_id
        self.company.retention_journal_id = False
        self._run()
        told = self._activities(order)
        self.assertEqual(len(told), 1)
        self._run()
        self.assertEqual(self._activities(order), told, "not another one each night")
        told.action_done()
        self._run()
        self.assertFalse(self._activities(order), "not told again")
        self.company.retention_journal_id = journal
        self._run()
        self.assertEqual(self._get_releases(order).amount_total, 3000.0)
        self.assertFalse(order.retention_failed_in_run)

    def test_release_by_a_person_forgets_the_failure(self):
        order = self._due()
        journal = self.company.retention_journal_id
        self.company.retention_journal_id = False
        self._run()
        self.company.retention_journal_id = journal
        order._create_retention_releases()
        self.assertFalse(self._activities(order))
        self.assertFalse(order.retention_failed_in_run)

    def test_release_that_cannot_be_posted_stops_no_other(self):
        euro = self.setup_other_currency("EUR")
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": euro.id}
        )
        failing, good = self._due(pricelist_id=pricelist.id), self._due()
        euro.active = False
        self.company.progress_auto_post = True
        self._run()
        self.assertEqual(self._get_releases(good).state, "posted")
        self.assertFalse(self._get_releases(failing), "undone with what failed")
        self.assertIn("inactive currency", self._activities(failing).note)

    def test_what_fails_is_tried_once_in_a_job_and_last_in_the_next(self):
        failing, good = self._due(), self._due()
        failing.sudo().retention_failed_in_run = 7
        due = failing | good
        self.assertEqual(due._get_untried_retention(8), good + failing)
        self.assertEqual(due._get_untried_retention(7), good)

    def _due(self, **values):
        """Return an order of which 3,000 are due for release."""
        order = self._retained(retention_release="months", **values)
        with freeze_time("2026-03-01"):
            self._progress(order, 100.0)
        return order

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
        with freeze_time("2027-12-30 12:00:00"):
            self._run()
            self.assertFalse(self._activities(order))
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

    def _count(self, work):
        """Return the queries of some work, and what it returns."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        result = work()
        self.env.flush_all()
        return self.cr.sql_log_count - before, result

    def _count_releases(self, number):
        """Return the queries that creating and posting so many releases take."""
        orders, lines = self.env["sale.order"], self.env["progress.billing.line"]
        for _number in range(number):
            orders |= self._retained()
            lines |= self._plan(orders[-1], 40.0)
        lines._create_progress_invoices().action_post()
        created, moves = self._count(orders._create_retention_releases)
        self.assertEqual(len(moves), number)
        posted, _result = self._count(moves.action_post)
        return created, posted

    def _count_bare(self, number):
        """Return the same of equal invoices of the host, reconciled one by one."""
        account = self.retention_account.copy({"code": f"BARE{number}"})
        counterpart = {"account_id": account.id, "partner_id": self.partner_a.id}
        entries = self.env["account.move"].create(
            [
                {
                    "line_ids": [
                        Command.create({**counterpart, "debit": 1200.0}),
                        Command.create(
                            {"account_id": self.receivable.id, "credit": 1200.0}
                        ),
                    ],
                }
                for _number in range(number)
            ]
        )
        entries.action_post()
        line = {"name": "Bare", "account_id": account.id, "price_unit": 1200.0}
        values = {
            "move_type": "out_invoice",
            "journal_id": self.retention_journal.id,
            "partner_id": self.partner_a.id,
            "invoice_line_ids": [Command.create({**line, "tax_ids": False})],
        }
        created, moves = self._count(
            lambda: self.env["account.move"].create([{**values} for _ in entries])
        )
        posted, _result = self._count(moves.action_post)
        items = (entries | moves).line_ids.filtered(
            lambda item: item.account_id == account
        )
        debits = items.filtered(lambda item: item.balance > 0.0)
        plan = [a | b for a, b in zip(debits, items - debits, strict=True)]
        reconciled, _result = self._count(lambda: debits._reconcile_plan(plan))
        return created, posted + reconciled

    def test_many_releases_take_the_queries_of_as_many_invoices_of_the_host(self):
        """What one more costs, beyond the host's own: nothing to create, or to post."""
        self._count_releases(1)
        self._count_bare(1)
        ours = zip(self._count_releases(5), self._count_releases(25), strict=True)
        bare = zip(self._count_bare(5), self._count_bare(25), strict=True)
        growth = [many - few for few, many in ours]
        host = [many - few for few, many in bare]
        self.assertLessEqual(growth[0], host[0])
        self.assertLessEqual(growth[1], host[1])
