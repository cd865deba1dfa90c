import os

from hypothesis import example, given, settings
from hypothesis import strategies as st

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..currency_ledger import CurrencyLedgerCase
from ..property_case import PHASES

#: A long search: PROGRESS_EXAMPLES=500 make test ARGS=…
EXAMPLES = int(os.environ.get("PROGRESS_EXAMPLES", "20"))

#: One day, and one rate, for each step of a story.
DAYS = [f"2026-{month:02d}-01" for month in range(1, 10)]

CURRENCIES = st.sampled_from([("EUR", 0.01), ("JPY", 1.0), ("KWD", 0.001)])
RATES = st.lists(
    st.decimals("0.2", "5", places=5).map(float),
    min_size=len(DAYS),
    max_size=len(DAYS),
)
LINES = st.lists(
    st.tuples(
        st.integers(1000, 900000),
        st.sampled_from(["plain", "both", "included", "zero", "none"]),
    ),
    min_size=1,
    max_size=3,
)
STEPS = st.lists(
    st.sampled_from(
        [
            "deposit",
            "deposit",
            "interim",
            "credit",
            "final",
            "final",
            "reset",
            "refund",
            "unrefund",
        ]
    ),
    min_size=2,
    max_size=len(DAYS) - 2,
)


@tagged("post_install", "-at_install")
class TestCurrencyProperties(CurrencyLedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        five = cls._tax(5.0)
        included = cls._tax(15.0, name="incl", price_include_override="tax_included")
        zero = cls._tax(0.0)
        cls.taxes = {
            "plain": cls.tax,
            "both": cls.tax | five,
            "included": included,
            "zero": zero,
            "none": cls.tax.browse(),
        }
        for tax in five | included | zero:
            cls._set_grids(tax)

    # A credit note at another rate than its invoice, the receivable still open.
    @example(
        kind=("EUR", 0.01),
        rates=[0.6819, 0.40088, 1.06959, 0.36139, *[1.0] * 5],
        lines=[(76934, "plain")],
        steps=["deposit", "deposit", "final", "refund"],
        policy="final_rate",
        adjust_tax=False,
    )
    # A deposit of two tax groups, credited in part: not to be paired crosswise.
    @example(
        kind=("EUR", 0.01),
        rates=[4.91122, 0.4404, 1.2918, 0.51228, *[1.0] * 5],
        lines=[(4892, "plain"), (2999, "plain"), (11216, "included")],
        steps=["deposit", "deposit", "credit"],
        policy="final_rate",
        adjust_tax=True,
    )
    # Two regular invoices whose untaxed amounts round to more than the order's.
    @example(
        kind=("JPY", 1.0),
        rates=[1.06781, 2.89292, 4.63919, 2.77563, 0.31782, *[0.78059] * 4],
        lines=[(141815, "included"), (2801, "zero"), (4797, "none")],
        steps=["interim", "reset", "deposit", "refund"],
        policy="final_rate",
        adjust_tax=False,
    )
    # Taxes without a difference on the deposit account, taken back and credited.
    @example(
        kind=("JPY", 1.0),
        rates=[
            3.44426,
            0.44406,
            0.65535,
            0.65535,
            3.44426,
            0.47043,
            0.62626,
            0.47043,
            0.53125,
        ],
        lines=[(900000, "both"), (900000, "both"), (5632, "both")],
        steps=["credit", "credit", "credit", "final", "interim", "refund", "final"],
        policy="final_rate",
        adjust_tax=True,
    )
    @settings(max_examples=EXAMPLES, phases=PHASES)
    @given(
        kind=CURRENCIES,
        rates=RATES,
        lines=LINES,
        steps=STEPS,
        policy=st.sampled_from(["final_rate", "final_rate", "historical"]),
        adjust_tax=st.booleans(),
    )
    def test_ledger_after_every_step(
        self, kind, rates, lines, steps, policy, adjust_tax
    ):
        self.company.write(
            {"progress_fx_policy": policy, "progress_adjust_tax": adjust_tax}
        )
        currency, unit = kind
        scale = 100.0 if currency == "JPY" else 1.0
        self.foreign = self._currency(
            currency, {day: rate / scale for day, rate in zip(DAYS, rates, strict=True)}
        )
        self.assertEqual(self.foreign.rounding, unit)
        self.order = self._euro_order(
            *(
                (
                    self.foreign.round(price * scale / 100),
                    1.0,
                    {"tax_ids": [Command.set(self.taxes[taxes].ids)]},
                )
                for price, taxes in lines
            ),
            currency=self.foreign,
        )
        if "interim" in steps:
            # Delivered in stages; progress billing is what it begins with.
            self.service.invoice_policy = "delivery"
            steps = ["deposit", *steps[: len(DAYS) - 2]]
        self.final = self.refund = self.env["account.move"]
        for day, step in zip(DAYS, [*steps, "final"], strict=False):
            with self._on(day):
                getattr(self, f"_step_{step}")(day)
            self._check_ledger()
        self.assertTrue(self.final)

    # === STEPS: EACH DOES NOTHING WHERE IT CANNOT BE DONE === #

    def _get_deposits(self):
        return self.order.progress_line_ids.filtered(
            lambda line: line.state == "posted"
        ).move_id

    def _step_deposit(self, day):
        if not self.final and self.order.progress_remaining_percent > 31.0:
            self._bill(self._plan(self.order, 30.0, date=day))

    def _step_credit(self, day):
        deposits = self._get_deposits().filtered(
            lambda move: not move.reversal_move_ids
        )
        if self.final or self._get_interims() or not deposits:
            return
        credit = deposits[0]._reverse_moves([{"invoice_date": day, "date": day}])
        for line in credit.invoice_line_ids:
            line.price_unit = self.foreign.round(line.price_unit / 3)
        self._post_as_shown(credit)

    def _step_interim(self, day):
        """Deliver and invoice 0.3 of each line, which leaves a rest for the final."""
        lines = self.order._get_progress_contract_lines()
        if self.final or any(line.qty_invoiced > 0.4 for line in lines):
            return
        for line in lines:
            line.qty_delivered = line.qty_invoiced + 0.3
        interim = self.order._create_interim_invoices()
        interim.invoice_date = day
        self._post_as_shown(interim)

    def _step_final(self, day):
        if self.final and self.final.state == "draft":
            self._post_as_shown(self.final)
        elif not self.final:
            self.before = self._get_deposit_balance()
            shown = self._get_wizard_rows(day)
            self.final = self._final(self.order, post=False, date=day)
            self.assertEqual(self._get_preview(self.final), shown)
            self._post_as_shown(self.final)

    def _get_wizard_rows(self, day):
        """Return what the wizard shows, before there is a draft."""
        return sorted(
            row
            for draft in self.order._get_final_drafts(day)
            for row in self._get_preview(draft)
        )

    def _step_reset(self, day):
        if self.final.state == "posted":
            self.final.button_draft()
            self.assertFalse(self.final.progress_adjustment_move_ids)

    def _step_refund(self, day):
        if self.final.state == "posted":
            self.refund = self.final._reverse_moves(
                [{"invoice_date": day, "date": day}]
            )
            self._post_as_shown(self.refund)
            self.assertFalse(self.final.progress_adjustment_move_ids)
            self.final = self.env["account.move"]

    def _step_unrefund(self, day):
        if self.refund.state != "posted" or self.final:
            return
        if self._has_other_deposits():
            with self.assertRaises(UserError), self.env.cr.savepoint():
                self.refund.button_draft()
        else:
            self.refund.button_draft()
            self.final = self.refund.reversed_entry_id
            self.refund.unlink()
            self.refund = self.env["account.move"]

    def _has_other_deposits(self):
        """Return whether other amounts are open than the credit note gave back."""
        items = self.refund.line_ids.filtered("is_progress_recall")
        given = {
            line: -sum(own.mapped("amount_currency"))
            for line, own in items.grouped("sale_line_ids").items()
        }
        lines = self.order.order_line.filtered(
            lambda line: line.is_downpayment and not line.display_type
        )
        return any(
            self.foreign.compare_amounts(
                line._get_progress_open(), given.get(line, 0.0)
            )
            for line in lines
        )

    def _post_as_shown(self, move):
        """Post an invoice; assert that it books what its draft showed."""
        shown = self._get_preview(move)
        before = self.env["account.move"].search([])
        move.action_post()
        made = self.env["account.move"].search([]) - before
        self.assertEqual(shown, self._get_posted(made))
