from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user, tagged

from ..common_project import ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestProjectBilling(ProjectBillingCommon):
    """Run Billing on projects."""

    def test_pending_total(self):
        order = self._project_order(1000.0, (22.0, 10.0, "quantity"))
        project = order.project_id
        self._complete(order.order_line, 50.0, 50.0)
        self.assertEqual(project.pending_amount_total, 610.0)
        found = self.env["project.project"].search([("pending_amount_total", "!=", 0)])
        self.assertIn(project, found)
        self._run(project)
        self.assertEqual(project.pending_amount_total, 0.0)
        found = self.env["project.project"].search([("pending_amount_total", "!=", 0)])
        self.assertNotIn(project, found)

    def test_one_project(self):
        order = self._project_order(1000.0)
        self._complete(order.order_line, 50.0)
        action = order.project_id.action_run_billing()
        move = self.env["account.move"].browse(action["res_id"])
        self.assertEqual((move.state, move.amount_untaxed), ("draft", 500.0))
        with self.assertRaisesRegex(UserError, "nothing is pending"):
            order.project_id.action_run_billing()

    def test_items_of_a_budget_bill_no_planned_line(self):
        for method in ("revenue", "deposit"):
            with self.subTest(method):
                order = self._project_order(1000.0, method=method)
                self._complete(order.order_line, 50.0)
                moves = self._run(order.project_id)[1]
                self.assertFalse(moves.invoice_line_ids.progress_line_id)

    def test_payment_of_an_order_billed_by_its_budget(self):
        order = self._project_order(1000.0)
        self.assertEqual(order.progress_payment_state, "none")
        self._complete(order.order_line, 50.0)
        moves = self._run(order.project_id, post=True)[1]
        self.assertEqual(order.progress_payment_state, "unpaid")
        register = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=moves.ids
        )
        register.create({}).action_create_payments()
        self.assertEqual(order.progress_payment_state, "paid")
        self._final(order)
        self.assertEqual(order.progress_payment_state, "partial")

    def test_pro_forma_or_invoice(self):
        for create, names in ((True, (1, 0)), (False, (0, 1))):
            with self.subTest(create=create):
                order = self._project_order(1000.0)
                order.project_id.progress_create_proforma = create
                self._complete(order.order_line, 50.0)
                proformas, moves = self._run(order.project_id)
                self.assertEqual((len(proformas), len(moves)), names)
                self.assertBudget(order.order_line, (0.0, 500.0, 0.0))

    def test_negative_makes_a_credit_note(self):
        order = self._project_order(1000.0)
        self._complete(order.order_line, 50.0)
        self._run(order.project_id, post=True)
        self._complete(order.order_line, 30.0)
        _none, credit = self._run(order.project_id, post=True)
        self.assertRecordValues(
            credit,
            [{"move_type": "out_refund", "amount_untaxed": 200.0, "amount_tax": 30.0}],
        )
        self.assertBudget(order.order_line, (0.0, 0.0, 300.0))

    def test_project_transactions_are_ignored(self):
        order = self._project_order(1000.0)
        self._complete(order.order_line, 50.0)
        self.env["account.analytic.line"].create(
            {
                "name": "Expense",
                "account_id": order.project_id.account_id.id,
                "amount": -333.0,
            }
        )
        _none, move = self._run(order.project_id)
        self.assertEqual(move.amount_untaxed, 500.0)

    def test_periods(self):
        # In sudo mode because only billing says when a project was billed last.
        project = self._project_order(1000.0).project_id.sudo()
        project.progress_first_date = date(2026, 1, 31)
        for period, after in (
            ("week", date(2026, 2, 7)),
            ("month", date(2026, 2, 28)),
            ("quarter", date(2026, 4, 30)),
        ):
            with self.subTest(period=period):
                project.write({"progress_period": period, "progress_last_date": False})
                self.assertEqual(project.progress_next_date, date(2026, 1, 31))
                project.progress_last_date = date(2026, 2, 2)
                self.assertEqual(project.progress_next_date, after)
        project.progress_last_date = date(2026, 9, 1)
        self.assertEqual(project.progress_next_date, date(2026, 10, 31))
        project.progress_period = "on_demand"
        self.assertFalse(project.progress_next_date)

    @freeze_time("2026-03-02")
    def test_scheduled_job(self):
        """Late projects are caught up; a failing one is isolated and says why."""
        good, bad, later = (self._project_order(1000.0) for _number in range(3))
        orders = good | bad | later
        orders.order_line.completed_percent = 50.0
        orders.project_id.write(
            {"progress_period": "month", "progress_first_date": "2026-03-01"}
        )
        later.project_id.progress_first_date = "2026-03-15"
        regular = bad._create_invoices()
        self.env.flush_all()
        self._run_cron()
        self.assertBudget(good.order_line, (0.0, 500.0, 0.0))
        self.assertFalse(later.order_line.invoice_lines)
        self.assertEqual(bad.order_line.invoice_lines.move_id, regular)
        self.assertIn("cannot bill", bad.project_id.progress_error_message)
        self.assertEqual(len(bad.project_id.activity_ids), 1)
        self.assertEqual(good.project_id.progress_next_date, date(2026, 4, 1))
        self.assertEqual(bad.project_id.progress_next_date, date(2026, 3, 1))
        moves = good.order_line.invoice_lines
        bad.progress_method = "deposit"
        self.company.downpayment_account_id = False
        self._run_cron()
        self.assertIn("deposit account", bad.project_id.progress_error_message)
        self.assertEqual(good.order_line.invoice_lines, moves)
        self.assertEqual(len(bad.project_id.activity_ids), 1)

    def _run_cron(self):
        cron = self.env.ref("progress_billing.ir_cron_generate")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def test_unconfirmed_orders_are_not_billed(self):
        order = self._project_order(1000.0)
        project = order.project_id
        quotation = self._project_order(500.0, confirm=False, project_id=project.id)
        quotation.order_line.completed_percent = 50.0
        self.assertIn(quotation.order_line, project.budget_line_ids)
        self.assertEqual(project.pending_amount_total, 0.0)
        with self.assertRaisesRegex(UserError, f"{quotation.name}.*not confirmed"):
            project.action_run_billing()
        self._complete(order.order_line, 50.0)
        action = project.action_run_billing()
        self.assertIn(quotation.name, action["params"]["message"])
        self.assertFalse(quotation.order_line.progress_item_ids)

    def test_revenue_and_deposit(self):
        """Both ways to book, both sources: four combinations."""
        for method in ("revenue", "deposit"):
            for source in ("plan", "budget"):
                with self.subTest(method=method, source=source):
                    order = self._project_order(1000.0, 500.0, method=method)
                    move = self._bill_half(order, source)
                    account = self.deposit_account
                    if method == "revenue":
                        account = self.revenue_account
                    self.assertEqual(move.invoice_line_ids.account_id, account)
                    self.assertEqual(move.amount_untaxed, 750.0)
                    self.assertEqual(self._balance(account, order), -750.0)
                    self._final(order)
                    self.assertSettled(order)
                    self.assertEqual(sum(order.order_line.mapped("pending_amount")), 0)
                    self.assertEqual(
                        order.order_line.filtered(
                            lambda line: not line.is_downpayment
                        ).mapped("qty_invoiced"),
                        [1.0, 1.0],
                    )

    def _bill_half(self, order, source):
        if source == "plan":
            return self._bill(self._plan(order, 50.0))
        order.order_line.completed_percent = 50.0
        return self._run(order.project_id, post=True)[1]

    def test_deposit_budget_after_the_final(self):
        """The final invoice bills the line; its budget then has nothing pending."""
        order = self._project_order(1000.0, method="deposit")
        line = order.order_line
        self._complete(line, 30.0)
        self._run(order.project_id, post=True)
        final = self._final(order, post=False)
        final.action_post()
        self.assertRecordValues(
            line, [{"pending_amount": 0.0, "actual_amount": 1000.0}]
        )
        with self.assertRaisesRegex(UserError, "nothing is pending"):
            order.project_id.action_run_billing()
        final.button_draft()
        final.unlink()
        self.assertBudget(line, (0.0, 0.0, 300.0))

    def test_reached_milestone_makes_a_line_due(self):
        order = self._project_order(1000.0)
        milestone = self.env["project.milestone"].create(
            {"name": "Roof", "project_id": order.project_id.id}
        )
        line = self._plan(order, 50.0, milestone_id=milestone.id, date="2099-01-01")
        due = self.env["progress.billing.line"]._get_due_domain(date(2026, 3, 1))
        self.assertFalse(line.filtered_domain(due))
        milestone.is_reached = True
        self.assertTrue(line.filtered_domain(due))

    def test_milestone_that_a_planned_line_waits_for_cannot_be_deleted(self):
        order = self._project_order(1000.0)
        milestone = self.env["project.milestone"].create(
            {"name": "Bridge", "project_id": order.project_id.id}
        )
        line = self._plan(order, 50.0, milestone_id=milestone.id, date="2020-01-01")
        for record in (milestone, order.project_id):
            with (
                self.subTest(model=record._name),
                self.assertRaisesRegex(UserError, r"Bridge because S\d+: Part 1"),
                self.cr.savepoint(),
            ):
                record.unlink()
        self.assertEqual(line.milestone_id, milestone)
        line.milestone_id = False
        milestone.unlink()

    def test_milestone_completes_its_order_line(self):
        product = self._service("By milestone", service_type="milestones")
        order = self._project_order(
            (1000.0, 4.0, "amount", {"product_id": product.id}), 100.0
        )
        line = order.order_line[0]
        milestones = self.env["project.milestone"].create(
            [
                {
                    "name": name,
                    "project_id": order.project_id.id,
                    "sale_line_id": line.id,
                    "quantity_percentage": share,
                }
                for name, share in (("Walls", 0.25), ("Roof", 0.5))
            ]
        )
        milestones[0].is_reached = True
        self.assertEqual(line.completed_percent, 0.0)
        self.company.progress_milestone_completion = True
        milestones[1].is_reached = True
        self.assertEqual(line.completed_percent, 75.0)
        milestones[1].is_reached = False
        self.assertEqual(line.completed_percent, 25.0)

    def test_profitability_agrees_with_the_budget(self):
        """Invoiced and to invoice of the project's panel, to the cent."""
        for method in ("revenue", "deposit"):
            with self.subTest(method=method):
                order = self._project_order(
                    (33.33, 7.0, "quantity"), 1000.0, method=method
                )
                self._complete(order.order_line, 100 / 7 * 3, 33.333)
                self._run(order.project_id, post=True)
                lines = order.order_line.filtered("progress_project_id")
                items = order.project_id._get_profitability_items(False)["revenues"]
                actual = sum(lines.mapped("actual_amount"))
                contract = sum(lines.mapped("budget_amount"))
                self.assertAlmostEqual(items["total"]["invoiced"], actual)
                self.assertAlmostEqual(items["total"]["to_invoice"], contract - actual)

    # === WHO MAY === #

    def test_project_manager_completes_and_makes_pro_formas_only(self):
        order = self._project_order(1000.0)
        manager = new_test_user(self.env, "pm", groups="project.group_project_manager")
        line = order.order_line.with_user(manager)
        project = order.project_id.with_user(manager)
        line.write({"completed_percent": 40.0})
        with self.assertRaisesRegex(AccessError, "progress"):
            line.price_unit = 1.0
        with self.assertRaisesRegex(AccessError, "may not create invoices"):
            project.action_run_billing()
        project.progress_create_proforma = True
        action = project.action_run_billing()
        proforma = self.env["progress.billing.proforma"].browse(action["res_id"])
        self.assertEqual(proforma.amount_untaxed, 400.0)
        with self.assertRaises(AccessError):
            proforma.with_user(manager).action_release()

    def test_salesperson_does_not_write_orders_of_others_through_projects(self):
        order = self._project_order(1000.0)
        both = new_test_user(
            self.env,
            "both",
            groups="project.group_project_manager,sales_team.group_sale_salesman",
        )
        order.user_id = self.env.user
        line = order.order_line.with_user(both)
        line.completed_percent = 10.0
        with self.assertRaises(AccessError):
            line.price_unit = 1.0

    def test_only_accounting_managers_set_rules(self):
        rule = self._rule()
        user = new_test_user(self.env, "pm2", groups="project.group_project_manager")
        self.assertTrue(rule.with_user(user).name)
        with self.assertRaises(AccessError):
            rule.with_user(user).name = "Mine"

    def test_nothing_crosses_companies(self):
        order = self._project_order(1000.0)
        proforma = self._proforma(order, 50.0)
        rule = self._rule()
        other = self.setup_other_company()["company"]
        user = new_test_user(
            self.env,
            "stranger",
            groups="account.group_account_manager,project.group_project_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        for record in (proforma, proforma.line_ids, rule):
            with self.subTest(model=record._name):
                found = record.with_user(user).search([("id", "in", record.ids)])
                self.assertFalse(found)
