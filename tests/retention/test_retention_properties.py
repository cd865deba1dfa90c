"""Random terms, random sequences: what is held is what the terms say, to the cent."""

from fractions import Fraction

from hypothesis import given, note
from hypothesis import strategies as st

from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ...models.retention.retention_account import RetentionAccount
from ..common_retention import RetentionCommon
from ..property_case import BOUNDS

REFUSALS = (UserError, RedirectWarning, AccessError)
NO_CHOICE = "nothing to choose from"
RATES = st.sampled_from([0.0, 3.7, 5.0, 10.0, 33.33])
LINES = st.lists(
    st.tuples(
        st.integers(10_000, 9_999_999),
        st.sampled_from(["twenty", "five", "none"]),
        st.sampled_from([None, None, None, 0.0, 7.5]),
    ),
    min_size=1,
    max_size=3,
)
TERMS = st.fixed_dictionaries(
    {
        "retention_percent": RATES,
        "retention_base": st.sampled_from(["total", "untaxed"]),
        "retention_tax": st.sampled_from(["invoice", "invoice", "release"]),
        "retention_step_method": st.sampled_from(["marginal", "to_date"]),
        "retention_cap_percent": st.sampled_from([0.0, 0.0, 4.0]),
    }
)
STEPS = st.lists(
    st.tuples(st.sampled_from([20.0, 50.0, 80.0]), RATES),
    max_size=2,
    unique_by=lambda step: step[0],
)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "bill",
                "bill",
                "bill",
                "credit",
                "credit_partly",
                "reset",
                "rate",
                "release",
                "release_partly",
                "credit_release",
                "guarantee",
                "currency",
            ]
        ),
        st.integers(0, 9),
        st.sampled_from([10.0, 20.0, 33.33, 40.0]),
    ),
    min_size=3,
    max_size=9,
)


@tagged("post_install", "-at_install")
class TestProperties(RetentionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        none = cls.env["account.tax"]
        cls.taxes = {"twenty": cls.tax, "five": cls._tax(5.5), "none": none}
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.active = True
        cls.euro.rate_ids.unlink()
        cls.env["res.currency.rate"].create(
            {
                "currency_id": cls.euro.id,
                "company_id": cls.company.id,
                "name": "2020-01-01",
                "inverse_company_rate": 1.1,
            }
        )
        cls.pricelist = cls.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": cls.euro.id}
        )

    @BOUNDS
    @given(LINES, TERMS, STEPS, st.booleans(), st.booleans(), EVENTS)
    def test_whatever_happens_the_books_hold(
        self, specs, terms, steps, by_deposit, is_foreign, events
    ):
        foreign = {"pricelist_id": self.pricelist.id} if is_foreign else {}
        self.order = self._order(
            *(
                (
                    cents / 100.0,
                    1.0,
                    {
                        "tax_ids": [Command.set(self.taxes[tax].ids)],
                        "retention_percent": rate or 0.0,
                        "is_retention_free": rate == 0.0,
                    },
                )
                for cents, tax, rate in specs
            ),
            progress_method="deposit" if by_deposit else "revenue",
            retention_step_ids=[
                Command.create({"until_percent": until, "percent": percent})
                for until, percent in steps
            ],
            **terms,
            **foreign,
        )
        self.moves = self.releases = self.env["account.move"]
        for event in events:
            done = self._apply(*event)
            note(f"{event}: {'done' if done else 'refused'}")
            self._check()
        self._apply("release", 0, 0.0)
        self._check()
        self.assertEqual(self.order.retention_held_amount, 0.0)
        self._check_payable()

    # === EVENTS === #

    def _apply(self, name, position, percent):
        """Return whether an event could be brought about."""
        try:
            with self.cr.savepoint():
                getattr(self, f"_do_{name}")(position, percent)
                self.env.flush_all()
        except REFUSALS as error:
            note(str(error.args[0])[:150])
            self.env.invalidate_all()
            return False
        return True

    def _pick(self, moves, position):
        if not moves:
            raise UserError(NO_CHOICE)
        return moves[position % len(moves)]

    def _do_bill(self, _position, percent):
        move = self._bill(self._plan(self.order, percent))
        self.moves |= move
        self._check_target(move)

    def _check_target(self, move):
        """Assert that an invoice holds what the terms say of all that is billed."""
        order, held = self.order, move.retention_amount
        documents = self.moves | self.moves.reversal_move_ids
        retained = sum(documents.mapped("retention_amount"))
        wanted = self._get_target() - (retained - held)
        opened = order.retention_held_amount - held
        limit = sum(self._get_billed(move).values())
        if order.retention_guarantee_reference:
            wanted = 0
        expected = min(max(wanted, -max(opened, 0.0)), max(limit, 0.0))
        self.assertAlmostEqual(held, float(expected), 2, "what the terms say")

    def _get_billed(self, move):
        """Return own rate or None -> what a document bills, worked out by the test."""
        billed = {}
        is_taxed = (
            self.order.retention_base == "total"
            and self.order.retention_tax == "invoice"
        )
        sign = -1 if move.move_type == "out_refund" else 1
        for item in move.invoice_line_ids:
            line = item.sale_line_ids
            if not line:
                continue
            line = line.progress_sale_line_id or line
            rate = line.retention_percent or None
            rate = 0.0 if line.is_retention_free else rate
            amount = item.price_total if is_taxed else item.price_subtotal
            billed[rate] = billed.get(rate, 0.0) + sign * amount
        own = self.order.order_line.filtered(
            lambda line: line.retention_percent or line.is_retention_free
        )
        if is_taxed and not own:
            # Rounded as a whole.
            billed = {None: sign * move.amount_total}
        return billed

    def _get_target(self):
        order = self.order
        is_taxed = order.retention_base == "total" and order.retention_tax == "invoice"
        billed, contract, common = {}, 0, 0
        for move in self.moves | self.moves.reversal_move_ids:
            if move.state == "posted":
                for rate, amount in self._get_billed(move).items():
                    billed[rate] = billed.get(rate, 0) + Fraction(str(round(amount, 2)))
        for line in order.order_line.filtered(lambda line: not line.is_downpayment):
            amount = line.price_total if is_taxed else line.price_subtotal
            amount = Fraction(str(round(amount, 2)))
            contract += amount
            if not line.retention_percent and not line.is_retention_free:
                common += amount
        if is_taxed:
            total = Fraction(str(round(order.amount_total, 2)))
            common += total - contract
            contract = total
        amount = sum(
            value * Fraction(str(rate)) / 100
            for rate, value in billed.items()
            if rate is not None
        )
        amount += self._get_common(billed.get(None, 0), common)
        if order.retention_cap_percent:
            cap = contract * Fraction(str(order.retention_cap_percent)) / 100
            amount = min(amount, cap)
        return max(amount, 0)

    def _get_common(self, billed, contract):
        """Return what is to be held at the order's rates, step by step."""
        order, result, before = self.order, 0, 0
        steps = sorted(
            (step.until_percent, step.percent) for step in order.retention_step_ids
        )
        for until, percent in [*steps, (None, order.retention_percent)]:
            rate = Fraction(str(percent)) / 100
            bound = billed
            if until is not None and contract > 0:
                exact = contract * Fraction(str(until)) / 100
                bound = Fraction(str(self.order.currency_id.round(float(exact))))
            elif until is not None:
                continue
            if order.retention_step_method == "to_date":
                if billed <= bound:
                    return billed * rate
                continue
            part = min(billed, bound) - before
            if until is None:
                part = billed - before
            elif part <= 0:
                return result
            result += part * rate
            before += part
            if until is not None and billed <= bound:
                return result
        return result

    def _do_credit(self, position, _percent):
        move = self._pick(self.moves, position)
        before = sum((move | move.reversal_move_ids).mapped("retention_amount"))
        opened = self.order._get_retention_open()[self.order]
        self._credit(move)
        after = sum((move | move.reversal_move_ids).mapped("retention_amount"))
        if not move.line_ids.retention_order_id and before >= 0.0:
            left = self.order.currency_id.round(before - opened.get(move, 0.0))
            self.assertAlmostEqual(after, max(left, 0.0), 2)

    def _do_credit_partly(self, position, percent):
        move = self._pick(self.moves, position)
        credit = self._credit(move, post=False)
        for line in credit.invoice_line_ids:
            line.price_unit *= percent / 100.0
        credit.action_post()
        self._check_share(move)

    def _check_share(self, move):
        """Assert that credits in part gave back their share, where none is released."""
        order, held = self.order, move.retention_amount
        own = order.order_line.filtered(
            lambda line: line.retention_percent or line.is_retention_free
        )
        if own or held <= 0.0 or order.retention_released_amount:
            return
        if order.retention_tax == "release":
            return
        name = "amount_total" if order.retention_base == "total" else "amount_untaxed"
        credits_ = move.reversal_move_ids.filtered(lambda each: each.state == "posted")
        given = -sum(credits_.mapped("retention_amount"))
        others = (self.moves - move).filtered(lambda each: each.retention_amount < 0.0)
        if not others:
            share = sum(credits_.mapped(name)) / move[name]
            self.assertAlmostEqual(given, held * min(share, 1.0), delta=0.0051)

    def _do_currency(self, _position, percent):
        self.euro.rate_ids.inverse_company_rate = 1.0 + percent / 100.0

    def _do_reset(self, position, _percent):
        move = self._pick(self.moves.filtered(lambda m: m.state == "posted"), position)
        move.button_draft()
        self._check()
        move.action_post()
        if self.order.retention_tax == "invoice":
            self._check_target(move)

    def _do_rate(self, _position, percent):
        self.order.retention_percent = percent

    def _do_release(self, _position, _percent):
        release = self.order._create_retention_releases()
        release.action_post()
        self.releases |= release

    def _do_release_partly(self, _position, percent):
        order = self.order
        amount = order.currency_id.round(order.retention_held_amount * percent / 100)
        release = order._create_retention_releases({order: amount})
        release.action_post()
        self.releases |= release

    def _do_credit_release(self, position, _percent):
        release = self._pick(
            self.releases.filtered(lambda move: move.payment_state != "reversed"),
            position,
        )
        self._credit(release)

    def _do_guarantee(self, _position, _percent):
        self.order.retention_guarantee_reference = "G-1"
        releases = self.env["account.move.line"].search(
            [("retention_order_id", "=", self.order.id), ("parent_state", "=", "draft")]
        )
        releases.move_id.action_post()
        self.releases |= releases.move_id.filtered("is_retention_release")

    # === WHAT HOLDS === #

    def _check(self):
        """Assert that documents, fields, ledger and account say the same."""
        self.env.invalidate_all()
        order, currency = self.order, self.order.currency_id
        documents = self.moves | self.moves.reversal_move_ids
        documents = documents.filtered(lambda move: move.state == "posted")
        retained = currency.round(sum(documents.mapped("retention_amount")))
        held, released = order.retention_held_amount, order.retention_released_amount
        self.assertAlmostEqual(held, currency.round(retained - released), 6)
        self.assertGreaterEqual(held, 0.0)
        self.assertGreaterEqual(released, 0.0)
        for amount in order._get_retention_open()[order].values():
            self.assertGreaterEqual(amount, 0.0)
        account = RetentionAccount(self.company, "2100-01-01")
        self.assertFalse(account.others)
        self.assertAlmostEqual(sum(row.open for row in account.rows), held, 6)
        self.assertAlmostEqual(
            sum(row.balance for row in account.rows), account.balance, 6
        )
        for move in documents:
            entries = move.retention_move_ids
            self.assertLessEqual(len(entries), 1)
            self.assertFalse(entries.line_ids.tax_tag_ids)
            self.assertFalse(entries.line_ids.tax_ids)
        if held == 0.0:
            self.assertAlmostEqual(account.balance, 0.0, 6)

    def _check_payable(self):
        """Assert that all can be paid, and then nobody owes anything."""
        documents = self.moves | self.moves.reversal_move_ids
        documents |= self.releases | self.releases.reversal_move_ids
        documents |= documents.retention_move_ids
        items = documents.line_ids.filtered(
            lambda item: item.account_id == self.receivable
        )
        self.assertAlmostEqual(
            sum(items.mapped("amount_residual_currency")),
            sum(items.mapped("amount_currency")),
            2,
        )
        invoices = (self.moves | self.releases).filtered(
            lambda move: (
                move.state == "posted"
                and move.move_type == "out_invoice"
                and move.amount_residual
            )
        )
        for move in invoices:
            given = sum(move._get_retention_to_pay().mapped("amount_residual_currency"))
            wizard = self.env["account.payment.register"].with_context(
                **move.action_register_payment()["context"]
            )
            amount = move.amount_residual + given
            self.assertAlmostEqual(wizard.create({}).amount, amount, 2)
            wizard.create({})._create_payments()
            self.assertEqual(move.amount_residual, 0.0)
            self.assertFalse(move._get_retention_to_pay())
            self.assertIn(move.payment_state, ("paid", "in_payment"))
