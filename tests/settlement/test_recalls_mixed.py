"""Deposits in both directions, credited, invoiced in stages and finished."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common_project import ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestRecallsMixed(ProjectBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.delivered = cls._service("Works", invoice_policy="delivery")
        cls.included = cls._tax(
            21.0, name="incl.", price_include_override="tax_included"
        )

    def _bill_budget(self, order):
        return self._run(order.project_id, post=True)[1]

    def _voucher_order(self):
        """Return an order of 10 x 100 as delivered, less an untaxed voucher of 50."""
        return self._order(
            (100.0, 10.0, {"product_id": self.delivered.id}),
            (-50.0, 1.0, {"tax_ids": False}),
        )

    def test_stages_take_back_a_deposit_with_a_negative_part(self):
        order = self._voucher_order()
        self._bill(self._plan(order, 30.0))
        for quantity in (3.0, 7.0):
            order.order_line[0].qty_delivered = quantity
            order._create_interim_invoices().action_post()
        self._final(order)
        self.assertSettled(order)

    def test_deposit_with_a_negative_part_is_credited_in_halves(self):
        order = self._voucher_order()
        deposit = self._bill(self._plan(order, 30.0))
        for _half in range(2):
            credit = self._credit(deposit, post=False)
            for item in credit.invoice_line_ids:
                item.price_unit /= 2.0
            credit.action_post()
        self.assertAlmostEqual(order.progress_deposit_balance, 0.0)
        with self.assertRaises(UserError):
            self._credit(deposit)
        self._final(order)
        self.assertSettled(order)

    def test_order_of_a_negative_total_takes_back_two_deposits(self):
        order = self._order(-1000.0)
        deposits = self._bill(self._plan(order, 33.33, 33.33))
        self.assertEqual(deposits.mapped("move_type"), ["out_refund"] * 2)
        final = self._final(order)
        self.assertSettled(order)
        with self.assertRaisesRegex(UserError, "took back"):
            deposits[0].button_draft()
        final.button_draft()
        deposits[0].button_draft()
        self.assertAlmostEqual(order.progress_deposit_balance, -333.3)

    def test_progress_up_and_down_comes_to_the_order_tax_by_tax(self):
        for method in ("round_globally", "round_per_line"):
            with self.subTest(method):
                self.company.tax_calculation_rounding_method = method
                order = self._project_order(
                    (333.33, 3.0, "amount"),
                    (59.79, 4.0, "amount"),
                    (79.85, 3.0, "amount"),
                    method="deposit",
                )
                lines = order.order_line
                lines[1:].tax_ids = self.included
                for percents in (
                    (33.3, 50.0, 10.0),
                    (66.6, 20.0, 70.0),
                    (12.5, 35.0, 0.0),
                    (0.0, 100.0, 40.0),
                ):
                    self._complete(lines, *percents)
                    self._bill_budget(order)
                    self.assertAlmostEqual(
                        order.progress_deposit_balance,
                        sum(lines.mapped("actual_amount")),
                    )
                self._final(order)
                self.assertSettled(order)

    def test_progress_taken_back_on_an_order_of_a_negative_total(self):
        order = self._project_order(-1000.0, method="deposit")
        line = order.order_line
        moves = self.env["account.move"]
        for percent in (60.0, 45.0):
            self._complete(line, percent)
            moves |= self._bill_budget(order)
        self.assertRecordValues(
            moves,
            [
                {"move_type": "out_refund", "amount_untaxed": 600.0},
                {"move_type": "out_invoice", "amount_untaxed": 150.0},
            ],
        )
        self.assertEqual(moves[1].reversed_entry_id, moves[0])
        self.assertAlmostEqual(order.progress_deposit_balance, -450.0)
        self._final(order)
        self.assertSettled(order)

    def test_progress_taken_back_on_a_pro_forma(self):
        order = self._project_order(1000.0, method="deposit")
        line = order.order_line
        for percent, untaxed in ((60.0, 600.0), (45.0, 150.0)):
            self._complete(line, percent)
            order.project_id.progress_create_proforma = True
            proforma = self._run(order.project_id)[0]
            proforma.action_release()
            proforma.move_ids.action_post()
            self.assertAlmostEqual(proforma.move_ids.amount_untaxed, untaxed)
        self.assertEqual(proforma.move_ids.move_type, "out_refund")
        self._final(order)
        self.assertSettled(order)

    def test_progress_taken_back_is_undone(self):
        order = self._project_order(1000.0, method="deposit")
        line = order.order_line
        self._complete(line, 60.0)
        deposit = self._bill_budget(order)
        self._complete(line, 45.0)
        credit = self._bill_budget(order)
        with self.assertRaisesRegex(UserError, credit.name):
            deposit.button_draft()
        credit.button_draft()
        credit.unlink()
        self.assertBudget(line, (-150.0, 0.0, 600.0))
        self.assertAlmostEqual(order.progress_deposit_balance, 600.0)
        self._bill_budget(order)
        self._final(order)
        self.assertSettled(order)

    def test_stage_in_another_currency_is_refused(self):
        order = self._voucher_order()
        self._bill(self._plan(order, 30.0))
        order.order_line[0].qty_delivered = 5.0
        interim = order._create_interim_invoices()
        interim.currency_id = self.env.ref("base.EUR")
        with self.assertRaisesRegex(UserError, "in EUR because .* in USD"):
            interim.action_post()
