"""The billing schedule on quotation, portal page and PDF."""

from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged

from ..common_project import ProjectBillingCommon
from ..common_retention import RetentionCommon


@tagged("post_install", "-at_install")
class TestSchedule(ProjectBillingCommon, HttpCase):
    def _steps(self, order):
        return [
            (step.name, step.share, step.amount, step.state)
            for step in order._get_progress_schedule().steps
        ]

    def _totals(self, order):
        schedule = order._get_progress_schedule()
        return schedule.paid, schedule.invoiced, schedule.to_come

    def _pay(self, move, amount=None):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({})
        )
        if amount:
            wizard.amount = amount
        wizard.action_create_payments()

    def _html(self, order):
        report = self.env["ir.actions.report"]
        return report._render_qweb_html("sale.report_saleorder", order.ids)[0].decode()

    def test_a_quotation_lists_what_will_be_billed_with_taxes(self):
        order = self._order(10000.0, confirm=False)
        self._plan(order, 30.0, ("amount", 2500.0))
        self.assertEqual(
            self._steps(order),
            [
                ("Part 1", 30.0, 3450.0, "planned"),
                ("Part 2", 25.0, 2875.0, "planned"),
                ("Final invoice", 45.0, 5175.0, "planned"),
            ],
        )
        self.assertEqual(self._totals(order), (0.0, 0.0, 11500.0))
        page = self._html(order)
        for text in ("Billing Schedule", "03/01/2026", "3,450.00", "45"):
            self.assertIn(text, page)
        # No column stays empty, no sum is of nothing.
        for text in (">Invoice<", ">Due<", "Still to come"):
            self.assertNotIn(text, page)
        order.action_confirm()
        self._bill(order.progress_line_ids[:1])
        page = self._html(order)
        for text in (">Invoice<", ">Due<", "Still to come"):
            self.assertIn(text, page)

    def test_an_order_billed_in_full_leaves_no_cent_for_a_final_invoice(self):
        """Rounded as a whole, where lines with their taxes miss their invoice's sum."""
        self.company.tax_calculation_rounding_method = "round_globally"
        taxed = {"tax_ids": [Command.set(self._tax(21.0).ids)]}
        for prices in ((4.33, 7.77, 0.55), (0.12, 0.12, 0.12), (1.17, 2.29, 3.31)):
            lines = ((price, 1.0, taxed) for price in prices)
            order = self._order(*lines, progress_method="revenue")
            self._bill(self._plan(order, 100.0))
            (step,) = order._get_progress_schedule().steps
            self.assertEqual(step.amount, order.amount_total)
            other = self._order(*((price, 1.0, taxed) for price in prices))
            self._bill(self._plan(other, 30.0))
            self._final(other)
            schedule = other._get_progress_schedule()
            self.assertEqual(
                [round(step.amount, 2) for step in schedule.steps],
                [move.amount_total for move in other.invoice_ids.sorted("id")],
            )
            self.assertEqual(schedule.to_come, 0.0)

    def test_orders_without_a_plan_have_none(self):
        order = self._order(10000.0)
        self.assertIsNone(order._get_progress_schedule())
        self.assertNotIn("Billing Schedule", self._html(order))

    def test_it_says_what_is_invoiced_paid_and_overdue(self):
        order = self._order(10000.0)
        first, second, third = self._plan(order, 30.0, 20.0, 10.0)
        moves = self._bill(first | second)
        self._bill(third, post=False)
        self._pay(moves[0])
        self._pay(moves[1], 1000.0)
        self.assertEqual(
            [step[3] for step in self._steps(order)],
            ["paid", "partial", "planned", "planned"],
        )
        self.assertEqual(self._totals(order), (4450.0, 5750.0, 5750.0))
        moves[1].invoice_date_due = "2020-01-01"
        self.assertEqual(self._steps(order)[1][3], "overdue")

    def test_after_the_final_invoice_nothing_is_to_come(self):
        order = self._order(10000.0)
        first, _second = self._plan(order, 30.0, 20.0)
        self._bill(first)
        self._final(order)
        self.assertEqual(
            [step[:3] for step in self._steps(order)],
            [("Part 1", 30.0, 3450.0), ("Final invoice", 70.0, 8050.0)],
        )
        self.assertEqual(self._totals(order), (0.0, 11500.0, 0.0))

    def test_a_credited_part_is_billed_by_the_final_invoice(self):
        order = self._order(10000.0)
        deposit = self._bill(self._plan(order, 30.0))
        self._credit(deposit, 1000.0)
        self.assertEqual(
            [step[:3] for step in self._steps(order)],
            [("Part 1", 20.0, 2300.0), ("Final invoice", 80.0, 9200.0)],
        )

    def test_credit_note_pays_nothing_of_what_it_credits(self):
        order = self._order(10000.0)
        deposit = self._bill(self._plan(order, 30.0))
        self._credit(deposit, 1000.0)
        self.assertEqual(self._totals(order), (0.0, 2300.0, 9200.0))
        self.assertEqual(self._steps(order)[0][3], "invoiced")
        self._pay(deposit)
        self.assertEqual(self._totals(order), (2300.0, 2300.0, 9200.0))
        self.assertEqual(self._steps(order)[0][3], "paid")

    def test_portal_page_lets_the_customer_pay_and_approve_his_own(self):
        order = self._project_order(10000.0)
        order.partner_id.email = "customer@example.com"
        proforma = self._proforma(order, 50.0)
        proforma._set_state("sent", ("draft",))
        plan = self._plan(order, 10.0)
        move = self._bill(plan)
        order._portal_ensure_token()
        page = self.url_open(order.get_portal_url()).text
        for text in ("Billing Schedule", "Part 1", move.name, proforma.name):
            self.assertIn(text, page)
        self.assertIn("portal_pay", page)
        order.partner_id = self.partner_b
        page = self.url_open(order.get_portal_url()).text
        self.assertNotIn(f"/my/pro_formas/{proforma.id}", page)
        schedule = page[page.index("progress_schedule") :]
        self.assertNotIn("portal_pay", schedule)

    def test_customer_without_any_right_reads_it_in_his_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.partner_a.lang = "de_DE"
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0, date="2026-03-31"))
        page = self._html(order)
        self.assertIn("3.450,00", page)
        user = new_test_user(
            self.env(su=True), "reader", "base.group_portal", lang="de_DE"
        )
        mine = order.with_user(user).with_context(lang="de_DE")
        self.assertEqual(mine._get_progress_schedule().invoiced, 3450.0)
        self.assertEqual(mine._format_progress_share(33.33), "33,33\N{NO-BREAK SPACE}%")


@tagged("post_install", "-at_install")
class TestRetainedSchedule(RetentionCommon):
    def test_what_is_retained_is_not_paid_until_it_is_released_and_paid(self):
        order = self._retained()
        move = self._progress(order, 40.0)
        schedule = order._get_progress_schedule()
        self.assertEqual((schedule.paid, schedule.retained), (0.0, 1200.0))
        self.assertEqual(schedule.steps[0].state, "invoiced")
        self._pay(move)
        schedule = order._get_progress_schedule()
        self.assertEqual((schedule.paid, schedule.invoiced), (22800.0, 24000.0))
        self.assertEqual(schedule.steps[0].state, "paid")
        release = order._create_retention_releases()
        release.action_post()
        self._pay(release)
        schedule = order._get_progress_schedule()
        self.assertEqual((schedule.paid, schedule.retained), (24000.0, 0.0))

    def test_what_lines_retain_is_not_paid_either(self):
        """Its taxes are due with the release."""
        order = self._retained(retention_tax="release")
        move = self._progress(order, 100.0)
        self.assertEqual(move.amount_total, 57000.0)
        self._pay(move)
        schedule = order._get_progress_schedule()
        self.assertEqual(
            (schedule.paid, schedule.invoiced, schedule.retained),
            (57000.0, 60000.0, 3000.0),
        )
        self.assertEqual(order.progress_paid_amount, 47500.0)
        release = order._create_retention_releases()
        release.action_post()
        self._pay(release)
        schedule = order._get_progress_schedule()
        self.assertEqual((schedule.paid, schedule.retained), (60000.0, 0.0))

    def _pay(self, move):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({}).action_create_payments()
