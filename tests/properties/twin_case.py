"""Orders of any make, billed by us in any parts, beside the bare host's one invoice."""

from collections import defaultdict
from typing import NamedTuple

from hypothesis import currently_in_test_context, note
from hypothesis import strategies as st
from psycopg2.errors import CheckViolation

from odoo.exceptions import RedirectWarning, UserError, ValidationError
from odoo.fields import Command

from ..common import ProgressBillingCommon

REFUSALS = (UserError, ValidationError, RedirectWarning, CheckViolation)


class Line(NamedTuple):
    """An order line; a price of None makes it a section or note, by its unit."""

    price: float | None
    quantity: float = 1.0
    discount: float = 0.0
    taxes: str = "plain"
    unit: str = "unit"
    policy: str = "order"


class Terms(NamedTuple):
    """What an order has besides its lines."""

    rounding: str = "round_globally"
    term: str = "none"
    fiscal_position: bool = False
    cash_rounding: bool = False
    taxed_amounts: bool = False


class Step(NamedTuple):
    """One thing that happens to an order: its kind, its size and its line."""

    kind: str
    percent: float = 30.0
    position: int | None = None
    booking: str = "deposit"
    line: Line | None = None


#: What is not drawn because it is known to go wrong; each entry is a defect to mend.
OPEN = set()


def known_good(*kinds):
    """Return those of some kinds that are not known to go wrong."""
    return [kind for kind in kinds if kind not in OPEN]


TAXES = known_good(
    *("plain", "plain", "several", "none", "zero", "included", "included_two"),
    *("fixed", "fixed_vat", "fixed_included", "group", "withholding", "split"),
    *("partly", "reverse", "compound", "division"),
)
PRICES = st.one_of(
    st.integers(1, 9_999_999).map(lambda cents: cents / 100.0),
    st.sampled_from([100.0, 1000.0, 28.85, 59.79, 96.4, 100000.0]),
)
QUANTITIES = st.sampled_from([1.0, 1.0, 2.0, 3.0, 4.0, 7.5, 0.33, 12.0, 240.0])
DISCOUNTS = st.sampled_from([0.0, 0.0, 0.0, 5.0, 12.5, 15.0, 33.33])
UNITS = st.sampled_from(["unit", "unit", "dozen"])
POLICIES = st.sampled_from(["order", "order", "delivery"])
SALES = st.builds(
    Line, PRICES, QUANTITIES, DISCOUNTS, st.sampled_from(TAXES), UNITS, POLICIES
)
#: Less than the sales mostly, so that few orders are credit notes as a whole.
DEDUCTIONS = st.builds(
    Line,
    st.one_of(
        st.integers(1, 9999).map(lambda cents: -cents / 100.0),
        st.sampled_from([-50.0, -10.0]),
    ),
    st.sampled_from([1.0, 1.0, 2.0]),
    st.just(0.0),
    st.sampled_from(["none", *TAXES]),
    st.just("unit"),
    st.just("order"),
)
RETURNS = st.builds(
    Line,
    st.integers(1, 9999).map(lambda cents: cents / 100.0),
    st.sampled_from([-1.0, -2.0]),
    DISCOUNTS,
    st.sampled_from(TAXES),
    UNITS,
    POLICIES,
)
SECTIONS = st.sampled_from(["line_section", "line_subsection", "line_note"]).map(
    lambda kind: Line(None, unit=kind)
)
LINES = st.one_of(SALES, SALES, SALES, DEDUCTIONS, RETURNS, SECTIONS)
ORDERS = st.tuples(SALES, st.lists(LINES, max_size=4)).map(lambda x: [x[0], *x[1]])
TERMS = st.builds(
    Terms,
    st.sampled_from(["round_globally", "round_per_line"]),
    st.sampled_from(
        known_good(
            *("none", "none", "parts"),
            *("early_included", "early_excluded", "early_mixed"),
        )
    ),
    st.booleans(),
    st.sampled_from([False, False, True]),
    st.sampled_from([False, False, True]),
)
PERCENTS = st.sampled_from(
    [10.0, 20.0, 30.0, 33.333333, 33.7, 12.5, 0.7, 50.0, 60.0, 100.0]
)
POSITIONS = st.one_of(st.none(), st.integers(0, 4))
BOOKINGS = st.sampled_from(["deposit", "revenue"])
BILLS = st.builds(
    Step,
    st.sampled_from(["percent", "amount"]),
    PERCENTS,
    POSITIONS,
    BOOKINGS,
    st.none(),
)
OTHER_STEPS = st.one_of(
    st.builds(
        Step,
        st.sampled_from(
            known_good(
                *("interim_proportional", "interim_fit", "interim_none"),
                *("host_percent", "host_fixed", "host_invoice"),
                *("discount_percent", "discount_amount", "discount_lines"),
                *("credit", "credit_part", "fiscal_other", "fiscal_none"),
                *("price_lower", "price_higher"),
            )
        ),
        PERCENTS,
        POSITIONS,
        BOOKINGS,
        st.none(),
    ),
    LINES.map(lambda line: Step("append", line=line)),
)
STEPS = st.lists(st.one_of(BILLS, BILLS, OTHER_STEPS), min_size=1, max_size=5)


class TwinCase(ProgressBillingCommon):
    """Any order, any parts of it, and the same order invoiced by the host at once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Chatter is not what these tests are about, and they make many documents.
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.currency = cls.company.currency_id
        cls.taxes = cls._make_taxes()
        cls.terms = cls._make_terms()
        cls.units = {
            "unit": cls.env.ref("uom.product_uom_unit"),
            "dozen": cls.env.ref("uom.product_uom_dozen"),
        }
        revenue = cls.company_data["default_account_revenue"]
        other = revenue.copy({"name": "Sales of services", "code": "PBREV2"})
        abroad = revenue.copy({"name": "Sales abroad", "code": "PBREV3"})
        cls.fiscal_position = cls.env["account.fiscal.position"].create(
            {
                "name": "Abroad",
                "account_ids": [
                    Command.create(
                        {"account_src_id": revenue.id, "account_dest_id": abroad.id}
                    )
                ],
            }
        )
        cls.other_position = cls.env["account.fiscal.position"].create(
            {
                "name": "Other region",
                "tax_ids": [
                    Command.create(
                        {
                            "name": "6 %",
                            "amount": 6.0,
                            "type_tax_use": "sale",
                            "original_tax_ids": [Command.set(cls.tax.ids)],
                        }
                    )
                ],
            }
        )
        cls._set_grids(cls.other_position.tax_ids)
        cls.products = {
            "order": cls.service,
            "delivery": cls.env["product.product"].create(
                {
                    "name": "Installation",
                    "type": "service",
                    "invoice_policy": "delivery",
                    "service_type": "manual",
                    "property_account_income_id": other.id,
                }
            ),
        }
        cls.cash_rounding = cls.env["account.cash.rounding"].create(
            {
                "name": "5 cents",
                "rounding": 0.05,
                "rounding_method": "HALF-UP",
                "strategy": "add_invoice_line",
                "profit_account_id": other.copy({"code": "PBROUND"}).id,
                "loss_account_id": other.copy({"code": "PBROUNDL"}).id,
            }
        )

    @classmethod
    def _make_taxes(cls):
        """Return the taxes of the lines by the names in `TAXES`."""
        included = {"price_include_override": "tax_included"}
        account = cls.company_data["default_account_tax_sale"]
        second = account.copy({"code": "PBTAX2"})
        nowhere = account.browse()
        plain = cls.tax
        five = cls._tax(5.5)
        seven = cls._tax(7.25)
        high = cls._tax(21.0, name="incl.", **included)
        low = cls._tax(5.0, name="incl.", **included)
        fixed = cls._tax(2.5, name="fixed", amount_type="fixed", sequence=1)
        fixed_included = cls._tax(
            0.65, name="fixed incl.", amount_type="fixed", **included
        )
        eco = cls._tax(
            1.25,
            name="eco",
            amount_type="fixed",
            include_base_amount=True,
            sequence=1,
        )
        ten = cls._tax(10.0)
        first = cls._tax(5.0, name="first", include_base_amount=True, sequence=1)
        group = cls.env["account.tax"].create(
            {
                "name": "Group",
                "amount_type": "group",
                "type_tax_use": "sale",
                "children_tax_ids": [
                    Command.set((cls._tax(4.0) | cls._tax(9.975)).ids)
                ],
            }
        )
        taxes = {
            "plain": plain,
            "several": plain | five | seven,
            "none": plain.browse(),
            "zero": cls._tax(0.0),
            "included": high,
            "included_two": high | low,
            "fixed": fixed,
            "fixed_vat": eco | ten,
            "fixed_included": fixed_included,
            "group": group,
            "withholding": cls._tax(21.0) | cls._tax(-15.0, name="withheld"),
            "split": cls._parted(20.0, "split", (60.0, account), (40.0, second)),
            "partly": cls._parted(20.0, "partly", (70.0, account), (30.0, nowhere)),
            "reverse": cls._parted(21.0, "reverse", (100.0, account), (-100.0, second)),
            "compound": first | plain,
            "division": cls._tax(10.0, name="division", amount_type="division"),
        }
        cls._set_grids(
            cls.env["account.tax"].union(*taxes.values()) | group.children_tax_ids
        )
        return taxes

    @classmethod
    def _parted(cls, amount, name, *parts):
        """Return a tax spread over parts, given as (percentage, account)."""
        repartition = [
            Command.create({"repartition_type": "base"}),
            *(
                Command.create(
                    {
                        "repartition_type": "tax",
                        "factor_percent": percent,
                        "account_id": account.id,
                    }
                )
                for percent, account in parts
            ),
        ]
        return cls._tax(
            amount,
            name=name,
            invoice_repartition_line_ids=repartition,
            refund_repartition_line_ids=repartition,
        )

    @classmethod
    def _set_grids(cls, taxes):
        """Give each part of each tax a grid of its own, alike on credit notes."""
        country = cls.company.account_fiscal_country_id
        for tax in taxes.filtered(lambda tax: tax.amount_type != "group"):
            refund = tax.refund_repartition_line_ids
            for number, line in enumerate(tax.invoice_repartition_line_ids):
                tag = cls.env["account.account.tag"].create(
                    {
                        "name": f"{tax.name} {number}",
                        "applicability": "taxes",
                        "country_id": country.id,
                    }
                )
                (line | refund[number]).tag_ids = tag

    @classmethod
    def _make_terms(cls):
        """Return the payment terms by the names in `TERMS`."""
        PaymentTerm = cls.env["account.payment.term"]
        terms = {
            "none": PaymentTerm,
            "parts": PaymentTerm.create(
                {
                    "name": "30 % now",
                    "line_ids": [
                        Command.create({"value_amount": 30.0}),
                        Command.create({"value_amount": 70.0, "nb_days": 60}),
                    ],
                }
            ),
        }
        for computation in ("included", "excluded", "mixed"):
            terms[f"early_{computation}"] = PaymentTerm.create(
                {
                    "name": f"2/10 {computation}",
                    "early_discount": True,
                    "discount_percentage": 2.0,
                    "discount_days": 10,
                    "early_pay_discount_computation": computation,
                }
            )
        return terms

    # === ORDERS === #

    def _twin_order(self, lines, terms):
        """Return a confirmed order as described."""
        order = self._twin_quotation(lines, terms)
        order.action_confirm()
        return order

    def _twin_quotation(self, lines, terms):
        self.company.tax_calculation_rounding_method = terms.rounding
        self.company.progress_amount_tax_included = terms.taxed_amounts
        return self.env["sale.order"].create(
            {
                "partner_id": self.partner_a.id,
                "payment_term_id": self.terms[terms.term].id,
                "fiscal_position_id": self.fiscal_position.id
                if terms.fiscal_position
                else False,
                "order_line": [
                    Command.create(self._line_values(line, number))
                    for number, line in enumerate(lines, 1)
                ],
            }
        )

    def _line_values(self, line, sequence):
        if line.price is None:
            return {
                "display_type": line.unit,
                "name": "Section or note",
                "sequence": sequence,
            }
        return {
            "product_id": self.products[line.policy].id,
            "sequence": sequence,
            "product_uom_qty": line.quantity,
            "product_uom_id": self.units[line.unit].id,
            "price_unit": line.price,
            "discount": line.discount,
            "tax_ids": [Command.set(self.taxes[line.taxes].ids)],
        }

    def _invoice_twin(self, order, terms):
        """Return the posted invoice that the bare host makes of a copy of an order."""
        twin = self._copy_confirmed(order)
        self.assertEqual(
            (twin.amount_untaxed, twin.amount_total),
            (order.amount_untaxed, order.amount_total),
            "the copy is another order",
        )
        self._deliver(twin, 100.0)
        return self._post(twin._create_invoices(final=True), terms)

    def _copy_confirmed(self, order):
        twin = order.copy()
        twin.action_confirm()
        return twin

    def _deliver(self, order, percent):
        for line in order.order_line:
            if line.product_id == self.products["delivery"]:
                share = line.product_uom_qty * percent / 100.0
                if abs(share) > abs(line.qty_delivered):
                    line.qty_delivered = share

    def _post(self, moves, terms):
        if terms.cash_rounding:
            moves.invoice_cash_rounding_id = self.cash_rounding
        moves.action_post()
        return moves

    # === STEPS === #

    def _apply_step(self, order, step, terms):
        """Let one thing happen; return why it was refused, if it was.

        Early payment discount on the taxes of several invoices of revenue differs by a
        cent from that of one with the bare host, too: only deposits are billed then.
        """
        kind, _sep, detail = step.kind.partition("_")
        if terms.term == "early_mixed" and kind in ("interim", "host"):
            return "the host's rounding"
        try:
            with self.cr.savepoint():
                getattr(self, f"_step_{kind}")(order, step, terms, detail)
        except REFUSALS as refusal:
            self.env.invalidate_all()
            return str(refusal.args[0])
        return ""

    def _step_percent(self, order, step, terms, _detail):
        self._bill_part(order, step, terms, step.percent)

    def _step_amount(self, order, step, terms, _detail):
        worth = self._pick_line(order, step) or order
        name = "price" if step.position is not None else "amount"
        name += {"price": ("_subtotal", "_total"), "amount": ("_untaxed", "_total")}[
            name
        ][terms.taxed_amounts]
        amount = self.currency.round(worth[name] * step.percent / 100.0)
        self._bill_part(order, step, terms, ("amount", amount))

    def _bill_part(self, order, step, terms, share):
        is_mixed = terms.term == "early_mixed"
        order.progress_method = "deposit" if is_mixed else step.booking
        line = self._pick_line(order, step)
        number = len(order.progress_line_ids) + 1
        planned = self._plan(
            order,
            share,
            sale_line_id=line.id if line else False,
            sequence=number,
        )
        self._post(planned._create_progress_invoices(), terms)

    def _pick_line(self, order, step):
        if step.position is None:
            return None
        lines = order._get_progress_contract_lines()
        return lines[step.position % len(lines)]

    def _step_interim(self, order, step, terms, detail):
        self._deliver(order, step.percent)
        self._post(order._create_interim_invoices(recoupment=detail), terms)

    def _step_host(self, order, step, terms, detail):
        values = {"sale_order_ids": order.ids, "advance_payment_method": "delivered"}
        if detail == "percent":
            values |= {"advance_payment_method": "percentage", "amount": step.percent}
        elif detail == "fixed":
            amount = self.currency.round(order.amount_total * step.percent / 100.0)
            values |= {"advance_payment_method": "fixed", "fixed_amount": amount}
        else:
            self._deliver(order, step.percent)
        before = order.invoice_ids
        self.env["sale.advance.payment.inv"].create(values).create_invoices()
        self._post(order.invoice_ids - before, terms)

    def _step_discount(self, order, step, _terms, detail):
        kinds = {
            "percent": {
                "discount_type": "so_discount",
                "discount_percentage": step.percent / 1000.0,
            },
            "amount": {
                "discount_type": "amount",
                "discount_amount": self.currency.round(
                    order.amount_total * step.percent / 1000.0
                ),
            },
            "lines": {
                "discount_type": "sol_discount",
                "discount_percentage": step.percent / 1000.0,
            },
        }
        if detail == "lines" and order.order_line.invoice_lines:
            # The host's way to change what is invoiced already.
            return
        self.env["sale.order.discount"].create(
            {"sale_order_id": order.id, **kinds[detail]}
        ).action_apply_discount()

    def _step_price(self, order, step, _terms, detail):
        line = self._pick_line(order, step) or order._get_progress_contract_lines()[0]
        factor = 0.8 if detail == "lower" else 1.5
        line.price_unit = self.currency.round(line.price_unit * factor)

    def _step_fiscal(self, order, _step, _terms, detail):
        """Tax the order otherwise; what was invoiced of its lines is so no more."""
        if order._get_progress_contract_lines().invoice_lines:
            return
        order.fiscal_position_id = (
            self.other_position if detail == "other" else self.fiscal_position
        )
        order.action_update_taxes()

    def _step_append(self, order, step, _terms, _detail):
        last = max(order.order_line.mapped("sequence"), default=0)
        order.order_line = [Command.create(self._line_values(step.line, last + 1))]

    def _step_credit(self, order, step, terms, detail):
        moves = order.invoice_ids.filtered(
            lambda move: (
                move.state == "posted"
                and move.move_type == "out_invoice"
                and not move.reversal_move_ids
            )
        ).sorted("id")
        if not moves:
            return
        move = moves[(step.position or 0) % len(moves)]
        credit = self._credit(move, post=False)
        if detail == "part":
            for item in credit.invoice_line_ids:
                item.price_unit = self.currency.round(item.price_unit / 3)
        self._post(credit, terms)

    # === WHAT MUST BE EQUAL === #

    def assertPartsAreTheTwin(self, order, terms, steps):
        """Let steps happen, bill the rest, and compare if we billed any of it."""
        for step in steps:
            refusal = self._apply_step(order, step, terms)
            if currently_in_test_context():
                note(f"{step.kind}: {refusal or 'done'}")
        self._finish(order, terms)
        # What only the host has invoiced, from end to end, is its own business.
        if order._uses_progress_billing() or order.progress_final_invoice_ids:
            self.assertTwins(order, terms)

    def _finish(self, order, terms):
        """Bring an order to its end: all of it invoiced, and no deposit left."""
        self._deliver(order, 100.0)
        if order._get_progress_rest_lines() or order._get_progress_open_lines():
            wizard = self.env["progress.billing.final"].create(
                {"order_ids": [Command.set(order.ids)]}
            )
            shown, before = wizard.amount_untaxed, order.invoice_ids
            wizard.action_create()
            final = order.invoice_ids - before
            billed = sum(final.mapped("amount_untaxed_signed"))
            self.assertEqual(self.currency.compare_amounts(billed, shown), 0, "shown")
            self._post(final, terms)

    def assertTwins(self, order, terms):
        """Assert that an order's invoices are the one that the bare host makes."""
        twin = self._invoice_twin(order, terms)
        moves = order.order_line.invoice_lines.move_id
        moves |= moves.progress_adjustment_move_ids
        self.assertEqual(moves.mapped("state"), ["posted"] * len(moves))
        self.assertEqual(self._get_figures(moves), self._get_figures(twin))
        deposits = moves.line_ids.filtered(
            lambda item: item.account_id == self.deposit_account
        )
        self.assertEqual(self.currency.round(sum(deposits.mapped("balance"))), 0.0)

    def _get_spread_part(self, item):
        """Return the name of a spread tax of which an item is the tax, or nothing."""
        parts = item.tax_line_id.invoice_repartition_line_ids.filtered(
            lambda part: part.repartition_type == "tax" and part.factor_percent > 0.0
        )
        return item.tax_line_id.name if len(parts) > 1 else ""

    def _get_figures(self, moves):
        """Return what invoices book, as {what: balance} without zeros."""
        figures = defaultdict(float)
        for item in moves.line_ids:
            # The host spreads a tax over its accounts line by line, which on several
            # invoices rounds otherwise than on one.
            part = self._get_spread_part(item)
            if item.display_type in ("payment_term", "rounding"):
                figures["receivable"] += item.balance
            else:
                figures[item.display_type, part or item.account_id.name] += item.balance
            for tax in item.tax_line_id:
                figures["tax", tax.name] += item.balance
            for tag in item.tax_tag_ids:
                figures["grid", part or tag.name] += item.balance
        return {
            key: self.currency.round(amount)
            for key, amount in figures.items()
            if not self.currency.is_zero(amount)
        }
