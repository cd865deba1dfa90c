"""Invoices say what they are; their e-mails, too."""

from odoo.fields import Command
from odoo.tests import tagged

from ..common_project import ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestInvoices(ProjectBillingCommon):
    def _html(self, move):
        report = self.env["ir.actions.report"]
        name = "account.report_invoice_with_payments"
        return report._render_qweb_html(name, move.ids)[0].decode()

    def test_deposit_invoices_say_which_of_how_many_they_are(self):
        order = self._order(10000.0)
        first, second, third = self._plan(order, 30.0, 20.0, 10.0)
        self._bill(first)
        move = self._bill(second)
        self.assertEqual(move._get_progress_title(), "Deposit invoice 2 of 3")
        third.action_cancel()
        self.assertEqual(move._get_progress_title(), "Deposit invoice 2 of 2")
        page = self._html(move)
        self.assertIn("Deposit invoice 2 of 2", page)
        self.assertEqual(
            [amount for _text, amount in move._get_progress_figures_of_invoice()],
            [10000.0, 3000.0, 2000.0, 5000.0],
        )
        self.assertIn("Billed before", page)

    def test_progress_interim_and_final_invoices_say_so(self):
        order = self._order(10000.0, progress_method="revenue")
        first, _second = self._plan(order, 30.0, 20.0)
        title = self._bill(first)._get_progress_title()
        self.assertEqual(title, "Progress invoice 1 of 2")
        self.assertEqual(self._final(order)._get_progress_title(), "Final invoice")
        order = self._project_order(10000.0)
        for number, percent in enumerate((20.0, 50.0), 1):
            self._complete(order.order_line, percent)
            _proformas, move = self._run(order.project_id, post=True)
            title = f"Progress invoice {number}"
            self.assertEqual(move._get_progress_title(), title)
        self.service.invoice_policy = "delivery"
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0))
        order.order_line[0].qty_delivered = 0.5
        interim = order._create_interim_invoices()
        self.assertEqual(interim._get_progress_title(), "Interim invoice")

    def test_final_invoice_lists_its_deposits_with_number_date_and_taxes(self):
        order = self._order(10000.0)
        moves = self._bill(self._plan(order, 30.0, 20.0))
        final = self._final(order)
        rows = final._get_progress_deposits_taken()
        self.assertEqual(
            [
                (row["name"], row["date"], row["untaxed"], row["tax"], row["total"])
                for row in rows
            ],
            [
                (move.name, move.invoice_date, *amounts)
                for move, amounts in zip(
                    moves,
                    ((3000.0, 450.0, 3450.0), (2000.0, 300.0, 2300.0)),
                    strict=True,
                )
            ],
        )
        page = self._html(final)
        for text in ("Deposits taken back", moves[0].name, "3,450.00"):
            self.assertIn(text, page)

    def test_paper_tells_each_deposit_once_between_the_lines_and_the_totals(self):
        order = self._order(10000.0)
        deposit = self._bill(self._plan(order, 30.0))
        final = self._final(order)
        listed = final._get_move_lines_to_report()
        self.assertEqual(listed.mapped("price_subtotal"), [10000.0])
        self.assertEqual(sum(final.invoice_line_ids.mapped("price_subtotal")), 7000.0)
        page = self._html(final).replace("\N{ZERO WIDTH NO-BREAK SPACE}", "")
        self.assertEqual(page.count(deposit.name), 1)
        parts = ("Billed before", "invoice_line_table", deposit.name, "o_total_table")
        places = [page.index(part) for part in parts]
        self.assertEqual(places, sorted(places))
        for text in ("Part 1", "-3,000.00", "-450.00", "-3,450.00"):
            self.assertIn(text, page)

    def test_deposit_of_several_taxes_is_listed_tax_by_tax(self):
        reduced = self._tax(5.0)
        self.tax.invoice_label, reduced.invoice_label = "15 %", "5 %"
        lines = (6000.0, (4000.0, 1.0, {"tax_ids": [Command.set(reduced.ids)]}))
        order = self._order(*lines)
        self._bill(self._plan(order, 50.0))
        final = self._final(order)
        rows = final._get_progress_deposits_taken()
        self.assertEqual(
            {row["taxes"]: (row["untaxed"], row["tax"], row["total"]) for row in rows},
            {"15 %": (3000.0, 450.0, 3450.0), "5 %": (2000.0, 100.0, 2100.0)},
        )

    def test_what_over_deposited_orders_get_back_is_listed_too(self):
        order = self._order(10000.0)
        deposit = self._bill(self._plan(order, 80.0))
        order.order_line[:1].price_unit = 5000.0
        final = self._final(order)
        self.assertEqual(final.move_type, "out_refund")
        listed = final._get_move_lines_to_report()
        self.assertEqual(listed.mapped("price_subtotal"), [-5000.0])
        (row,) = final._get_progress_deposits_taken()
        self.assertEqual((row["name"], row["untaxed"]), (deposit.name, 8000.0))
        self.assertIn("9,200.00", self._html(final))

    def test_other_invoices_stay_the_hosts(self):
        move = self._order(1000.0)._create_invoices()
        move.action_post()
        self.assertEqual(move._get_progress_title(), "")
        page = self._html(move)
        self.assertNotIn("Billed before", page)
        self.assertNotIn("Deposits taken back", page)
        template = self.env.ref("account.email_template_edi_invoice")
        self.assertEqual(move._get_mail_template(), template)

    def test_portal_says_what_an_unprinted_invoice_is(self):
        order = self._order(10000.0)
        deposit = self._bill(self._plan(order, 30.0))
        report, name = self.env["ir.actions.report"], "account.report_invoice"
        page = report._render_qweb_html(name, deposit.ids, {"proforma": True})[0]
        title = " ".join(page.decode().partition("</h2>")[0].split())
        self.assertIn("Proforma Invoice – Deposit invoice 1 of 1", title)

    def test_work_completed_and_interims_are_sent_as_progress_invoices(self):
        order = self._project_order(10000.0)
        self._complete(order.order_line, 20.0)
        _proformas, move = self._run(order.project_id, post=True)
        template = self.env.ref("progress_billing.mail_template_progress_invoice")
        self.assertEqual(move._get_mail_template(), template)
        subject = template._render_field("subject", move.ids)[move.id]
        self.assertIn("Progress invoice 1", subject)

    def test_each_kind_has_an_email_of_its_own_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.partner_a.lang = "fr_FR"
        order = self._order(10000.0)
        deposit = self._bill(self._plan(order, 30.0))
        final = self._final(order)
        for move, name in ((deposit, "deposit"), (final, "final")):
            template = self.env.ref(f"progress_billing.mail_template_{name}_invoice")
            self.assertEqual(move._get_mail_template(), template)
            body = template._render_field("body_html", move.ids, compute_lang=True)
            self.assertIn(move.name, body[move.id])
            self.assertIn("450,00" if move == deposit else "050,00", body[move.id])
            subject = template._render_field("subject", move.ids, compute_lang=True)
            self.assertIn(move.name, subject[move.id])
        template = self.env.ref("account.email_template_edi_credit_note")
        self.assertEqual(self._credit(final)._get_mail_template(), template)
