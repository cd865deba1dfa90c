"""Taxes, or parts of them, without an account: they stand on the deposit account."""

from odoo.fields import Command
from odoo.tests import tagged

from ..common_currency import (
    DEPOSIT_DAY,
    FINAL_DAY,
    SECOND_DAY,
    ProgressCurrencyCommon,
)


@tagged("post_install", "-at_install")
class TestCurrencyTaxAccounts(ProgressCurrencyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.local = cls._tax(10.0, name="local")
        repartition = cls.local.invoice_repartition_line_ids
        repartition |= cls.local.refund_repartition_line_ids
        repartition.account_id = False
        cls._set_grids(cls.local)
        taxes = {"tax_ids": [Command.set(cls.local.ids)]}
        cls.order = cls._euro_order((1000.0, 10.0, taxes))

    def _policies(self):
        for policy in ("final_rate", "historical"):
            for adjusts in (True, False):
                with self.subTest(policy=policy, adjusts=adjusts):
                    savepoint = self.cr.savepoint()
                    self.company.write(
                        {"progress_fx_policy": policy, "progress_adjust_tax": adjusts}
                    )
                    try:
                        yield policy, adjusts
                    finally:
                        savepoint.close(rollback=True)

    def _get_deposit_balance(self):
        return round(self._balance(self.deposit_account), 6)

    def test_nothing_of_the_tax_stays_on_the_deposit_account(self):
        for policy, adjusts in self._policies():
            self._deposit_on(DEPOSIT_DAY, self.order, 30.0)
            self._deposit_on(SECOND_DAY, self.order, 20.0)
            # 5,000 and their tax of 10 %, 3,000 at 1.10 and 2,000 at 1.15.
            self.assertEqual(self._get_deposit_balance(), -6160.0)
            final = self._final_on(FINAL_DAY, self.order, post=False)
            with self._on(FINAL_DAY):
                shown = self._get_preview(final)
                final.action_post()
            entries = final.progress_adjustment_move_ids
            self.assertEqual(shown, self._get_posted(entries))
            self.assertEqual(self._get_deposit_balance(), 0.0)
            other = self.loss if policy == "final_rate" else self.revenue
            self.assertEqual(
                self._get_rows(entries.line_ids),
                {self.deposit_account: -440.0, other: 440.0},
            )
            is_adjusted = policy == "final_rate" and adjusts
            self.assertEqual(self._get_grids()[1], -1200.0 if is_adjusted else -1160.0)

    def test_interim_final_and_undoing_leave_nothing_either(self):
        self.service.invoice_policy = "delivery"
        for _policy, _adjusts in self._policies():
            self._deposit_on(DEPOSIT_DAY, self.order, 30.0)
            before = self._get_deposit_balance()
            self.order.order_line.filtered(
                lambda line: not line.is_downpayment
            ).qty_delivered = 4.0
            with self._on(SECOND_DAY):
                interim = self.order._create_interim_invoices()
                interim.invoice_date = SECOND_DAY
                interim.action_post()
            self.assertEqual(self._get_deposit_balance(), before * 0.6)
            final = self._final_on(FINAL_DAY, self.order)
            self.assertEqual(self._get_deposit_balance(), 0.0)
            final.button_draft()
            self.assertEqual(self._get_deposit_balance(), before * 0.6)
            with self._on(FINAL_DAY):
                final.action_post()
            self.assertEqual(self._get_deposit_balance(), 0.0)
            with self._on(FINAL_DAY):
                self._credit(final)
            self.assertEqual(self._get_deposit_balance(), before * 0.6)

    # === A PART OF A TAX WITHOUT AN ACCOUNT === #

    def _partly_booked_tax(self):
        """Return 20 %, of which 70 % have an account and 30 % follow their base."""
        parts = [
            Command.create({"repartition_type": "base"}),
            *(
                Command.create(
                    {
                        "repartition_type": "tax",
                        "factor_percent": percent,
                        "account_id": account.id,
                    }
                )
                for percent, account in (
                    (70, self.tax_account),
                    (30, self.tax_account.browse()),
                )
            ),
        ]
        tax = self._tax(
            20.0,
            name="partly booked",
            invoice_repartition_line_ids=parts,
            refund_repartition_line_ids=parts,
        )
        self._set_grids(tax)
        return tax

    def test_tax_of_which_a_part_has_no_account_leaves_no_cent(self):
        taxes = {"tax_ids": [Command.set(self._partly_booked_tax().ids)]}
        for price in (333.33, 777.77, 1234.56, 9999.99):
            for share in (30.0, 33.333333):
                with self.subTest(price=price, share=share):
                    order = self._euro_order((price, 1.0, taxes))
                    self._deposit_on(DEPOSIT_DAY, order, share)
                    final = self._final_on(FINAL_DAY, order, post=False)
                    with self._on(FINAL_DAY):
                        shown = self._get_preview(final)
                        final.action_post()
                    entries = final.progress_adjustment_move_ids
                    self.assertEqual(shown, self._get_posted(entries))
                    self.assertNoDeposit(order)

    def test_part_without_account_leaves_no_cent_after_an_interim(self):
        self.service.invoice_policy = "delivery"
        taxes = {"tax_ids": [Command.set(self._partly_booked_tax().ids)]}
        order = self._euro_order((123.45, 10.0, taxes))
        self._deposit_on(DEPOSIT_DAY, order, 33.333333)
        order.order_line.filtered(
            lambda line: not line.is_downpayment
        ).qty_delivered = 3.0
        with self._on("2026-04-01"):
            interim = order._create_interim_invoices()
            interim.invoice_date = "2026-04-01"
            interim.action_post()
        self._final_on(FINAL_DAY, order)
        self.assertNoDeposit(order)

    def test_part_without_account_is_adjusted_with_taxes_left_alone(self):
        self.company.progress_adjust_tax = False
        taxes = {"tax_ids": [Command.set(self._partly_booked_tax().ids)]}
        order = self._euro_order((777.77, 1.0, taxes))
        self._deposit_on(DEPOSIT_DAY, order, 33.333333)
        self._final_on(FINAL_DAY, order)
        self.assertNoDeposit(order)
