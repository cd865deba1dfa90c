"""Terms of retention: where they come from, and who may change them."""

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from ..common_retention import RetentionCommon


@tagged("post_install", "-at_install")
class TestTerms(RetentionCommon):
    def test_new_order_takes_the_terms_of_the_company(self):
        self.company.retention_percent = 5.0
        self.company.retention_cap_percent = 4.0
        order = self._order(50000.0)
        self.assertRecordValues(
            order,
            [
                {
                    "retention_percent": 5.0,
                    "retention_base": "total",
                    "retention_tax": "invoice",
                    "retention_cap_percent": 4.0,
                    "has_retention": True,
                }
            ],
        )

    def test_customer_comes_before_the_company_and_the_template_before_both(self):
        self.company.retention_percent = 5.0
        self.partner_a.write(
            {
                "has_retention_terms": True,
                "retention_percent": 10.0,
                "retention_base": "untaxed",
            }
        )
        order = self._order(50000.0, confirm=False)
        self.assertEqual(order.retention_percent, 10.0)
        self.assertEqual(order.retention_base, "untaxed")
        template = self.env["sale.order.template"].create(
            {"name": "None", "has_retention_terms": True, "retention_percent": 0.0}
        )
        order.sale_order_template_id = template
        self.assertEqual(order.retention_percent, 0.0)
        self.assertFalse(order.has_retention)

    def test_confirmed_order_keeps_its_terms(self):
        order = self._retained()
        order.partner_id = self.partner_b
        self.assertEqual(order.retention_percent, 5.0)

    def test_company_without_terms_retains_nothing(self):
        self.assertFalse(self._order(50000.0).has_retention)

    def test_account_must_be_a_current_asset_that_can_be_reconciled(self):
        with (
            self.assertRaisesRegex(ValidationError, "You cannot book retention"),
            self.cr.savepoint(),
        ):
            self.company.retention_account_id = self.deposit_account
        with self.assertRaisesRegex(ValidationError, "not a sales journal"):
            self.company.retention_journal_id = self.company_data[
                "default_journal_bank"
            ]

    def test_percentages_out_of_range_are_refused(self):
        order = self._retained()
        for values in (
            {"retention_percent": 101.0},
            {"retention_percent": -1.0},
            {"retention_cap_percent": 101.0},
            {"retention_months": -1},
            {
                "order_line": [
                    Command.update(order.order_line.id, {"retention_percent": 101})
                ]
            },
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                order.write(values)
