"""What takes a deposit back: in its direction, in the order's currency, no more."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_currency import DEPOSIT_DAY, FINAL_DAY, ProgressCurrencyCommon
from .common_project import ProjectBillingCommon


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
