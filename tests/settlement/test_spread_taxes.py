"""A tax spread over accounts, a part of it on the account of the invoice line."""

from odoo.fields import Command
from odoo.tests import tagged

from .test_interim import InterimCase


@tagged("post_install", "-at_install")
class TestSpreadTaxes(InterimCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        account = cls.company_data["default_account_tax_sale"]
        repartition = [
            Command.create({"repartition_type": "base"}),
            Command.create(
                {
                    "repartition_type": "tax",
                    "factor_percent": 70.0,
                    "account_id": account.id,
                }
            ),
            Command.create({"repartition_type": "tax", "factor_percent": 30.0}),
        ]
        cls.spread = cls._tax(
            20.0,
            name="spread",
            invoice_repartition_line_ids=repartition,
            refund_repartition_line_ids=repartition,
        )

    def assertNothingLeft(self, order):
        """Assert that neither deposits nor parts of their taxes are left."""
        self.assertEqual(order.progress_deposit_balance, 0.0)
        self.assertAlmostEqual(self._balance(self.deposit_account, order), 0.0, 9)
        items = order.order_line.invoice_lines.move_id.line_ids
        taxes = items.filtered("tax_line_id")
        self.assertAlmostEqual(-sum(taxes.mapped("balance")), order.amount_tax, 9)

    def test_a_deposit_credited_in_part(self):
        """30 % of its tax: 30.02 of 100.05, 9.99 of 33.31, but 20.02 of the rest."""
        order = self._staged((1000.0, 1.0, self.spread))
        deposit = self._bill(self._plan(order, ("amount", 500.25)))
        self._credit(deposit, 166.55)
        self._final(order)
        self.assertNothingLeft(order)

    def test_a_deposit_taken_back_by_stages(self):
        for mode in ("proportional", "fit"):
            with self.subTest(mode):
                order = self._staged((100.0, 10.0, self.spread))
                self._bill(self._plan(order, ("amount", 500.25)))
                for quantity in (1.0, 3.0, 7.0):
                    self._interim(order, quantity, recoupment=mode)
                self._final(order)
                self.assertNothingLeft(order)

    def test_a_deposit_closed_by_an_interim_invoice(self):
        order = self._staged((100.0, 10.0, self.spread))
        self._bill(self._plan(order, ("amount", 500.25)))
        self._interim(order, 3.3331, recoupment="fit")
        self._interim(order, 9.0, recoupment="fit")
        self.assertEqual(order.progress_deposit_balance, 0.0)
        self.assertAlmostEqual(self._balance(self.deposit_account, order), 0.0, 9)

    def test_other_taxes_are_taken_back_in_one_line(self):
        order = self._staged((1000.0, 1.0, self.tax))
        deposit = self._bill(self._plan(order, ("amount", 500.25)))
        self._credit(deposit, 166.55)
        final = self._final(order)
        recalls = final.invoice_line_ids.filtered("is_progress_recall")
        self.assertEqual(recalls.mapped("price_subtotal"), [-333.7])
