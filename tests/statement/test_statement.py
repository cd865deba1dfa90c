"""What statements say, with the figures of a contract of 50,000."""

from odoo.fields import Command
from odoo.tests import tagged

from ...hooks import keep_agreed_amounts
from ..common_project import ProjectBillingCommon

COLUMNS = (
    *("contract", "changes", "revised", "previous", "this"),
    *("to_date", "percent", "balance"),
)


class StatementCase(ProjectBillingCommon):
    def assertRows(self, document, *rows):
        """Assert the figures of all columns but the retention, row by row."""
        found = document._get_progress_statement()["rows"]
        self.assertEqual([tuple(row[x] for x in COLUMNS) for row in found], list(rows))

    def assertTied(self, move):
        for tie in move._get_progress_tie_out():
            self.assertTrue(tie["is_equal"], tie)

    def _contract(self, **values):
        """Return an order of 30,000 and 20,000, of which 20,000 is billed."""
        order = self._project_order((30000.0,), (20000.0,), **values)
        self._complete(order.order_line, 40.0, 40.0)
        _proformas, first = self._run(order.project_id, post=True)
        return order, first

    def _changed(self, **values):
        """Return that order with 5,000 more, and its second invoice, a draft."""
        order, first = self._contract(**values)
        order.order_line[1].price_unit = 25000.0
        self._complete(order.order_line, 70.0, 66.0)
        _proformas, second = self._run(order.project_id)
        return order, first, second


@tagged("post_install", "-at_install")
class TestStatement(StatementCase):
    def test_rows_say_contract_changes_previous_this_and_to_date(self):
        order, first, second = self._changed()
        rows = (
            (30000.0, 0.0, 30000.0, 12000.0, 9000.0, 21000.0, 70.0, 9000.0),
            (20000.0, 5000.0, 25000.0, 8000.0, 8500.0, 16500.0, 66.0, 8500.0),
        )
        self.assertRows(second, *rows)
        found = second._get_progress_statement()["rows"]
        self.assertEqual([row["line"] for row in found], list(order.order_line))
        second.action_post()
        self.assertRows(second, *rows)
        self.assertRows(
            first,
            (30000.0, 0.0, 30000.0, 0.0, 12000.0, 12000.0, 40.0, 18000.0),
            (20000.0, 5000.0, 25000.0, 0.0, 8000.0, 8000.0, 32.0, 17000.0),
        )
        self.assertTied(first)
        self.assertTied(second)

    def test_summary_goes_from_contract_to_balance(self):
        _order, _first, second = self._changed()
        self.assertEqual(
            second._get_progress_statement()["summary"],
            {
                **{1: 50000.0, 2: 5000.0, 3: 55000.0, 4: 37500.0, 5: 0.0, 6: 37500.0},
                **{7: 20000.0, 8: 17500.0, 9: 17500.0},
            },
        )

    def test_a_line_added_later_is_a_change(self):
        order, _first = self._contract()
        order.order_line = [
            Command.create(
                {
                    "product_id": self.service.id,
                    "price_unit": 1000.0,
                    "progress_basis": "amount",
                }
            )
        ]
        self._complete(order.order_line, 40.0, 40.0, 100.0)
        _proformas, second = self._run(order.project_id)
        row = second._get_progress_statement()["rows"][2]
        self.assertEqual(
            (row["contract"], row["changes"], row["this"]), (0.0, 1000.0, 1000.0)
        )
        self.assertTied(second)

    def test_orders_confirmed_before_anybody_kept_it_are_what_they_are_worth(self):
        order, _first = self._contract()
        kept = self._order(700.0)
        kept.order_line.price_unit = 900.0
        order.order_line.sudo().write(
            {"budget_original_amount": 0.0, "budget_original_quantity": 0.0}
        )
        self.env.flush_all()
        keep_agreed_amounts(self.cr)
        self.env.invalidate_all()
        agreed = order.order_line.mapped("budget_original_amount")
        self.assertEqual(agreed, [30000.0, 20000.0])
        self.assertEqual(kept.order_line.budget_original_amount, 700.0)

    def test_deposits_have_a_row_a_planned_line_and_the_final_bills_the_rest(self):
        order = self._order(10000.0)
        first, second = self._plan(order, 30.0, 20.0)
        deposit = self._bill(first)
        self.assertRows(
            deposit,
            (3000.0, 0.0, 3000.0, 0.0, 3000.0, 3000.0, 100.0, 0.0),
            (2000.0, 0.0, 2000.0, 0.0, 0.0, 0.0, 0.0, 2000.0),
            (5000.0, 0.0, 5000.0, 0.0, 0.0, 0.0, 0.0, 5000.0),
        )
        found = deposit._get_progress_statement()["rows"]
        self.assertEqual([row["line"] for row in found], [first, second, order])
        final = self._final(order)
        self.assertRows(
            final,
            (3000.0, 0.0, 3000.0, 3000.0, 0.0, 3000.0, 100.0, 0.0),
            (7000.0, 0.0, 7000.0, 0.0, 7000.0, 7000.0, 100.0, 0.0),
        )
        self.assertEqual(final._get_progress_statement()["summary"][9], 0.0)
        self.assertTied(deposit)
        self.assertTied(final)

    def test_a_percentage_follows_a_changed_order_and_says_so(self):
        order = self._order(10000.0)
        first, _second = self._plan(order, 30.0, 70.0)
        deposit = self._bill(first)
        order.order_line[0].price_unit = 12000.0
        self.assertRows(
            deposit,
            (3000.0, 0.0, 3000.0, 0.0, 3000.0, 3000.0, 100.0, 0.0),
            (7000.0, 1400.0, 8400.0, 0.0, 0.0, 0.0, 0.0, 8400.0),
            (0.0, 600.0, 600.0, 0.0, 0.0, 0.0, 0.0, 600.0),
        )
        self.assertEqual(deposit._get_progress_statement()["summary"][2], 2000.0)

    def test_a_consolidated_invoice_has_a_row_an_order(self):
        orders = self._order(10000.0) | self._order(5000.0)
        for order in orders:
            self._bill(self._plan(order, 30.0))
        final = orders._create_final_invoices(consolidated=True)
        self.assertEqual(len(final), 1)
        self.assertRows(
            final,
            (10000.0, 0.0, 10000.0, 3000.0, 7000.0, 10000.0, 100.0, 0.0),
            (5000.0, 0.0, 5000.0, 1500.0, 3500.0, 5000.0, 100.0, 0.0),
        )
        found = final._get_progress_statement()["rows"]
        self.assertEqual([row["line"] for row in found], list(orders))
        final.action_post()
        self.assertTied(final)

    def test_an_interim_invoice_counts_what_it_bills_less_deposits(self):
        self.service.invoice_policy = "delivery"
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0))
        order.order_line[0].qty_delivered = 0.5
        interim = order._create_interim_invoices()
        row = interim._get_progress_statement()["rows"][-1]
        self.assertEqual((row["line"], row["this"]), (order, 3500.0))
        interim.action_post()
        self.assertTied(interim)

    def test_a_statement_is_as_of_its_posting(self):
        order = self._order(10000.0)
        first, second, third = self._plan(order, 30.0, 20.0, 10.0)
        moves = self._bill(first | second | third, post=False)
        moves[1].action_post()
        moves[0].action_post()
        figures = [moves[n]._get_progress_statement()["summary"][4] for n in (1, 0, 2)]
        self.assertEqual(figures, [2000.0, 5000.0, 6000.0])
        moves[1].button_draft()
        self.assertEqual(moves[1]._get_progress_statement()["summary"][4], 2000.0)
        self.assertEqual(moves[0]._get_progress_statement()["summary"][4], 3000.0)
        moves[1].action_post()
        self.assertEqual(moves[0]._get_progress_statement()["summary"][4], 5000.0)
        for move in moves:
            self.assertTied(move)

    def test_a_credit_note_lowers_what_was_billed_before(self):
        order = self._order(10000.0)
        first, second = self._plan(order, 30.0, 20.0)
        deposit = self._bill(first)
        self._credit(deposit, 1000.0)
        move = self._bill(second)
        self.assertEqual(
            [row["previous"] for row in move._get_progress_statement()["rows"]],
            [2000.0, 0.0, 0.0],
        )
        self.assertTied(move)
        self.assertTied(deposit)

    def test_foreign_currency_is_the_orders(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": euro.id}
        )
        for method in ("deposit", "revenue"):
            order = self._order(
                10000.0, pricelist_id=pricelist.id, progress_method=method
            )
            move = self._bill(self._plan(order, 30.0))
            summary = move._get_progress_statement()["summary"]
            self.assertEqual((summary[4], summary[9]), (3000.0, 7000.0))
            self.assertTied(move)
            self.assertTied(self._final(order))

    def test_a_line_billed_beyond_its_revised_amount_is_named(self):
        order, first = self._contract()
        order.order_line[1].price_unit = 5000.0
        tie = first._get_progress_tie_out()[2]
        self.assertEqual(
            (tie["expected"], tie["actual"], tie["is_equal"]), (0.0, 3000.0, False)
        )
        self.assertIn(
            order.order_line[1].display_name, str(first.progress_statement_preview)
        )

    def test_invoices_of_other_orders_have_none(self):
        order = self._order(1000.0)
        move = order._create_invoices()
        self.assertEqual(move._get_progress_statement(), {"rows": [], "summary": {}})
        self.assertEqual(move._get_progress_tie_out(), [])
        self.assertFalse(move.progress_statement_preview)

    def test_a_pro_forma_says_what_its_invoice_will(self):
        order, _first = self._contract()
        proforma = self._proforma(order, 70.0, 60.0)
        before = proforma._get_progress_statement()
        self.assertEqual(before["summary"][8], 13000.0)
        self.assertIn("13,000.00", str(proforma.progress_statement_preview))
        proforma.action_release()
        self.assertEqual(proforma.move_ids._get_progress_statement(), before)
        self.assertEqual(proforma._get_progress_statement(), before)

    def test_queries_do_not_grow_with_the_lines(self):
        counts = []
        for number in (2, 2, 12):
            order = self._project_order(*[(100.0,)] * number)
            self._complete(order.order_line, *[50.0] * number)
            _proformas, move = self._run(order.project_id, post=True)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            move._get_progress_statement()
            move._get_progress_tie_out()
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[2], counts[1])
