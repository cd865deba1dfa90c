from lxml import html

from odoo.tests import tagged

from ..common_currency import (
    DEPOSIT_DAY,
    FINAL_DAY,
    SECOND_DAY,
    ProgressCurrencyCommon,
)


@tagged("post_install", "-at_install")
class TestCurrencyPreview(ProgressCurrencyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls._euro_order(10000.0)

    def _draft_final(self):
        self._deposit_on(DEPOSIT_DAY, self.order, 30.0)
        self._deposit_on(SECOND_DAY, self.order, 20.0)
        return self._final_on(FINAL_DAY, self.order, post=False)

    def _post(self, move):
        """Return the entries that posting made, of any kind."""
        before = self.env["account.move"].search([])
        with self._on(FINAL_DAY):
            move.action_post()
        return self.env["account.move"].search([]) - before

    def test_draft_shows_what_posting_makes(self):
        final = self._draft_final()
        with self._on(FINAL_DAY):
            shown = self._get_preview(final)
            draft = final._get_progress_number()
            labels = {row["label"] for row in final._get_progress_adjustments()}
        self.assertTrue(shown)
        made = self._post(final)
        self.assertEqual(shown, self._get_posted(made))
        labels = {label.replace(draft, final.name) for label in labels}
        self.assertEqual(labels, set(made.line_ids.mapped("name")))
        self.assertEqual(made, final.progress_adjustment_move_ids)

    def test_preview_writes_nothing(self):
        final = self._draft_final()
        self.env.flush_all()
        count = self.env["account.move"].search_count([])
        with self._on(FINAL_DAY):
            final._get_progress_adjustments()
            final._get_progress_transactions()
        self.env.flush_all()
        self.assertEqual(self.env["account.move"].search_count([]), count)
        self.assertAlmostEqual(self._balance(self.deposit_account), -5600.0)

    def test_credit_note_of_a_final_shows_what_it_undoes(self):
        final = self._draft_final()
        with self._on(FINAL_DAY):
            final.action_post()
            credit = self._credit(final, post=False)
            shown = self._get_preview(credit)
        self.assertEqual(len(shown), len(final.progress_adjustment_move_ids.line_ids))
        made = self._post(credit)
        self.assertEqual(shown, self._get_posted(made))

    def test_partial_credit_of_a_final_shows_what_changes(self):
        final = self._draft_final()
        with self._on(FINAL_DAY):
            final.action_post()
            credit = self._credit(final, post=False)
            recalls = credit.invoice_line_ids.filtered("is_progress_recall")
            recalls[0].price_unit = 1000.0
            shown = self._get_preview(credit)
        made = self._post(credit)
        self.assertEqual(shown, self._get_posted(made))

    def test_form_shows_the_table_only_when_there_is_something(self):
        final = self._draft_final()
        with self._on(FINAL_DAY):
            self.assertIn("300.00", final.progress_adjustment_preview)
            final.action_post()
        self.assertIn("300.00", final.progress_adjustment_preview)
        entry = final.progress_adjustment_move_ids
        self.assertEqual(
            final.progress_adjustment_preview.count("<tr>"), len(entry.line_ids) + 1
        )
        final.button_cancel()
        self.assertFalse(final.progress_adjustment_preview)
        plain = self._bill(self._plan(self._order(100.0), 50.0), post=False)
        self.assertFalse(plain.progress_adjustment_preview)

    def test_report_lists_every_item_balanced(self):
        final = self._draft_final()
        with self._on(FINAL_DAY):
            content, _type = self.env["ir.actions.report"]._render_qweb_html(
                "progress_billing.report_invoice_transactions", final.ids
            )
            count = len(final._get_progress_adjustments())
        page = html.fromstring(content)
        rows = page.xpath("//table[contains(@class, 'o_main_table')]/tbody[1]/tr")
        items = final.line_ids.filtered("account_id")
        self.assertEqual(len(rows), len(items) + count + 2)
        cells = {
            sum(int(cell.get("colspan", 1)) for cell in row.xpath("./td"))
            for row in rows
        }
        self.assertEqual(cells, {6})
        totals = [
            page.xpath(f"//td[contains(@class, '{name}')]")[0].text_content().strip()
            for name in ("o_progress_debit", "o_progress_credit")
        ]
        self.assertEqual(totals[0], totals[1])
        self.assertIn("1.200000", page.text_content())

    def test_report_of_several_drafts(self):
        finals = self._draft_final()
        finals |= self._bill(self._plan(self._order(100.0), 50.0), post=False)
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            "progress_billing.report_invoice_transactions", finals.ids
        )
        pages = html.fromstring(content).xpath(
            "//div[contains(@class, 'o_progress_transactions')]"
        )
        self.assertEqual(len(pages), 2)
