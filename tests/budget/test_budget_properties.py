from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ...models.arithmetic import budget
from ..common_project import ProjectBillingCommon

AMOUNTS = st.integers(1, 500000).map(lambda cents: cents / 100)
PERCENTS = st.one_of(st.integers(0, 100), st.floats(0, 100, allow_nan=False))


class Cent:
    """A currency of two decimals."""

    @staticmethod
    def round(amount):
        return round(amount, 2)

    @staticmethod
    def is_zero(amount):
        return abs(amount) < 0.005


LINES = st.lists(
    st.tuples(
        AMOUNTS,
        st.integers(1, 1000).map(lambda number: number / 10),
        st.sampled_from(["amount", "quantity"]),
        st.fixed_dictionaries({"discount": st.sampled_from([0.0, 10.0, 33.33])}),
    ),
    min_size=1,
    max_size=3,
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "complete",
                "complete",
                "run",
                "run",
                "proforma",
                "edit",
                "release",
                "cancel_proforma",
                "post",
                "post",
                "reset",
                "cancel",
                "delete",
                "credit",
            ]
        ),
        st.integers(0, 5),
        PERCENTS,
    ),
    max_size=10,
)


@tagged("post_install", "-at_install")
class TestBudgetProperties(ProjectBillingCommon):
    """Random budgets through random sequences."""

    @settings(max_examples=200)
    @given(amount=AMOUNTS, percents=st.lists(PERCENTS, max_size=8))
    def test_pending_amounts_add_up(self, amount, percents):
        """However it is completed: at 100 % exactly the budget is billed."""
        billed = 0.0
        for percent in [*percents, 100.0]:
            pending = budget.pending_amount(amount, percent, billed, Cent)
            back = budget.completed_percent(pending, billed, amount)
            self.assertEqual(budget.pending_amount(amount, back, billed, Cent), pending)
            billed = round(billed + pending, 2)
        self.assertEqual(billed, round(amount, 2))

    @settings(max_examples=200)
    @given(amount=AMOUNTS, quantities=st.lists(st.integers(1, 999), min_size=1))
    def test_quantities_add_up(self, amount, quantities):
        """Parts of a quantity come to the budget to the cent; the last takes it."""
        total, billed, done = sum(quantities), 0.0, 0
        for quantity in quantities:
            billed += budget.quantity_worth(
                quantity, total, amount, (done, billed), Cent, 2
            )
            done += quantity
        self.assertAlmostEqual(billed, amount, 6)

    @settings(max_examples=20)
    @given(
        lines=LINES,
        steps=STEPS,
        method=st.sampled_from(["revenue", "deposit"]),
    )
    def test_random_sequences(self, lines, steps, method):
        """After every step: the formula, live items alone, never above the contract."""
        order = self._project_order(*lines, method=method)
        budget_lines = order.order_line
        for name, index, percent in steps:
            try:
                with self.env.cr.savepoint():
                    self._step(name, order, budget_lines, index, percent)
            except (UserError, ValidationError):
                self.env.invalidate_all()
            self._check(order, budget_lines)

    def _step(self, name, order, lines, index, percent):
        """Do one thing to a line, to the project, a pro forma or an invoice."""
        if name == "complete":
            lines[index % len(lines)].completed_percent = percent
        elif name in ("run", "proforma"):
            order.project_id.progress_create_proforma = name == "proforma"
            order.project_id.action_run_billing()
        elif name in ("edit", "release", "cancel_proforma"):
            proformas = order.project_id.progress_proforma_ids.sorted("id")
            if proformas:
                self._step_proforma(name, proformas[index % len(proformas)], percent)
        else:
            moves = lines.progress_item_ids.move_id.sorted("id")
            if moves:
                self._step_move(name, moves[index % len(moves)])

    def _step_proforma(self, name, proforma, percent):
        if name == "release":
            proforma.action_release()
        elif name == "cancel_proforma":
            proforma.action_cancel()
        else:
            line = proforma.line_ids[:1]
            amount = line.budget_amount * percent / 100
            line.amount_to_invoice = line.currency_id.round(amount)

    def _check(self, order, lines):
        for line in lines:
            self.assertFormula(line)
            limit = line.budget_amount
            posted = line.actual_amount
            self.assertLessEqual(round(posted - limit, 2), 0.0, "above the contract")
        self.assertLessEqual(
            order.progress_billed_amount, order.progress_contract_amount + 0.001
        )
        if order.progress_method == "deposit":
            held = -self._balance(self.deposit_account, order)
            self.assertAlmostEqual(held, sum(lines.mapped("actual_amount")))
        for line in lines.filtered(lambda line: line.completed_percent == 100.0):
            if order.progress_method == "revenue" and not line.pending_amount:
                self.assertAlmostEqual(line.qty_invoiced, line.product_uom_qty, 2)
