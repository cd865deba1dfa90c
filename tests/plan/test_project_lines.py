from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged

from ..common_project import ProjectBillingCommon

VIEW = "project.edit_project"


@tagged("post_install", "-at_install")
class TestProjectLines(ProjectBillingCommon):
    """The Billing tab of the project lists and plans as the order's does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls._project_order(10000.0, method="deposit")
        cls.project = cls.order.project_id

    def _plan_on(self, form, **values):
        with form.progress_line_ids.new() as line:
            values = {"name": "Start", "date": "2026-03-01", **values}
            for name, value in values.items():
                line[name] = value

    def test_plan_on_the_project(self):
        """The only order is chosen, the amount follows, both tabs list the line."""
        with Form(self.project, view=VIEW) as form:
            with form.progress_line_ids.new() as line:
                self.assertEqual(line.order_id, self.order)
                line.name = "Start"
                line.date = "2026-03-01"
                line.percent = 30.0
                self.assertEqual(line.amount_untaxed, 3000.0)
        line = self.project.progress_line_ids
        self.assertEqual(self.order.progress_line_ids, line)
        self.assertRecordValues(
            line,
            [{"order_id": self.order.id, "amount_untaxed": 3000.0, "state": "planned"}],
        )
        with Form(self.order) as form:
            with form.progress_line_ids.edit(0) as line:
                line.percent = 40.0
            self._plan_on(form, name="Rest", percent=60.0)
        lines = self.project.progress_line_ids
        self.assertEqual(lines.mapped("amount_untaxed"), [4000.0, 6000.0])

    def test_create_on_the_project(self):
        with Form(self.project, view=VIEW) as form:
            self._plan_on(form, percent=30.0)
        line = self.project.progress_line_ids
        action = line.action_create_invoice()
        move = self.env["account.move"].browse(action["res_id"])
        self.assertEqual((move.state, move.amount_untaxed), ("draft", 3000.0))
        self.assertEqual(self.order.progress_billed_amount, 3000.0)
        with Form(self.project, view=VIEW) as form:
            self._plan_on(form, name="Rest", percent=70.0)
        self.assertEqual(self.order.progress_remaining_amount, 7000.0)

    def test_choice_among_several_orders(self):
        """None is chosen; cancelled ones and those of others are no choice."""
        other = self._project_order(500.0, project_id=self.project.id)
        cancelled = self._project_order(500.0, project_id=self.project.id)
        cancelled._action_cancel()
        self._project_order(500.0)
        self.assertEqual(self.project._get_progress_orders(), other | self.order)
        with Form(self.project, view=VIEW) as form:
            with form.progress_line_ids.new() as line:
                self.assertFalse(line.order_id)
                line.order_id = other
                line.name = "Half"
                line.date = "2026-03-01"
                line.percent = 50.0
                self.assertEqual(line.amount_untaxed, 250.0)
        self.assertEqual(other.progress_line_ids, self.project.progress_line_ids)

    def test_an_order_of_two_projects(self):
        """A line stays with the project on which it was planned."""
        other = self.env["project.project"].create(
            {"name": "Second", "allow_billable": True}
        )
        product = self._service(
            "Second part", service_tracking="task_global_project", project_id=other.id
        )
        order = self._project_order(1000.0, (500.0, 1.0, "amount"))
        line = self.env["sale.order.line"].create(
            {"order_id": order.id, "product_id": product.id, "price_unit": 100.0}
        )
        self.assertEqual(line.progress_project_id, other)
        with Form(other, view=VIEW) as form:
            self._plan_on(form, percent=10.0)
        self.assertEqual(other.progress_line_ids.order_id, order)
        self.assertFalse(order.project_id.progress_line_ids)
        self._plan(order, 10.0)
        self.assertEqual(len(order.project_id.progress_line_ids), 1)

    def test_issued_lines_stay(self):
        self._bill(self._plan(self.order, 30.0, project_id=self.project.id))
        with Form(self.project, view=VIEW) as form:
            with form.progress_line_ids.edit(0) as line:
                with self.assertRaisesRegex(AssertionError, "readonly"):
                    line.percent = 50.0

    def test_rights_are_those_on_the_order(self):
        """Project managers only look; salespeople plan on their own orders."""
        manager = new_test_user(self.env, "pm", groups="project.group_project_manager")
        groups = "project.group_project_manager,sales_team.group_sale_salesman"
        seller = new_test_user(self.env, "seller", groups=groups)
        self.order.user_id = seller
        values = {"name": "Start", "date": "2026-03-01", "percent": 10.0}
        with self.assertRaises(AccessError):
            self.project.with_user(manager).progress_line_ids = [
                (0, 0, {**values, "order_id": self.order.id})
            ]
        form = self.project.with_user(manager).get_view(self.env.ref(VIEW).id, "form")[
            "arch"
        ]
        self.assertNotIn("action_create_invoice", form)
        with Form(self.project.with_user(seller), view=VIEW) as form:
            self._plan_on(form, **values)
        line = self.project.progress_line_ids
        self.assertTrue(line.with_user(seller).action_create_invoice())
        self.order.user_id = self.env.user
        with self.assertRaises(AccessError):
            self.project.with_user(seller).progress_line_ids = [
                (0, 0, {**values, "order_id": self.order.id})
            ]

    def test_dashboard_leads_to_the_budget(self):
        """With the amount that is pending, for those who complete or bill it."""
        self.order.order_line.completed_percent = 25.0
        stats = {stat["action"]: stat for stat in self.project._get_stat_buttons()}
        self.assertIn("2,500.00", stats["action_view_revenue_budget"]["number"])
        member = new_test_user(self.env, "member", groups="project.group_project_user")
        buttons = self.project.with_user(member)._get_stat_buttons()
        self.assertNotIn(
            "action_view_revenue_budget", [stat["action"] for stat in buttons]
        )

    def test_list_of_its_own(self):
        """For salespeople who may not change projects."""
        action = self.project.action_view_progress_lines()
        lines = self.env["progress.billing.line"].with_context(**action["context"])
        with Form(lines) as form:
            self.assertEqual(form.order_id, self.order)
            form.name = "Start"
            form.percent = 25.0
        self.assertEqual(lines.search(action["domain"]).amount_untaxed, 2500.0)
