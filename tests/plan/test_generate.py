"""Plans of instalments for one or many orders."""

from odoo.exceptions import UserError
from odoo.fields import Command, Date
from odoo.tests import Form, tagged

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestGenerate(ProgressBillingCommon):
    def _generate(self, orders, **values):
        wizard = self.env["progress.billing.generate"].create(
            {"order_ids": [Command.set(orders.ids)], "date": "2026-03-31", **values}
        )
        shown = [
            (row.name, row.date, row.percent, row.amount_untaxed)
            for row in wizard.line_ids
        ]
        wizard.action_generate()
        planned = orders.progress_line_ids.filtered(
            lambda line: line.state == "planned"
        )
        return wizard, planned, shown

    def test_flat_percentage_of_an_order(self):
        order = self._order(10000.0)
        _wizard, planned, shown = self._generate(order, percent=30.0, name="Kick-off")
        self.assertRecordValues(
            planned,
            [
                {
                    "name": "Kick-off",
                    "percent": 30.0,
                    "amount_untaxed": 3000.0,
                    "sale_line_id": False,
                }
            ],
        )
        self.assertEqual(shown[0][3], planned.amount_untaxed)

    def test_flat_percentage_of_each_line(self):
        order = self._order(1000.0, 3000.0)
        _wizard, planned, _shown = self._generate(order, percent=20.0, level="line")
        self.assertEqual(planned.sale_line_id, order.order_line)
        self.assertEqual(planned.mapped("amount_untaxed"), [200.0, 600.0])

    def test_flat_percentage_of_any_combination_of_lines(self):
        order = self._order(1000.0, 3000.0, 500.0)
        first, _second, third = order.order_line
        chosen = first | third
        _wizard, planned, shown = self._generate(
            order, percent=20.0, sale_line_ids=[Command.set(chosen.ids)]
        )
        self.assertEqual(planned.mapped("amount_untaxed"), [300.0])
        self.assertEqual(shown[0][3], 300.0)
        _wizard, planned, _shown = self._generate(
            order, percent=20.0, level="line", sale_line_ids=[Command.set(chosen.ids)]
        )
        self.assertEqual(planned.sale_line_id, chosen)
        self.assertEqual(planned.mapped("amount_untaxed"), [200.0, 100.0])

    def test_equal_instalments_by_month(self):
        order = self._order(100.0)
        _wizard, planned, shown = self._generate(order, plan="equal", part_count=3)
        self.assertEqual(
            planned.mapped("date"),
            [Date.to_date(day) for day in ("2026-03-31", "2026-04-30", "2026-05-31")],
        )
        self.assertEqual([row[3] for row in shown], planned.mapped("amount_untaxed"))
        self.assertEqual(sum(planned.mapped("amount_untaxed")), 100.0)

    def test_parts_of_a_hundred_bill_exactly_the_total(self):
        for price, count in ((12870.59, 7), (0.05, 3), (99999.99, 12)):
            with self.subTest(price=price, count=count):
                order = self._order(price)
                _wizard, planned, _shown = self._generate(
                    order, plan="equal", part_count=count
                )
                planned = planned.filtered("amount_total")
                moves = self._bill(planned)
                self.assertAlmostEqual(
                    sum(moves.mapped("amount_total")), order.amount_total
                )
                self._final(order)
                self.assertSettled(order)

    def test_template(self):
        template = (
            self.env["progress.billing.template"]
            .sudo()
            .create(
                {
                    "name": "30/40/30",
                    "line_ids": [
                        Command.create(
                            {"name": name, "percent": part, "months": months}
                        )
                        for name, part, months in (
                            ("Start", 30.0, 0),
                            ("Middle", 40.0, 1),
                            ("End", 30.0, 2),
                        )
                    ],
                }
            )
        )
        orders = self._order(1000.0) | self._order(2000.0, confirm=False)
        _wizard, planned, _shown = self._generate(
            orders, plan="template", template_id=template.id
        )
        for order in orders:
            lines = order.progress_line_ids
            self.assertEqual(lines.mapped("name"), ["Start", "Middle", "End"])
            self.assertEqual(lines.mapped("percent"), [30.0, 40.0, 30.0])
            self.assertEqual(lines[1].date, Date.to_date("2026-04-30"))
            self.assertEqual(sum(lines.mapped("amount_untaxed")), order.amount_untaxed)
        self.assertEqual(template.percent_total, 100.0)

    def test_milestones(self):
        project = self.env["project.project"].sudo().create({"name": "Bridge"})
        order = self._order(1000.0, project_id=project.id)
        milestones = (
            self.env["project.milestone"]
            .sudo()
            .create(
                [
                    {
                        "name": "Roof",
                        "project_id": project.id,
                        "deadline": "2026-06-01",
                    },
                    {
                        "name": "Base",
                        "project_id": project.id,
                        "deadline": "2026-04-01",
                    },
                ]
            )
        )
        _wizard, planned, _shown = self._generate(
            order, plan="equal", schedule="milestone"
        )
        self.assertEqual(planned.milestone_id, milestones[1] | milestones[0])
        self.assertEqual(planned.mapped("percent"), [50.0, 50.0])
        self.assertEqual(planned[0].date, Date.to_date("2026-04-01"))

    def test_milestones_are_missing(self):
        with self.assertRaisesRegex(UserError, "milestones"):
            self._generate(self._order(), plan="equal", schedule="milestone")

    def test_replaces_planned_lines_and_never_issued_ones(self):
        order = self._order(1000.0)
        issued, planned = self._plan(order, 10.0, 20.0)
        self._bill(issued)
        wizard, now, _shown = self._generate(
            order, plan="equal", part_count=2, of_remaining=True
        )
        self.assertFalse(planned.exists())
        self.assertEqual(issued.state, "posted")
        self.assertEqual(now.mapped("amount_untaxed"), [450.0, 450.0])
        self.assertFalse(wizard.has_excess)

    def test_adds_to_planned_lines(self):
        order = self._order(1000.0)
        planned = self._plan(order, 10.0)
        _wizard, now, _shown = self._generate(order, percent=20.0, replace=False)
        self.assertIn(planned, now)
        self.assertEqual(order.progress_planned_amount, 300.0)

    def test_warns_of_a_plan_beyond_the_contract(self):
        order = self._order(1000.0)
        self._bill(self._plan(order, 60.0))
        wizard, _planned, _shown = self._generate(order, percent=50.0)
        self.assertTrue(wizard.has_excess)
        self.assertEqual(order.progress_excess_amount, 100.0)

    def test_an_incomplete_plan_writes_nothing(self):
        order = self._order()
        planned = self._plan(order, 10.0)
        for values in ({"percent": 0.0}, {"plan": "template"}):
            with self.subTest(**values), self.assertRaisesRegex(UserError, "yet"):
                self._generate(order, **values)
        self.assertTrue(planned.exists())

    def test_preview_follows_the_form(self):
        order = self._order(1000.0)
        model = self.env["progress.billing.generate"]
        with Form(model.with_context(default_order_ids=order.ids)) as form:
            form.plan = "equal"
            form.part_count = 4
            self.assertEqual(len(form.line_ids), 4)
        form.record.action_generate()
        self.assertEqual(order.progress_line_ids.mapped("percent"), [25.0] * 4)
