"""Random orders, plans and sequences of events, and what must hold after each."""

import os
from collections import defaultdict

from hypothesis import Phase, settings
from hypothesis import strategies as st

from odoo.exceptions import RedirectWarning, UserError, ValidationError
from odoo.fields import Command

from .common import ProgressBillingCommon

#: Examples per property. A long search: PROGRESS_EXAMPLES=500 make test ARGS=…
EXAMPLES = int(os.environ.get("PROGRESS_EXAMPLES", "8"))
#: A shrunk example takes minutes to find; wanted where somebody asks for a search.
PHASES = [Phase.explicit, Phase.generate]
if os.environ.get("PROGRESS_SHRINK"):
    PHASES.append(Phase.shrink)
BOUNDS = settings(max_examples=EXAMPLES, phases=PHASES)
REFUSALS = (UserError, ValidationError, RedirectWarning)
STORED_LINE = ("state", "amount_open", "amount_untaxed", "amount_tax", "amount_total")
STORED_ORDER = (
    "progress_contract_amount",
    "progress_planned_amount",
    "progress_billed_amount",
    "progress_remaining_amount",
    "progress_deposit_balance",
    "progress_payment_state",
    "invoice_status",
)

QUANTITIES = st.sampled_from([1.0, 1.0, 2.0, 3.0, 7.5, 0.33, 12.0])
DISCOUNTS = st.sampled_from([0.0, 0.0, 5.0, 12.5, 33.33])
PERCENTS = st.sampled_from([10.0, 20.0, 30.0, 33.333333, 12.5, 0.7, 50.0, 60.0, 100.0])
TAXES = st.lists(st.sampled_from(["fifteen", "five", "seven"]), max_size=3, unique=True)
ORDER_LINES = st.tuples(st.integers(1, 9_999_999), QUANTITIES, DISCOUNTS, TAXES)
INCLUDED_LINES = st.tuples(
    st.integers(1, 9_999_999),
    QUANTITIES,
    DISCOUNTS,
    st.sampled_from([["included"], ["included", "included_five"], ["fifteen"], []]),
)
#: (percentage, or share of the worth as an amount; position of the order line or none)
PLANS = st.tuples(
    st.sampled_from(["percent", "percent", "amount"]),
    PERCENTS,
    st.one_of(st.none(), st.integers(0, 9)),
)
OPERATIONS = (
    "create",
    "create",
    "create_all",
    "post",
    "post",
    "post_all",
    "delete",
    "cancel",
    "credit",
    "credit_partly",
    "credit_draft",
    "reset",
    "replan",
    "edit_draft",
    "final",
    "final",
)
EVENTS = st.tuples(
    st.sampled_from(OPERATIONS), st.integers(0, 20), st.sampled_from([0.1, 0.5, 0.77])
)


class PropertyCase(ProgressBillingCommon):
    """A company in some currency, and the machinery of random sequences."""

    currency_xmlid = "base.USD"

    @classmethod
    def setup_independent_company(cls, **kwargs):
        currency = cls.env.ref(cls.currency_xmlid)
        currency.active = True
        return super().setup_independent_company(**kwargs, currency_id=currency.id)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Chatter is not what these tests are about, and they make many documents.
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        included = {"price_include_override": "tax_included"}
        cls.taxes = {
            "fifteen": cls.tax,
            "five": cls._tax(5.5),
            "seven": cls._tax(7.25),
            "included": cls._tax(21.0, name="incl.", **included),
            "included_five": cls._tax(5.0, name="incl.", **included),
        }
        cls.currency = cls.company.currency_id

    def execute_example(self, function):
        """Run one example of hypothesis and forget what it wrote."""
        savepoint = self.cr.savepoint()
        try:
            function()
        finally:
            self.env.flush_all()
            savepoint.close(rollback=True)

    # === RANDOM DOCUMENTS === #

    def _random_order(self, specs, method="round_globally"):
        self.company.tax_calculation_rounding_method = method
        unit = self.currency.rounding
        return self._order(
            *(
                (
                    self.currency.round(price * unit),
                    quantity,
                    {
                        "discount": discount,
                        "tax_ids": [
                            Command.set([self.taxes[name].id for name in taxes])
                        ],
                    },
                )
                for price, quantity, discount, taxes in specs
            )
        )

    def _random_plan(self, order, specs):
        """Return planned lines; those that come to nothing are left out."""
        contract = order._get_progress_contract_lines()
        lines = self.env["progress.billing.line"]
        for kind, percent, position in specs:
            line = contract[position % len(contract)] if position is not None else None
            worth = line.price_subtotal if line else order.amount_untaxed
            if self.company.progress_amount_tax_included:
                worth = line.price_total if line else order.amount_total
            amount = order.currency_id.round(worth * percent / 100.0)
            if order.currency_id.compare_amounts(amount, 0.0) <= 0:
                continue
            lines |= self._plan(
                order,
                ("amount", amount) if kind == "amount" else percent,
                sale_line_id=line.id if line else False,
                sequence=len(lines) + 1,
            )
        return lines

    # === EVENTS === #

    def _apply(self, order, event):
        """Let one event happen; what is refused must leave no trace."""
        operation, index, fraction = event
        before = self._snapshot(order)
        try:
            with self.cr.savepoint():
                getattr(self, f"_do_{operation}")(order, index, fraction)
        except REFUSALS:
            self.env.invalidate_all()
            self.assertEqual(self._snapshot(order), before, "a refusal left a trace")
            return False
        return True

    def _snapshot(self, order):
        items = order.order_line.invoice_lines.move_id.line_ids
        return (
            order.order_line.ids,
            order.read(STORED_ORDER),
            order.progress_line_ids.read([*STORED_LINE, "move_id"]),
            items.sorted("id").read(["balance", "parent_state", "tax_line_id"]),
        )

    def _pick(self, records, index):
        return records[index % len(records)] if records else records

    def _moves(self, order, *states, types=("out_invoice", "out_refund")):
        moves = order.order_line.invoice_lines.move_id.sorted("id")
        return moves.filtered(
            lambda move: move.state in states and move.move_type in types
        )

    def _do_create(self, order, index, _fraction):
        self._pick(order.progress_line_ids, index)._create_progress_invoices()

    def _do_create_all(self, order, _index, _fraction):
        order.progress_line_ids.filtered(
            lambda line: line.state == "planned"
        )._create_progress_invoices()

    def _do_post(self, order, index, _fraction):
        self._pick(self._moves(order, "draft"), index).action_post()

    def _do_post_all(self, order, _index, _fraction):
        self._moves(order, "draft").action_post()

    def _do_delete(self, order, index, _fraction):
        self._pick(self._moves(order, "draft", "cancel"), index).unlink()

    def _do_cancel(self, order, index, _fraction):
        self._pick(self._moves(order, "draft"), index).button_cancel()

    def _do_credit(self, order, index, _fraction):
        move = self._pick(self._moves(order, "posted"), index)
        if move:
            self._credit(move)

    def _do_credit_draft(self, order, index, _fraction):
        move = self._pick(self._moves(order, "posted"), index)
        if move:
            self._credit(move, post=False)

    def _do_credit_partly(self, order, index, fraction):
        """Credit part of a deposit by its price, as accountants do."""
        deposits = self._moves(order, "posted", types=("out_invoice",)).filtered(
            lambda move: move.progress_line_ids and not move.is_progress_final
        )
        move = self._pick(deposits, index)
        if move:
            credit = self._credit(move, post=False)
            for item in credit.invoice_line_ids:
                item.price_unit = self.currency.round(item.price_unit * fraction)
            credit.action_post()

    def _do_reset(self, order, index, _fraction):
        self._pick(self._moves(order, "posted", "cancel"), index).button_draft()

    def _do_replan(self, order, index, _fraction):
        self._pick(order.progress_line_ids, index).action_replan()

    def _do_edit_draft(self, order, index, fraction):
        drafts = self._moves(order, "draft", types=("out_invoice",)).filtered(
            lambda move: move.progress_line_ids and not move.is_progress_final
        )
        for item in self._pick(drafts, index).invoice_line_ids:
            item.price_unit = self.currency.round(item.price_unit * fraction)

    def _do_final(self, order, _index, _fraction):
        order._create_final_invoices().action_post()

    # === WHAT MUST HOLD === #

    def _check(self, order):
        """Assert everything that holds after any event."""
        self._check_stored(order)
        self._check_deposit_account(order)
        self._check_lines(order)
        self._check_never_too_much(order)
        if self._is_final(order):
            self._check_complete(order)

    def assertMoney(self, first, second, message=None):
        self.assertEqual(
            self.currency.compare_amounts(first, second), 0, (message, first, second)
        )

    def _check_stored(self, order):
        """Stored figures are what a fresh computation gives."""
        lines = order.progress_line_ids
        stored = (lines.read(STORED_LINE), order.read(STORED_ORDER))
        for records, names in ((lines, STORED_LINE), (order, STORED_ORDER)):
            for name in names:
                self.env.add_to_compute(records._fields[name], records)
        self.assertEqual((lines.read(STORED_LINE), order.read(STORED_ORDER)), stored)

    def _check_deposit_account(self, order):
        ledger = -self._balance(self.deposit_account, order)
        self.assertMoney(ledger, order.progress_deposit_balance, "deposit account")
        self.assertMoney(
            ledger, sum(order.progress_line_ids.mapped("amount_open")), "open amounts"
        )

    def _check_lines(self, order):
        """A line is billed by one invoice at most, and its state says by which."""
        for line in order.progress_line_ids:
            items = line.invoice_line_ids.filtered(
                lambda item: (
                    not item.is_progress_recall
                    and item.parent_state in ("draft", "posted")
                )
            )
            standing = defaultdict(float)
            for item in items:
                if item.parent_state == "posted" or item.amount_currency < 0:
                    root = item.move_id._get_progress_chain()[-1]
                    standing[root] += item.amount_currency
            roots = [
                root
                for root, amount in standing.items()
                if not self.currency.is_zero(amount)
            ]
            self.assertLessEqual(len(roots), 1, f"{line.name} is billed twice")
            self.assertEqual(
                bool(roots), line.state in ("draft", "posted", "settled"), line.state
            )
            if line.state == "settled":
                self.assertMoney(line.amount_open, 0.0)
            for root in roots:
                self.assertEqual(line.move_id, root)

    def _check_never_too_much(self, order):
        billed = order.progress_billed_amount
        self.assertLessEqual(
            self.currency.compare_amounts(billed, order.amount_untaxed), 0, billed
        )
        lines = order._get_progress_contract_lines()
        # Rounding globally, the host moves cents from line to line.
        slack = len(lines) * self.currency.rounding
        for line in lines:
            self.assertLessEqual(
                self.currency.compare_amounts(
                    line.progress_billed_amount, line.price_subtotal + slack
                ),
                0,
                f"{line.progress_billed_amount} of {line.price_subtotal}",
            )

    def _is_final(self, order):
        """Return whether a posted final invoice stands."""
        return any(
            move.state == "posted" and move._is_progress_final_effective()
            for move in order.progress_final_invoice_ids
        )

    def _check_complete(self, order):
        """Deposits and final come to the order, taxes included, tax by tax."""
        self.assertMoney(order.progress_deposit_balance, 0.0)
        items = self._moves(order, "posted").line_ids
        billed = -sum(
            items.filtered(lambda item: item.display_type == "product").mapped(
                "amount_currency"
            )
        )
        self.assertMoney(billed, order.amount_untaxed, "untaxed")
        total = sum(
            items.filtered(lambda item: item.display_type == "payment_term").mapped(
                "amount_currency"
            )
        )
        self.assertMoney(total, order.amount_total, "total")
        self.assertTaxes(items, self._order_taxes(order))

    def assertTaxes(self, items, expected):
        """Assert the tax amounts that journal items book, by tax."""
        for tax in items.tax_line_id | self.env["account.tax"].browse(expected):
            booked = -sum(
                items.filtered(lambda item, tax=tax: item.tax_line_id == tax).mapped(
                    "amount_currency"
                )
            )
            self.assertMoney(booked, expected.get(tax.id, 0.0), tax.name)

    def _order_taxes(self, order):
        """Return tax id -> tax amount of the order, as its totals are made of."""
        AccountTax = self.env["account.tax"]
        base_lines = [
            line._prepare_base_line_for_taxes_computation()
            for line in order._get_progress_contract_lines()
        ]
        AccountTax._add_tax_details_in_base_lines(base_lines, order.company_id)
        AccountTax._round_base_lines_tax_details(base_lines, order.company_id)
        taxes = defaultdict(float)
        for base_line in base_lines:
            for data in base_line["tax_details"]["taxes_data"]:
                taxes[data["tax"].id] += data["tax_amount_currency"]
        return taxes
