"""Running billing over many orders: rows G3, G4, G5 and the scheduled job."""

from datetime import timedelta

from freezegun import freeze_time

from odoo.fields import Date
from odoo.tests import Form, tagged

from .common import ProgressBillingCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-02 10:00:00")
class TestRun(ProgressBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["progress.billing.line"].search([]).unlink()

    def _wizard(self, **values):
        return self.env["progress.billing.run"].create(values)

    def _obstacles(self, wizard):
        lines = wizard.left_line_ids.with_context(
            progress_run_date=wizard.date, progress_run_automatic=wizard.automatic_only
        )
        return {line.name: line.run_obstacle for line in lines}

    def test_g03_preview_shows_what_is_taken_and_why_not(self):
        order = self._order(10000.0)
        due = self._plan(order, 10.0, name="due")
        self._plan(order, 10.0, name="hold", invoice_flag="no")
        manual = self._plan(order, 10.0, name="manual", invoice_flag="yes")
        self._plan(order, 10.0, name="later", date="2026-03-03")
        self._plan(order, 70.0, name="most", date="2026-03-02", sequence=8)
        self._plan(order, 20.0, name="over", date="2026-03-02", sequence=9)
        self._plan(self._order(confirm=False), 10.0, name="quotation")
        wizard = self._wizard()
        self.assertEqual(set(wizard.line_ids.mapped("name")), {"due", "manual", "most"})
        self.assertEqual(
            self._obstacles(wizard),
            {
                "hold": "hold",
                "later": "not_due",
                "over": "contract",
                "quotation": "unconfirmed",
            },
        )
        wizard.automatic_only = True
        self.assertNotIn(manual, wizard.line_ids)
        self.assertEqual(self._obstacles(wizard)["manual"], "manual")
        self.assertIn(due, wizard.line_ids)

    def test_g03_preview_names_a_missing_account(self):
        line = self._plan(self._order(), 10.0)
        self.company.downpayment_account_id = False
        wizard = self._wizard()
        self.assertFalse(wizard.line_ids)
        self.assertEqual(self._obstacles(wizard), {line.name: "account"})

    def test_g03_preview_names_a_line_with_nothing_left(self):
        order = self._order()
        line = self._plan(order, 100.0, sale_line_id=order.order_line.id)
        order.progress_line_ids.invoice_flag = "no"
        order._create_invoices().action_post()
        line.invoice_flag = "auto"
        self.assertEqual(self._obstacles(self._wizard()), {line.name: "nothing"})

    def test_g03_the_job_takes_what_the_preview_shows(self):
        for flag in ("auto", "yes", "no"):
            order = self._order()
            self._plan(order, 10.0, invoice_flag=flag)
            self._plan(order, 10.0, invoice_flag=flag, date="2026-03-09")
        shown = self._wizard(automatic_only=True).line_ids
        self.assertEqual(len(shown), 1)
        self.assertEqual(
            self.env["progress.billing.line"]._get_automatic_lines(), shown
        )

    def test_g03_run_bills_what_was_shown(self):
        lines = self._plan(self._order(), 10.0, 20.0)
        held = self._plan(self._order(), 10.0, invoice_flag="no")
        wizard = self._wizard()
        wizard.action_run()
        self.assertEqual(wizard.state, "done")
        self.assertEqual(wizard.move_ids, lines.move_id)
        self.assertEqual(set(lines.mapped("state")), {"draft"})
        self.assertEqual(held.state, "planned")
        self.assertFalse(self._wizard().line_ids, "nothing the second time")

    def test_g03_a_run_ahead_dates_the_invoices_as_planned(self):
        self._plan(self._order(), 10.0, date="2026-03-31")
        wizard = self._wizard(date="2026-03-31")
        wizard.action_run()
        self.assertEqual(wizard.move_ids.invoice_date, Date.to_date("2026-03-31"))

    def test_g03_range_of_orders_customers_and_salespeople(self):
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

    def test_g03_range_of_projects(self):
        project = self.env["project.project"].sudo().create({"name": "Bridge"})
        line = self._plan(self._order(project_id=project.id), 10.0)
        self._plan(self._order(), 10.0)
        self.assertEqual(self._wizard(project_ids=project.ids).line_ids, line)

    def test_g03_one_that_fails_does_not_stop_the_rest(self):
        good = self._plan(self._order(), 10.0)
        order = self._order()
        bad = self._plan(order, 10.0)
        # The host refuses to invoice it, of which the preview knows nothing.
        order.partner_invoice_id = self.env["res.partner"].create(
            {"name": "Blocked", "property_account_receivable_id": False}
        )
        order.journal_id = self.env["account.journal"].create(
            {"name": "Old", "code": "OLDJ", "type": "sale", "active": False}
        )
        wizard = self._wizard()
        wizard.action_run()
        self.assertEqual(good.state, "draft")
        self.assertIn(bad.state, ("draft", "planned"))
        self.assertEqual(bool(wizard.failed_line_ids), bad.state == "planned")

    def test_g04_regular_invoices(self):
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

    def test_g04_both(self):
        regular = self._order(300.0)
        line = self._plan(self._order(500.0), 10.0)
        wizard = self._wizard(invoice_type="both", partner_ids=self.partner_a.ids)
        wizard.action_run()
        self.assertEqual(regular.invoice_status, "invoiced")
        self.assertEqual(line.state, "draft")
        self.assertLessEqual(line.move_id | regular.invoice_ids, wizard.move_ids)

    def test_g05_consolidated_per_customer(self):
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

    def test_preview_follows_the_filters_in_the_form(self):
        line = self._plan(self._order(1000.0), 10.0)
        held = self._plan(self._order(1000.0), 10.0, invoice_flag="no")
        wizard = self._wizard()
        spec = {"fields": {"amount_untaxed": {}, "run_obstacle": {}}, "limit": 40}
        fields = {"automatic_only": {}, "line_ids": spec, "left_line_ids": spec}
        result = wizard.onchange({"automatic_only": True}, ["automatic_only"], fields)
        rows = {
            command[1]: command[2]
            for name in ("line_ids", "left_line_ids")
            for command in result["value"].get(name, [])
            if command[0] in (1, 4) and len(command) > 2 and command[2]
        }
        for billing_line in line | held:
            if billing_line.id in rows:
                self.assertEqual(rows[billing_line.id]["amount_untaxed"], 100.0)

    def test_a_line_shows_what_it_bills_while_it_is_typed(self):
        line = self._plan(self._order(1000.0), 10.0, 20.0)[0]
        with Form(line) as form:
            form.percent = 30.0
            self.assertEqual(form.amount_untaxed, 300.0)

    def test_preview_queries_do_not_grow_with_the_lines(self):
        def count(lines):
            orders = [self._order(1000.0) for _number in range(lines)]
            for order in orders:
                self._plan(order, 10.0)
                self._plan(order, 10.0, date="2026-04-01")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            wizard = self._wizard()
            spec = {"fields": {"name": {}, "amount_untaxed": {}}, "limit": 40}
            wizard.web_read({"line_ids": spec, "left_line_ids": spec})
            return self.env.cr.sql_log_count - before

        count(2)
        few, many = count(5), count(40)
        self.assertLessEqual(many, few)
