"""Progress-billed orders wait for their final invoice: design 3.8."""

from odoo.tests import tagged

from ..common_project import ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestInvoiceStatus(ProjectBillingCommon):
    def _to_invoice(self, order):
        return self.env["sale.order"].search(
            [("id", "in", order.ids), ("invoice_status", "=", "to invoice")]
        )

    def test_order_without_plan_is_offered_as_ever(self):
        order = self._order(1000.0)
        self.assertEqual(order.invoice_status, "to invoice")

    def test_planned_order_is_not_offered_until_its_final(self):
        order = self._order(1000.0)
        lines = self._plan(order, 30.0)
        self.assertFalse(self._to_invoice(order))
        deposit = self._bill(lines)
        self.assertFalse(self._to_invoice(order))
        final = self._final(order)
        self.assertEqual(order.invoice_status, "invoiced")
        self._credit(final)
        self.assertFalse(self._to_invoice(order))
        self._credit(deposit)
        self._final(order)
        self.assertEqual(order.invoice_status, "invoiced")

    def test_order_is_offered_again_without_its_plan(self):
        order = self._order(1000.0)
        lines = self._plan(order, 30.0)
        lines.unlink()
        self.assertEqual(order.invoice_status, "to invoice")

    def test_order_with_only_cancelled_lines_is_offered(self):
        order = self._order(1000.0)
        lines = self._plan(order, 30.0)
        lines.action_cancel()
        self.assertEqual(order.invoice_status, "to invoice")
        lines.action_replan()
        self.assertEqual(order.invoice_status, "no")

    def test_planned_quotation_is_not_offered_once_confirmed(self):
        order = self._order(1000.0, confirm=False)
        self._plan(order, 30.0)
        order.action_confirm()
        self.assertEqual(order.invoice_status, "no")

    def test_order_invoiced_first_keeps_that_invoice(self):
        """Only the rest can be progress-billed."""
        order = self._order((100.0, 10.0))
        line = order.order_line
        self.service.invoice_policy = "delivery"
        line.qty_delivered = 4.0
        regular = order._create_invoices()
        regular.action_post()
        self.assertAlmostEqual(regular.amount_untaxed, 400.0)
        deposit = self._bill(self._plan(order, ("amount", 600.0)))
        self.assertAlmostEqual(deposit.amount_untaxed, 600.0)
        self.assertAlmostEqual(order.progress_remaining_amount, 0.0)
        final = self._final(order)
        self.assertAlmostEqual(final.amount_untaxed, 0.0)
        self.assertSettled(order)

    def test_delivery_after_the_plan_does_not_offer_the_order(self):
        self.service.invoice_policy = "delivery"
        order = self._order((100.0, 10.0))
        self._plan(order, 30.0)
        order.order_line[0].qty_delivered = 10.0
        self.assertFalse(self._to_invoice(order))

    def test_order_on_a_pro_forma_is_not_offered(self):
        order = self._project_order(1000.0)
        self.assertEqual(self._to_invoice(order), order)
        proforma = self._proforma(order, 50.0)
        self.assertFalse(self._to_invoice(order))
        proforma.action_cancel()
        self.assertEqual(self._to_invoice(order), order)

    def test_revenue_billed_in_full_awaits_no_final(self):
        order = self._project_order(1000.0)
        self.assertFalse(order.has_progress_final_due)
        for percent, is_due in ((40.0, True), (100.0, False)):
            self._complete(order.order_line, percent)
            self._run(order.project_id, post=True)
            self.assertEqual(order.has_progress_final_due, is_due)
        self.assertEqual(order.invoice_status, "invoiced")

    def test_order_invoiced_in_stages_with_its_deposit_awaits_no_final(self):
        order = self._order(1000.0)
        self._bill(self._plan(order, 30.0))
        interim = order._create_interim_invoices("fit")
        self.assertTrue(order.has_progress_final_due)
        interim.action_post()
        self.assertAlmostEqual(interim.amount_untaxed, 700.0)
        self.assertFalse(order.has_progress_final_due)
        self.assertEqual(order.invoice_status, "invoiced")
