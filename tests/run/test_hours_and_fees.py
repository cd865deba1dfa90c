from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from ..common_project import ProjectBillingCommon


class HoursAndFeesCommon(ProjectBillingCommon):
    """An Italian restaurant: permits by amount, plans and insurance by the hour."""

    @classmethod
    def _italian_restaurant(cls):
        order = cls._project_order(
            (4800.0, 1.0, "amount", {"name": "Permit"}),
            (22.0, 480.0, "quantity", {"name": "Design Fees"}),
            (250.0, 48.0, "quantity", {"name": "Insurance"}),
        )
        project = order.project_id
        project.write(
            {
                "name": "Italian Restaurant (South Street)",
                "progress_rule_id": cls._rule(name="PROGRESS").id,
            }
        )
        return order, project

    def assertBilled(self, order, project):
        """Assert the figures after the invoice of 13,680 was posted."""
        self.assertBudget(
            order.order_line, (0.0, 0.0, 2400.0), (0.0, 0.0, 5280.0), (0.0, 0.0, 6000.0)
        )
        self.assertEqual(order.order_line.mapped("actual_quantity"), [0.0, 240.0, 24.0])
        self.assertEqual(project.pending_amount_total, 0.0)
        move = order.order_line.invoice_lines.move_id
        self.assertRecordValues(
            move,
            [{"move_type": "out_invoice", "state": "posted", "amount_untaxed": 13680}],
        )
        self.assertRecordValues(
            move.invoice_line_ids,
            [
                {"quantity": 1.0, "price_unit": 2400.0, "price_subtotal": 2400.0},
                {"quantity": 240.0, "price_unit": 22.0, "price_subtotal": 5280.0},
                {"quantity": 24.0, "price_unit": 250.0, "price_subtotal": 6000.0},
            ],
        )


@tagged("post_install", "-at_install")
class TestHoursAndFees(HoursAndFeesCommon):
    def test_fees_by_amount_and_hours_by_quantity_are_billed(self):
        """2,400 by amount + 240 h x 22 + 24 h x 250 = 13,680; invoice; actuals."""
        order, project = self._italian_restaurant()
        permit, design, insurance = order.order_line
        permit.pending_amount = 2400.0
        design.pending_quantity = 240.0
        insurance.pending_quantity = 24.0
        self.assertBudget(
            order.order_line, (2400.0, 0.0, 0.0), (5280.0, 0.0, 0.0), (6000.0, 0.0, 0.0)
        )
        self.assertEqual(order.order_line.mapped("completed_percent"), [50.0] * 3)
        self.assertEqual(project.pending_amount_total, 13680.0)
        action = project.action_run_billing()
        move = self.env["account.move"].browse(action["res_id"])
        self.assertBudget(
            order.order_line, (0.0, 2400.0, 0.0), (0.0, 5280.0, 0.0), (0.0, 6000.0, 0.0)
        )
        move.action_post()
        self.assertBilled(order, project)


@tagged("post_install", "-at_install")
class TestHoursAndFeesTour(HoursAndFeesCommon, HttpCase):
    def test_fees_and_hours_are_typed_billed_and_posted_in_the_browser(self):
        """The same through the screens: type, run, post."""
        order, project = self._italian_restaurant()
        self._tour(project, "progress_billing_hours_and_fees")
        self.assertBilled(order, project)

    def test_paste_a_column(self):
        """Percentages pasted into one cell fill the column downwards."""
        order, project = self._italian_restaurant()
        self._tour(project, "progress_billing_budget_paste")
        self.assertEqual(
            order.order_line.mapped("completed_percent"), [10.0, 25.5, 100.0]
        )

    def test_decimals_of_another_language(self):
        """A decimal comma pasted or typed in English is one; nonsense is left out."""
        order, project = self._italian_restaurant()
        self._tour(project, "progress_billing_budget_paste_decimals")
        self.assertEqual(
            order.order_line.mapped("completed_percent"), [5.5, 7.5, 33.25]
        )

    def _tour(self, project, name):
        groups = (
            "account.group_account_manager",
            "project.group_project_manager",
            "sales_team.group_sale_manager",
        )
        self.env.ref("base.user_admin").write(
            {
                "company_ids": [Command.link(self.company.id)],
                "company_id": self.company.id,
                "group_ids": [Command.link(self.env.ref(xid).id) for xid in groups],
            }
        )
        url = f"/odoo/project.project/{project.id}"
        self.start_tour(url, name, login="admin", timeout=120)
        self.env.invalidate_all()
