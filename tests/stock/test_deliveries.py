"""Deliveries and automatic invoicing beside progress billing."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestDeliveries(ProgressBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.goods = cls.env["product.product"].create(
            {
                "name": "Pump",
                "type": "consu",
                "is_storable": True,
                "invoice_policy": "delivery",
                "list_price": 100.0,
                "taxes_id": [Command.set(cls.tax.ids)],
                "property_account_income_id": cls.company_data[
                    "default_account_revenue"
                ].id,
            }
        )
        cls.workflow = (
            cls.env["sale.workflow.process"]
            .sudo()
            .create(
                {
                    "name": "Invoice whatever is to invoice",
                    "create_invoice": True,
                    "validate_invoice": True,
                }
            )
        )

    def _pumps(self, quantity=10.0):
        return self._order(
            (100.0, quantity, {"product_id": self.goods.id}),
            workflow_process_id=self.workflow.id,
        )

    def _deliver(self, order, quantity):
        """Deliver by stock, the rest stays in a backorder."""
        picking = order.picking_ids.filtered(
            lambda p: p.state not in ("done", "cancel")
        )
        picking = picking.sudo()
        picking.move_ids.write({"quantity": quantity, "picked": True})
        picking.with_context(skip_backorder=True).button_validate()

    def _run_workflow(self):
        self.env["automatic.workflow.job"].sudo().run()

    def test_no_delivery_is_needed(self):
        order = self._pumps()
        move = self._bill(self._plan(order, 30.0))
        self.assertEqual(move.amount_untaxed, 300.0)
        self._final(order)
        self.assertSettled(order)

    def test_a_delivery_after_it_makes_no_ordinary_invoice(self):
        order = self._pumps()
        self._bill(self._plan(order, 30.0))
        self._deliver(order, 10.0)
        self.assertEqual(order.order_line[0].qty_delivered, 10.0)
        self.assertEqual(order.invoice_status, "no")
        self._run_workflow()
        self.assertEqual(order.invoice_ids, order.progress_line_ids.move_id)

    def test_a_planned_line_alone_keeps_the_order_from_ordinary_invoicing(self):
        order = self._pumps()
        self._plan(order, 30.0)
        self._deliver(order, 10.0)
        self._run_workflow()
        self.assertFalse(order.invoice_ids)

    def test_after_the_final_nothing_is_to_invoice(self):
        order = self._pumps()
        self._bill(self._plan(order, 30.0))
        self._deliver(order, 10.0)
        self._final(order)
        self._run_workflow()
        self.assertEqual(order.invoice_status, "invoiced")
        self.assertEqual(len(order.invoice_ids), 2)
        self.assertSettled(order)

    def test_delivered_and_invoiced_before_leaves_only_the_rest(self):
        order = self._pumps()
        self._deliver(order, 4.0)
        self._run_workflow()
        self.assertEqual(order.invoice_ids.amount_untaxed, 400.0)
        lines = self._plan(order, ("amount", 600.0), ("amount", 1.0))
        self._bill(lines[0])
        with self.assertRaises(UserError):
            self._bill(lines[1])
        lines[1].unlink()
        final = self._final(order)
        self.assertEqual(final.amount_total, 0.0)
        self.assertSettled(order)

    def test_a_line_whose_part_was_invoiced_first_is_not_billed(self):
        order = self._pumps()
        self._deliver(order, 10.0)
        self._run_workflow()
        line = self._plan(order, 50.0, sale_line_id=order.order_line[0].id)
        with self.assertRaises(UserError):
            self._bill(line)
        self.assertEqual(line.state, "planned")
        line.action_cancel()
        self.assertEqual(line.state, "cancel")
        line.unlink()
        self.assertFalse(order.progress_line_ids)

    def test_interim_invoices_follow_the_deliveries(self):
        order = self._pumps()
        self._bill(self._plan(order, 50.0))
        self._deliver(order, 1.0)
        move = order._create_interim_invoices()
        self.assertEqual((move.move_type, move.amount_untaxed), ("out_invoice", 50.0))
        move.action_post()
        self._deliver(order, 9.0)
        order._create_interim_invoices().action_post()
        self.assertSettled(order)
