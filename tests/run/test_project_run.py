from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import Form, freeze_time, new_test_user, tagged

from ..common_project import ProjectBillingCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-02 10:00:00")
class TestProjectRun(ProjectBillingCommon):
    """Runs over many projects, seen before they are taken."""

    def _wizard(self, orders, **values):
        """Return a run over the projects of some orders."""
        values = {"project_ids": orders.project_id.ids, "source": "budget", **values}
        return self.env["progress.billing.run"].create(values)

    def _preview(self, wizard):
        """Return order -> (amount, document or obstacle) as previewed."""
        return {
            row.order_id: (row.amount, row.obstacle or row.document)
            for row in wizard.budget_ids
        }

    def test_run_over_many_projects(self):
        """The list action shows the projects; the run bills them, by their way."""
        orders = self._project_order(1000.0) | self._project_order(2000.0)
        orders.order_line.completed_percent = 50.0
        orders[1].project_id.progress_create_proforma = True
        action = self.env.ref("progress_billing.project_action_run_billing")
        result = action.with_context(
            active_model="project.project", active_ids=orders.project_id.ids
        ).run()
        wizard = self.env[result["res_model"]].browse(result["res_id"])
        self.assertEqual(
            self._preview(wizard),
            {orders[0]: (500.0, "invoice"), orders[1]: (1000.0, "proforma")},
        )
        self.assertEqual((wizard.budget_count, wizard.budget_left_count), (2, 0))
        self.assertFalse(orders.order_line.progress_item_ids)
        wizard.action_run()
        self.assertEqual(wizard.state, "done")
        self.assertEqual(wizard.move_ids.mapped("amount_untaxed"), [500.0])
        self.assertEqual(wizard.proforma_ids.mapped("amount_untaxed"), [1000.0])
        self.assertEqual(wizard.action_view_invoices()["res_id"], wizard.move_ids.id)
        self.assertEqual(
            wizard.action_view_proformas()["res_id"], wizard.proforma_ids.id
        )

    def test_left_out_with_the_reason(self):
        taken, unconfirmed, idle, account, over = (
            self._project_order(1000.0) for _number in range(5)
        )
        quotation = self._project_order(
            400.0, confirm=False, project_id=unconfirmed.project_id.id
        )
        (taken | quotation | account | over).order_line.completed_percent = 50.0
        account.progress_method = "deposit"
        self.company.downpayment_account_id = False
        over._create_invoices().action_post()
        orders = taken | unconfirmed | idle | account | over
        wizard = self._wizard(orders)
        self.assertEqual(
            self._preview(wizard),
            {
                taken: (500.0, "invoice"),
                unconfirmed: (0.0, "nothing"),
                quotation: (200.0, "unconfirmed"),
                idle: (0.0, "nothing"),
                account: (500.0, "account"),
                over: (500.0, "contract"),
            },
        )
        self.assertEqual((wizard.budget_count, wizard.budget_left_count), (1, 5))
        wizard.action_run()
        self.assertEqual(wizard.move_ids.amount_untaxed, 500.0)
        self.assertFalse(wizard.failed_budget_ids)

    def test_a_failing_project_does_not_stop_the_others(self):
        """What the preview could not know is said afterwards."""
        good, bad = self._project_order(1000.0), self._project_order(1000.0)
        orders = good | bad
        orders.order_line.completed_percent = 50.0
        wizard = self._wizard(orders)
        self.assertEqual(wizard.budget_count, 2)
        bad._create_invoices()
        wizard.action_run()
        self.assertEqual(wizard.move_ids.invoice_origin, good.name)
        self.assertEqual(wizard.failed_budget_ids.order_id, bad)
        self.assertIn("cannot bill", wizard.failed_budget_ids.error_message)

    def test_only_the_pairs_of_project_and_order_that_are_shown_are_billed(self):
        first = self._project_order(1000.0)
        design = self._service(
            "Design",
            service_tracking="task_global_project",
            project_id=first.project_id.id,
        )
        second = self._project_order(
            600.0, (400.0, 1.0, "amount", {"product_id": design.id})
        )
        regular = second._create_invoices()
        regular.invoice_line_ids.filtered(
            lambda item: item.price_subtotal == 600.0
        ).unlink()
        regular.action_post()
        (first | second).order_line.completed_percent = 100.0
        wizard = self._wizard(first | second)
        self.assertEqual(
            {
                (row.project_id, row.order_id): (row.amount, row.obstacle)
                for row in wizard.budget_ids
            },
            {
                (first.project_id, first): (1000.0, False),
                (second.project_id, second): (600.0, False),
                (first.project_id, second): (400.0, "contract"),
            },
        )
        wizard.action_run()
        self.assertEqual(
            sorted(wizard.move_ids.mapped("amount_untaxed")), [600.0, 1000.0]
        )
        self.assertFalse(wizard.failed_budget_ids)

    def test_filters(self):
        first, second = self._project_order(1000.0), self._project_order(1000.0)
        other = self._project_order(1000.0, project_id=first.project_id.id)
        orders = first | second | other
        orders.order_line.completed_percent = 10.0
        second.partner_id = self.partner_b
        wizard = self._wizard(orders)
        self.assertEqual(wizard.budget_ids.order_id, orders)
        for values, taken in (
            ({"order_from_id": second.id}, second | other),
            ({"partner_ids": self.partner_b.ids}, second),
            ({"project_ids": first.project_id.ids}, first | other),
            ({"order_to_id": first.id}, first),
            ({"source": "lines"}, first.browse()),
            ({"invoice_type": "regular"}, first.browse()),
        ):
            with self.subTest(values=values):
                run = self._wizard(orders, **values)
                self.assertEqual(run.budget_ids.order_id, taken)
        run = self._wizard(orders, order_to_id=first.id)
        run.action_run()
        self.assertEqual(run.move_ids.amount_untaxed, 100.0)
        self.assertFalse(other.order_line.progress_item_ids)

    def test_tonights_run(self):
        """As the scheduled job: the periodic projects whose day has come."""
        due, later, manual = (self._project_order(1000.0) for _number in range(3))
        orders = due | later | manual
        orders.order_line.completed_percent = 50.0
        (due | later).project_id.progress_period = "month"
        due.project_id.progress_first_date = "2026-03-01"
        later.project_id.progress_first_date = "2026-03-15"
        wizard = self._wizard(orders, automatic_only=True)
        self.assertEqual(
            self._preview(wizard),
            {
                due: (500.0, "invoice"),
                later: (500.0, "not_due"),
                manual: (500.0, "manual"),
            },
        )
        wizard.date = "2026-03-15"
        self.assertEqual(self._preview(wizard)[later], (500.0, "invoice"))

    def test_both_sources(self):
        """Planned lines go first; together they stay within the contract."""
        order = self._project_order(1000.0, method="deposit")
        other = self._project_order(1000.0)
        (order | other).order_line.completed_percent = 60.0
        self._plan(order, 50.0)
        line = self._plan(other, 30.0, sale_line_id=other.order_line.id)
        wizard = self._wizard(order | other, source="both")
        self.assertEqual(wizard.line_ids, order.progress_line_ids | line)
        self.assertEqual(
            self._preview(wizard),
            {order: (600.0, "contract"), other: (300.0, "invoice")},
        )
        wizard.action_run()
        self.assertEqual(
            sorted(wizard.move_ids.mapped("amount_untaxed")), [300.0, 300.0, 500.0]
        )
        self.assertBudget(other.order_line, (0.0, 600.0, 0.0))

    def test_budgets_are_shown_less_what_planned_lines_bill_of_them(self):
        whole = self._project_order(600.0, 400.0)
        hours = self._project_order((10.0, 100.0, "quantity"))
        used_up = self._project_order(1000.0)
        proforma = self._project_order(1000.0)
        deposit = self._project_order(1000.0, method="deposit")
        orders = whole | hours | used_up | proforma | deposit
        orders.order_line.completed_percent = 60.0
        proforma.project_id.progress_create_proforma = True
        self._plan(whole, 30.0)
        self._plan(hours, 25.0, sale_line_id=hours.order_line.id)
        self._plan(used_up, 60.0)
        self._plan(proforma, 50.0)
        self._plan(deposit, 40.0, sale_line_id=deposit.order_line.id)
        wizard = self._wizard(orders, source="both")
        shown = {
            whole: (300.0, "invoice"),
            hours: (350.0, "invoice"),
            used_up: (0.0, "nothing"),
            proforma: (100.0, "proforma"),
            deposit: (200.0, "invoice"),
        }
        self.assertEqual(self._preview(wizard), shown)
        wizard.action_run()
        self.assertFalse(wizard.failed_budget_ids)
        self.assertEqual(wizard.proforma_ids.amount_untaxed, 100.0)
        for order in orders:
            planned = order.progress_line_ids.amount_untaxed
            made = order.progress_billed_amount - planned
            made += sum(
                wizard.proforma_ids.line_ids.filtered(
                    lambda line, order=order: line.order_id == order
                ).mapped("amount_to_invoice")
            )
            self.assertEqual(made, shown[order][0])

    def test_a_deposit_that_the_same_run_makes_is_not_credited(self):
        order = self._project_order(600.0, 400.0, method="deposit")
        self._complete(order.order_line, 10.0, 0.0)
        line = self._plan(order, ("amount", 600.0), sale_line_id=order.order_line[0].id)
        wizard = self._wizard(order, source="both")
        self.assertEqual(self._preview(wizard), {order: (-540.0, "draft")})
        wizard.action_run()
        self.assertFalse(wizard.failed_budget_ids)
        self.assertEqual(wizard.move_ids, line.move_id)
        line.move_id.action_post()
        wizard = self._wizard(order, source="both")
        self.assertEqual(self._preview(wizard), {order: (-540.0, "invoice")})
        wizard.action_run()
        self.assertEqual(order.progress_billed_amount, 60.0)

    def test_preview_moves_with_the_choice(self):
        order = self._project_order(1000.0)
        order.order_line.completed_percent = 50.0
        wizard = self._wizard(order, source="lines")
        with Form(wizard) as form:
            self.assertEqual(form.budget_count, 0)
            form.take_budgets = True
            form.take_lines = False
            self.assertEqual(form.budget_count, 1)
        self.assertEqual(wizard.budget_ids.amount, 500.0)

    def test_post_as_the_company_wants(self):
        self.company.progress_auto_post = True
        order = self._project_order(1000.0)
        order.order_line.completed_percent = 50.0
        wizard = self._wizard(order)
        wizard.action_run()
        self.assertEqual(wizard.move_ids.state, "posted")

    def test_project_managers_run_pro_formas(self):
        """Who may not create invoices makes pro formas, and those alone."""
        orders = self._project_order(1000.0) | self._project_order(2000.0)
        orders.order_line.completed_percent = 50.0
        orders[0].project_id.progress_create_proforma = True
        manager = new_test_user(self.env, "pm", groups="project.group_project_manager")
        projects = orders.project_id.with_user(manager)
        with self.assertRaisesRegex(AccessError, "may not create invoices"):
            projects.action_open_billing_run()
        action = projects[0].action_open_billing_run()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        wizard = wizard.with_user(manager)
        self.assertFalse(orders.order_line.progress_proforma_line_ids)
        with Form(wizard) as form:
            form.project_ids.add(orders[1].project_id)
        self.assertEqual(
            self._preview(wizard),
            {orders[0]: (500.0, "proforma"), orders[1]: (1000.0, "rights")},
        )
        wizard.action_run()
        self.assertEqual(wizard.proforma_ids.amount_untaxed, 500.0)
        self.assertFalse(wizard.sudo().move_ids)

    def test_button_of_a_project_is_there_for_who_may_press_it(self):
        """Project managers are offered a project of pro formas, and no other."""
        project = self._project_order(1000.0).project_id
        for groups, conditions in (
            ("project.group_project_manager", ["not progress_create_proforma"]),
            ("project.group_project_manager,account.group_account_invoice", [None] * 2),
            ("project.group_project_user", []),
        ):
            with self.subTest(groups=groups):
                user = new_test_user(self.env, groups.replace(".", "_"), groups=groups)
                arch = project.with_user(user).get_view(
                    self.env.ref("project.edit_project").id, "form"
                )["arch"]
                buttons = etree.fromstring(arch).xpath(
                    "//header/button[@name='action_open_billing_run']"
                )
                self.assertEqual(len(buttons), len(conditions))
                for button, condition in zip(buttons, conditions, strict=True):
                    self.assertIn(
                        condition or "allow_billable", button.get("invisible")
                    )

    def test_three_boxes_say_what_a_run_bills(self):
        with Form(self.env["progress.billing.run"]) as form:
            self.assertTrue(form.take_lines)
            form.take_budgets = True
            self.assertEqual((form.source, form.invoice_type), ("both", "progress"))
            form.take_lines = False
            form.take_orders = True
            self.assertEqual((form.source, form.invoice_type), ("budget", "both"))
            form.take_budgets = False
            self.assertEqual(form.invoice_type, "regular")
            form.take_orders = False
            self.assertEqual(form.invoice_type, "progress")

    def test_salespeople_bill_their_own_orders(self):
        mine, other = self._project_order(1000.0), self._project_order(1000.0)
        orders = mine | other
        orders.order_line.completed_percent = 50.0
        seller = new_test_user(
            self.env, "seller", groups="sales_team.group_sale_salesman"
        )
        mine.user_id, other.user_id = seller, self.env.user
        Run = self.env["progress.billing.run"].with_user(seller)
        wizard = Run.browse(Run.action_open_budgets()["res_id"])
        self.assertEqual(wizard.budget_ids.order_id, mine)
        with Form(wizard) as form:
            self.assertEqual(form.budget_count, 1)
        wizard.action_run()
        self.assertEqual(wizard.move_ids.sudo().invoice_origin, mine.name)

    def test_queries_do_not_grow_with_the_projects(self):
        def count(number):
            orders = self.env["sale.order"].union(
                *(self._project_order(100.0) for _number in range(number))
            )
            orders.order_line.completed_percent = 50.0
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            wizard = self._wizard(orders)
            self.assertEqual(wizard.budget_count, number)
            self.env.flush_all()
            return self.env.cr.sql_log_count - start

        count(1)
        few, many = count(3), count(12)
        self.assertLessEqual(many - few, 3)

    def test_run_leaves_a_line_billed_beyond_its_worth(self):
        """The order has room for it, the line has not: 1,000 invoiced, 500 pending."""
        for proforma in (False, True):
            with self.subTest(proforma=proforma):
                order = self._project_order(1000.0, 1000.0)
                order.project_id.progress_create_proforma = proforma
                first, second = order.order_line
                move = order._create_invoices()
                move.invoice_line_ids.filtered(
                    lambda item, second=second: second in item.sale_line_ids
                ).unlink()
                move.action_post()
                first.completed_percent = 50.0
                wizard = self._wizard(order)
                self.assertEqual(self._preview(wizard), {order: (500.0, "contract")})
                with self.assertRaisesRegex(Exception, "1,000.00"):
                    order.project_id.action_run_billing()
