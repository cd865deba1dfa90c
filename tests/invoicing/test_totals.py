"""Rows P9, P10, P12, P13: what is billed, left and paid, and where it came from."""

from odoo.fields import Command
from odoo.tests import tagged

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestTotals(ProgressBillingCommon):
    # === P9, P10: RUNNING TOTALS === #

    def test_order_totals_run_along(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0, 20.0)
        self._bill(lines[0], post=False)
        self.assertRecordValues(
            order,
            [
                {
                    "progress_contract_amount": 10000.0,
                    "progress_planned_amount": 2000.0,
                    "progress_billed_amount": 3000.0,
                    "progress_remaining_amount": 7000.0,
                    "progress_remaining_percent": 70.0,
                    "progress_deposit_balance": 0.0,
                }
            ],
        )

    def test_order_line_totals(self):
        order = self._order(1000.0, 9000.0)
        first = order.order_line[0]
        lines = self._plan(order, 30.0, 20.0, sale_line_id=first.id)
        self._bill(lines[0])
        self.assertRecordValues(
            first,
            [
                {
                    "progress_billed_amount": 300.0,
                    "progress_planned_amount": 200.0,
                    "progress_remaining_amount": 700.0,
                }
            ],
        )

    def test_remaining_is_searchable_in_the_list(self):
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0))
        found = self.env["sale.order"].search(
            [("id", "=", order.id), ("progress_remaining_amount", "=", 7000.0)]
        )
        self.assertEqual(found, order)

    def test_deposit_leaves_what_orders_and_lines_are_worth(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        lines = [(33.33 + part, 3.0, {"discount": 7.0}) for part in range(5)]
        fixed = self._tax(1.01, name="fixed", amount_type="fixed")
        taxed = {"tax_ids": [Command.set((fixed | self.tax).ids)]}
        terms = self.env["account.payment.term"].create(
            {
                "name": "2 % earlier",
                "early_discount": True,
                "discount_percentage": 2.0,
                "early_pay_discount_computation": "mixed",
            }
        )
        orders = self._order(*lines) + self._order(*lines, (0.07, 7.0, taxed))
        orders += self._order(*lines, payment_term_id=terms.id)
        plan = self._plan(orders[0], 33.0) + self._plan(orders[1], 33.0)
        plan += self._plan(orders[2], 33.0)
        # Not computed yet when the deposits are made.
        orders[0].order_line[0].price_unit = 50.01
        plan._create_progress_invoices().action_post()
        sums = ("amount_untaxed", "amount_tax", "amount_total")
        for records, names in ((orders, sums), (orders.order_line, ["budget_amount"])):
            kept = records.read(names)
            for name in names:
                self.env.add_to_compute(records._fields[name], records)
            self.assertEqual(records.read(names), kept)
        self.assertAlmostEqual(orders[0].order_line[0].budget_amount, 139.53)

    # === P12: PAYMENT STATUS === #

    def _pay(self, move, amount):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({"amount": amount}).action_create_payments()

    def test_payment_state_of_line_and_order(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0, 20.0)
        self.assertEqual(order.progress_payment_state, "none")
        moves = self._bill(lines)
        self.assertEqual(order.progress_payment_state, "unpaid")
        self._pay(moves[0], 1000.0)
        self.assertEqual(lines[0].payment_state, "partial")
        self.assertEqual(order.progress_payment_state, "partial")
        self._pay(moves[0], 2450.0)
        self.assertIn(lines[0].payment_state, ("paid", "in_payment"))
        self.assertEqual(order.progress_payment_state, "partial")
        self._pay(moves[1], 2300.0)
        self.assertEqual(order.progress_payment_state, "paid")

    def test_unpaid_final_is_no_paid_order(self):
        order = self._order(10000.0)
        deposit = self._bill(self._plan(order, 30.0))
        self._pay(deposit, 3450.0)
        self.assertEqual(order.progress_payment_state, "paid")
        final = self._final(order)
        self.assertEqual(order.progress_payment_state, "partial")
        self._pay(final, 8050.0)
        self.assertEqual(order.progress_payment_state, "paid")

    # === P13: TRACEABILITY === #

    def test_from_the_invoice_back_to_order_and_lines(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0)
        deposit = self._bill(lines)
        final = self._final(order)
        for move in (deposit, final):
            action = move.action_view_progress_lines()
            found = self.env[action["res_model"]].search(action["domain"])
            self.assertEqual(found, lines)
            self.assertEqual(move.progress_line_count, 1)
            self.assertEqual(move.line_ids.sale_line_ids.order_id, order)

    def test_from_the_line_to_invoice_payments_and_credits(self):
        order = self._order(10000.0)
        line = self._plan(order, 30.0)
        deposit = self._bill(line)
        self._pay(deposit, 1000.0)
        credit = self._credit(deposit, 500.0)
        final = self._final(order)
        self.assertEqual(line.action_view_invoice()["res_id"], deposit.id)
        action = line.action_view_documents()
        found = self.env[action["res_model"]].search(action["domain"])
        payment = (
            deposit.matched_payment_ids.move_id
            or deposit.line_ids.filtered(
                lambda item: item.account_id.account_type == "asset_receivable"
            ).matched_credit_ids.credit_move_id.move_id
        )
        self.assertLessEqual(deposit | credit | final, found)
        self.assertTrue(payment & found)

    def test_history_tells_the_whole_story(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0, 20.0)
        deposits = self._bill(lines)
        self._pay(deposits[0], 1000.0)
        credit = self._credit(deposits[1])
        final = self._final(order)
        action = order.action_view_progress_history()
        moves = self.env["account.move"].search(action["domain"])
        self.assertLessEqual(deposits | credit | final, moves)
        roles = {move: move.progress_role for move in moves}
        self.assertEqual(roles[deposits[0]], "deposit")
        self.assertEqual(roles[credit], "credit")
        self.assertEqual(roles[final], "final")
        self.assertIn("payment", roles.values())

    def test_history_knows_deposits_on_an_account_that_is_the_companys_no_more(self):
        order = self._order(10000.0)
        moves = self._bill(self._plan(order, 30.0))
        other = self.deposit_account.copy({"code": "PBDEP2"})
        self.company.downpayment_account_id = other
        moves |= self._final(order)
        self.assertEqual(moves.mapped("progress_deposit_effect"), [3000.0, -3000.0])
