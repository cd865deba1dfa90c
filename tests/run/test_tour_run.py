"""In the browser: a plan is generated, a run bills it, a final settles it."""

from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestTourRun(ProgressBillingCommon, HttpCase):
    def test_generate_run_and_final_in_a_foreign_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        euro.rate_ids.unlink()
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": euro.id}
        )
        self.env["progress.billing.line"].search([]).unlink()
        self.company.progress_auto_post = True
        self.env.user.write(
            {
                "group_ids": [
                    Command.link(self.env.ref(name).id)
                    for name in (
                        "sales_team.group_sale_manager",
                        "account.group_account_invoice",
                    )
                ],
                "login": "runner",
                "password": "runner-password",
            }
        )
        order = self._order(10000.0, pricelist_id=pricelist.id)
        self.assertEqual(order.currency_id, euro)
        held = self._order(10000.0)
        self._plan(held, 10.0, invoice_flag="no", date="2020-01-01")
        url = f"/odoo/sales/{order.id}"
        self.start_tour(url, "progress_billing_run", login="runner")
        self.assertEqual(order.progress_line_ids.state, "posted")
        self.start_tour(url, "progress_billing_run_final", login="runner")
        self.assertEqual(order.progress_line_ids.state, "settled")
        self.assertEqual(order.progress_final_invoice_ids.state, "posted")
        self.assertEqual(order.progress_deposit_balance, 0.0)
