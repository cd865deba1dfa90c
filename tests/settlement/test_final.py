"""Finishing an order."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, tagged

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestFinal(ProgressBillingCommon):
    def _items(self, move, account):
        items = move.line_ids.filtered(lambda item: item.account_id == account)
        return sum(items.mapped("balance"))

    # === F1: WHETHER OR NOT EVERYTHING WAS BILLED === #

    def test_final_books_what_the_design_says(self):
        """Cr sales 10,000, Dr deposits 3,000, Cr tax 1,050, Dr receivable 8,050."""
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0))
        final = self._final(order)
        data = self.company_data
        self.assertEqual(self._items(final, data["default_account_revenue"]), -10000.0)
        self.assertEqual(self._items(final, self.deposit_account), 3000.0)
        self.assertEqual(self._items(final, data["default_account_tax_sale"]), -1050.0)
        self.assertEqual(self._items(final, data["default_account_receivable"]), 8050.0)
        self.assertSettled(order)

    def test_final_without_any_deposit_bills_the_order(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0)
        final = self._final(order)
        self.assertAlmostEqual(final.amount_total, 11500.0)
        self.assertEqual(lines.state, "planned")
        self.assertSettled(order)

    def test_what_is_planned_after_the_final_is_not_billed(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0)
        self._final(order)
        with self.assertRaises(UserError):
            lines._create_progress_invoices()

    def test_over_deposited_order_gets_a_credit_note(self):
        order = self._order(10000.0)
        self._bill(self._plan(order, 80.0))
        order.order_line[0].price_unit = 5000.0
        final = self._final(order)
        self.assertRecordValues(
            final, [{"move_type": "out_refund", "amount_total": 3450.0}]
        )
        self.assertSettled(order)

    def test_undelivered_quantities_are_billed_too(self):
        self.service.invoice_policy = "delivery"
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0))
        self.assertAlmostEqual(self._final(order).amount_untaxed, 7000.0)
        self.assertSettled(order)

    def test_sections_and_notes_head_the_lines_on_the_final(self):
        order = self._order(10000.0)
        order.order_line = [
            Command.create(
                {"display_type": "line_section", "name": "Phase 1", "sequence": 1}
            ),
            Command.create(
                {"display_type": "line_note", "name": "As agreed", "sequence": 99}
            ),
        ]
        # The host computes the sections of lines once a transaction.
        self.env.invalidate_all()
        self._bill(self._plan(order, 30.0))
        final = self._final(order)
        names = final.invoice_line_ids.sorted("sequence").mapped("name")
        self.assertIn("Phase 1", names)
        self.assertIn("As agreed", names)

    def test_second_final_is_refused(self):
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0))
        draft = self._final(order, post=False)
        with self.assertRaisesRegex(UserError, "draft already"):
            self._final(order)
        draft.action_post()
        with self.assertRaisesRegex(UserError, "all of its"):
            self._final(order)

    def test_final_of_a_quotation_is_refused(self):
        order = self._order(10000.0, confirm=False)
        self._plan(order, 30.0)
        with self.assertRaisesRegex(UserError, "Confirm it first"):
            self._final(order)

    @freeze_time("2026-03-15")
    def test_final_is_dated_today_or_as_asked(self):
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0))
        final = self._final(order, post=False)
        self.assertEqual(str(final.invoice_date), "2026-03-15")
        final.unlink()
        final = self._final(order, date="2026-03-31")
        self.assertEqual(str(final.invoice_date), "2026-03-31")

    def test_added_lines_after_the_final_get_another_final(self):
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0))
        self._final(order)
        order.order_line = [
            Command.create(
                {
                    "product_id": self.service.id,
                    "price_unit": 500.0,
                    "tax_ids": [Command.set(self.tax.ids)],
                }
            )
        ]
        final = self._final(order)
        self.assertAlmostEqual(final.amount_untaxed, 500.0)
        self.assertSettled(order)

    # === F2: ONE LINE FOR EACH DEPOSIT === #

    def test_final_shows_every_deposit_with_number_and_date(self):
        order = self._order(10000.0)
        deposits = self._bill(self._plan(order, 30.0, 20.0))
        final = self._final(order)
        recalls = final.invoice_line_ids.filtered("is_progress_recall")
        self.assertEqual(recalls.mapped("price_subtotal"), [-3000.0, -2000.0])
        for recall, deposit in zip(recalls, deposits, strict=True):
            self.assertIn(deposit.name, recall.name)
            self.assertRegex(recall.name, r"\d{2}/\d{2}/\d{4}")

    def test_wizard_previews_what_the_final_bills(self):
        order = self._order(10000.0)
        deposits = self._bill(self._plan(order, 30.0, 20.0))
        self._credit(deposits[1], 500.0)
        action = order.action_create_final_invoice()
        wizard = Form(
            self.env["progress.billing.final"].with_context(**action["context"])
        ).save()
        self.assertRecordValues(
            wizard.preview_line_ids,
            [
                {"is_deposit": False, "amount": 10000.0, "amount_final": 10000.0},
                {"is_deposit": True, "amount": 3000.0, "amount_final": -3000.0},
                {"is_deposit": True, "amount": 2000.0, "amount_final": -1500.0},
            ],
        )
        self.assertEqual(wizard.preview_line_ids.move_id, deposits)
        self.assertAlmostEqual(wizard.amount_untaxed, 5500.0)
        wizard.action_create()
        final = order.progress_final_invoice_ids
        self.assertAlmostEqual(final.amount_untaxed, 5500.0)

    # === F3: A ZERO FINAL, AND WHAT AN ORDER MUST NOT DO BEFORE IT === #

    def test_exactly_billed_order_gets_a_final_of_zero(self):
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0, 70.0))
        final = self._final(order)
        self.assertRecordValues(
            final, [{"move_type": "out_invoice", "amount_total": 0.0}]
        )
        self.assertSettled(order)

    def test_locking_a_billed_order_names_the_missing_final(self):
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0, 70.0))
        with self.assertRaisesRegex(UserError, "final invoice"):
            order.action_lock()
        self._final(order)
        order.action_lock()
        self.assertTrue(order.locked)

    def test_partly_billed_order_may_be_locked_and_finished(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0, 20.0)
        order.action_lock()
        self._bill(lines)
        self._final(order)
        self.assertSettled(order)

    # === F8: PRICES WITH TAXES INCLUDED === #

    def test_tax_included_prices_to_the_cent(self):
        included = self._tax(21.0, price_include_override="tax_included")
        for price, shares in (
            (99.99, (33.33, 33.33, 33.34)),
            (1000.01, (10.0, 45.5)),
            (0.07, (50.0,)),
        ):
            with self.subTest(price=price, shares=shares):
                order = self._order((price, 1.0, {"tax_ids": included.ids}))
                moves = self._bill(self._plan(order, *shares))
                final = self._final(order)
                self.assertAlmostEqual(
                    sum((moves | final).mapped("amount_total")), price
                )
                self.assertSettled(order)

    def test_amounts_entered_with_taxes(self):
        self.company.progress_amount_tax_included = True
        order = self._order(10000.0)
        deposit = self._bill(self._plan(order, ("amount", 1000.0)))
        self.assertAlmostEqual(deposit.amount_total, 1000.0)
        self._final(order)
        self.assertSettled(order)

    def test_mixed_taxes_discounts_and_an_included_one(self):
        included = self._tax(7.0, price_include_override="tax_included")
        order = self._order(
            (333.33, 3.0, {"discount": 7.5}),
            (119.99, 1.0, {"tax_ids": included.ids}),
            (50.0, 2.0, {"tax_ids": False}),
        )
        moves = self._bill(self._plan(order, 33.33, ("amount", 250.0)))
        self.assertAlmostEqual(moves[1].amount_untaxed, 250.0)
        final = self._final(order)
        self.assertAlmostEqual(
            sum((moves | final).mapped("amount_total")), order.amount_total
        )
        self.assertSettled(order)

    def test_final_is_never_due_before_its_date(self):
        terms = self.env.ref("account.account_payment_term_30days")
        for term, due in ((terms.browse(), "2099-01-31"), (terms, "2099-03-02")):
            with self.subTest(term=term.name):
                order = self._order(1000.0, payment_term_id=term.id)
                deposit = self._plan(order, 50.0, date="2099-01-31")
                moves = self._bill(deposit)
                final = self._final(order, post=False, date="2099-01-31")
                self.assertEqual(str(final.invoice_date_due), due)
                final.action_post()
                for move in moves | final:
                    self.assertEqual(str(move.invoice_date_due), due)
                    self.assertEqual(
                        {str(item.date_maturity) for item in move.line_ids} - {"False"},
                        {due},
                    )
