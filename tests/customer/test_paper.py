"""PDFs of invoices and pro formas break well: no totals on a page without a line."""

import io

from pypdf import PdfReader

from odoo.tests import HttpCase, tagged

from ..common_project import PIXEL, ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestPaper(ProjectBillingCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Its margins are wide, so that few lines fill a page.
        cls.company.paperformat_id = cls.env["report.paperformat"].create(
            {
                "name": "Wide margins",
                "format": "Letter",
                "margin_top": 62,
                "margin_bottom": 32,
                "margin_left": 7,
                "margin_right": 7,
                "header_spacing": 55,
                "dpi": 90,
            }
        )

    def _pages(self, name, records):
        """Return the texts of the pages of records' PDFs, printed at once."""
        report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        content, kind = report._render_qweb_pdf(name, records.ids)
        self.assertEqual(kind, "pdf")
        return [
            " ".join(page.extract_text().split())
            for page in PdfReader(io.BytesIO(content)).pages
        ]

    def _invoice_pages(self, moves):
        return self._pages("account.report_invoice_with_payments", moves)

    def _lines(self, count):
        return [
            (100.0 + number, 1.0, {"name": f"Position {number:02}"})
            for number in range(1, count + 1)
        ]

    def _assert_kept(self, pages, count, word="Position"):
        """Assert that each page with totals has a line, and none has heads only.

        Some of `count` documents take a page more.
        """
        totals = [page for page in pages if "Untaxed Amount" in page]
        self.assertEqual(len(totals), count)
        self.assertGreater(len(pages), count)
        for page in totals:
            self.assertIn(word, page)
        for page in pages:
            if "Description" in page:
                self.assertIn("Position", page)

    def test_totals_take_the_last_line_along_to_the_next_page(self):
        moves = self.env["account.move"]
        for count in range(2, 12):
            order = self._order(*self._lines(count), progress_method="revenue")
            moves |= self._bill(self._plan(order, 40.0))
        self._assert_kept(self._invoice_pages(moves), 10)

    def test_deposits_taken_back_stand_with_the_totals_and_the_last_line(self):
        finals = self.env["account.move"]
        for count in range(2, 8):
            order = self._order(*self._lines(count))
            self._bill(self._plan(order, 30.0, 20.0))
            finals |= self._final(order)
        pages = self._invoice_pages(finals)
        self._assert_kept(pages, 6)
        for page in pages:
            self.assertEqual("Deposits taken back" in page, "Untaxed Amount" in page)

    def test_many_deposits_fill_pages_and_none_of_them_holds_totals_alone(self):
        order = self._order(*self._lines(3))
        self._bill(self._plan(order, *[5.0] * 14))
        pages = self._invoice_pages(self._final(order))
        self._assert_kept(pages, 1, "Deposits taken back")
        listed = [page for page in pages if "Deposits taken back" in page]
        self.assertIn("Position", listed[0])

    def test_signature_of_a_pro_forma_takes_the_last_line_along(self):
        proformas = self.env["progress.billing.proforma"]
        for count in range(2, 8):
            lines = [
                (price, quantity, "amount", extra)
                for price, quantity, extra in self._lines(count)
            ]
            proformas |= self._proforma(self._project_order(*lines), *[40.0] * count)
        proformas.sudo().write(
            {"signature": PIXEL, "signed_by": "Anna", "signed_on": "2026-03-01"}
        )
        pages = self._pages("progress_billing.report_proforma", proformas)
        self._assert_kept(pages, 6)
        for page in pages:
            self.assertEqual("Anna" in page, "Untaxed Amount" in page)
