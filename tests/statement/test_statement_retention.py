"""What is held back on a statement: 5 % of a contract of 50,000 untaxed."""

from odoo.tests import tagged

from ..common_retention import RetentionCommon
from .test_statement import StatementCase

TERMS = {"retention_percent": 5.0, "retention_base": "untaxed"}


@tagged("post_install", "-at_install")
class TestStatementRetention(RetentionCommon, StatementCase):
    def _retained_rows(self, document):
        statement = document._get_progress_statement()
        return [row["retained"] for row in statement["rows"]]

    def _totals(self, document):
        totals = document._make_progress_statement().get_totals()
        return [(text, amount) for text, amount, _is_bold in totals]

    def test_figures_of_the_design(self):
        _order, first, second = self._changed(**TERMS)
        expected = {
            **{1: 50000.0, 2: 5000.0, 3: 55000.0, 4: 37500.0, 5: 1875.0},
            **{6: 35625.0, 7: 19000.0, 8: 16625.0, 9: 19375.0},
        }
        for state in ("draft", "posted"):
            with self.subTest(state):
                self.assertEqual(self._retained_rows(second), [1050.0, 825.0])
                summary = second._get_progress_statement()["summary"]
                self.assertEqual(summary, expected)
                self.assertEqual(
                    self._totals(second),
                    [
                        ("Taxes", 3500.0),
                        ("To pay", 20125.0),
                        ("Total of the invoice", 21000.0),
                    ],
                )
                self.assertEqual(second.retention_payable_amount, 20125.0)
                self.assertTied(second)
            if state == "draft":
                second.action_post()
        self.assertEqual(self._retained_rows(first), [600.0, 400.0])
        self.assertTied(first)

    def test_a_line_of_its_own_rate_holds_its_own(self):
        order = self._project_order((30000.0,), (20000.0,), **TERMS)
        order.order_line[1].retention_percent = 10.0
        self._complete(order.order_line, 40.0, 40.0)
        _proformas, move = self._run(order.project_id, post=True)
        self.assertEqual(self._retained_rows(move), [600.0, 800.0])
        self.assertTied(move)

    def test_lines_of_the_invoice_that_hold_are_no_other_items(self):
        _order, _first, second = self._changed(retention_tax="release", **TERMS)
        self.assertEqual(self._totals(second), [("Taxes", 3325.0), ("To pay", 19950.0)])
        second.action_post()
        self.assertEqual(self._retained_rows(second), [1050.0, 825.0])
        self.assertEqual(second.amount_total, 19950.0)
        self.assertTied(second)

    def test_a_release_lowers_what_later_statements_retain(self):
        order, first, second = self._changed(**TERMS)
        release = order._create_retention_releases({order: 400.0})
        release.action_post()
        second.action_post()
        self.assertEqual(sum(self._retained_rows(second)), 1475.0)
        self.assertEqual(sum(self._retained_rows(first)), 1000.0)
        self.assertTied(second)
        self.assertTied(first)

    def test_a_pro_forma_says_what_its_invoice_will_hold(self):
        for tax in ("invoice", "release"):
            order, _first = self._contract(retention_tax=tax, **TERMS)
            proforma = self._proforma(order, 70.0, 60.0)
            before = proforma._get_progress_statement()
            self.assertEqual(before["summary"][5], 1650.0)
            proforma.action_release()
            self.assertEqual(proforma._get_progress_statement(), before)

    def test_deposits_and_final_share_what_is_held(self):
        order = self._retained(method="deposit")
        deposit = self._progress(order, 30.0)
        final = self._final(order)
        self.assertEqual(self._retained_rows(deposit)[0], 900.0)
        self.assertEqual(sum(self._retained_rows(final)), 3000.0)
        self.assertTied(deposit)
        self.assertTied(final)
