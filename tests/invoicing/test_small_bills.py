"""Lines of nothing, and invoice lines of other addons."""

from odoo.fields import Command
from odoo.tests import tagged

from ..common_project import ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestSmallBills(ProjectBillingCommon):
    def test_a_planned_line_on_a_line_worth_nothing_is_not_billed(self):
        order = self._order(1000.0, 0.0)
        free = order.order_line[1]
        line = self._plan(order, 100.0, sale_line_id=free.id)
        self.assertEqual(line.run_obstacle, "nothing")
        with self.assertRaisesRegex(Exception, "nothing is left"):
            line._create_progress_invoices()

    def test_zero_lines_of_revenue_ask_for_no_deposit_account(self):
        rule = self._rule(create_zero_lines=True)
        order = self._project_order(1000.0, 500.0)
        order.project_id.progress_rule_id = rule
        self.company.downpayment_account_id = False
        self._complete(order.order_line, 50.0, 0.0)
        move = self._run(order.project_id)[1]
        self.assertEqual(move.invoice_line_ids.mapped("price_subtotal"), [500.0, 0.0])
        self.assertEqual(
            move.invoice_line_ids.account_id,
            self.company_data["default_account_revenue"],
        )

    def test_invoice_line_values_of_other_addons(self):
        """The host fills in what they leave out."""
        order = self._order(1000.0)
        self._bill(self._plan(order, 30.0))
        fee = {"name": "Fee", "price_unit": 5.0, "quantity": 1.0}
        cls = type(self.env["sale.order"])

        def with_fee(orders, values_list, final):
            for values in values_list:
                values["invoice_line_ids"].append(Command.create(dict(fee)))
            return original(orders, values_list, final)

        original = cls._create_account_invoices
        self.patch(cls, "_create_account_invoices", with_fee)
        final = self._final(order, post=False)
        self.assertEqual(final.amount_untaxed, 705.0)
