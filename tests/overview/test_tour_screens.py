"""The screens as people use them."""

from odoo import fields
from odoo.tests import HttpCase, tagged

from ..common import ProgressBillingCommon
from ..common_project import ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestTourScreens(ProgressBillingCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self.env.user.write({"login": "accountman", "tz": "UTC"})
        self.env.user.group_ids += self.env.ref("base.group_user")
        self.env.user.group_ids += self.env.ref("sales_team.group_sale_manager")

    def test_a_newcomer_posts_the_first_deposit_in_seven_clicks(self):
        order = self._order(10000.0, name="NEWCOMER", user_id=self.env.user.id)
        self.start_tour("/odoo", "progress_billing_newcomer", login="accountman")
        self.assertEqual(
            order.progress_line_ids.mapped("state"), ["posted", "planned", "planned"]
        )

    def test_one_cell_takes_a_share_or_an_amount(self):
        order = self._order(10000.0)
        url = f"/odoo/sale.order/{order.id}"
        self.start_tour(url, "progress_billing_basis", login="accountman")
        self.assertRecordValues(
            order.progress_line_ids, [{"amount_type": "percent", "percent": 40.0}]
        )

    def test_a_morning_from_the_overview_to_the_drafts_and_back(self):
        self.env["progress.billing.line"].search([]).unlink()
        first, second = self._order(10000.0), self._order(5000.0)
        today = fields.Date.today()
        lines = self._plan(first, 20.0, date=today) + self._plan(
            second, 20.0, date=today
        )
        held = self._plan(first, 10.0, invoice_flag="no")
        url = "/odoo/progress-billing"
        self.start_tour(url, "progress_billing_to_bill", login="accountman")
        self.assertEqual(lines.mapped("state"), ["draft", "draft"])
        self.assertEqual(held.state, "planned")


@tagged("post_install", "-at_install")
class TestTourProjects(ProjectBillingCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self.env.user.write({"login": "accountman", "tz": "UTC"})
        self.env.user.group_ids += self.env.ref("base.group_user")
        self.env.user.group_ids += self.env.ref("sales_team.group_sale_manager")

    def test_three_reports_and_the_history_of_an_order(self):
        worked = self._project_order(1000.0)
        self._complete(worked.order_line, 60.0)
        order = self._order(10000.0, name="HISTORY")
        deposit = self._bill(self._plan(order, 30.0))
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=deposit.ids
        ).create({"amount": 1000.0})._create_payments()
        self._order(2000.0, confirm=False)
        self.start_tour(
            "/odoo/progress-billing", "progress_billing_reports", login="accountman"
        )
        url = f"/odoo/sale.order/{order.id}"
        self.start_tour(url, "progress_billing_history", login="accountman")

    def test_project_copies_the_last_billing_and_bills_it(self):
        order = self._project_order(1000.0)
        self._complete(order.order_line, 40.0)
        self._run(order.project_id, post=True)
        url = f"/odoo/project.project/{order.project_id.id}"
        self.start_tour(url, "progress_billing_copy_last", login="accountman")
        self.assertEqual(order.order_line.completed_percent, 80.0)
        self.assertBudget(order.order_line, (0.0, 400.0, 400.0))

    def test_what_pro_formas_left_pending_is_answered(self):
        orders = [self._project_order(1000.0) for _number in range(2)]
        for order in orders:
            proforma = self._proforma(order, 50.0)
            proforma.line_ids.amount_to_invoice = 300.0
        for order, answer in zip(orders, ("accept", "keep"), strict=True):
            url = f"/odoo/project.project/{order.project_id.id}"
            self.start_tour(url, f"progress_billing_{answer}", login="accountman")
        accepted, kept = (order.order_line for order in orders)
        self.assertBudget(accepted, (0.0, 300.0, 0.0))
        self.assertEqual(accepted.completed_percent, 30.0)
        self.assertBudget(kept, (200.0, 300.0, 0.0))
        self.assertFalse(accepted.progress_left_by or kept.progress_left_by)


@tagged("post_install", "-at_install")
class TestTourPhone(ProjectBillingCommon, HttpCase):
    browser_size = "390x844"
    touch_enabled = True

    def setUp(self):
        super().setUp()
        self.env.user.write({"login": "accountman", "tz": "UTC"})
        self.env.user.group_ids += self.env.ref("base.group_user")
        self.env.user.group_ids += self.env.ref("sales_team.group_sale_manager")

    def test_orders_and_projects_are_cards_on_a_phone(self):
        order = self._order(10000.0, name="PHONE")
        first, _second = self._plan(order, 30.0, 20.0)
        self._bill(first)
        url = "/odoo/progress-orders"
        self.start_tour(url, "progress_billing_phone", login="accountman")
        worked = self._project_order(1000.0)
        worked.project_id.name = "PHONE"
        self._complete(worked.order_line, 60.0)
        url = "/odoo/progress-projects"
        self.start_tour(url, "progress_billing_phone_projects", login="accountman")
