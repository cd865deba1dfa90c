"""The adjustments that the final wizard shows before there is an invoice."""

from hypothesis import given
from hypothesis import strategies as st

from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from ..common_currency import (
    DEPOSIT_DAY,
    FINAL_DAY,
    SECOND_DAY,
    ProgressCurrencyCommon,
)
from ..property_case import BOUNDS


@tagged("post_install", "-at_install")
class TestCurrencyWizard(ProgressCurrencyCommon):
    def _shown(self, orders, date=FINAL_DAY, consolidated=False):
        """Return the sorted (account, amount) of what the wizard shows."""
        return sorted(
            (row["account"].code, round(row["amount"], 6))
            for draft in orders._get_final_drafts(date, consolidated)
            for row in draft._get_progress_adjustments()
        )

    def assertShown(self, orders, consolidated=False):
        """Assert that posting the final books what the wizard shows."""
        with self._on(FINAL_DAY):
            shown = self._shown(orders, consolidated=consolidated)
            final = self._final(orders, post=False, consolidated=consolidated)
            self.assertEqual(shown, sorted(sum(map(self._get_preview, final), [])))
            final.action_post()
        made = final.progress_adjustment_move_ids
        self.assertEqual(shown, self._get_posted(made))
        return shown

    def _order_with_deposits(self, *lines, **values):
        order = self._euro_order(*lines or (10000.0,), **values)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        self._deposit_on(SECOND_DAY, order, 20.0)
        return order

    def test_wizard_shows_what_posting_makes(self):
        shown = self.assertShown(self._order_with_deposits())
        self.assertIn((self.deposit_account.code, -300.0), shown)

    def test_wizard_follows_both_policies(self):
        self.company.progress_fx_policy = "historical"
        shown = self.assertShown(self._order_with_deposits())
        self.assertIn((self.revenue.code, 400.0), shown)

    def test_wizard_shows_consolidated_finals(self):
        orders = self._order_with_deposits() | self._order_with_deposits(777.77)
        self.assertShown(orders, consolidated=True)

    def test_wizard_shows_a_final_that_is_a_credit_note(self):
        order = self._euro_order((5000.0, 2.0))
        self._deposit_on(DEPOSIT_DAY, order, 60.0)
        order.order_line.filtered(lambda line: not line.is_downpayment).write(
            {"product_uom_qty": 1.0, "price_unit": 5000.0}
        )
        self.assertTrue(self.assertShown(order))

    def test_wizard_form_follows_the_date_and_creates_nothing(self):
        order = self._order_with_deposits()
        moves = self.env["account.move"].search_count([])
        with self._on(FINAL_DAY):
            action = order.action_create_final_invoice()
            wizard = self.env["progress.billing.final"]
            with Form(wizard.with_context(**action["context"])) as form:
                self.assertIn("1.200000", form.adjustment_preview)
                form.date = SECOND_DAY
                self.assertNotIn("1.200000", form.adjustment_preview)
                self.assertIn("1.150000", form.adjustment_preview)
        self.assertEqual(self.env["account.move"].search_count([]), moves)
        self.assertFalse(order.progress_final_invoice_ids)

    def test_salespeople_see_the_adjustments_of_their_orders(self):
        order = self._order_with_deposits()
        user = new_test_user(
            self.env, "seller", groups="sales_team.group_sale_salesman"
        )
        order.user_id = user
        shown = self._shown(order)
        self.assertEqual(self._shown(order.with_user(user)), shown)

    def test_amounts_of_several_currencies_are_not_added_up(self):
        orders = self._euro_order(10000.0)
        wizard = self.env["progress.billing.final"].create(
            {"order_ids": [Command.set(orders.ids)], "date": FINAL_DAY}
        )
        self.assertEqual((wizard.amount_untaxed, wizard.amount_total), (10000, 11500))
        self.assertFalse(wizard.untaxed_by_currency or wizard.total_by_currency)
        orders |= self._order(5000.0)
        wizard.order_ids = orders
        self.assertFalse(wizard.currency_id)
        self.assertEqual((wizard.amount_untaxed, wizard.amount_total), (0.0, 0.0))
        self.assertEqual(
            sorted(wizard.preview_line_ids.mapped("amount_final")), [5000.0, 10000.0]
        )

    def test_each_currency_has_its_own_total(self):
        orders = self._euro_order(10000.0) | self._order(5000.0) | self._order(2000.0)
        wizard = self.env["progress.billing.final"].create(
            {"order_ids": [Command.set(orders.ids)], "date": FINAL_DAY}
        )
        dollar = self.company.currency_id
        self.assertEqual(
            set(wizard.untaxed_by_currency.split(" · ")),
            {self.euro.format(10000.0), dollar.format(7000.0)},
        )
        self.assertEqual(
            set(wizard.total_by_currency.split(" · ")),
            {self.euro.format(11500.0), dollar.format(8050.0)},
        )

    def test_no_adjustment_in_the_companys_currency(self):
        order = self._order(1000.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        self.assertEqual(self._shown(order), [])

    @BOUNDS
    @given(
        lines=st.lists(
            st.tuples(st.integers(100, 999999), st.integers(0, 2)),
            min_size=1,
            max_size=4,
        ),
        shares=st.lists(st.sampled_from([7.0, 12.5, 33.333333]), max_size=2),
        policy=st.sampled_from(["final_rate", "final_rate", "historical"]),
        adjust_tax=st.booleans(),
        credited=st.booleans(),
    )
    def test_wizard_shows_any_order_to_the_cent(
        self, lines, shares, policy, adjust_tax, credited
    ):
        self.company.write(
            {"progress_fx_policy": policy, "progress_adjust_tax": adjust_tax}
        )
        five = self._tax(5.5)
        self._set_grids(five)
        taxes = [self.tax, self.tax | five, self.tax.browse()]
        order = self._euro_order(
            *(
                (price / 100, 1.0, {"tax_ids": [Command.set(taxes[kind].ids)]})
                for price, kind in lines
            )
        )
        for day, share in zip((DEPOSIT_DAY, SECOND_DAY), shares, strict=False):
            move = self._deposit_on(day, order, share)
        if credited and shares:
            with self._on(SECOND_DAY):
                credit = self._credit(move, post=False)
                for item in credit.invoice_line_ids:
                    item.price_unit = self.euro.round(item.price_unit / 3)
                credit.action_post()
        self.assertShown(order)
