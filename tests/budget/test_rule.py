from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import freeze_time, tagged

from ..common_project import ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestRule(ProjectBillingCommon):
    """Billing rules."""

    def _bill_with(self, order, **values):
        rule = self._rule(**values)
        order.project_id.progress_rule_id = rule
        return rule, self._run(order.project_id)[1]

    def test_task_beats_project(self):
        order = self._project_order(1000.0, 1000.0)
        project_rule = self._rule(line_description="Project: {line}")
        task_rule = self._rule(line_description="Task: {task}")
        order.project_id.progress_rule_id = project_rule
        order.order_line[1].task_id.progress_rule_id = task_rule
        self._complete(order.order_line, 10.0, 10.0)
        _none, move = self._run(order.project_id)
        self.assertEqual(
            move.invoice_line_ids.mapped("name"),
            ["Project: Planning", f"Task: {order.order_line[1].task_id.name}"],
        )

    @freeze_time("2026-03-15")
    def test_placeholders(self):
        order = self._project_order((22.0, 480.0, "quantity"), client_order_ref="PO 7")
        order.order_line.pending_quantity = 240.0
        _rule, move = self._bill_with(
            order,
            invoice_description="{project} for {customer}, {reference}, {date}",
            line_description="{order}: {line}, {percent}, {quantity} {unit}, {amount}",
        )
        project = order.project_id.name
        self.assertIn(f"{project} for partner_a, PO 7, 03/15/2026", move.narration)
        self.assertEqual(
            move.invoice_line_ids.name.replace("\xa0", " "),
            f"{order.name}: Planning, 50.00 %, 240.00 Units, $ 5,280.00",
        )

    def test_unknown_placeholder_is_refused(self):
        for text in (
            "{projekt}",
            "{}",
            "{0}",
            "{order.name}",
            "{order.__class__}",
            "{order!r}",
            "{percent:.1f}",
        ):
            with self.subTest(text=text):
                with self.assertRaisesRegex(ValidationError, "unknown"):
                    self._rule(invoice_description=text)
        with self.assertRaisesRegex(ValidationError, "not closed"):
            self._rule(line_description="{order")
        self._rule(line_description="{{braces}} of {order}")

    def test_account_sources(self):
        account = self.revenue_account.copy({"name": "Construction", "code": "PBCON"})
        task_account = account.copy({"name": "Task", "code": "PBTASK"})
        for source, expected in (
            ("product", self.revenue_account),
            ("rule", account),
            ("task", task_account),
        ):
            with self.subTest(source=source):
                order = self._project_order(1000.0)
                order.order_line.task_id.progress_account_id = task_account
                self._complete(order.order_line, 10.0)
                _rule, move = self._bill_with(
                    order, account_source=source, account_id=account.id
                )
                self.assertEqual(move.invoice_line_ids.account_id, expected)

    def test_account_of_the_rule_must_be_set(self):
        with self.assertRaisesRegex(ValidationError, "names none"):
            self._rule(account_source="rule")

    def test_zero_lines_only_where_the_rule_says_so(self):
        for zero, expected in ((False, [100.0]), (True, [100.0, 0.0])):
            with self.subTest(zero=zero):
                order = self._project_order(1000.0, 500.0)
                self._complete(order.order_line, 10.0, 0.0)
                _rule, move = self._bill_with(order, create_zero_lines=zero)
                self.assertEqual(
                    move.invoice_line_ids.mapped("price_subtotal"), expected
                )

    def test_groups(self):
        """Group, customer, delivery address and Bill Separately part invoices."""
        delivery = self.partner_a.copy({"name": "Site", "parent_id": self.partner_a.id})
        order = self._project_order(100.0, 200.0, 300.0)
        project = order.project_id
        other = self._project_order(400.0, project_id=project.id)
        elsewhere = self._project_order(
            500.0, project_id=project.id, partner_shipping_id=delivery.id
        )
        theirs = self._project_order(
            600.0, project_id=project.id, partner_id=self.partner_b.id
        )
        orders = order | other | elsewhere | theirs
        self.assertEqual(orders.order_line.progress_project_id, project)
        group = self._rule(invoice_group="Materials")
        order.order_line[1].task_id.progress_rule_id = group
        order.order_line[2].task_id.bill_separately = True
        orders.order_line.completed_percent = 100.0
        _none, moves = self._run(project)
        self.assertEqual(
            sorted(moves.mapped("amount_untaxed")), [200.0, 300.0, 500.0, 500.0, 600.0]
        )
        shared = order.order_line[0].invoice_lines.move_id
        self.assertEqual(shared, other.order_line.invoice_lines.move_id)

    def test_default_basis(self):
        """A rule's default reaches order lines when their order is confirmed."""
        rule = self._rule(default_basis="quantity")
        template = self.env["project.project"].create(
            {
                "name": "Template",
                "allow_billable": True,
                "is_template": True,
                "progress_rule_id": rule.id,
                "progress_period": "month",
                "progress_create_proforma": True,
            }
        )
        product = self._service(
            "From template",
            service_tracking="task_in_project",
            project_template_id=template.id,
        )
        order = self.env["sale.order"].create(
            {
                "partner_id": self.partner_a.id,
                "order_line": [
                    Command.create({"product_id": product.id, "price_unit": 10.0})
                ],
            }
        )
        self.assertFalse(order.order_line.progress_basis)
        order.action_confirm()
        self.assertEqual(order.order_line.progress_basis, "quantity")
        project = order.order_line.progress_project_id
        self.assertRecordValues(
            project,
            [
                {
                    "is_template": False,
                    "progress_rule_id": rule.id,
                    "progress_period": "month",
                    "progress_create_proforma": True,
                }
            ],
        )


@tagged("post_install", "-at_install")
class TestRuleBranch(ProjectBillingCommon):
    """The branch, with analytic plans of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A plan is a column on projects: only the end of the class takes it away.
        cls.north = cls._analytic("North", "Branches")
        cls.south = cls._analytic("South", "Other branches")

    def test_branch_joins_the_project(self):
        """The branch is an analytic account of its own plan; the project's stays."""
        north, south = self.north, self.south
        for source, extra in (
            ("line", ""),
            ("project", ""),
            ("rule", str(north.id)),
            ("task", str(south.id)),
        ):
            with self.subTest(source=source):
                order = self._project_order(1000.0)
                order.order_line.task_id.progress_analytic_account_id = south
                own = str(order.project_id.account_id.id)
                self._complete(order.order_line, 10.0)
                order.project_id.progress_rule_id = self._rule(
                    branch_source=source,
                    analytic_distribution={str(north.id): 100.0},
                )
                _none, move = self._run(order.project_id)
                distribution = move.invoice_line_ids.analytic_distribution
                self.assertEqual(
                    {frozenset(key.split(",")) for key in distribution},
                    {frozenset(filter(None, (own, extra)))},
                )
