"""Terms of retention: where they come from, and who may change them."""

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

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

    # === STEPS THAT NEW ORDERS TAKE === #

    def _steps(self, *steps):
        return [
            Command.create({"until_percent": until, "percent": percent})
            for until, percent in steps
        ]

    def assertSteps(self, order, *steps):
        found = [
            (step.until_percent, step.percent) for step in order.retention_step_ids
        ]
        self.assertEqual(found, list(steps))

    def test_new_order_takes_the_steps_of_the_company(self):
        self.company.retention_step_ids = self._steps((50.0, 10.0))
        order = self._order(50000.0, progress_method="revenue")
        self.assertSteps(order, (50.0, 10.0))
        self.assertTrue(order.has_retention)
        self.assertEqual(self._progress(order, 40.0).retention_amount, 2400.0)

    def test_steps_of_the_company_are_set_in_the_settings(self):
        Settings = self.env["res.config.settings"]
        Settings.create({"retention_step_ids": self._steps((50.0, 10.0))}).execute()
        self.assertSteps(self.company, (50.0, 10.0))
        with Form(Settings) as form:
            with form.retention_step_ids.edit(0) as step:
                step.percent = 8.0
            with form.retention_step_ids.new() as step:
                step.until_percent = 80.0
                step.percent = 5.0
        form.record.execute()
        self.assertSteps(self.company, (50.0, 8.0), (80.0, 5.0))
        Settings.create({}).execute()
        self.assertSteps(self.company, (50.0, 8.0), (80.0, 5.0))

    def test_steps_of_the_customer_and_of_the_template_come_first(self):
        self.company.retention_step_ids = self._steps((50.0, 10.0))
        self.partner_a.has_retention_terms = True
        self.partner_a.retention_step_ids = self._steps((30.0, 8.0), (60.0, 4.0))
        order = self._order(50000.0, confirm=False)
        self.assertSteps(order, (30.0, 8.0), (60.0, 4.0))
        template = self.env["sale.order.template"].create(
            {
                "name": "Roofs",
                "has_retention_terms": True,
                "retention_step_ids": self._steps((80.0, 5.0)),
            }
        )
        order.sale_order_template_id = template
        self.assertSteps(order, (80.0, 5.0))
        self.assertSteps(template.copy(), (80.0, 5.0))

    def test_confirmed_order_keeps_its_steps_and_own_ones_stay(self):
        self.company.retention_step_ids = self._steps((50.0, 10.0))
        order = self._order(50000.0, retention_step_ids=self._steps((20.0, 1.0)))
        self.assertSteps(order, (20.0, 1.0))
        order.partner_id = self.partner_b
        self.assertSteps(order, (20.0, 1.0))
        self.assertSteps(order.copy(), (20.0, 1.0))

    def test_steps_of_a_customer_are_those_agreed_in_a_company(self):
        other = self.setup_other_company(name="Elsewhere")["company"]
        self.env.user.company_ids |= other
        for company, percent in ((self.company, 10.0), (other, 3.0)):
            partner = self.partner_a.with_company(company)
            partner.has_retention_terms = True
            partner.retention_step_ids = self._steps((50.0, percent))
        self.assertSteps(self._order(50000.0, confirm=False), (50.0, 10.0))

    def test_salespeople_do_not_set_the_steps_of_company_or_template(self):
        seller = new_test_user(
            self.env, "steps_seller", "sales_team.group_sale_salesman"
        )
        template = self.env["sale.order.template"].create({"name": "Roofs"})
        for values in (
            {"terms_company_id": self.company.id},
            {"template_id": template.id},
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                self.env["progress.retention.step"].with_user(seller).create(
                    {"until_percent": 50.0, "percent": 1.0, **values}
                )

    # === WHAT THE GUARD OF TERMS COSTS === #

    def test_writing_an_order_without_retention_asks_nothing_of_the_database(self):
        seller = new_test_user(
            self.env, "guard_seller", "sales_team.group_sale_salesman_all_leads"
        )
        order = self._order(50000.0).with_user(seller)
        line = order.order_line
        order.read()
        line.read()
        with self.assertQueryCount(0):
            order._check_retention_write({"client_order_ref": "A"})
            order._check_retention_write({"retention_percent": 5.0})
            line._check_retention_write({"price_unit": 5.0})
            line._check_retention_write({"retention_percent": 5.0})
            order._get_retention_guaranteed({"client_order_ref": "A"})
