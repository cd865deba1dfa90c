"""The deposit ledger of a period, and that it ties to the account."""

import base64
import io

import openpyxl

from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from ..common_currency import ProgressCurrencyCommon
from ..deposit_ledger_checks import DepositLedgerChecks


@tagged("post_install", "-at_install")
class TestDepositLedger(DepositLedgerChecks, ProgressCurrencyCommon):
    def _ledger(self, date="2026-12-31", date_from=False, **values):
        return self.env["progress.deposit.ledger"].create(
            {"date": date, "date_from": date_from, **values}
        )

    def _deposited(self, *shares, day="2026-03-01", **values):
        """Return an order of 10,000 with deposits, billed and posted on a day."""
        order = self._order(10000.0, **values)
        self._deposit_on(day, order, *shares)
        return order

    def _pay(self, move, amount, date):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({"amount": amount, "payment_date": date})._create_payments()

    def test_ledger_tells_what_moved_each_deposit_in_a_period(self):
        order = self._deposited(30.0, 20.0)
        first, second = order.progress_line_ids.move_id.sorted("id")
        with freeze_time("2026-04-01"):
            credit = second._reverse_moves([{"invoice_date": "2026-04-01"}])
            credit.invoice_line_ids.price_unit = 500.0
            credit.action_post()
        self._final_on("2026-05-01", order)
        ledger = self._ledger("2026-04-30", "2026-04-01")
        self.assertRecordValues(
            ledger.line_ids,
            [
                {
                    "order_id": order.id,
                    "move_id": first.id,
                    "balance_opening": 3000.0,
                    "balance_billed": 0.0,
                    "balance_credited": 0.0,
                    "balance_closing": 3000.0,
                },
                {
                    "order_id": order.id,
                    "move_id": second.id,
                    "balance_opening": 2000.0,
                    "balance_billed": 0.0,
                    "balance_credited": -500.0,
                    "balance_closing": 1500.0,
                },
            ],
        )
        self.assertEqual(ledger.amount_ledger, 4500.0)
        self.assertEqual(ledger.amount_account, 4500.0)
        self.assertTrue(ledger.is_tied)
        later = self._ledger("2026-05-31", "2026-05-01")
        self.assertEqual(later.line_ids.mapped("balance_opening"), [3000.0, 1500.0])
        self.assertEqual(later.line_ids.mapped("balance_taken"), [-3000.0, -1500.0])
        self.assertEqual(later.line_ids.mapped("balance_closing"), [0.0, 0.0])
        later.only_open = True
        self.assertFalse(later.line_ids)
        self.assertTrue(later.is_tied)

    def test_deposit_of_a_foreign_order_closes_with_its_rate_difference(self):
        order = self._euro_order(10000.0)
        self._deposit_on("2026-03-01", order, 30.0)
        self._final_on("2026-05-01", order)
        ledger = self._ledger("2026-05-31")
        self.assertRecordValues(
            ledger.line_ids,
            [
                {
                    "amount_billed": 3000.0,
                    "amount_taken": -3000.0,
                    "amount_closing": 0.0,
                    "balance_billed": 3300.0,
                    "balance_taken": -3600.0,
                    "balance_rate": 300.0,
                    "balance_closing": 0.0,
                }
            ],
        )
        self.assertTrue(ledger.is_tied)
        self._check_deposit_ledger()

    def test_undone_final_opens_the_deposit_again(self):
        order = self._euro_order(10000.0)
        self._deposit_on("2026-03-01", order, 30.0)
        final = self._final_on("2026-05-01", order)
        with freeze_time("2026-05-02"):
            final.button_draft()
        line = self._ledger("2026-05-31").line_ids
        self.assertEqual(line.balance_closing, 3300.0)
        self.assertFalse(line.balance_rate or line.balance_taken)
        self._check_deposit_ledger()

    def test_paid_is_what_payments_cover_of_the_untaxed_amount(self):
        order = self._deposited(30.0)
        move = order.progress_line_ids.move_id
        self._pay(move, 1150.0, "2026-03-10")
        self._pay(move, 1150.0, "2026-03-20")
        for day, paid in (
            ("2026-03-09", 0.0),
            ("2026-03-10", 1000.0),
            ("2026-03-20", 2000.0),
        ):
            self.assertEqual(self._ledger(day).line_ids.balance_paid, paid)

    def test_credit_note_is_no_payment(self):
        order = self._deposited(30.0)
        self._credit(order.progress_line_ids.move_id)
        line = self._ledger().line_ids
        self.assertEqual(line.balance_credited, -3000.0)
        self.assertEqual(line.balance_paid, 0.0)

    def test_what_is_retained_of_a_deposit_is_no_payment(self):
        self.company.retention_account_id = self.env["account.account"].create(
            {
                "name": "Retention",
                "code": "PBRET",
                "account_type": "asset_current",
                "reconcile": True,
            }
        )
        order = self._deposited(30.0, retention_percent=5.0)
        move = order.progress_line_ids.move_id
        self.assertEqual(move.retention_amount, 172.5)
        self.assertEqual(self._ledger().line_ids.balance_paid, 0.0)
        self._pay(move, 3277.5, "2026-03-10")
        self.assertEqual(self._ledger().line_ids.balance_paid, 2850.0)

    def test_items_of_no_order_are_named(self):
        self._deposited(30.0)
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": "2026-03-05",
                "line_ids": [
                    Command.create(
                        {"account_id": self.deposit_account.id, "credit": 10.0}
                    ),
                    Command.create({"account_id": self.revenue.id, "debit": 10.0}),
                ],
            }
        )
        entry.action_post()
        ledger = self._ledger()
        self.assertFalse(ledger.is_tied)
        self.assertEqual(ledger.amount_ledger, 3000.0)
        self.assertEqual(ledger.amount_account, 3010.0)
        self.assertEqual(ledger.other_item_ids.move_id, entry)
        entry._reverse_moves([{"date": "2026-03-06"}]).action_post()
        ledger = self._ledger()
        self.assertTrue(ledger.is_tied)
        self.assertFalse(ledger.other_item_ids)
        self.assertEqual(self._ledger("2026-03-05").other_item_ids.move_id, entry)

    def test_deposits_of_the_hosts_own_wizard_are_told(self):
        order = self._order(10000.0)
        self.env["sale.advance.payment.inv"].with_context(
            active_model="sale.order", active_ids=order.ids
        ).create(
            {"advance_payment_method": "fixed", "fixed_amount": 1150.0}
        ).create_invoices()
        deposit = order.invoice_ids
        deposit.invoice_date = "2026-03-01"
        deposit.action_post()
        line = self._ledger().line_ids
        self.assertEqual(line.move_id, deposit)
        self.assertEqual(line.balance_billed, 1000.0)
        final = order._create_invoices(final=True)
        final.invoice_date = "2026-04-01"
        final.action_post()
        line = self._ledger().line_ids
        self.assertEqual(line.balance_taken, -1000.0)
        self.assertEqual(line.balance_closing, 0.0)
        self._check_deposit_ledger()

    def test_deposits_on_several_accounts_are_one_ledger(self):
        self._deposited(30.0)
        other = self.deposit_account.copy({"code": "PBDEP2"})
        self.company.downpayment_account_id = other
        self._deposited(20.0)
        ledger = self._ledger()
        self.assertEqual(ledger.line_ids.mapped("balance_closing"), [3000.0, 2000.0])
        self.assertEqual(ledger.amount_account, 5000.0)
        self.assertTrue(ledger.is_tied)

    def test_tax_without_an_account_stands_with_its_deposits(self):
        tax = self._tax(10.0, name="bare")
        tax.repartition_line_ids.account_id = False
        order = self._order((5000.0, 1.0, {"tax_ids": [Command.set(tax.ids)]}), 5000.0)
        self._deposit_on("2026-03-01", order, 30.0)
        self._deposit_on("2026-03-02", order, 33.33)
        self._check_deposit_ledger()
        self._final_on("2026-05-01", order)
        self._check_deposit_ledger()
        ledger = self._ledger()
        self.assertEqual(ledger.line_ids.mapped("balance_billed"), [3150.0, 3499.65])
        self.assertEqual(ledger.line_ids.mapped("balance_closing"), [0.0, 0.0])

    def test_paper_and_workbook_show_the_rows_and_their_sums(self):
        order = self._deposited(30.0, 20.0)
        ledger = self._ledger()
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "progress_billing.action_report_progress_deposit_ledger", ledger.ids
        )
        text = html.decode()
        for words in ("Deposit Ledger", order.name, "3,000.00", "5,000.00", "✓"):
            self.assertIn(words, text)
        book = openpyxl.load_workbook(io.BytesIO(base64.b64decode(ledger.workbook)))
        rows = list(book.active.values)
        heads = next(row for row in rows if row[0] == "Customer")
        closing = heads.index("Closing")
        self.assertEqual([row[closing] for row in rows[-3:]], [3000.0, 2000.0, 5000.0])

    def test_items_behind_a_row_are_opened(self):
        order = self._deposited(30.0, 20.0)
        self._final_on("2026-05-01", order)
        for line in self._ledger().line_ids:
            action = line.action_view_items()
            items = self.env["account.move.line"].search(action["domain"])
            self.assertEqual(items.account_id, self.deposit_account)
            self.assertEqual(
                sorted(items.mapped("balance")),
                [-line.balance_billed, line.balance_billed],
            )

    def test_another_company_is_not_told_of(self):
        self._deposited(30.0)
        other = self.setup_other_company(name="Elsewhere")["company"]
        stranger = self.env["progress.deposit.ledger"].with_context(
            allowed_company_ids=other.ids
        )
        self.assertFalse(
            stranger.create({"date": "2026-12-31", "date_from": False}).line_ids
        )

    def test_queries_do_not_grow_with_the_deposits(self):
        counts = []
        for number in (3, 20):
            orders = self.env["sale.order"].union(
                *(self._order(10000.0) for _number in range(number))
            )
            for order in orders:
                self._plan(order, 30.0)
            with freeze_time("2026-03-01"):
                self._bill(orders.progress_line_ids)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._ledger()._get_table()
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])
