"""No account, no start."""

from lxml import etree

from odoo.exceptions import RedirectWarning
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestDepositAccount(ProgressBillingCommon):
    def test_any_other_kind_of_account_is_refused(self):
        order = self._order(1000.0)
        for values in (
            {"account_type": "income", "reconcile": False},
            {"account_type": "asset_current", "reconcile": True},
            {"account_type": "liability_current", "reconcile": False},
        ):
            with self.subTest(**values):
                self.deposit_account.write(values)
                with self.assertRaisesRegex(RedirectWarning, "reconciliation"):
                    self._plan(order, 30.0)

    def test_revenue_method_needs_no_account(self):
        self.company.downpayment_account_id = False
        order = self._order(1000.0, progress_method="revenue")
        move = self._bill(self._plan(order, 30.0))
        self.assertNotIn(self.deposit_account, move.line_ids.account_id)

    def test_orders_are_edited_without_an_account(self):
        """Only planning and creating stop, not everybody who opens the order."""
        order = self._order(1000.0)
        line = self._plan(order, 30.0)
        self.company.downpayment_account_id = False
        order.order_line.price_unit = 2000.0
        self.assertAlmostEqual(line.amount_untaxed, 600.0)
        with self.assertRaises(RedirectWarning):
            line._create_progress_invoices()

    def test_switching_to_deposits_needs_an_account(self):
        self.company.downpayment_account_id = False
        order = self._order(1000.0, progress_method="revenue")
        line = self._plan(order, 30.0)
        order.progress_method = "deposit"
        with self.assertRaises(RedirectWarning), self.cr.savepoint():
            line._create_progress_invoices()

    def test_setting_is_where_the_error_leads(self):
        """For the invoicing administrator of Community, who sees no full accounting."""
        full = self.env.ref("account.group_account_user").sudo()
        full.user_ids -= self.env.user
        readonly = self.env.ref("account.group_account_readonly").sudo()
        readonly.user_ids -= self.env.user
        self.assertTrue(self.env.user.has_group("account.group_account_manager"))
        action = self.env.ref("progress_billing.action_progress_billing_settings")
        view = self.env[action.res_model].get_view(action.view_id.id, "form")
        page = safe_eval(action.context)["module"]
        settings = etree.fromstring(view["arch"]).xpath(
            f"//app[@name='{page}']//setting"
        )
        # The first of the page that opens.
        self.assertTrue(settings[0].xpath(".//field[@name='downpayment_account_id']"))
        names = {field.get("name") for field in settings[0].xpath("//app//field")}
        self.assertLessEqual({"progress_method", "retention_account_id"}, names)
