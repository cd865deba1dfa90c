"""What customers get of a statement: file, workbook and page, as they were sent."""

import io

import openpyxl
from pypdf import PdfReader

from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .test_statement import StatementCase


@tagged("post_install", "-at_install")
class TestStatementSent(StatementCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner_a.email = "customer@example.com"

    def _send(self, move):
        wizard = self.env["account.move.send.wizard"].with_context(
            active_model="account.move", active_ids=move.ids
        )
        wizard = wizard.create({})
        names = [each["name"] for each in wizard.mail_attachments_widget]
        wizard.action_send_and_print()
        self.env.invalidate_all()
        return names

    def _sent(self):
        """Return an order with its first invoice sent, and the second posted."""
        order, first = self._contract()
        order.progress_statement_layout = "construction"
        self._send(first)
        self._complete(order.order_line, 70.0, 66.0)
        _proformas, second = self._run(order.project_id, post=True)
        return order, first, second

    def test_it_goes_along_with_the_invoice_where_the_order_wants_it(self):
        order, first = self._contract()
        names = self._send(first)
        self.assertFalse([name for name in names if name.startswith("Statement")])
        self.assertFalse(first.progress_statement_file)
        order.progress_statement_layout = "simple"
        _order, other = self._contract()
        other.line_ids.sale_line_ids.order_id.progress_statement_layout = "simple"
        name = other._get_progress_statement_filename()
        self.assertIn(name, self._send(other))
        files = self.env["account.move.send"]._get_invoice_extra_attachments(other)
        self.assertIn(name, files.mapped("name"))
        self.assertTrue(other.progress_statement_file)
        self.assertIn(b"12,000.00", other._get_progress_statement_pdf())

    def test_orders_take_the_layout_of_their_company(self):
        self.company.progress_statement_layout = "simple"
        self.assertEqual(self._order(10.0).progress_statement_layout, "simple")

    def test_what_was_sent_stays_and_a_later_correction_is_told(self):
        order, first, second = self._sent()
        before = first._get_progress_statement_pdf()
        self.assertEqual(first._get_progress_statement_changes(), [])
        self._send(second)
        first.button_draft()
        self.assertFalse(first.progress_statement_sent)
        first.invoice_line_ids[0].price_unit = 10000.0
        first.action_post()
        (change,) = second._get_progress_statement_changes()
        for text in (first.name, "20,000.00", "18,000.00"):
            self.assertIn(text, change)
        self.assertIn(first.name, str(second.progress_statement_preview))
        self.assertIn(b"20,000.00", second._get_progress_statement_pdf())
        order.order_line[0].price_unit = 40000.0
        changes = second._get_progress_statement_changes()
        self.assertEqual(len(changes), 2)
        self.assertIn(order.name, changes[0] + changes[1])
        self.assertIn(b"12,000.00", before)

    def test_a_later_invoice_changes_no_statement(self):
        _order, first, _second = self._sent()
        self.assertEqual(first._get_progress_statement_changes(), [])

    def test_workbook_has_the_rows_as_numbers(self):
        _order, _first, second = self._changed()
        content = io.BytesIO(second._get_progress_statement_workbook())
        sheet = openpyxl.load_workbook(content).active
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        self.assertEqual(rows[3][1:4], ["Contract", "Changes", "Revised"])
        self.assertEqual(rows[4][1:], [30000, 0, 30000, 12000, 9000, 21000, 70, 9000])
        self.assertEqual(rows[6][5], 17500)

    def test_texts_are_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.partner_a.lang = "fr_FR"
        _order, _first, second = self._changed()
        page = second._get_progress_statement_pdf().decode()
        self.assertIn("12\N{NO-BREAK SPACE}000,00", page)

    def test_layouts_have_their_columns(self):
        order, _first, second = self._changed()
        order.progress_statement_layout = "simple"
        page = second._get_progress_statement_pdf().decode()
        self.assertIn("Remaining", page)
        self.assertNotIn("Changes</th>", page)
        order.progress_statement_layout = "construction"
        self.assertIn("Changes</th>", second._get_progress_statement_pdf().decode())

    def test_forty_lines_fill_three_pages_each_with_its_heads(self):
        order = self._project_order(
            *[(1000.0 + number,) for number in range(40)],
            progress_statement_layout="construction",
        )
        for number, line in enumerate(order.order_line, 1):
            line.name = f"Position {number:02}: " + "walls, floors and ceilings " * 3
            line.name += "of the ground floor"
        self._complete(order.order_line, *[50.0] * 40)
        _proformas, move = self._run(order.project_id, post=True)
        report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        content, kind = report._render_qweb_pdf(
            "progress_billing.report_progress_statement", move.ids
        )
        self.assertEqual(kind, "pdf")
        pages = [
            " ".join(page.extract_text().split())
            for page in PdfReader(io.BytesIO(content)).pages
        ]
        self.assertEqual(len(pages), 3)
        for number, page in enumerate(pages, 1):
            for words in ("Revised", "To Date", move.name, f"{number} / {len(pages)}"):
                self.assertIn(words, page)
        text = "".join(pages)
        for number in range(1, 41):
            self.assertEqual(text.count(f"Position {number:02}:"), 1)
        self.assertIn("Balance to finish", pages[-1])

    def test_customer_opens_his_own_on_the_portal_and_no_other(self):
        _order, first, _second = self._sent()
        first._portal_ensure_token()
        url = first.get_portal_url(suffix="/statement")
        page = self.url_open(url).text
        self.assertIn("12,000.00", page)
        self.assertIn("/statement", self.url_open(first.get_portal_url()).text)
        book = self.url_open(
            first.get_portal_url(suffix="/statement", report_type="xlsx")
        )
        self.assertEqual(book.content[:2], b"PK")
        pdf = self.url_open(
            first.get_portal_url(suffix="/statement", report_type="pdf")
        )
        self.assertIn(b"12,000.00", pdf.content)
        with mute_logger("odoo.http"):
            other = self.url_open(f"/my/invoices/{first.id}/statement?access_token=no")
        self.assertNotIn("12,000.00", other.text)
        user = new_test_user(self.env(su=True), "someone", "base.group_portal")
        self.authenticate(user.login, user.login)
        other = self.url_open(f"/my/invoices/{first.id}/statement")
        self.assertNotIn("12,000.00", other.text)

    def test_pro_forma_has_it_on_the_portal(self):
        order, _first = self._contract()
        proforma = self._proforma(order, 70.0, 60.0)
        proforma._set_state("sent", ("draft",))
        proforma._portal_ensure_token()
        page = self.url_open(proforma.get_portal_url(suffix="/statement")).text
        self.assertIn("13,000.00", page)

    def test_salesperson_sees_it_without_reading_invoices_of_others(self):
        user = new_test_user(
            self.env(su=True),
            "statement seller",
            "sales_team.group_sale_salesman",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        order, first = self._contract()
        order.user_id = user
        mine = first.with_user(user)
        self.assertEqual(mine._get_progress_statement()["summary"][4], 20000.0)
        self.assertIn("20,000.00", str(mine.progress_statement_preview))
