"""Customers pay what is due: by the button, online, and by instalments."""

from odoo.fields import Command
from odoo.tests import HttpCase, freeze_time, tagged

from ..common_retention import RetentionCommon


class PaymentCase(RetentionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.steps = [Command.create({"until_percent": 50.0, "percent": 10.0})]

    @classmethod
    def _giving_back(cls):
        """Return an invoice of 21,000 that gives 150 back, the one before it paid."""
        order = cls._retained(
            retention_step_ids=cls.steps, retention_step_method="to_date"
        )
        first, second = cls._progress(order, 40.0, 35.0)
        cls._pay(first)
        return second

    @classmethod
    def _pay(cls, moves):
        """Pay as the button *Pay* proposes; return the payments."""
        action = moves.action_register_payment()
        Wizard = cls.env["account.payment.register"].with_context(**action["context"])
        return Wizard.create({})._create_payments()

    def assertNothingOpen(self, *moves):
        """Assert that customers owe nothing of some invoices and their entries."""
        for move in moves:
            items = (move | move.retention_move_ids).line_ids
            items = items.filtered(lambda item: item.account_id == self.receivable)
            self.assertEqual(set(items.mapped("amount_residual")), {0.0})
            self.assertIn(move.payment_state, ("paid", "in_payment"))


@tagged("post_install", "-at_install")
class TestPayment(PaymentCase):
    def test_button_offers_what_is_given_back_with_the_invoice(self):
        move = self._giving_back()
        self.assertEqual(move.retention_amount, -150.0)
        payment = self._pay(move)
        self.assertEqual(payment.amount, 21150.0)
        self.assertNothingOpen(move)

    def test_receivable_is_aged_by_what_is_due_instalment_by_instalment(self):
        """As the host ages it: what is left of each item by its day, on any day."""
        lines = [
            Command.create({"value": "percent", "value_amount": share, "nb_days": days})
            for share, days in ((30.0, 0), (70.0, 30))
        ]
        term = self.env["account.payment.term"].create(
            {"name": "30/70", "line_ids": lines}
        )
        order = self._retained(payment_term_id=term.id)
        with freeze_time("2026-03-01"):
            move = self._progress(order, 40.0)
        self.assertEqual(
            self._get_aged("2026-03-01"),
            {"2026-03-01": 6840.0, "2026-03-31": 15960.0},
        )
        for day, amount in (("2026-03-10", 6840.0), ("2026-04-02", 15960.0)):
            with freeze_time(day):
                self.assertEqual(self._pay(move).amount, amount)
        self.assertEqual(self._get_aged("2026-03-09")["2026-03-01"], 6840.0)
        self.assertEqual(self._get_aged("2026-04-01"), {"2026-03-31": 15960.0})
        self.assertEqual(self._get_aged("2026-04-02"), {})
        with freeze_time("2027-03-01"):
            release = order._create_retention_releases()
            release.invoice_payment_term_id = False
            release.action_post()
        self.assertEqual(self._get_aged("2027-03-02"), {"2027-03-01": 1200.0})
        # What is retained, and not asked for yet, is nobody's overdue debt.
        self.assertEqual(self._get_aged("2027-02-28"), {})

    def _get_aged(self, date):
        """Return day of maturity -> what is left to pay, as of a day.

        By the host's own rule: items less what was reconciled until then.
        """
        found = {}
        items = self.env["account.move.line"].search(
            [
                ("account_id", "=", self.receivable.id),
                ("parent_state", "=", "posted"),
                ("date", "<=", date),
            ]
        )
        for item in items:
            partials = item.matched_credit_ids.filtered(
                lambda partial: str(partial.max_date) <= date
            )
            rest = item.balance - sum(partials.mapped("amount"))
            partials = item.matched_debit_ids.filtered(
                lambda partial: str(partial.max_date) <= date
            )
            rest += sum(partials.mapped("amount"))
            day = str(item.date_maturity or item.date)
            found[day] = round(found.get(day, 0.0) + rest, 2)
        return {day: amount for day, amount in found.items() if amount}

    def test_several_invoices_are_paid_with_what_each_gives_back(self):
        moves = self._giving_back() | self._giving_back()
        payments = self._pay(moves)
        self.assertEqual(sum(payments.mapped("amount")), 42300.0)
        self.assertNothingOpen(*moves)

    def test_what_is_retained_is_not_shown_as_paid(self):
        order = self._retained(percent=10.0)
        [move] = self._progress(order, 20.0)
        self.assertAlmostEqual(order.progress_paid_amount, 0.0)
        self.assertAlmostEqual(order.progress_posted_amount, 10000.0)
        self._pay(move)
        self.assertAlmostEqual(order.progress_paid_amount, 9000.0)
        self.assertAlmostEqual(order.progress_posted_amount, 1000.0)

    def test_portal_asks_for_what_is_given_back_and_says_what_was_paid(self):
        move = self._giving_back()
        values = move._get_invoice_next_payment_values()
        self.assertEqual(values["amount_due"], 21150.0)
        self.assertEqual(values["next_amount_to_pay"], 21150.0)
        self.assertEqual(values["amount_paid"], 0.0)
        self._pay(move)
        values = move._get_invoice_next_payment_values()
        self.assertEqual(values["amount_due"], 0.0)
        self.assertEqual(values["amount_paid"], 21150.0)

    def test_what_is_held_is_not_said_to_be_paid(self):
        move = self._progress(self._retained(), 40.0)
        values = move._get_invoice_next_payment_values()
        self.assertEqual(values["amount_due"], 22800.0)
        self.assertEqual(values["amount_paid"], 0.0)
        self._pay(move)
        values = move._get_invoice_next_payment_values()
        self.assertEqual(values["amount_paid"], 22800.0)


@tagged("post_install", "-at_install")
class TestOnlinePayment(PaymentCase, HttpCase):
    """Through the routes of the portal, with a provider of the host's tests."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        form = cls.env["ir.ui.view"].create(
            {
                "name": "Redirect",
                "type": "qweb",
                "arch": '<form action="dummy" method="post"/>',
            }
        )
        method = cls.env.ref("payment.payment_method_unknown")
        cls.provider = cls.env["payment.provider"].create(
            {
                "name": "Test Provider",
                "code": "none",
                "state": "test",
                "is_published": True,
                "payment_method_ids": [Command.set(method.ids)],
                "redirect_form_view_id": form.id,
                "company_id": cls.company.id,
            }
        )
        code = cls.env["account.payment.method"].sudo()
        code = code.search([("code", "=", "none")], limit=1) or code.create(
            {"name": "Test", "code": "none", "payment_type": "inbound"}
        )
        cls.bank = cls.company_data["default_journal_bank"]
        method.active = True
        account = cls.inbound_payment_method_line.payment_account_id
        cls.env["account.payment.method.line"].create(
            {
                "payment_method_id": code.id,
                "journal_id": cls.bank.id,
                "payment_provider_id": cls.provider.id,
                "payment_account_id": account.id,
            }
        )
        cls.provider.journal_id = cls.bank

    def test_share_of_an_instalment_that_is_paid_before_is_taken_off_the_next(self):
        """As of an order that the customer paid in part when it was confirmed."""
        parts = (("percent", 30.0, 0), ("percent", 70.0, 30))
        term = self.env["account.payment.term"].create(
            {
                "name": "30/70",
                "line_ids": [
                    Command.create({"value": kind, "value_amount": share, "nb_days": n})
                    for kind, share, n in parts
                ],
            }
        )
        order = self._retained(payment_term_id=term.id)
        transaction = self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.provider.payment_method_ids.id,
                "reference": order.name,
                "amount": 7200.0,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "operation": "offline",
                "sale_order_ids": [Command.set(order.ids)],
            }
        )
        transaction._set_done()
        transaction._post_process()
        move = self._progress(order, 40.0)
        terms = move._get_retention_term_items()
        self.assertEqual(terms.mapped("amount_residual"), [0.0, 15600.0])
        own = (
            move.retention_move_ids.line_ids
            - move.retention_move_ids.line_ids.filtered("retention_order_id")
        )
        self.assertEqual(own.mapped("amount_residual"), [0.0, 0.0])

    def _pay_online(self, move, amount):
        """Pay as the portal's page of the invoice does; return the payment."""
        token = move._portal_ensure_token()
        page = self.url_open(f"{move.get_portal_url()}&payment=True")
        self.assertIn(f"{amount:,.2f}", page.text.replace("\N{NO-BREAK SPACE}", " "))
        values = self.make_jsonrpc_request(
            f"/invoice/transaction/{move.id}",
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.provider.payment_method_ids.id,
                "token_id": None,
                "amount": amount,
                "flow": "direct",
                "tokenization_requested": False,
                "landing_route": move.get_portal_url(),
                "access_token": token,
            },
        )
        transaction = self.env["payment.transaction"].search(
            [("reference", "=", values["reference"])]
        )
        transaction._set_done()
        transaction._post_process()
        return transaction.payment_id

    def test_customer_pays_what_is_due_then_the_release(self):
        order = self._retained()
        move = self._progress(order, 40.0)
        self._pay_online(move, 22800.0)
        self.assertNothingOpen(move)
        self.assertEqual(self._held(order), 1200.0)
        release = order._create_retention_releases()
        release.action_post()
        self._pay_online(release, 1200.0)
        self.assertNothingOpen(release)
        self.assertEqual(self._held(order), 0.0)

    def test_customer_pays_what_is_given_back_with_the_invoice(self):
        move = self._giving_back()
        payment = self._pay_online(move, 21150.0)
        self.assertEqual(payment.amount, 21150.0)
        self.assertNothingOpen(move)
        self.assertTrue(payment.is_reconciled)
