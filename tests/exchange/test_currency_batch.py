from odoo.tests import tagged

from ..common_currency import DEPOSIT_DAY, FINAL_DAY, SECOND_DAY, ProgressCurrencyCommon


@tagged("post_install", "-at_install")
class TestCurrencyBatch(ProgressCurrencyCommon):
    """What adjusting does once for all deposits of a final invoice."""

    def _count_queries(self, number):
        """Return the queries of a final invoice that takes back some deposits."""
        order = self._euro_order(10000.0, 500.0)
        for day in (DEPOSIT_DAY, SECOND_DAY):
            self._deposit_on(day, order, *[60.0 / number] * (number // 2))
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        final = self._final_on(FINAL_DAY, order)
        self.env.flush_all()
        count = self.env.cr.sql_log_count - before
        self.assertEqual(len(final.progress_adjustment_move_ids), 1)
        self.assertEqual(len(final.progress_adjustment_item_ids), 2 * number + 1)
        self.assertNoDeposit(order)
        return count

    def test_queries_do_not_grow_with_deposits(self):
        # The host writes the grids of an invoice's lines one by one.
        reps = self.tax.invoice_repartition_line_ids
        (reps | self.tax.refund_repartition_line_ids).tag_ids = False
        self._count_queries(2)
        few, many = self._count_queries(4), self._count_queries(16)
        self.assertLessEqual(many - few, 3, (few, many))

    def test_entry_holds_what_the_host_would_derive(self):
        order = self._euro_order(10000.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        items = self._final_on(FINAL_DAY, order).progress_adjustment_item_ids
        names = [
            "price_subtotal",
            "price_total",
            "price_unit",
            "product_uom_id",
            "quantity",
        ]
        given = items.read(names)
        for name in names:
            self.env.add_to_compute(items._fields[name], items)
        self.assertEqual(items.read(names), given)
        self.assertEqual(set(items.mapped("display_type")), {"product"})
        # An exchange entry of the host's alone: paid at another rate.
        deposit = self._deposit_on(DEPOSIT_DAY, self._euro_order(10000.0), 30.0)
        with self._on(FINAL_DAY):
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=deposit.ids
            ).create({"payment_date": FINAL_DAY})._create_payments()
        partials = deposit.line_ids.matched_credit_ids
        others = partials.exchange_move_id.line_ids
        self.assertTrue(others)
        self.assertFalse(others.progress_adjusted_move_id)
        names += ["analytic_distribution", "display_type", "is_storno", "no_followup"]
        self.assertEqual(*self._get_distinct(items, others, names=names))

    def _get_distinct(self, *recordsets, names):
        """Return the distinct values of some fields, for each recordset."""
        return [
            {tuple(str(item[name]) for name in names) for item in items}
            for items in recordsets
        ]

    def test_entry_is_linked_and_reconciled_with_every_deposit(self):
        order = self._euro_order(10000.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        self._deposit_on(SECOND_DAY, order, 20.0)
        final = self._final_on(FINAL_DAY, order)
        entry = final.progress_adjustment_move_ids
        recalls = final._get_progress_deposit_items()
        own = entry.line_ids.filtered("reconciled")
        self.assertEqual(len(own), 2)
        pairs = entry.exchange_diff_partial_ids
        self.assertEqual(pairs, recalls.matched_credit_ids.filtered("exchange_move_id"))
        self.assertEqual(len(pairs), 2)
        for item in own:
            partials = item.matched_debit_ids | item.matched_credit_ids
            self.assertEqual(sum(partials.mapped("amount")), abs(item.balance))
            self.assertEqual(len(item.full_reconcile_id.reconciled_line_ids), 3)

    def test_finals_posted_together_have_an_entry_each(self):
        orders = self._euro_order(10000.0) | self._euro_order(5000.0)
        for order in orders:
            self._deposit_on(DEPOSIT_DAY, order, 30.0)
            self._deposit_on(SECOND_DAY, order, 20.0)
        with self._on(FINAL_DAY):
            finals = self._final(orders, post=False, date=FINAL_DAY)
            self.assertEqual(len(finals), 2)
            shown = [self._get_preview(final) for final in finals]
            finals.action_post()
        for final, rows in zip(finals, shown, strict=True):
            entry = final.progress_adjustment_move_ids
            self.assertEqual(len(entry), 1)
            self.assertEqual(rows, self._get_posted(entry))
        self.assertNoDeposit(orders)
        self.assertAlmostEqual(self._balance(self.tax_account), -2700.0)
