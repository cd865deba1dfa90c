"""A company on a fresh chart of accounts, from its set-up to a final invoice."""

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestSetUp(TransactionCase):
    def _company(self, chart, country):
        """Return a company on a fresh chart, the one that this test works in."""
        company = self.env["res.company"].create(
            {"name": chart, "country_id": self.env.ref(f"base.{country}").id}
        )
        self.env.user.company_ids |= company
        self.env = self.env(
            context={**self.env.context, "allowed_company_ids": company.ids}
        )
        company = company.with_env(self.env)
        self.env["account.chart.template"].try_loading(
            chart, company=company, install_demo=False
        )
        return company

    def _order(self, company):
        product = self.env["product.product"].create(
            {
                "name": "Installation",
                "type": "service",
                "taxes_id": [Command.set(company.account_sale_tax_id.ids)],
            }
        )
        partner = self.env["res.partner"].create(
            {"name": "Customer", "country_id": company.country_id.id}
        )
        order = self.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "order_line": [
                    Command.create({"product_id": product.id, "price_unit": 1000.0})
                ],
            }
        )
        order.action_confirm()
        return order

    def _assert_set_up(self, chart, country, code=None):
        """Set a company up and bill an order to its end.

        :param code: the account of deposits where the chart has one, else None.
        """
        company = self._company(chart, country)
        company.action_set_up_progress_billing()
        account = company.downpayment_account_id
        self.assertEqual(account.account_type, "liability_current")
        self.assertTrue(account.reconcile)
        if code:
            self.assertEqual(account.code, code)
        self._assert_billed_to_the_end(self._order(company), account)

    def test_generic_chart_gets_an_account(self):
        self._assert_set_up("generic_coa", "us")

    def test_american_chart_gets_an_account(self):
        self._assert_set_up("us", "us")

    def test_german_charts_have_erhaltene_anzahlungen(self):
        self._assert_set_up("de_skr03", "de", "1710")

    def test_german_chart_by_statement_has_erhaltene_anzahlungen(self):
        self._assert_set_up("de_skr04", "de", "3250")

    def test_french_chart_has_avances_et_acomptes_recus(self):
        self._assert_set_up("fr", "fr", "419100")

    def test_spanish_chart_has_anticipos_de_clientes(self):
        self._assert_set_up("es_pymes", "es", "438000")

    def test_dutch_chart_has_vooruit_gefactureerd(self):
        self._assert_set_up("nl", "nl", "140500")

    def test_italian_chart_has_acconti_dei_clienti(self):
        self._assert_set_up("it", "it", "253000")

    def _assert_billed_to_the_end(self, order, account):
        plan = self.env.ref("progress_billing.template_30_40_30").line_ids
        line = self.env["progress.billing.line"].create(
            {
                **plan[0]._prepare_progress_line_values(order),
                "order_id": order.id,
            }
        )
        deposit = line._create_progress_invoices()
        deposit.action_post()
        self.assertEqual(deposit.amount_untaxed, 300.0)
        self.assertEqual(self._balance(account), -300.0)
        final = order._create_final_invoices()
        final.action_post()
        self.assertEqual(final.amount_untaxed, 700.0)
        self.assertEqual(self._balance(account), 0.0)
        self.assertEqual(deposit.amount_total + final.amount_total, order.amount_total)

    def _balance(self, account):
        items = self.env["account.move.line"].search([("account_id", "=", account.id)])
        return sum(items.mapped("balance"))

    def test_a_set_up_company_keeps_its_account(self):
        company = self._company("generic_coa", "us")
        company.action_set_up_progress_billing()
        account = company.downpayment_account_id
        self.assertEqual(account.name, "Customer Deposits")
        company.action_set_up_progress_billing()
        self.assertEqual(company.downpayment_account_id, account)

    def test_accounting_managers_set_up_and_salespeople_do_not(self):
        company = self._company("generic_coa", "us")
        seller, manager = (
            new_test_user(
                self.env,
                login,
                group,
                company_id=company.id,
                company_ids=[Command.set(company.ids)],
            )
            for login, group in (
                ("set-up seller", "sales_team.group_sale_manager"),
                ("set-up manager", "account.group_account_manager"),
            )
        )
        with self.assertRaisesRegex(AccessError, "You cannot set up"):
            company.with_user(seller).action_set_up_progress_billing()
        company.with_user(manager).action_set_up_progress_billing()
        self.assertTrue(company.downpayment_account_id.reconcile)
