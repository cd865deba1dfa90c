"""What posting an invoice holds back, and how that is booked and undone."""

from odoo.exceptions import RedirectWarning, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..common_retention import RetentionCommon

PARTS = (40.0, 35.0, 25.0)


@tagged("post_install", "-at_install")
class TestBooking(RetentionCommon):
    def assertHolds(self, moves, *amounts):
        """Assert what invoices hold, what of them is due, and the account's balance."""
        self.assertEqual(moves.mapped("retention_amount"), list(amounts))
        self.assertEqual(
            [move.amount_residual for move in moves],
            [
                move.amount_total - max(amount, 0.0)
                for move, amount in zip(moves, amounts, strict=True)
            ],
        )
        order = moves.line_ids.sale_line_ids.order_id
        self.assertAlmostEqual(self._held(order), sum(amounts))
        self.assertEqual(order.retention_held_amount, round(sum(amounts), 2))

    def test_posting_books_retention_against_the_receivable(self):
        move = self._progress(self._retained(), 40.0)
        self.assertHolds(move, 1200.0)
        entry = move.retention_move_ids
        self.assertRecordValues(
            entry.line_ids.sorted("balance"),
            [
                {
                    "account_id": self.receivable.id,
                    "balance": -1200.0,
                    "reconciled": True,
                    "name": f"Retention of {move.name}",
                },
                {
                    "account_id": self.retention_account.id,
                    "balance": 1200.0,
                    "reconciled": False,
                    "name": f"Retention of 5 % of {move.name} (S00001)".replace(
                        "S00001", move.line_ids.sale_line_ids.order_id.name
                    ),
                },
            ],
        )
        self.assertFalse(entry.line_ids.tax_tag_ids)
        self.assertEqual(move.amount_total, 24000.0)
        self.assertEqual(move.payment_state, "not_paid")

    def test_figures_of_the_design(self):
        steps = [Command.create({"until_percent": 50.0, "percent": 10.0})]
        for values, amounts in (
            ({}, (1200.0, 1050.0, 750.0)),
            ({"retention_cap_percent": 4.0}, (1200.0, 1050.0, 150.0)),
            (
                {"retention_step_ids": steps, "retention_step_method": "to_date"},
                (2400.0, -150.0, 750.0),
            ),
            ({"retention_step_ids": steps}, (2400.0, 1350.0, 750.0)),
            ({"retention_base": "untaxed"}, (1000.0, 875.0, 625.0)),
        ):
            with self.subTest(values):
                self.assertHolds(
                    self._progress(self._retained(**values), *PARTS), *amounts
                )

    def test_deposit_and_final_hold_their_parts(self):
        order = self._retained(method="deposit")
        deposit = self._progress(order, 30.0)
        self.assertHolds(deposit, 900.0)
        final = self._final(order)
        self.assertEqual(final.amount_total, 42000.0)
        self.assertHolds(deposit | final, 900.0, 2100.0)
        self.assertSettled(order)

    def test_line_has_a_rate_of_its_own(self):
        order = self._retained(
            (30000.0, 1.0, {"retention_percent": 10.0}),
            (20000.0, 1.0, {"is_retention_free": True}),
        )
        move = self._final(order)
        self.assertHolds(move, 3600.0)

    def test_paid_when_what_is_due_is_paid(self):
        move = self._progress(self._retained(), 40.0)
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({})
        )
        self.assertEqual(wizard.amount, 22800.0)
        wizard.action_create_payments()
        self.assertIn(move.payment_state, ("paid", "in_payment"))
        self.assertEqual(move.amount_residual, 0.0)

    def test_instalments_bear_their_share(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "30/70",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 30.0, "nb_days": 0}
                    ),
                    Command.create(
                        {"value": "percent", "value_amount": 70.0, "nb_days": 30}
                    ),
                ],
            }
        )
        move = self._progress(self._retained(payment_term_id=term.id), 40.0)
        lines = move._get_retention_term_items()
        self.assertEqual(lines.mapped("amount_residual"), [6840.0, 15960.0])

    def test_invoice_holds_no_more_than_it_comes_to(self):
        order = self._retained()
        self._progress(order, 40.0)
        order.retention_percent = 50.0
        # 50 % of 27,000 less the 1,200 held: more than the 3,000 of this invoice.
        move = self._progress(order, 5.0)
        self.assertEqual(move.retention_amount, 3000.0)
        self.assertEqual(move.amount_residual, 0.0)

    def test_nothing_more_is_held_beyond_the_last_step_of_an_order_without_a_rate(self):
        steps = [Command.create({"until_percent": 50.0, "percent": 10.0})]
        order = self._retained(percent=0.0, retention_step_ids=steps)
        self.assertHolds(self._progress(order, *PARTS), 2400.0, 600.0, 0.0)

    def test_rates_are_rounded_once_over_all_that_is_billed(self):
        order = self._retained(100.0, percent=3.33, retention_base="untaxed")
        moves = self._progress(order, 33.33, 33.33, 33.34)
        held = [round(move.retention_amount, 2) for move in moves]
        # 1.11, 2.22 and 3.33 of 33.33, 66.66 and 100.00 billed.
        self.assertEqual(held, [1.11, 1.11, 1.11])

    def test_draft_shows_the_items_that_posting_makes(self):
        move = self._progress(self._retained(), 40.0, post=False)
        rows = move._get_retention_rows()
        self.assertEqual([row["amount"] for row in rows], [-1200.0, 1200.0])
        for words in ("1,200.00", self.retention_account.name, "Retention of 5 %"):
            self.assertIn(words, str(move.retention_preview))
        move.action_post()
        self.assertEqual(
            [(row["account"], row["amount"]) for row in move._get_retention_rows()],
            [(row["account"], row["amount"]) for row in rows],
        )

    def test_posting_twice_at_once_is_one_entry(self):
        move = self._progress(self._retained(), 40.0)
        move._hold_retention()
        self.assertEqual(len(move.retention_entry_ids), 1)

    def test_no_tax_report_moves(self):
        """Tags, and what is taxed, are those of the same invoice without retention."""
        tags = self.env["account.account.tag"].create(
            {"name": "20", "applicability": "taxes"}
        )
        self.tax.invoice_repartition_line_ids.tag_ids = tags
        free, held = (
            self._progress(self._retained(percent=percent), 40.0)
            for percent in (0.0, 5.0)
        )
        for move in (free, held):
            items = (move | move.retention_move_ids).line_ids.filtered("tax_tag_ids")
            self.assertEqual(sorted(items.mapped("balance")), [-20000.0, -4000.0])

    def test_retention_has_no_analytics_and_needs_none(self):
        """Whatever the company wants of entries: nothing is earned or spent by it."""
        plan = self.env["account.analytic.plan"].create(
            {
                "name": "Sites",
                "applicability_ids": [
                    Command.create(
                        {"business_domain": "general", "applicability": "mandatory"}
                    )
                ],
            }
        )
        site = self.env["account.analytic.account"].create(
            {"name": "Roof", "plan_id": plan.id}
        )
        self.env["account.analytic.distribution.model"].create(
            {
                "partner_id": self.partner_a.id,
                "analytic_distribution": {str(site.id): 100},
            }
        )
        self.env["account.analytic.distribution.model"].create(
            {
                "account_prefix": "PBRET",
                "analytic_distribution": {str(site.id): 50},
            }
        )
        move = self._progress(self._retained(), 40.0, post=False)
        move.with_context(validate_analytic=True).action_post()
        self.assertEqual(move.retention_amount, 1200.0)
        self.assertFalse(move.retention_move_ids.line_ids.analytic_line_ids)

    def test_creation_of_an_entry_is_logged(self):
        move = self._progress(self._retained(), 40.0, post=False)
        move.with_context(tracking_disable=False, mail_create_nolog=False).action_post()
        entry = move.retention_move_ids
        self.assertTrue(entry.message_ids)
        self.assertFalse(entry.message_follower_ids)

    # === UNDONE, AND MADE AGAIN === #

    def test_reset_undoes_and_posting_makes_it_again_once(self):
        order = self._retained()
        move = self._progress(order, 40.0)
        for _time in range(2):
            move.button_draft()
            self.assertEqual(self._held(order), 0.0)
            self.assertFalse(move.retention_move_ids)
            self.assertEqual(move.retention_amount, 1200.0)
            move.action_post()
            self.assertHolds(move, 1200.0)
            self.assertEqual(len(move.retention_move_ids), 1)

    def test_cancel_undoes(self):
        order = self._retained()
        move = self._progress(order, 40.0)
        move.button_cancel()
        self.assertEqual(self._held(order), 0.0)
        self.assertEqual(self._balance(self.receivable), 0.0)

    def test_full_credit_gives_all_back(self):
        order = self._retained()
        first, second = self._progress(order, 40.0, 35.0)
        credit = self._credit(first)
        self.assertEqual(credit.retention_amount, -1200.0)
        self.assertEqual(self._held(order), 1050.0)
        self.assertEqual(first.payment_state, "reversed")
        self.assertEqual(credit.amount_residual, 0.0)
        self.assertEqual(second.amount_residual, 19950.0)

    def test_items_say_what_they_are(self):
        """Whoever reads one label knows why the item is there."""
        steps = [Command.create({"until_percent": 50.0, "percent": 10.0})]
        order = self._retained(
            retention_step_ids=steps, retention_step_method="to_date"
        )
        first, second = self._progress(order, 40.0, 35.0)
        credit = self._credit(first)
        entries = (first | second | credit).retention_move_ids.sorted("id")
        self.assertEqual(
            [
                (item.name, item.balance)
                for entry in entries
                for item in entry.line_ids.sorted("id")
            ],
            [
                (f"Retention of {first.name}", -2400.0),
                (f"Retention of {first.name} ({order.name})", 2400.0),
                (f"Retention given back with {second.name}", 150.0),
                (
                    f"Retention of {first.name} given back with {second.name} "
                    f"({order.name})",
                    -150.0,
                ),
                (f"Retention given back with {credit.name}", 2250.0),
                (
                    f"Retention of {first.name} given back with {credit.name} "
                    f"({order.name})",
                    -2250.0,
                ),
            ],
        )

    def test_label_names_the_rate_only_where_it_is_what_is_held(self):
        order = self._retained(retention_cap_percent=4.0)
        moves = self._progress(order, *PARTS)
        items = moves.retention_move_ids.line_ids.filtered("retention_order_id")
        self.assertEqual(
            items.sorted("id").mapped("name"),
            [
                f"Retention of 5 % of {moves[0].name} ({order.name})",
                f"Retention of 5 % of {moves[1].name} ({order.name})",
                f"Retention of {moves[2].name} ({order.name})",
            ],
        )

    def test_partial_credit_gives_its_share_back(self):
        order = self._retained()
        move = self._progress(order, 40.0)
        credit = self._credit(move, 5000.0)
        self.assertEqual(credit.retention_amount, -300.0)
        self.assertEqual(self._held(order), 900.0)
        self.assertEqual(move.amount_residual, 24000.0 - 6000.0 - 900.0)
        rest = self._credit(move, 15000.0)
        self.assertEqual(rest.retention_amount, -900.0)
        self.assertEqual(self._held(order), 0.0)
        self.assertEqual(move.amount_residual, 0.0)

    def test_credit_note_reset_holds_again(self):
        order = self._retained()
        move = self._progress(order, 40.0)
        credit = self._credit(move, 5000.0)
        credit.button_draft()
        self.assertEqual(self._held(order), 1200.0)
        credit.action_post()
        self.assertEqual(self._held(order), 900.0)

    def test_invoice_given_back_in_part_cannot_be_reset(self):
        move = self._progress(self._retained(), 40.0)
        self._credit(move, 5000.0)
        # Beneath its credit note nothing would be billed: that is asked first.
        with self.assertRaisesRegex(UserError, "credits more than is billed"):
            move.button_draft()

    def test_entry_cannot_be_reset_by_hand(self):
        move = self._progress(self._retained(), 40.0)
        with self.assertRaisesRegex(UserError, "Reset that invoice"):
            move.retention_move_ids.button_draft()

    # === REFUSED === #

    def test_without_account_nothing_is_posted(self):
        self.company.retention_account_id = False
        with self.assertRaisesRegex(RedirectWarning, "no retention account"):
            self._progress(self._retained(), 40.0)

    def test_early_payment_discount_is_refused(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "2 % in 10 days",
                "early_discount": True,
                "discount_percentage": 2.0,
                "discount_days": 10,
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 100.0})
                ],
            }
        )
        with self.assertRaisesRegex(UserError, "early-payment discount"):
            self._progress(self._retained(payment_term_id=term.id), 40.0)

    def test_tax_due_on_payment_is_refused(self):
        self.company.tax_exigibility = True
        self.tax.write(
            {
                "tax_exigibility": "on_payment",
                "cash_basis_transition_account_id": self.deposit_account.id,
            }
        )
        with self.assertRaisesRegex(UserError, "due on payment"):
            self._progress(self._retained(), 40.0)

    def test_tax_due_on_payment_is_due_with_the_release_where_it_is_held_by_lines(self):
        self.company.tax_exigibility = True
        waiting = self.env["account.account"].create(
            {
                "name": "Tax to Come",
                "code": "PBWAIT",
                "account_type": "liability_current",
                "reconcile": True,
            }
        )
        self.tax.write(
            {
                "tax_exigibility": "on_payment",
                "cash_basis_transition_account_id": waiting.id,
            }
        )
        account = self.company_data["default_account_tax_sale"]
        order = self._retained(retention_tax="release")
        for due, make in (
            (3800.0, lambda: self._progress(order, 40.0, post=False)),
            (4000.0, order._create_retention_releases),
        ):
            move = make()
            move.action_post()
            before = self._balance(account)
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=move.ids
            ).create({}).action_create_payments()
            self.assertLess(self._balance(account), before)
            self.assertAlmostEqual(self._balance(account), -due)

    def test_rate_is_told_to_each_in_their_own_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        move = self._progress(self._retained(percent=2.5), 40.0)
        self.assertIn("2.5 %", move.retention_text)
        self.assertIn("2,5 %", move.with_context(lang="de_DE").retention_text)

    def test_order_without_terms_holds_nothing(self):
        move = self._progress(self._order(50000.0, progress_method="revenue"), 40.0)
        self.assertFalse(move.has_retention)
        self.assertEqual(move.amount_residual, 24000.0)

    def test_credit_gives_back_its_share_and_the_next_invoice_sets_it_right(self):
        """Of a cap, 1,800 is to be held of the 36,000 that stay: not yet, but then."""
        order = self._retained(retention_cap_percent=4.0)
        first, _second, third = self._progress(order, *PARTS)
        self.assertEqual(third.retention_amount, 150.0)
        credit = self._credit(first)
        self.assertEqual(credit.retention_amount, -1200.0)
        self.assertEqual(self._held(order), 1200.0)
        self.assertEqual(self._progress(order, 20.0).retention_amount, 1200.0)
        self.assertEqual(self._held(order), 2400.0)

    def test_credit_in_part_gives_back_its_share_at_whatever_rate_holds_now(self):
        order = self._retained()
        first = self._progress(order, 40.0)
        order.retention_percent = 10.0
        credit = self._credit(first, post=False)
        credit.invoice_line_ids.price_unit = 10000.0
        credit.action_post()
        self.assertEqual(credit.retention_amount, -600.0)
        # 10 % of the 12,000 that stay and of 21,000 more, less the 600 held.
        self.assertEqual(self._progress(order, 35.0).retention_amount, 2700.0)

    def test_invoice_posted_again_holds_what_is_to_be_held_then(self):
        order = self._retained(retention_cap_percent=4.0)
        first, second = self._progress(order, 40.0, 35.0)
        first.button_draft()
        self.assertEqual(self._held(order), 1050.0)
        order.retention_percent = 10.0
        first.action_post()
        # The cap of 2,400, less the 1,050 of the second.
        self.assertHolds(first | second, 1350.0, 1050.0)

    def test_invoice_tells_its_retention_in_the_language_of_who_reads(self):
        self.env["res.lang"]._activate_lang("de_DE")
        move = self._progress(self._retained(percent=2.5), 40.0)
        self.assertIn("Retention 2.5 %, due", move.retention_text)
        german = move.with_context(lang="de_DE")
        self.assertIn("2,5 %, fällig", german.retention_text)
