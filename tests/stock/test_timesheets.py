"""Hours of timesheets, billed period by period beside deposits."""

from odoo.fields import Command
from odoo.tests import tagged

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestTimesheets(ProgressBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hours = cls.env["product.product"].create(
            {
                "name": "Consulting",
                "type": "service",
                "invoice_policy": "delivery",
                "service_type": "timesheet",
                "service_tracking": "task_in_project",
                "uom_id": cls.env.ref("uom.product_uom_hour").id,
                "taxes_id": [Command.set(cls.tax.ids)],
            }
        )
        cls.employee = (
            cls.env["hr.employee"]
            .sudo()
            .create({"name": "Consultant", "company_id": cls.company.id})
        )

    def _order_of_hours(self, *lines):
        """Return an order of hours at 100.00, 40 of them if untold."""
        lines = lines or ((100.0, 40.0),)
        return self._order(
            *((price, hours, {"product_id": self.hours.id}) for price, hours in lines)
        )

    def _work(self, order, date, hours):
        line = order.order_line[0]
        return (
            self.env["account.analytic.line"]
            .sudo()
            .create(
                {
                    "name": "Work",
                    "date": date,
                    "unit_amount": hours,
                    "employee_id": self.employee.id,
                    "project_id": line.task_id.project_id.id,
                    "task_id": line.task_id.id,
                }
            )
        )

    def _invoice_period(self, order, first=False, last=False):
        before = order.invoice_ids
        self.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": order.ids,
                "advance_payment_method": "delivered",
                "date_start_invoice_timesheet": first,
                "date_end_invoice_timesheet": last,
            }
        ).create_invoices()
        move = order.invoice_ids - before
        move.action_post()
        return move

    def test_hours_of_a_period_are_billed_less_their_share_of_the_deposit(self):
        order = self._order_of_hours()
        self._bill(self._plan(order, 30.0))
        january = self._work(order, "2026-01-15", 10.0)
        february = self._work(order, "2026-02-15", 14.0)
        self.assertEqual(order.order_line[0].qty_delivered, 24.0)
        first = self._invoice_period(order, "2026-01-01", "2026-01-31")
        self.assertEqual(first.amount_untaxed, 700.0)
        self.assertEqual(january.timesheet_invoice_id, first)
        self.assertFalse(february.timesheet_invoice_id)
        second = self._invoice_period(order, "2026-02-01", "2026-02-28")
        self.assertEqual(second.amount_untaxed, 980.0)
        self.assertEqual(february.timesheet_invoice_id, second)
        final = self._final(order)
        self.assertEqual(final.amount_untaxed, 1120.0)
        self.assertSettled(order)

    def test_credited_hours_are_billed_again(self):
        order = self._order_of_hours()
        self._bill(self._plan(order, 30.0))
        work = self._work(order, "2026-01-15", 10.0)
        first = self._invoice_period(order)
        self._credit(first)
        self.assertFalse(work.timesheet_invoice_id)
        again = self._invoice_period(order, "2026-01-01", "2026-01-31")
        self.assertEqual(again.amount_untaxed, 700.0)
        self.assertEqual(work.timesheet_invoice_id, again)
        self._final(order)
        self.assertSettled(order)

    def test_final_invoice_bills_all_hours_and_links_them(self):
        order = self._order_of_hours()
        self._bill(self._plan(order, 30.0))
        work = self._work(order, "2026-01-15", 40.0)
        final = self._final(order)
        self.assertEqual(final.amount_untaxed, 2800.0)
        self.assertEqual(work.timesheet_invoice_id, final)
        self.assertSettled(order)

    def test_hours_beyond_the_order_are_left_to_a_later_invoice(self):
        """24 of 10 hours: the final invoice bills what was ordered, then the rest."""
        order = self._order_of_hours((100.0, 10.0))
        self._bill(self._plan(order, 30.0))
        self._work(order, "2026-01-15", 24.0)
        final = self._final(order)
        self.assertEqual(final.amount_untaxed, 700.0)
        self.assertEqual(order.order_line[0].qty_to_invoice, 14.0)
        rest = self._invoice_period(order)
        self.assertEqual(rest.amount_untaxed, 1400.0)
        self.assertEqual(order.invoice_status, "invoiced")
        self.assertAlmostEqual(self._balance(self.deposit_account, order), 0.0, 9)
