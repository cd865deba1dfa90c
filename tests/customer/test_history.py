"""What an order was billed and paid, and what is open after each of it."""

import base64
import io

import openpyxl

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import freeze_time, new_test_user, tagged

from ..common_currency import ProgressCurrencyCommon
from ..common_project import ProjectBillingCommon
from ..common_retention import RetentionCommon


class HistoryCase:
    def _history(self, orders, date="2026-12-31"):
        action = orders.action_open_billing_history()
        history = self.env[action["res_model"]].browse(action["res_id"])
        history.date = date
        return history

    def _pay(self, moves, amount, date):
        """Pay invoices at once, in their currency."""
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=moves.ids
        ).create(
            {"amount": amount, "payment_date": date, "group_payment": True}
        )._create_payments()

    def _read(self, history):
        return [
            (
                line.kind,
                str(line.day),
                line.amount_billed,
                line.amount_paid,
                line.amount_open,
            )
            for line in history.line_ids
        ]

    def assertTied(self, history, moves):
        """Assert that what is open in the end is what receivables hold of documents."""
        items = moves.line_ids.filtered(
            lambda item: item.account_id.account_type == "asset_receivable"
        )
        last = history.line_ids[-1:]
        self.assertAlmostEqual(
            last.amount_open, sum(items.mapped("amount_residual_currency")), 9
        )
        self.assertAlmostEqual(
            last.balance_open, sum(items.mapped("amount_residual")), 9
        )

    def assertAccount(self, history):
        """Assert that the receivable accounts hold what the history says, each day."""
        Item = self.env["account.move.line"]
        days = sorted(set(history.line_ids.mapped("day")))
        for day in days:
            items = Item.search(
                [
                    ("account_id.account_type", "=", "asset_receivable"),
                    ("partner_id", "=", self.partner_a.id),
                    ("parent_state", "=", "posted"),
                    ("date", "<=", day),
                ]
            )
            history.date = day
            self.assertAlmostEqual(
                history.line_ids[-1].balance_open, sum(items.mapped("balance")), 9
            )


@tagged("post_install", "-at_install")
class TestBillingHistory(HistoryCase, ProgressCurrencyCommon):
    def test_balance_runs_over_invoices_payments_and_credit_notes(self):
        order = self._order(10000.0)
        first, second = self._deposit_on("2026-03-01", order, 30.0, 20.0)
        self._pay(first, 1000.0, "2026-03-10")
        with freeze_time("2026-03-20"):
            credit = second._reverse_moves([{"invoice_date": "2026-03-20"}])
            credit.action_post()
        final = self._final_on("2026-05-01", order)
        self._pay(first | final, 10500.0, "2026-05-20")
        history = self._history(order)
        self.assertEqual(
            self._read(history),
            [
                ("deposit", "2026-03-01", 3450.0, 0.0, 3450.0),
                ("deposit", "2026-03-01", 2300.0, 0.0, 5750.0),
                ("payment", "2026-03-10", 0.0, 1000.0, 4750.0),
                ("credit", "2026-03-20", -2300.0, 0.0, 2450.0),
                ("final", "2026-05-01", 8050.0, 0.0, 10500.0),
                ("payment", "2026-05-20", 0.0, 10500.0, 0.0),
            ],
        )
        self.assertFalse(history.is_foreign)
        self.assertTied(history, first | second | credit | final)
        self.assertAccount(history)
        self.assertEqual(self._read(self._history(order, "2026-04-01"))[-1][-1], 2450.0)

    def test_payment_of_several_orders_counts_by_what_it_covers_of_each(self):
        orders = self._order(1000.0), self._order(2000.0)
        moves = [self._deposit_on("2026-03-01", order, 50.0) for order in orders]
        self._pay(moves[0] | moves[1], 1725.0, "2026-03-05")
        for order, paid in zip(orders, (575.0, 1150.0), strict=True):
            history = self._history(order)
            self.assertEqual(
                self._read(history)[-1], ("payment", "2026-03-05", 0.0, paid, 0.0)
            )
        both = self._history(orders[0] | orders[1])
        self.assertEqual([row[-1] for row in self._read(both)], [575.0, 1725.0, 0.0])
        self.assertEqual(both.line_ids[0].order_names, orders[0].name)

    def test_moved_rate_is_told_in_company_currency(self):
        # 3,450 EUR billed at 1.10; what the rate takes from the invoice is a row.
        for paid_at, rates in ((1.15, []), (1.05, [172.5])):
            self._currency("EUR", {"2026-03-01": 1.10, "2026-04-01": paid_at})
            order = self._euro_order(10000.0)
            deposit = self._deposit_on("2026-03-01", order, 30.0)
            with freeze_time("2026-04-01"):
                self._pay(deposit, 3450.0, "2026-04-01")
            history = self._history(order)
            self.assertTrue(history.is_foreign)
            self.assertEqual(history.line_ids[-1].amount_open, 0.0)
            told = history.line_ids.filtered(lambda line: line.kind == "rate")
            self.assertEqual(told.mapped("balance_paid"), rates)
            self.assertTied(history, deposit)
            self.assertEqual(history.line_ids[-1].balance_open, 0.0)

    def test_amounts_have_their_currency_on_paper_and_in_the_workbook(self):
        order = self._euro_order(10000.0)
        self._deposit_on("2026-03-01", order, 30.0)
        history = self._history(order)
        html = self.env["ir.actions.report"]._render_qweb_html(
            "progress_billing.action_report_progress_billing_history", history.ids
        )[0]
        text = html.decode()
        self.assertIn("€", text)
        self.assertIn("3,450.00", text)
        self.assertIn("$", text)
        sheet = openpyxl.load_workbook(
            io.BytesIO(base64.b64decode(history.workbook))
        ).active
        cells = [cell.value for row in sheet.iter_rows() for cell in row]
        self.assertIn(3450, cells)
        self.assertIn(3795, cells)

    def test_drafts_are_among_the_documents(self):
        order = self._order(1000.0)
        draft = self._bill(self._plan(order, 50.0), post=False)
        history = self._history(order)
        self.assertFalse(history.line_ids)
        action = history.action_view_documents()
        self.assertEqual(self.env["account.move"].search(action["domain"]), draft)

    def test_salespeople_see_no_orders_of_others(self):
        users = [
            new_test_user(
                self.env(su=True),
                login=f"history_{name}",
                groups="sales_team.group_sale_salesman",
                company_id=self.company.id,
                company_ids=[Command.set(self.company.ids)],
            )
            for name in ("own", "other")
        ]
        order = self._order(1000.0, user_id=users[0].id)
        self._deposit_on("2026-03-01", order, 50.0)
        model = self.env["progress.billing.history"]
        values = {"order_ids": [Command.set(order.ids)], "date": "2026-12-31"}
        history = model.with_user(users[0]).sudo(False).create(values)
        self.assertEqual(len(history.line_ids), 1)
        with self.assertRaises(AccessError):
            model.with_user(users[1]).sudo(False).create(values)

    def test_queries_do_not_grow_with_the_documents(self):
        counts = []
        for number in (2, 8):
            order = self._order(10000.0)
            moves = self._deposit_on("2026-03-01", order, *[10.0] * number)
            for move in moves:
                self._pay(move, 100.0, "2026-03-10")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._history(order)._get_table()
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])


@tagged("post_install", "-at_install")
class TestBillingHistoryOfProjects(HistoryCase, ProjectBillingCommon):
    def test_project_opens_the_history_of_its_orders(self):
        order = self._project_order(1000.0)
        self._complete(order.order_line, 50.0)
        self._run(order.project_id, post=True)
        action = order.project_id.action_open_billing_history()
        history = self.env[action["res_model"]].browse(action["res_id"])
        history.date = "2199-12-31"
        self.assertEqual(history.order_ids, order)
        self.assertEqual(
            [row[2:] for row in self._read(history)], [(575.0, 0.0, 575.0)]
        )


@tagged("post_install", "-at_install")
class TestBillingHistoryOfRetention(HistoryCase, RetentionCommon):
    def test_retention_leaves_the_balance_until_its_release_bills_it(self):
        order = self._retained()
        moves = self._progress(order, 100.0)
        releases = order._create_retention_releases()
        releases.action_post()
        history = self._history(order, "2199-12-31")
        self.assertEqual(
            [(row[0], *row[2:]) for row in self._read(history)],
            [
                ("revenue", 60000.0, 0.0, 60000.0),
                ("retention", -3000.0, 0.0, 57000.0),
                ("release", 3000.0, 0.0, 60000.0),
            ],
        )
        self.assertTied(history, moves | moves.retention_move_ids | releases)
        self.assertAccount(history)
