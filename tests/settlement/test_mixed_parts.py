"""Orders that were a cent or a whole line away from the host's invoice."""

from odoo.fields import Command
from odoo.tests import tagged

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestMixedParts(ProgressBillingCommon):
    def _with(self, *taxes):
        return {"tax_ids": [Command.set([tax.id for tax in taxes])]}

    def test_deposit_then_revenue_then_final_are_the_order_tax_by_tax(self):
        """59.79 at 15 %, 5.5 % and 7.25 %: 8.97 + 3.29 + 4.33 of taxes in all."""
        taxes = self.tax, self._tax(5.5), self._tax(7.25)
        order = self._order((59.79, 1.0, self._with(*taxes)))
        moves = self._bill(self._plan(order, 20.0))
        order.progress_method = "revenue"
        moves |= self._bill(self._plan(order, ("amount", 11.96)))
        moves |= self._final(order)
        items = moves.line_ids
        billed = [
            -sum(
                items.filtered(lambda x, tax=tax: x.tax_line_id == tax).mapped(
                    "balance"
                )
            )
            for tax in taxes
        ]
        self.assertEqual([round(amount, 2) for amount in billed], [8.97, 3.29, 4.33])
        self.assertSettled(order)

    def test_final_after_a_stage_with_a_returned_cent_posts(self):
        """28.85 in stages and a return of 0.01: 28.84 in all."""
        self.service.invoice_policy = "delivery"
        order = self._order(28.85)
        line = order.order_line
        self._plan(order, 10.0)
        line.qty_delivered = 0.1
        order._create_interim_invoices().action_post()
        order.order_line = [
            Command.create(
                {
                    "product_id": self.service.id,
                    "price_unit": 0.01,
                    "product_uom_qty": -1.0,
                    **self._with(self.tax),
                }
            )
        ]
        self._final(order)
        self.assertSettled(order)
        self.assertEqual(order.progress_billed_amount, 28.84)

    def test_a_deduction_with_a_fixed_tax_leaves_the_contract_whole(self):
        """10 x 100 and -10 with a fixed tax of 2.50: all 990.00 may be billed."""
        fixed = self._tax(2.5, name="fixed", amount_type="fixed")
        order = self._order((100.0, 10.0), (-10.0, 1.0, self._with(fixed)))
        final = self._final(order)
        self.assertEqual((final.state, final.amount_untaxed), ("posted", 990.0))

    def test_part_of_the_order_bills_no_line_beyond_its_worth(self):
        """One of 100 + 100 is billed alone: 25 % and 10 % of all are the other's."""
        order = self._order(100.0, 100.0, progress_method="revenue")
        first, second = order.order_line
        self._bill(self._plan(order, 100.0, sale_line_id=first.id))
        for percent, billed in ((25.0, 50.0), (10.0, 70.0)):
            self._bill(self._plan(order, percent))
            self.assertEqual(
                order.order_line.mapped("progress_billed_amount"), [100.0, billed]
            )
        self.assertEqual(self._final(order).amount_untaxed, 30.0)
        self.assertSettled(order)

    def test_part_of_an_order_with_a_deduction_keeps_all_lines_in_their_bounds(self):
        order = self._order(100.0, -20.0, 100.0, progress_method="revenue")
        self._bill(self._plan(order, 100.0, sale_line_id=order.order_line[0].id))
        self._bill(self._plan(order, ("amount", 40.0)))
        self.assertEqual(
            order.order_line.mapped("progress_billed_amount"), [100.0, -10.0, 50.0]
        )
        self._final(order)
        self.assertSettled(order)
