"""The retention ledger as of a day, and that it ties to the account."""

from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from ..common_currency import ProgressCurrencyCommon
from ..common_retention import RetentionCommon


@tagged("post_install", "-at_install")
class TestLedger(RetentionCommon, ProgressCurrencyCommon):
    def _ledger(self, date):
        return self.env["progress.retention.ledger"].create({"date": date})

    def test_ledger_shows_what_was_held_on_a_day(self):
        order = self._retained()
        with freeze_time("2026-03-01"):
            first = self._progress(order, 40.0)
        with freeze_time("2026-05-01"):
            second = self._progress(order, 35.0)
        with freeze_time("2026-06-01"):
            order._create_retention_releases({order: 1500.0}).action_post()
        self.assertFalse(self._ledger("2026-02-28").line_ids)
        self.assertRecordValues(
            self._ledger("2026-04-30").line_ids,
            [{"move_id": first.id, "amount_open": 1200.0, "days": 60}],
        )
        ledger = self._ledger("2026-06-30")
        self.assertRecordValues(
            ledger.line_ids,
            [
                {
                    "move_id": second.id,
                    "amount_held": 1050.0,
                    "amount_released": 300.0,
                    "amount_open": 750.0,
                    "balance": 750.0,
                }
            ],
        )
        self.assertTrue(ledger.is_tied)
        ledger.with_released = True
        self.assertEqual(ledger.line_ids.move_id, first | second)

    def test_items_of_no_order_are_named(self):
        self._progress(self._retained(), 40.0)
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": "2026-03-01",
                "line_ids": [
                    Command.create(
                        {"account_id": self.retention_account.id, "debit": 10.0}
                    ),
                    Command.create({"account_id": self.receivable.id, "credit": 10.0}),
                ],
            }
        )
        entry.action_post()
        ledger = self._ledger("2100-01-01")
        self.assertFalse(ledger.is_tied)
        self.assertEqual(ledger.amount_ledger, 1200.0)
        self.assertEqual(ledger.amount_account, 1210.0)
        self.assertEqual(ledger.other_item_ids.move_id, entry)

    def test_foreign_currency_leaves_the_hosts_exchange_difference(self):
        order = self._euro_order(
            50000.0, retention_percent=5.0, progress_method="revenue"
        )
        with freeze_time("2026-03-01"):
            move = self._progress(order, 40.0)
        self.assertEqual(move.amount_residual, 22800.0)
        self.assertEqual(self._held(order), 1320.0)
        self.assertFalse(self._balance(self.gain) or self._balance(self.loss))
        with freeze_time("2026-05-01"):
            release = order._create_retention_releases()
            release.action_post()
        self.assertEqual(release.amount_total, 1200.0)
        self.assertAlmostEqual(self._balance(self.gain), -120.0)
        ledger = self._ledger("2026-05-02")
        self.assertEqual(ledger.amount_account, 0.0)
        self.assertTrue(ledger.is_tied)

    def test_orders_of_several_currencies_are_rounded_each_in_its_own(self):
        """Read together, the currency without cents first."""
        yen = self._currency("JPY", {"2026-01-01": 0.01}, rounding=1.0)
        pricelist = self.env["product.pricelist"].create(
            {"name": "Yen", "currency_id": yen.id}
        )
        orders = self._retained(1001.0, pricelist_id=pricelist.id)
        orders |= self._retained(1001.0)
        for order in orders:
            self._progress(order, 33.0)
        orders.invalidate_recordset(["retention_held_amount"])
        held = dict(zip(orders, orders.mapped("retention_held_amount"), strict=True))
        self.assertEqual(list(held.values()), [20.0, 19.82])

    def test_invoice_of_nothing_gives_back_at_the_rate_of_its_day(self):
        """All was billed by a deposit at 1.10; then less is to be held."""
        order = self._euro_order(
            10000.0, retention_percent=10.0, retention_base="untaxed"
        )
        deposit = self._deposit_on("2026-03-01", order, 100.0)
        self.assertEqual(
            (deposit.retention_amount, self._held(order)), (1000.0, 1100.0)
        )
        order.retention_percent = 5.0
        final = self._final_on("2026-05-01", order)
        self.assertEqual((final.amount_total, final.retention_amount), (0.0, -500.0))
        item = final.retention_move_ids.line_ids.filtered("retention_order_id")
        self.assertEqual((item.amount_currency, item.balance), (-500.0, -600.0))
        ledger = self._ledger("2026-05-02")
        self.assertEqual(ledger.amount_account, 550.0)
        self.assertTrue(ledger.is_tied)
