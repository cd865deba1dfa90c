"""The screens as people use them."""

from odoo import fields
from odoo.tests import HttpCase, tagged

from ..common import ProgressBillingCommon


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
