"""Running billing over many orders and the scheduled job."""

from datetime import timedelta

from freezegun import freeze_time

from odoo.fields import Date
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..common import ProgressBillingCommon

LOGGER = "odoo.addons.progress_billing.models.run.batches"


@tagged("post_install", "-at_install")
@freeze_time("2026-03-02 10:00:00")
class TestRun(ProgressBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["progress.billing.line"].search([]).unlink()

    def _wizard(self, **values):
        return self.env["progress.billing.run"].create(values)

    def test_the_job_takes_what_the_preview_shows(self):
        for flag in ("auto", "yes", "no"):
            order = self._order()
            self._plan(order, 10.0, invoice_flag=flag)
            self._plan(order, 10.0, invoice_flag=flag, date="2026-03-09")
        shown = self._wizard(automatic_only=True).line_ids
        self.assertEqual(len(shown), 1)
        self.assertEqual(
            self.env["progress.billing.line"]._get_automatic_lines(), shown
        )

    def test_a_line_taken_out_of_the_list_is_left_for_another_time(self):
        lines = self._plan(self._order(10000.0), 10.0, 20.0)
        other = self._plan(self._order(5000.0), 10.0)
        wizard = self._wizard()
        self.assertRecordValues(
            wizard, [{"line_count": 3, "line_untaxed": 3500.0, "line_total": 4025.0}]
        )
        with Form(wizard) as form:
            form.line_ids.remove(id=lines[1].id)
            self.assertEqual((form.line_count, form.line_untaxed), (2, 1500.0))
        self.assertEqual(wizard.line_ids, lines[0] | other)
        self.assertEqual(wizard.left_count, 1)
        wizard.action_run()
        self.assertEqual((lines | other).mapped("state"), ["draft", "planned", "draft"])

    def test_run_bills_what_was_shown(self):
        lines = self._plan(self._order(), 10.0, 20.0)
        held = self._plan(self._order(), 10.0, invoice_flag="no")
        wizard = self._wizard()
        wizard.action_run()
        self.assertEqual(wizard.state, "done")
        self.assertEqual(wizard.move_ids, lines.move_id)
        self.assertEqual(set(lines.mapped("state")), {"draft"})
        self.assertEqual(held.state, "planned")
        self.assertFalse(self._wizard().line_ids, "nothing the second time")

    def test_a_run_ahead_dates_the_invoices_as_planned(self):
        self._plan(self._order(), 10.0, date="2026-03-31")
        wizard = self._wizard(date="2026-03-31")
        wizard.action_run()
        self.assertEqual(wizard.move_ids.invoice_date, Date.to_date("2026-03-31"))

    def test_range_of_orders_customers_and_salespeople(self):
        orders = self.env["sale.order"]
        for partner in (self.partner_a, self.partner_b, self.partner_a):
            orders |= self._order(partner_id=partner.id)
        for order in orders:
            self._plan(order, 10.0)
        orders[2].user_id = self.env.user
        (orders[0] | orders[1]).user_id = False
        for values, expected in (
            ({}, [0, 1, 2]),
            ({"order_from_id": orders[1].id}, [1, 2]),
            ({"order_to_id": orders[1].id}, [0, 1]),
            ({"order_from_id": orders[1].id, "order_to_id": orders[1].id}, [1]),
            ({"partner_ids": self.partner_a.ids}, [0, 2]),
            ({"user_ids": self.env.user.ids}, [2]),
        ):
            with self.subTest(**values):
                taken = self._wizard(**values).line_ids.order_id
                self.assertEqual(taken, orders.browse(orders[i].id for i in expected))

    def test_range_of_projects(self):
        project = self.env["project.project"].sudo().create({"name": "Bridge"})
        line = self._plan(self._order(project_id=project.id), 10.0)
        self._plan(self._order(), 10.0)
        self.assertEqual(self._wizard(project_ids=project.ids).line_ids, line)

    def test_one_that_fails_does_not_stop_the_rest(self):
        good = self._plan(self._order(), 10.0)
        bad = self._plan(self._unbillable_order(), 10.0)
        wizard = self._wizard()
        self.assertEqual(wizard.line_ids, good | bad)
        with mute_logger(LOGGER):
            wizard.action_run()
        self.assertEqual((good.state, bad.state), ("draft", "planned"))
        self.assertEqual(wizard.failed_line_ids, bad)
        self.assertEqual(wizard.move_ids, good.move_id)
        self.assertIn("journal", bad.error_message)
        self.assertFalse(good.error_message)

    def _unbillable_order(self, **values):
        """Return an order that the host refuses to invoice, as only it knows."""
        journal = self.company_data["default_journal_purchase"]
        return self._order(journal_id=journal.id, **values)

    def test_regular_invoices(self):
        regular = self._order(300.0)
        planned = self._order(500.0)
        line = self._plan(planned, 10.0)
        only = {"partner_ids": self.partner_a.ids}
        wizard = self._wizard(invoice_type="regular", **only)
        self.assertIn(regular, wizard.order_ids)
        self.assertNotIn(planned, wizard.order_ids)
        self.assertFalse(wizard.line_ids)
        wizard.action_run()
        self.assertEqual(regular.invoice_status, "invoiced")
        self.assertEqual(line.state, "planned")

    def test_both(self):
        regular = self._order(300.0)
        line = self._plan(self._order(500.0), 10.0)
        wizard = self._wizard(invoice_type="both", partner_ids=self.partner_a.ids)
        wizard.action_run()
        self.assertEqual(regular.invoice_status, "invoiced")
        self.assertEqual(line.state, "draft")
        self.assertLessEqual(line.move_id | regular.invoice_ids, wizard.move_ids)

    def test_consolidated_per_customer(self):
        orders = self._order() | self._order() | self._order()
        orders[2].partner_id = self.partner_b
        for number, order in enumerate(orders):
            date = Date.to_date("2026-03-01") - timedelta(days=number)
            self._plan(order, 10.0, date=date)
        wizard = self._wizard(consolidated=True)
        wizard.action_run()
        self.assertEqual(len(wizard.move_ids), 2)
        self.assertEqual(
            orders[0].progress_line_ids.move_id, orders[1].progress_line_ids.move_id
        )

    def test_one_bad_order_leaves_the_others_on_one_invoice(self):
        lines = self.env["progress.billing.line"]
        # The first one's journal is the shared invoice's.
        for order in (self._unbillable_order(), self._order(), self._order()):
            lines |= self._plan(order, 10.0, 20.0)
        bad, good = lines[:2], lines[2:]
        wizard = self._wizard(consolidated=True)
        with mute_logger(LOGGER):
            wizard.action_run()
        moves = wizard.move_ids
        self.assertEqual(len(moves), 1)
        self.assertEqual(good.move_id, moves)
        self.assertEqual(moves.amount_untaxed, 6000.0)
        self.assertEqual(set(bad.mapped("state")), {"planned"})
        for line in bad:
            self.assertIn("journal", line.error_message)
        self.assertFalse(any(good.mapped("error_message")))
        self.assertEqual(wizard.failed_line_ids, bad)

    def test_one_line_too_much_leaves_the_others_on_one_invoice(self):
        orders = self._order() | self._order()
        lines = self._plan(orders[0], 60.0, 60.0) | self._plan(orders[1], 10.0)
        with mute_logger(LOGGER):
            moves = lines._run(consolidated=True)
        self.assertEqual(moves.amount_untaxed, 7000.0)
        self.assertEqual((lines[0] | lines[2]).move_id, moves)
        self.assertIn("10,000.00", lines[1].error_message)

    def test_one_bad_regular_order_leaves_the_others_on_one_invoice(self):
        orders = self._unbillable_order() | self._order(100.0) | self._order(200.0)
        moves, message = orders._run_regular_invoices(consolidated=True)
        self.assertEqual(moves.amount_untaxed, 300.0)
        self.assertEqual(len(moves), 1)
        self.assertEqual(orders[0].invoice_status, "to invoice")
        self.assertIn(orders[0].name, message)
        self.assertNotIn(orders[1].name, message)

    def test_queries_of_a_batch_do_not_grow_with_what_its_order_billed_before(self):
        lines = self._plan(self._order(), *[1.0] * 40)
        self._count_queries(lines[:5])
        few = self._count_queries(lines[5:10])
        self._count_queries(lines[10:30])
        many = self._count_queries(lines[30:35])
        self.assertLessEqual(many, few)

    def _count_queries(self, lines):
        """Bill lines as one batch of the scheduled job; return its queries."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        lines._run()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def test_a_line_shows_what_it_bills_while_it_is_typed(self):
        line = self._plan(self._order(1000.0), 10.0, 20.0)[0]
        with Form(line) as form:
            form.percent = 30.0
            self.assertEqual(form.amount_untaxed, 300.0)
