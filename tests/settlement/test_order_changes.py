"""The order changes under a plan: design 3.10."""

from odoo.exceptions import RedirectWarning, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestOrderChanges(ProgressBillingCommon):
    def _price(self, order, price):
        order._get_progress_contract_lines()[0].price_unit = price

    def test_planned_percentages_follow_the_new_total(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0, ("amount", 1000.0))
        self.assertEqual(lines.mapped("amount_untaxed"), [3000.0, 1000.0])
        self._price(order, 20000.0)
        self.assertEqual(lines.mapped("amount_untaxed"), [6000.0, 1000.0])

    def test_planned_percentages_follow_new_taxes_and_discounts(self):
        order = self._order(10000.0)
        line = self._plan(order, 30.0)
        order.order_line[0].discount = 10.0
        self.assertAlmostEqual(line.amount_total, 3105.0)
        order.order_line[0].tax_ids = False
        self.assertAlmostEqual(line.amount_total, 2700.0)

    def test_issued_lines_keep_their_amounts(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0, 20.0)
        self._bill(lines[0])
        self._price(order, 20000.0)
        self.assertEqual(lines.mapped("amount_untaxed"), [3000.0, 4000.0])
        self._final(order)
        self.assertSettled(order)

    def test_last_part_takes_the_rest_of_the_new_total(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0)
        self._bill(lines)
        self._price(order, 12000.0)
        rest = self._bill(self._plan(order, ("amount", 9000.0)))
        self.assertAlmostEqual(rest.amount_untaxed, 9000.0)
        self.assertAlmostEqual(self._final(order).amount_total, 0.0)
        self.assertSettled(order)

    def test_over_billed_order_shows_it_and_ends_with_a_credit_note(self):
        order = self._order(10000.0)
        self._bill(self._plan(order, 80.0))
        self._price(order, 5000.0)
        self.assertAlmostEqual(order.progress_remaining_amount, -3000.0)
        self.assertAlmostEqual(order.progress_excess_amount, 3000.0)
        self.assertEqual(self._final(order).move_type, "out_refund")
        self.assertSettled(order)

    def test_another_tax_on_the_order_is_settled_by_the_final(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0, 20.0)
        self._bill(lines[0])
        order.order_line[0].tax_ids = self._tax(5.0)
        second = self._bill(lines[1])
        self.assertAlmostEqual(second.amount_untaxed, 2000.0)
        self.assertAlmostEqual(second.amount_tax, 100.0)
        final = self._final(order)
        self.assertAlmostEqual(final.amount_untaxed, 5000.0)
        self.assertSettled(order)

    def test_another_fiscal_position_is_settled_by_the_final(self):
        """3,000 were taxed by 15 %: they go back with that, all is taxed by 6 %."""
        order = self._order(10000.0)
        lines = self._plan(order, 30.0, 20.0)
        self._bill(lines[0])
        order.fiscal_position_id = self.env["account.fiscal.position"].create(
            {
                "name": "Other region",
                "tax_ids": [
                    Command.create(
                        {
                            "name": "6 %",
                            "amount": 6.0,
                            "type_tax_use": "sale",
                            "original_tax_ids": [Command.set(self.tax.ids)],
                            "invoice_repartition_line_ids": self._parts(),
                            "refund_repartition_line_ids": self._parts(),
                        }
                    )
                ],
            }
        )
        order.action_update_taxes()
        self.assertEqual(self._bill(lines[1]).amount_total, 2120.0)
        final = self._final(order)
        self.assertEqual(final.amount_total, 10600.0 - 3450.0 - 2120.0)
        self.assertSettled(order)

    def _parts(self):
        account = self.company_data["default_account_tax_sale"]
        return [
            Command.create({"repartition_type": "base"}),
            Command.create({"repartition_type": "tax", "account_id": account.id}),
        ]

    def test_rewards_added_after_a_deposit(self):
        """Negative lines, as loyalty adds them: taxed and untaxed."""
        order = self._order(10000.0)
        lines = self._plan(order, 30.0, 50.0)
        self._bill(lines[0])
        order.order_line = [
            Command.create(
                {
                    "product_id": self.service.id,
                    "sequence": 999,
                    "price_unit": price,
                    "tax_ids": [Command.set(taxes.ids)],
                }
            )
            for price, taxes in ((-1000.0, self.tax), (-50.0, self.tax.browse()))
        ]
        self.assertEqual(order.amount_total, 10300.0)
        # 50 % of 8,950, the voucher's part untaxed.
        self.assertEqual(self._bill(lines[1]).amount_untaxed, 4475.0)
        final = self._final(order)
        self.assertEqual(final.amount_untaxed, 8950.0 - 3000.0 - 4475.0)
        self.assertSettled(order)

    def test_zero_quantity_and_emptied_order(self):
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0))
        order.order_line[0].product_uom_qty = 0.0
        self.assertAlmostEqual(order.progress_contract_amount, 0.0)
        final = self._final(order)
        self.assertRecordValues(
            final, [{"move_type": "out_refund", "amount_untaxed": 3000.0}]
        )
        self.assertSettled(order)

    def test_added_order_line_raises_the_plan(self):
        order = self._order(10000.0)
        line = self._plan(order, 10.0)
        order.order_line = [
            Command.create({"product_id": self.service.id, "price_unit": 500.0})
        ]
        self.assertAlmostEqual(line.amount_untaxed, 1050.0)

    def test_order_line_with_a_plan_cannot_be_deleted(self):
        order = self._order(10000.0, 500.0, confirm=False)
        line = self._plan(order, 50.0, sale_line_id=order.order_line[1].id)
        self.assertAlmostEqual(line.amount_untaxed, 250.0)
        with self.assertRaisesRegex(UserError, line.name):
            order.order_line[1].unlink()
        line.unlink()
        order.order_line[1].unlink()

    def test_quotation_is_deleted_with_its_plan(self):
        order = self._order(10000.0, 500.0, confirm=False)
        line = self._plan(order, 50.0, sale_line_id=order.order_line[1].id)
        order.unlink()
        self.assertFalse(line.exists())

    def test_cancelling_with_posted_deposits_offers_to_credit_them(self):
        order = self._order(10000.0)
        deposit = self._bill(self._plan(order, 30.0))
        with self.assertRaises(RedirectWarning) as caught:
            order._action_cancel()
        message, action, _button, context = caught.exception.args
        self.assertIn(deposit.name, message)
        self.assertEqual(
            action, self.env.ref("account.action_view_account_move_reversal").id
        )
        self.assertEqual(context["active_ids"], deposit.ids)

    def test_cancelled_order_planned_again_after_draft(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0)
        order._action_cancel()
        with self.assertRaises(UserError):
            lines._create_progress_invoices()
        order.action_draft()
        order.action_confirm()
        self._bill(lines)
        self._final(order)
        self.assertSettled(order)

    def test_copied_order_has_no_plan_and_no_deposits(self):
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0))
        copy = order.copy()
        self.assertFalse(copy.progress_line_ids)
        self.assertFalse(copy.order_line.filtered("is_downpayment"))
