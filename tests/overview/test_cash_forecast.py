"""When money is expected, from open invoices, plans, final invoices and quotations."""

from odoo import fields
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from ...models.overview.forecast import Forecast
from ..common_project import ProjectBillingCommon
from ..common_retention import RetentionCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-01")
class TestCashForecast(ProjectBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.terms = cls.env.ref("account.account_payment_term_30days")

    def _forecast(self, **values):
        return self.env["progress.cash.forecast"].create(values)

    def _planned(self):
        """Return an order of 10,000 + tax: 30 % billed, 20 % planned for May."""
        order = self._order(10000.0, payment_term_id=self.terms.id)
        first, second = self._plan(order, 30.0, 20.0)
        second.date = "2026-05-10"
        self._bill(first)
        return order

    def _read(self, forecast):
        return [
            (line.kind, str(line.day or ""), line.amount) for line in forecast.line_ids
        ]

    def test_invoices_plans_and_finals_come_by_their_payment_terms(self):
        order = self._planned()
        forecast = self._forecast()
        self.assertEqual(
            self._read(forecast),
            [
                ("open", "2026-03-31", 3450.0),
                ("planned", "2026-06-09", 2300.0),
                ("final", "2026-06-09", 5750.0),
            ],
        )
        self.assertEqual(sum(forecast.line_ids.mapped("amount")), order.amount_total)
        action = forecast.action_view_months()
        groups = self.env["progress.cash.forecast.line"]._read_group(
            action["domain"], ["day:month", "partner_id"], ["amount:sum"]
        )
        self.assertEqual([amount for *_keys, amount in groups], [3450.0, 8050.0])

    def test_what_is_paid_or_finished_is_expected_no_more(self):
        order = self._planned()
        order.progress_line_ids.filtered(lambda line: line.state == "planned").unlink()
        self._final(order)
        self.assertEqual(
            self._read(self._forecast()),
            [("open", "2026-03-31", 3450.0), ("open", "2026-03-31", 8050.0)],
        )
        for move in order.invoice_ids:
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=move.ids
            ).create({})._create_payments()
        self.assertFalse(self._forecast().line_ids)

    def test_draft_final_is_still_to_come(self):
        order = self._planned()
        order.progress_line_ids.filtered(lambda line: line.state == "planned").unlink()
        self._final(order, post=False)
        self.assertEqual(
            self._read(self._forecast()),
            [("open", "2026-03-31", 3450.0), ("final", "2026-03-31", 8050.0)],
        )

    def test_finished_orders_are_not_read(self):
        lasting = self._planned()
        drafted, deposited = self._order(1000.0), self._order(1000.0)
        self._bill(self._plan(drafted, 100.0, date="2026-03-10"), post=False)
        self._bill(self._plan(deposited, 100.0))
        finished, revenue = self._planned(), self._order(progress_method="revenue")
        self._final(finished)
        self._bill(self._plan(revenue, 100.0))
        forecast = Forecast(self.company, fields.Date.to_date("2026-03-01"))
        read = forecast._get_open_orders()
        self.assertEqual(read, lasting | drafted | deposited)
        for order in finished | revenue:
            steps = order._get_progress_schedule().steps
            self.assertTrue(all(step.move for step in steps))

    def test_quotations_come_on_request_as_likely_as_they_are(self):
        self._order(
            1000.0,
            confirm=False,
            payment_term_id=self.terms.id,
            validity_date="2026-04-01",
        )
        self.assertFalse(self._forecast().line_ids)
        forecast = self._forecast(with_quotations=True, probability=40.0)
        self.assertEqual(self._read(forecast), [("quotation", "2026-05-01", 460.0)])

    def test_queries_do_not_grow_with_the_orders(self):
        counts = []
        for number in (3, 12):
            for _number in range(number):
                self._planned()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._forecast()._get_table()
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])

    def test_what_waited_for_a_milestone_is_expected_when_that_is_reached(self):
        order = self._project_order(1000.0)
        milestone = self.env["project.milestone"].create(
            {"name": "Roof", "project_id": order.project_id.id}
        )
        self._plan(order, 100.0, milestone_id=milestone.id, date=False)
        self.assertEqual(self._read(self._forecast()), [("planned", "", 1150.0)])
        milestone.is_reached = True
        self.assertEqual(
            self._read(self._forecast()), [("planned", "2026-03-01", 1150.0)]
        )


@tagged("post_install", "-at_install")
@freeze_time("2026-03-01")
class TestRetentionForecast(RetentionCommon):
    def test_what_is_given_back_is_expected_with_its_invoice(self):
        order = self._retained(
            retention_step_ids=[Command.create({"until_percent": 50.0, "percent": 10})],
            retention_step_method="to_date",
        )
        moves = self._progress(order, 40.0, 35.0)
        self.assertEqual(moves.mapped("retention_amount"), [2400.0, -150.0])
        forecast = self.env["progress.cash.forecast"].create({})
        amounts = [line.amount for line in forecast.line_ids if line.kind == "open"]
        self.assertEqual(sorted(amounts), [150.0, 21000.0, 21600.0])
