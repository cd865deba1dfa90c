"""In the browser: terms, two invoices, the release, its payment."""

from lxml import html

from odoo.tests import HttpCase, tagged

from ..common_retention import RetentionCommon


@tagged("post_install", "-at_install")
class TestTourRetention(RetentionCommon, HttpCase):
    def test_terms_two_invoices_release_and_payment(self):
        self.env.user.write({"login": "accountman", "tz": "UTC"})
        self.env.user.group_ids += self.env.ref("base.group_user")
        order = self._order(50000.0, progress_method="revenue")
        self._plan(order, 40.0, 35.0)
        url = f"/odoo/sale.order/{order.id}"
        self.start_tour(url, "progress_retention", login="accountman", timeout=180)
        self.assertEqual(order.retention_held_amount, 0.0)
        self.assertEqual(order.retention_released_amount, 2250.0)
        release = order.retention_item_ids.move_id.filtered("is_retention_release")
        self.assertIn(release.payment_state, ("paid", "in_payment"))

    def test_invoice_and_portal_show_what_is_to_pay(self):
        move = self._progress(self._retained(), 40.0)
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice_with_payments", move.ids
        )
        text = content.decode().replace("\N{NO-BREAK SPACE}", " ")
        for words in (
            "Retention 5 %, due after acceptance",
            "1,200.00",
            "To Pay",
            "22,800.00",
        ):
            self.assertIn(words, text)
        self.assertNotIn("Paid on", text)

    def test_portal_page_of_the_invoice_says_what_is_retained(self):
        self.partner_a.lang = "en_US"
        move = self._progress(self._retained(), 40.0)
        move._portal_ensure_token()
        page = html.fromstring(self.url_open(move.get_portal_url()).text)
        # What is asked for, and why it is not the total.
        [title] = page.xpath(
            "//div[contains(@class, 'o_portal_invoice_sidebar')]//h2[1]"
        )
        text = title.text_content()
        self.assertIn("22,800.00", text)
        self.assertIn("Retention 5 %, due after acceptance", text)
        self.assertNotIn("24,000.00", text)
        paper = self.url_open(move.get_portal_url(report_type="html")).content
        paper = paper.decode().replace("\N{NO-BREAK SPACE}", " ")
        for words in ("Retention 5 %, due after acceptance", "1,200.00", "22,800.00"):
            self.assertIn(words, paper)
