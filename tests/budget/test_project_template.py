from odoo.fields import Command
from odoo.tests import tagged

from ..common_project import ProjectBillingCommon

TASK_FIELDS = (
    "progress_rule_id",
    "bill_separately",
    "progress_account_id",
    "progress_analytic_account_id",
)


@tagged("post_install", "-at_install")
class TestProjectTemplate(ProjectBillingCommon):
    """What a copied project, or one made of a template, brings along."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._rule()
        cls.task_rule = cls._rule(name="Site")
        cls.branch = cls._analytic("South", "Branches")
        cls.task_values = {
            "name": "Site",
            "progress_rule_id": cls.task_rule.id,
            "bill_separately": True,
            "progress_account_id": cls.revenue_account.id,
            "progress_analytic_account_id": cls.branch.id,
        }

    def _project(self, **values):
        """Return a billable project of a task and its subtask, billed before."""
        # In sudo mode because only billing says when a project was billed last.
        project = (
            self.env["project.project"]
            .sudo()
            .create(
                {
                    "name": "Restaurant",
                    "allow_billable": True,
                    "progress_rule_id": self.rule.id,
                    "progress_create_proforma": True,
                    "progress_period": "quarter",
                    "progress_first_date": "2026-01-31",
                    "progress_last_date": "2026-05-01",
                    "progress_error_message": "Failed",
                    **values,
                }
            )
        )
        self.env["project.task"].create(
            {
                **self.task_values,
                "project_id": project.id,
                "child_ids": [
                    Command.create({**self.task_values, "project_id": project.id})
                ],
            }
        )
        return project.sudo(False)

    def _assert_brought(self, project):
        """Assert how the project bills, and that nothing of the past came along."""
        self.assertRecordValues(
            project,
            [
                {
                    "progress_rule_id": self.rule.id,
                    "progress_create_proforma": True,
                    "progress_period": "quarter",
                    "progress_first_date": False,
                    "progress_last_date": False,
                    "progress_error_message": False,
                }
            ],
        )
        tasks = project.with_context(active_test=False).tasks
        tasks = tasks.filtered(lambda task: task.name.startswith("Site"))
        self.assertEqual(len(tasks), 2)
        for task in tasks:
            self.assertEqual(
                {name: getattr(task[name], "id", task[name]) for name in TASK_FIELDS},
                {name: self.task_values[name] for name in TASK_FIELDS},
            )

    def test_copied_project(self):
        project = self._project()
        order = self._project_order(1000.0, project_id=project.id)
        self._plan(order, 50.0)
        self._complete(order.order_line, 50.0)
        self._run(project)
        copy = project.copy()
        self._assert_brought(copy)
        self.assertFalse(
            copy.budget_line_ids | copy.progress_line_ids.order_id.order_line
        )
        self.assertFalse(copy.progress_proforma_ids)
        self.assertEqual(copy.pending_amount_total, 0.0)

    def test_project_template(self):
        template = self._project(is_template=True)
        self._assert_brought(template.action_create_from_template({"name": "New"}))

    def test_project_becomes_a_template(self):
        template = self._project().copy({"is_template": True})
        self._assert_brought(template)
        self._assert_brought(template.action_create_from_template())

    def test_template_of_a_service(self):
        """Confirming an order of the service makes the project as the template says."""
        for is_template in (True, False):
            with self.subTest(is_template=is_template):
                template = self._project(is_template=is_template)
                product = self._service(
                    "Building",
                    service_tracking="project_only",
                    project_template_id=template.id,
                )
                order = self._order((1000.0, 1.0, {"product_id": product.id}))
                project = order.order_line.project_id
                self._assert_brought(project)
                self.assertEqual(project.budget_line_ids, order.order_line)
                self.assertEqual(order.order_line.progress_basis, "amount")
                self._complete(order.order_line, 50.0)
                proforma = self._run(project)[0]
                self.assertEqual(proforma.task_id, project.tasks.sorted("id")[0])
                self.assertEqual(proforma.amount_untaxed, 500.0)

    def test_template_task_makes_a_task(self):
        """A task template brings its rule to the task that is made of it."""
        project = self._project()
        task = project.tasks.sorted("id")[0]
        copy = task.copy()
        for name in TASK_FIELDS:
            self.assertEqual(copy[name], task[name])

    def test_templates_rule_gives_the_basis(self):
        """The rule of the template decides how lines of a new order are billed."""
        template = self._project(is_template=True)
        self.task_rule.default_basis = "quantity"
        product = self._service(
            "Building", service_tracking="project_only", project_template_id=template.id
        )
        order = self._order((100.0, 10.0, {"product_id": product.id}))
        self.assertEqual(order.order_line.progress_basis, "quantity")

    def test_template_is_never_billed(self):
        """Neither by the scheduled job, which looks for due projects, nor in a list."""
        template = self._project(is_template=True)
        date = template.progress_next_date
        due = template._get_due_billing_domain(date)
        self.assertFalse(template.filtered_domain(due))
