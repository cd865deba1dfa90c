"""Whichever way an invoice comes about, it holds back what the terms say."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, tagged

from ..common_project import ProjectBillingCommon
from ..common_retention import RetentionCommon


@tagged("post_install", "-at_install")
class TestPaths(RetentionCommon, ProjectBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hourly.taxes_id = cls.tax

    def test_revenue_budget(self):
        order = self._project_order(50000.0, retention_percent=5.0)
        for percent, held in ((40.0, 1200.0), (75.0, 1050.0), (100.0, 750.0)):
            self._complete(order.order_line, percent)
            _proformas, move = self._run(order.project_id, post=True)
            self.assertEqual(move.retention_amount, held)
        self.assertEqual(self._held(order), 3000.0)

    def test_proforma(self):
        order = self._project_order(50000.0, retention_percent=5.0)
        proforma = self._proforma(order, 40.0)
        proforma.action_release()
        move = proforma.move_ids
        self.assertEqual(move.retention_amount, 1200.0)
        move.action_post()
        self.assertEqual(move.amount_residual, 22800.0)

    def test_interim_invoice(self):
        order = self._retained((5000.0, 10.0), method="deposit")
        self._progress(order, 30.0)
        order.order_line[0].product_id.invoice_policy = "delivery"
        order.order_line[0].qty_delivered = 5.0
        interim = order._create_interim_invoices()
        interim.action_post()
        # 30,000 less half of the deposit of 18,000, which held 900.
        self.assertEqual(interim.amount_total, 21000.0)
        self.assertEqual(interim.retention_amount, 1050.0)
        self._final(order)
        self.assertEqual(self._held(order), 3000.0)

    def test_consolidated_final_invoice_holds_of_each_order(self):
        orders = self._retained(method="deposit") | self._retained(
            10000.0, percent=10.0, method="deposit"
        )
        move = self._final(orders, consolidated=True)
        self.assertEqual(move.retention_amount, 4200.0)
        self.assertEqual(move.amount_residual, 67800.0)
        self.assertEqual(orders.mapped("retention_held_amount"), [3000.0, 1200.0])
        self.assertEqual(len(move.retention_move_ids), 1)
        release = orders._create_retention_releases(consolidated=True)
        release.action_post()
        self.assertEqual(release.amount_total, 4200.0)
        self.assertEqual(self._held(), 0.0)

    def test_over_deposited_final_gives_back(self):
        order = self._retained(10000.0, method="deposit")
        self._progress(order, 100.0)
        self.assertEqual(self._held(order), 600.0)
        order.order_line[0].price_unit = 8000.0
        final = self._final(order)
        self.assertEqual(final.move_type, "out_refund")
        self.assertEqual(final.amount_total, 2400.0)
        self.assertEqual(final.retention_amount, -120.0)
        self.assertEqual(final.amount_residual, 2280.0)
        self.assertEqual(self._held(order), 480.0)

    @freeze_time("2026-03-05 12:00:00")
    def test_scheduled_job(self):
        self.company.progress_auto_post = True
        order = self._retained()
        line = self._plan(order, 40.0)
        with self.enter_registry_test_mode():
            self.env.ref("progress_billing.ir_cron_generate").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(line.move_id.state, "posted")
        self.assertEqual(line.move_id.retention_amount, 1200.0)

    def test_wizard_of_the_host(self):
        order = self._retained()
        wizard = self.env["sale.advance.payment.inv"].with_context(
            active_model="sale.order", active_ids=order.ids
        )
        wizard.create({"advance_payment_method": "delivered"}).create_invoices()
        move = order.invoice_ids
        move.action_post()
        self.assertEqual(move.retention_amount, 3000.0)
        self.assertEqual(move.amount_residual, 57000.0)

    def test_invoice_without_currency_is_typed(self):
        """As while somebody chooses another one."""
        self.env.user.group_ids += self.env.ref("base.group_multi_currency")
        invoice = self.init_invoice("out_invoice", products=self.service)
        with Form(invoice) as form:
            form.currency_id = self.env["res.currency"]
            form.currency_id = self.company.currency_id
        self.assertEqual(invoice.retention_amount, 0.0)

    def test_entry_is_dated_as_the_invoice_after_the_lock_date(self):
        with freeze_time("2026-04-10"):
            move = self._bill(
                self._plan(self._retained(), 40.0, date="2026-03-01"), post=False
            )
            move.invoice_date = "2026-03-15"
            self.company.fiscalyear_lock_date = "2026-03-31"
            move.action_post()
        self.assertGreater(str(move.date), "2026-03-31")
        self.assertEqual(move.retention_move_ids.date, move.date)

    def test_locked_period_is_not_touched_by_what_undoes_retention(self):
        with freeze_time("2026-03-01"):
            order = self._retained()
            move = self._progress(order, 40.0)
        with freeze_time("2026-04-10"):
            self.company.fiscalyear_lock_date = "2026-03-31"
            with self.assertRaises(UserError), self.cr.savepoint():
                move.button_draft()
            self.assertEqual(self._held(order), 1200.0)
            credit = move._reverse_moves([{"date": "2026-04-10"}])
            credit.invoice_date = "2026-04-10"
            credit.action_post()
            self.assertEqual(self._held(order), 0.0)
            self.assertEqual(
                str(credit.retention_move_ids.date or credit.date), "2026-04-10"
            )
        items = self.env["account.move.line"].search(
            [
                ("account_id", "=", self.retention_account.id),
                ("parent_state", "=", "posted"),
                ("date", "<=", "2026-03-31"),
            ]
        )
        self.assertEqual(sum(items.mapped("balance")), 1200.0)

    def test_release_is_dated_after_the_lock_date(self):
        with freeze_time("2026-03-01"):
            order = self._retained()
            self._progress(order, 40.0)
        with freeze_time("2026-04-10"):
            release = order._create_retention_releases(date="2026-03-15")
            self.company.fiscalyear_lock_date = "2026-03-31"
            release.action_post()
        self.assertGreater(str(release.date), "2026-03-31")
        self.assertEqual(self._held(order), 0.0)

    def test_customer_pays_what_is_due_online_then_the_release(self):
        order = self._retained()
        move = self._progress(order, 40.0)
        values = move._get_invoice_next_payment_values()
        self.assertEqual(values["amount_due"], 22800.0)
        self.assertEqual(values["amount_paid"], 0.0)
        release = order._create_retention_releases()
        release.action_post()
        values = release._get_invoice_next_payment_values()
        self.assertEqual(values["amount_due"], 1200.0)

    def test_each_company_holds_on_its_own_account(self):
        other = self.setup_other_company(name="Elsewhere")
        company = other["company"]
        self.env.user.company_ids |= company
        account = (
            self.env["account.account"]
            .with_company(company)
            .create(
                {
                    "name": "Retention",
                    "code": "OTRET",
                    "account_type": "asset_current",
                    "reconcile": True,
                    "company_ids": [Command.set(company.ids)],
                }
            )
        )
        company.retention_account_id = account
        tax = other["default_tax_sale"]
        order = (
            self.env["sale.order"]
            .with_company(company)
            .create(
                {
                    "partner_id": self.partner_a.id,
                    "company_id": company.id,
                    "progress_method": "revenue",
                    "retention_percent": 10.0,
                    "retention_base": "untaxed",
                    "order_line": [
                        Command.create(
                            {
                                "product_id": self.service.id,
                                "price_unit": 1000.0,
                                "tax_ids": [Command.set(tax.ids)],
                            }
                        )
                    ],
                }
            )
        )
        order.action_confirm()
        move = self._progress(order, 100.0)
        entry = move.retention_move_ids
        self.assertEqual(entry.company_id, company)
        self.assertEqual(entry.line_ids.account_id & account, account)
        self.assertEqual(move.retention_amount, 100.0)
        company.retention_journal_id = (
            self.env["account.journal"]
            .with_company(company)
            .create({"name": "Releases", "code": "OTREL", "type": "sale"})
        )
        mine = self._retained()
        self._progress(mine, 40.0)
        both = (order | mine).with_context(
            allowed_company_ids=(self.company | company).ids
        )
        releases = both._create_retention_releases(consolidated=True)
        self.assertEqual(
            {
                move.company_id: (move.journal_id, move.amount_total)
                for move in releases
            },
            {
                company: (company.retention_journal_id, 100.0),
                self.company: (self.retention_journal, 1200.0),
            },
        )
        releases.action_post()
        self.assertEqual(self._held(), 0.0)
        ledger = self.env["progress.retention.ledger"].with_company(company)
        ledger = ledger.create({"date": "2100-01-01", "with_released": True})
        self.assertEqual(ledger.line_ids.order_id, order)
        self.assertTrue(ledger.is_tied)

    # === ANOTHER RETENTION ACCOUNT LATER === #

    def _choose_other_account(self):
        """Have the company hold on another account from now on."""
        self.company.retention_account_id = self.retention_account.copy(
            {"name": "Other Retention", "code": "PBRET2"}
        )

    def test_release_takes_from_the_account_that_holds(self):
        order = self._retained()
        first = self._progress(order, 40.0)
        self._choose_other_account()
        second = self._bill(self._plan(order, 35.0))
        self.assertEqual(self._held(order), 1200.0)
        for move in first | second:
            ties = move._get_progress_tie_out()
            self.assertTrue(all(tie["is_equal"] for tie in ties), move.name)
        release = order._create_retention_releases()
        release.action_post()
        self.assertEqual(self._held(order), 0.0)
        items = release.invoice_line_ids
        self.assertEqual(
            items.account_id,
            self.retention_account | self.company.retention_account_id,
        )
        self.assertTrue(all(items.mapped("reconciled")))

    def test_credit_note_gives_back_from_the_account_that_holds(self):
        order = self._retained()
        move = self._progress(order, 40.0)
        self._choose_other_account()
        credit = self._credit(move)
        self.assertEqual(self._held(order), 0.0)
        entries = (move | credit).retention_move_ids
        items = entries.line_ids.filtered("retention_order_id")
        self.assertTrue(all(items.mapped("reconciled")))

    # === CREDIT NOTES REWRITTEN BY HAND === #

    def test_credit_note_of_no_order_line_gives_nothing_back(self):
        order = self._retained()
        move = self._progress(order, 40.0)
        credit = self._credit(move, post=False)
        credit.invoice_line_ids = [
            *(Command.delete(item.id) for item in credit.invoice_line_ids),
            Command.create({"name": "Goodwill", "quantity": 1.0, "price_unit": 100.0}),
        ]
        credit.action_post()
        self.assertEqual(credit.state, "posted")
        self.assertEqual(self._held(order), 1200.0)
