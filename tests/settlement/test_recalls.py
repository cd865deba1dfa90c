"""What takes a deposit back: in its direction, in the order's currency, no more."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..common_currency import DEPOSIT_DAY, FINAL_DAY, ProgressCurrencyCommon
from ..common_project import ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestRecalls(ProjectBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vat = cls._tax(21.0)
        cls.with_vat = {"tax_ids": [Command.set(cls.vat.ids)]}
        cls.untaxed = {"tax_ids": False}

    def _host(self, order, *percents):
        """Return what the host alone invoices: deposits and the final, posted."""
        Wizard = self.env["sale.advance.payment.inv"]
        moves = self.env["account.move"]
        for percent in percents:
            moves |= Wizard.create(
                {
                    "sale_order_ids": order.ids,
                    "advance_payment_method": "percentage",
                    "amount": percent,
                }
            )._create_invoices(order)
        moves.action_post()
        final = order._create_invoices(final=True)
        final.action_post()
        return moves | final

    def _bill_budget(self, order):
        """Return the posted invoices of what is completed of an order."""
        return self._run(order.project_id, post=True)[1]

    def _voucher_order(self):
        """Return an order of 1,000 @21 % with an untaxed voucher of 50."""
        return self._order((1000.0, 1.0, self.with_vat), (-50.0, 1.0, self.untaxed))

    # === DIRECTION === #

    def test_deposit_with_a_negative_part_is_posted_and_taken_back(self):
        host = self._host(self._voucher_order(), 30.0)
        order = self._voucher_order()
        deposit = self._bill(self._plan(order, 30.0))
        final = self._final(order)
        self.assertEqual((deposit | final).mapped("amount_total"), [348.0, 812.0])
        self.assertEqual(host.mapped("amount_total"), [348.0, 812.0])
        self.assertSettled(order)

    def test_deposit_with_a_negative_part_is_undone_in_order(self):
        order = self._voucher_order()
        deposit = self._bill(self._plan(order, 30.0))
        final = self._final(order)
        with self.assertRaisesRegex(UserError, "took back"):
            deposit.button_draft()
        final.button_draft()
        deposit.button_draft()
        self.assertEqual(order.progress_deposit_balance, 0.0)
        deposit.action_post()
        final.action_post()
        self.assertSettled(order)

    def test_negative_part_of_a_deposit_is_taken_back_once(self):
        order = self._voucher_order()
        deposit = self._bill(self._plan(order, 30.0))
        self._final(order)
        credit = self._credit(deposit, post=False)
        credit.invoice_line_ids[0].price_unit = 0.0
        with self.assertRaisesRegex(UserError, "15.00 of deposit .*0.00 is open"):
            credit.action_post()

    def test_final_with_a_negative_part_is_credited_once(self):
        order = self._voucher_order()
        self._bill(self._plan(order, 30.0))
        final = self._final(order)
        self._credit(final)
        self.assertAlmostEqual(order.progress_deposit_balance, 285.0)
        with self.assertRaisesRegex(UserError, "credited already"):
            self._credit(final)

    def test_order_of_a_negative_total_is_deposited_and_settled(self):
        order = self._order((-1000.0, 1.0, self.with_vat))
        deposit = self._bill(self._plan(order, 30.0))
        self.assertRecordValues(
            deposit, [{"move_type": "out_refund", "amount_total": 363.0}]
        )
        self.assertAlmostEqual(order.progress_deposit_balance, -300.0)
        final = self._final(order)
        self.assertRecordValues(
            final, [{"move_type": "out_refund", "amount_total": 847.0}]
        )
        self.assertSettled(order)

    def test_negative_budget_line_is_deposited_with_the_others(self):
        order = self._project_order(1000.0, -100.0, method="deposit")
        self._complete(order.order_line, 50.0, 50.0)
        moves = self._bill_budget(order)
        self.assertAlmostEqual(moves.amount_untaxed, 450.0)
        self.assertAlmostEqual(order.progress_deposit_balance, 450.0)
        self.assertAlmostEqual(self._final(order).amount_untaxed, 450.0)
        self.assertSettled(order)

    # === BUDGETS CORRECTED DOWNWARDS === #

    def test_budget_corrected_downwards_credits_its_deposit(self):
        order = self._project_order(1000.0, method="deposit")
        line = order.order_line
        self._complete(line, 60.0)
        deposit = self._bill_budget(order)
        self._complete(line, 45.0)
        credit = self._bill_budget(order)
        self.assertRecordValues(
            credit,
            [
                {
                    "move_type": "out_refund",
                    "amount_untaxed": 150.0,
                    "reversed_entry_id": deposit.id,
                }
            ],
        )
        self.assertBudget(line, (0.0, 0.0, 450.0))
        self.assertAlmostEqual(order.progress_deposit_balance, 450.0)
        self.assertAlmostEqual(self._final(order).amount_untaxed, 550.0)
        self.assertSettled(order)

    def test_progress_taken_back_credits_the_newest_deposit_first(self):
        order = self._project_order(1000.0, method="deposit")
        line = order.order_line
        moves = self.env["account.move"]
        for percent in (30.0, 50.0, 25.0):
            self._complete(line, percent)
            moves |= self._bill_budget(order)
        first, second, *credits_ = moves
        self.assertEqual(
            [(credit.reversed_entry_id, credit.amount_total) for credit in credits_],
            [(second, 230.0), (first, 57.5)],
        )
        deposits = order.order_line.filtered("progress_sale_line_id")
        self.assertEqual(len(deposits), 2)
        self.assertAlmostEqual(order.progress_deposit_balance, 250.0)
        self._final(order)
        self.assertSettled(order)

    def test_progress_taken_back_is_credited_beside_what_is_billed(self):
        order = self._project_order(1000.0, 1000.0, method="deposit")
        lines = order.order_line
        self._complete(lines, 50.0, 50.0)
        deposit = self._bill_budget(order)
        self._complete(lines, 60.0, 40.0)
        moves = self._bill_budget(order)
        self.assertRecordValues(
            moves.sorted("move_type"),
            [
                {"amount_untaxed": 100.0, "reversed_entry_id": False},
                {"amount_untaxed": 100.0, "reversed_entry_id": deposit.id},
            ],
        )
        self.assertBudget(lines, (0.0, 0.0, 600.0), (0.0, 0.0, 400.0))
        self._final(order)
        self.assertSettled(order)

    def test_negative_line_corrected_takes_back_its_part_of_the_deposit(self):
        order = self._project_order(1000.0, -100.0, method="deposit")
        line = order.order_line[1]
        self._complete(order.order_line, 50.0, 50.0)
        self._bill_budget(order)
        line.completed_percent = 30.0
        move = self._bill_budget(order)
        self.assertRecordValues(
            move, [{"move_type": "out_invoice", "amount_untaxed": 20.0}]
        )
        self.assertAlmostEqual(order.progress_deposit_balance, 470.0)
        self._final(order)
        self.assertSettled(order)

    def test_progress_taken_back_from_a_draft_deposit_is_refused(self):
        order = self._project_order(1000.0, method="deposit")
        line = order.order_line
        self._complete(line, 50.0)
        draft = self._run(order.project_id)[1]
        self._complete(line, 30.0)
        with self.assertRaisesRegex(UserError, "200.00 .* is still a draft"):
            self._run(order.project_id)
        draft.action_post()
        self._bill_budget(order)
        self.assertBudget(line, (0.0, 0.0, 300.0))

    def test_progress_taken_back_keeps_the_taxes_of_its_deposit(self):
        """The order's tax changed from 15 to 21 % since the deposit."""
        order = self._project_order(1000.0, method="deposit")
        line = order.order_line.filtered(lambda line: not line.display_type)
        self._complete(line, 50.0)
        self._bill_budget(order)
        line.tax_ids = self.vat
        self._complete(line, 30.0)
        credit = self._bill_budget(order)
        self.assertAlmostEqual(credit.amount_total, 230.0)
        final = self._final(order)
        self.assertAlmostEqual(final.amount_total, 1210.0 - 345.0)

    # === ORDERS WITHOUT A PLAN === #

    def _unplanned_order(self):
        """Return an order of 700.04, of which the host would invoice 200.01 now."""
        delivered = self._service("Works", invoice_policy="delivery")
        return self._order(200.01, (500.03, 1.0, {"product_id": delivered.id}))

    def test_final_of_an_order_without_a_plan_bills_all_of_it(self):
        order = self._unplanned_order()
        final = self._final(order)
        self.assertAlmostEqual(final.amount_untaxed, 700.04)
        self.assertSettled(order)

    def test_final_takes_back_what_the_host_alone_deposited(self):
        order = self._unplanned_order()
        deposit = (
            self.env["sale.advance.payment.inv"]
            .create(
                {
                    "sale_order_ids": order.ids,
                    "advance_payment_method": "percentage",
                    "amount": 30.0,
                }
            )
            ._create_invoices(order)
        )
        deposit.action_post()
        wizard = self.env["progress.billing.final"].create({"order_ids": order.ids})
        shown = wizard.amount_untaxed
        final = self._final(order)
        self.assertAlmostEqual(
            final.amount_total, order.amount_total - deposit.amount_total
        )
        self.assertAlmostEqual(shown, final.amount_untaxed)
        self.assertSettled(order)

    # === LINES BELOW THE DOWN PAYMENTS === #

    def test_discount_after_a_deposit_is_billed_by_the_final(self):
        finals = []
        for is_host in (True, False):
            order = self._order((1000.0, 1.0, self.with_vat))
            if not is_host:
                self._bill(self._plan(order, 30.0))
            else:
                self.env["sale.advance.payment.inv"].create(
                    {
                        "sale_order_ids": order.ids,
                        "advance_payment_method": "percentage",
                        "amount": 30.0,
                    }
                )._create_invoices(order).action_post()
            self.env["sale.order.discount"].create(
                {
                    "sale_order_id": order.id,
                    "discount_type": "so_discount",
                    "discount_percentage": 0.1,
                }
            ).action_apply_discount()
            self.env.invalidate_all()
            final = (
                order._create_invoices(final=True)
                if is_host
                else order._create_final_invoices()
            )
            final.action_post()
            finals.append(final.amount_total)
        self.assertEqual(finals, [726.0, 726.0])
        self.assertSettled(order)

    def test_line_added_below_the_deposits_is_billed_without_their_section(self):
        order = self._order((1000.0, 1.0, self.with_vat))
        self._bill(self._plan(order, 30.0))
        order.order_line = [
            Command.create(
                {
                    "product_id": self.service.id,
                    "price_unit": 200.0,
                    "sequence": max(order.order_line.mapped("sequence")) + 1,
                    **self.with_vat,
                }
            )
        ]
        self.env.invalidate_all()
        final = self._final(order)
        self.assertAlmostEqual(final.amount_total, 1089.0)
        sections = final.invoice_line_ids.filtered(
            lambda item: item.display_type == "line_section"
        )
        self.assertEqual(len(sections), 1)
        self.assertSettled(order)


@tagged("post_install", "-at_install")
class TestRecallsCurrency(ProgressCurrencyCommon):
    def test_final_in_another_currency_is_refused(self):
        """It would leave the deposit on its account."""
        order = self._euro_order(1000.0)
        self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order, post=False)
        final.currency_id = self.company.currency_id
        with self.assertRaisesRegex(UserError, "in USD because .* in EUR"):
            final.action_post()
        final.currency_id = order.currency_id
        final.action_post()
        self.assertNoDeposit(order)

    def test_deposit_in_another_currency_is_refused(self):
        order = self._euro_order(1000.0)
        with self._on(DEPOSIT_DAY):
            deposit = self._bill(self._plan(order, 30.0), post=False)
            deposit.currency_id = self.company.currency_id
            with self.assertRaisesRegex(UserError, "in USD because .* in EUR"):
                deposit.action_post()

    def test_what_was_posted_in_another_currency_is_credited_in_it(self):
        """The host lets it, before anything was planned."""
        order = self._euro_order((100.0, 10.0))
        invoice = order._create_invoices()
        invoice.currency_id = self.company.currency_id
        invoice.action_post()
        self._plan(order, ("amount", 10.0))
        credit = self._credit(invoice)
        self.assertEqual(credit.currency_id, self.company.currency_id)

    def test_progress_taken_back_keeps_the_rate_of_its_deposit(self):
        order = self._euro_order((1000.0, 1.0, {"progress_basis": "amount"}))
        line = order.order_line
        for date, percent in ((DEPOSIT_DAY, 50.0), (FINAL_DAY, 30.0)):
            with self._on(date):
                line.completed_percent = percent
                claims = line._prepare_budget_claims(line._get_budget_items())
                credit = self.env["progress.billing.builder"]._create_invoices(claims)
                credit.action_post()
        self.assertEqual(self._get_rows(credit.line_ids)[self.deposit_account], 220.0)
        self.assertAlmostEqual(self._balance(self.deposit_account), -330.0)
        self._final_on(FINAL_DAY, order)
        self.assertNoDeposit(order)
