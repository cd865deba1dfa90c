"""Whatever was planned, billed, credited, reset and posted again: statements tie."""

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import tagged

from ..property_case import BOUNDS, EVENTS, ORDER_LINES, PLANS, PropertyCase


@tagged("post_install", "-at_install")
class TestStatementProperties(PropertyCase):
    @BOUNDS
    @given(
        lines=st.lists(ORDER_LINES, min_size=1, max_size=3),
        plans=st.lists(PLANS, min_size=1, max_size=4),
        events=st.lists(EVENTS, min_size=1, max_size=10),
        method=st.sampled_from(["deposit", "revenue"]),
        rounding=st.sampled_from(["round_globally", "round_per_line"]),
    )
    def test_statements_tie_after_any_events(
        self, lines, plans, events, method, rounding
    ):
        order = self._random_order(lines, rounding)
        order.progress_method = method
        if not self._random_plan(order, plans):
            return
        for event in events:
            self._apply(order, event)
            self._check_statements(order)

    def _check_statements(self, order):
        moves = self._moves(order, "draft", "posted")
        for move in moves:
            statement = move._get_progress_statement()
            summary = statement["summary"]
            # A draft may bill too much, which its page says and posting refuses.
            for tie in move._get_progress_tie_out():
                if move.state == "posted" or "beyond" not in tie["name"]:
                    self.assertTrue(tie["is_equal"], tie)
            self.assertMoney(summary[1] + summary[2], order.amount_untaxed)
            self.assertMoney(
                sum(row["this"] for row in statement["rows"]),
                -move.direction_sign * move.amount_untaxed,
                "all of the invoice",
            )
            self.assertMoney(
                sum(row["balance"] for row in statement["rows"]),
                order.amount_untaxed - summary[4],
                "balance",
            )
        posted = moves.filtered(lambda move: move.state == "posted")
        billed = [move._get_progress_statement()["summary"][4] for move in posted]
        total = -sum(posted.invoice_line_ids.mapped("amount_currency"))
        if posted:
            last = posted.sorted(lambda move: move._get_progress_posting_key())[-1]
            self.assertMoney(billed[list(posted).index(last)], total, "all posted")
