"""Random orders, plans and sequences of events, and what must hold after each."""

import os

from hypothesis import Phase, settings
from hypothesis import strategies as st

from odoo.exceptions import RedirectWarning, UserError, ValidationError
from odoo.fields import Command

from .common import ProgressBillingCommon
from .property_checks import STORED_LINE, STORED_ORDER, PropertyChecks

#: Examples per property. A long search: PROGRESS_EXAMPLES=500 make test ARGS=…
EXAMPLES = int(os.environ.get("PROGRESS_EXAMPLES", "8"))
#: A shrunk example takes minutes to find; wanted where somebody asks for a search.
PHASES = [Phase.explicit, Phase.generate]
if os.environ.get("PROGRESS_SHRINK"):
    PHASES.append(Phase.shrink)
BOUNDS = settings(max_examples=EXAMPLES, phases=PHASES)
REFUSALS = (UserError, ValidationError, RedirectWarning)
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


class PropertyCase(PropertyChecks, ProgressBillingCommon):
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
        cls.taxes = cls._taxes()
        cls.currency = cls.company.currency_id

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
