"""Random budgets with any taxes, in any currency, beside planned lines."""

from collections import defaultdict

from hypothesis import example, given
from hypothesis import strategies as st

from odoo.fields import Command
from odoo.tests import tagged

from ..common_project import ProjectBillingCommon
from ..property_case import BOUNDS, REFUSALS

TAXES = st.sampled_from(
    [
        ["fifteen"],
        ["fifteen", "five"],
        ["seven", "five", "fifteen"],
        ["included"],
        ["included", "included_five"],
        [],
    ]
)
LINES = st.lists(
    st.tuples(
        # In the smallest units of the currency.
        st.integers(1, 999_999),
        st.sampled_from([1.0, 3.0, 7.5, 0.33, 480.0]),
        st.sampled_from(["amount", "quantity"]),
        st.sampled_from([0.0, 0.0, 12.5, 33.33]),
        TAXES,
    ),
    min_size=1,
    max_size=3,
)
PERCENTS = st.sampled_from([0.0, 10.0, 33.333333, 50.0, 66.67, 99.9, 100.0])
OPERATIONS = (
    *("complete", "complete", "run", "run", "proforma", "edit", "decline", "release"),
    *("plan", "plan_line", "create", "create", "post", "post", "reset", "cancel"),
    *("delete", "credit", "cancel_proforma"),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 5), PERCENTS), max_size=12
)


@tagged("post_install", "-at_install")
class TestBudgetMixProperties(ProjectBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Chatter is not what these tests are about, and they make many documents.
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.taxes = cls._taxes()
        cls.pricelists = {
            name: cls._pricelist(name, rate)
            for name, rate in (("USD", 1.0), ("EUR", 1.1), ("JPY", 0.0067), ("TND", 3))
        }

    @classmethod
    def _pricelist(cls, name, rate):
        """Return a price list in a currency worth so many company currencies."""
        currency = cls.env["res.currency"].with_context(active_test=False)
        currency = currency.search([("name", "=", name)])
        currency.active = True
        if currency != cls.company.currency_id:
            currency.rate_ids.unlink()
            cls.env["res.currency.rate"].create(
                {
                    "currency_id": currency.id,
                    "company_id": cls.company.id,
                    "name": "2020-01-01",
                    "inverse_company_rate": rate,
                }
            )
        return cls.env["product.pricelist"].create(
            {"name": name, "currency_id": currency.id}
        )

    @BOUNDS
    @example(  # Lines of an order that is rounded as a whole do not add up to it.
        lines=[
            (1, 1.0, "amount", 0.0, ["fifteen"]),
            (1, 1.0, "quantity", 12.5, ["fifteen"]),
            (1, 7.5, "amount", 0.0, ["fifteen"]),
        ],
        steps=[],
        method="revenue",
        currency="USD",
        rounding="round_globally",
    )
    @example(  # Nor do their taxes.
        lines=[
            (1, 1.0, "amount", 0.0, ["fifteen"]),
            (1, 3.0, "amount", 0.0, ["fifteen"]),
        ],
        steps=[("complete", 1, 100.0), ("run", 0, 0.0), ("post", 0, 0.0)],
        method="revenue",
        currency="USD",
        rounding="round_globally",
    )
    @given(
        lines=LINES,
        steps=STEPS,
        method=st.sampled_from(["revenue", "deposit"]),
        currency=st.sampled_from(["USD", "EUR", "JPY", "TND"]),
        rounding=st.sampled_from(["round_globally", "round_per_line"]),
    )
    def test_random_sequences(self, lines, steps, method, currency, rounding):
        """After every step the ledger agrees; finished, it is the order's total."""
        self.company.tax_calculation_rounding_method = rounding
        order = self._random_order(lines, method, self.pricelists[currency])
        for name, index, percent in steps:
            try:
                with self.env.cr.savepoint():
                    self._step(name, order, index, percent)
            except REFUSALS:
                self.env.invalidate_all()
            self._check(order)
        self._finish(order)

    def _random_order(self, lines, method, pricelist):
        unit = pricelist.currency_id.rounding
        return self._project_order(
            *(
                (
                    pricelist.currency_id.round(price * unit),
                    quantity,
                    basis,
                    {
                        "discount": discount,
                        "tax_ids": [
                            Command.set([self.taxes[name].id for name in taxes])
                        ],
                    },
                )
                for price, quantity, basis, discount, taxes in lines
            ),
            method=method,
            pricelist_id=pricelist.id,
        )

    # === STEPS === #

    def _budget(self, order):
        return order._get_progress_contract_lines()

    def _moves(self, order):
        return order.order_line.invoice_lines.move_id.sorted("id")

    def _step(self, name, order, index, percent):
        """Do one thing to a line, to the project or to a document."""

        def choose(records):
            return records[index % len(records)] if records else records

        line = choose(self._budget(order))
        if name == "complete":
            line.completed_percent = percent
        elif name in ("run", "proforma"):
            order.project_id.progress_create_proforma = name == "proforma"
            order.project_id.action_run_billing()
        elif name in ("plan", "plan_line"):
            if percent:
                sale_line = line.id if name == "plan_line" else False
                self._plan(order, percent, sale_line_id=sale_line)
        elif name == "create":
            planned = order.progress_line_ids.filtered(
                lambda line: line.state == "planned"
            )
            choose(planned)._create_progress_invoices()
        elif name in ("edit", "decline", "release", "cancel_proforma"):
            proformas = order.project_id.progress_proforma_ids.sorted("id")
            self._step_proforma(name, choose(proformas), percent)
        else:
            self._step_move(name, choose(self._moves(order)))

    def _step_proforma(self, name, proforma, percent):
        if name == "release":
            proforma.action_release()
        elif name == "cancel_proforma":
            proforma.action_cancel()
        elif name == "decline" and proforma:
            proforma._decline("No")
        elif name == "edit" and proforma:
            line = proforma.line_ids[:1]
            amount = line.budget_amount * percent / 100
            line.amount_to_invoice = line.currency_id.round(amount)

    # === WHAT MUST HOLD === #

    def _check(self, order):
        self.env.flush_all()
        currency = order.currency_id
        for line in self._budget(order):
            self.assertFormula(line)
            billed = line.draft_amount + line.actual_amount
            ledger = self._sum_ledger([("progress_budget_line_id", "=", line.id)])
            proformas = line.progress_proforma_line_ids.filtered(
                lambda line: line.proforma_id._is_open()
            )
            on_proformas = sum(proformas.mapped("amount_to_invoice"))
            self.assertMoney(billed, ledger + on_proformas, currency, line.name)
            above = currency.compare_amounts(billed, line.budget_amount)
            self.assertLessEqual(above, 0, f"{billed} of {line.budget_amount}")
        above = currency.compare_amounts(
            order.progress_billed_amount, order.progress_contract_amount
        )
        self.assertLessEqual(above, 0, order.progress_billed_amount)
        self.assertMoney(
            order.progress_billed_amount,
            self._sum_ledger([("sale_line_ids", "in", order.order_line.ids)]),
            currency,
            "billed",
        )

    def _sum_ledger(self, domain):
        """Return what live journal items billed, in their currency."""
        items = self.env["account.move.line"].search(
            [*domain, ("parent_state", "in", ("draft", "posted"))]
        )
        return -sum(items.mapped("amount_currency"))

    def assertMoney(self, amount, expected, currency, message):
        self.assertTrue(
            currency.is_zero(amount - expected), f"{message}: {amount} != {expected}"
        )

    def _finish(self, order):
        """Complete and bill all of it: the order's totals, and nothing open."""
        project = order.project_id
        order.progress_line_ids.filtered(lambda line: line.state == "planned").unlink()
        project.progress_proforma_ids.filtered(lambda pf: pf._is_open()).action_cancel()
        drafts = self._moves(order).filtered(lambda move: move.state == "draft")
        drafts.filtered(lambda move: move.move_type == "out_refund").action_post()
        drafts.filtered(lambda move: move.move_type == "out_invoice").action_post()
        if order.progress_method == "deposit":
            self._final(order)
            self._assert_billed_exactly(order)
            return
        else:
            self._budget(order).completed_percent = 100.0
            project.progress_create_proforma = False
            project._run_billing()[1].action_post()
        self._check(order)
        self._assert_billed_exactly(order)

    def _assert_billed_exactly(self, order):
        moves = self._moves(order).filtered(lambda move: move.state == "posted")
        signed = [(move, -move.direction_sign) for move in moves]
        currency = order.currency_id
        for name in ("amount_untaxed", "amount_tax", "amount_total"):
            billed = sum(sign * move[name] for move, sign in signed)
            self.assertMoney(billed, order[name], currency, name)
        taxes = defaultdict(float)
        for item in moves.line_ids.filtered("tax_line_id"):
            taxes[item.tax_line_id] -= item.amount_currency
        for tax, amount in self._order_taxes(order).items():
            self.assertMoney(taxes[tax], amount, currency, tax.name)
        for line in self._budget(order).filtered("budget_amount"):
            self.assertEqual(line.qty_invoiced, line.product_uom_qty, line.name)
            self.assertEqual((line.pending_amount, line.draft_amount), (0.0, 0.0))
        if all(self._budget(order).mapped("budget_amount")):
            self.assertEqual(order.invoice_status, "invoiced")

    def _order_taxes(self, order):
        """Return tax -> amount of the order, as its totals are made of."""
        base_lines = self.env["progress.billing.allocator"]._get_base_lines(
            self._budget(order)
        )
        taxes = defaultdict(float)
        for base_line in base_lines:
            for data in base_line["tax_details"]["taxes_data"]:
                taxes[data["tax"]] += data["tax_amount_currency"]
        return taxes
