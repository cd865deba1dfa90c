from collections import defaultdict

from .deposit_ledger_checks import DepositLedgerChecks

STORED_LINE = ("state", "amount_open", "amount_untaxed", "amount_tax", "amount_total")
STORED_ORDER = (
    "progress_contract_amount",
    "progress_planned_amount",
    "progress_billed_amount",
    "progress_remaining_amount",
    "progress_deposit_balance",
    "progress_payment_state",
    "invoice_status",
)


class PropertyChecks(DepositLedgerChecks):
    """What must hold after any event of a random sequence."""

    #: Ids of drafts made along with a credit note, which may be deleted before them.
    copies = frozenset()

    def _check(self, order):
        """Assert everything that holds after any event."""
        self._check_stored(order)
        self._check_deposit_account(order)
        self._check_deposit_ledger()
        self._check_lines(order)
        self._check_never_too_much(order)
        if self._is_final(order):
            self._check_complete(order)

    def assertMoney(self, first, second, message=None):
        self.assertEqual(
            self.currency.compare_amounts(first, second), 0, (message, first, second)
        )

    def _check_stored(self, order):
        """Stored figures are what a fresh computation gives."""
        lines = order.progress_line_ids
        stored = (lines.read(STORED_LINE), order.read(STORED_ORDER))
        for records, names in ((lines, STORED_LINE), (order, STORED_ORDER)):
            for name in names:
                self.env.add_to_compute(records._fields[name], records)
        self.assertEqual((lines.read(STORED_LINE), order.read(STORED_ORDER)), stored)

    def _check_deposit_account(self, order):
        ledger = -self._balance(self.deposit_account, order)
        self.assertMoney(ledger, order.progress_deposit_balance, "deposit account")
        self.assertMoney(
            ledger, sum(order.progress_line_ids.mapped("amount_open")), "open amounts"
        )

    def _check_lines(self, order):
        """A line is billed by one invoice at most, and its state says by which."""
        for line in order.progress_line_ids:
            items = line.invoice_line_ids.filtered(
                lambda item: (
                    not item.is_progress_recall
                    and item.parent_state in ("draft", "posted")
                )
            )
            billed_by = defaultdict(float)
            worth = line.sale_line_id.price_subtotal or order.amount_untaxed
            for item in items:
                # A draft that takes back: of a negative line, that is an invoice.
                is_credit = item.parent_state == "draft" and (
                    item.move_id.reversed_entry_id or item.amount_currency * worth > 0.0
                )
                if not is_credit:
                    root = item.move_id._get_progress_chain()[-1]
                    billed_by[root] += item.amount_currency
            roots = [
                root
                for root, amount in billed_by.items()
                if not self.currency.is_zero(amount)
            ]
            if any(
                root.id in self.copies
                or "draft" in root.reversal_move_ids.mapped("state")
                for root in roots
            ):
                # Reversed and made anew, as of a day ahead: the copy cannot be posted.
                roots = [root for root in roots if root.state == "draft"] or roots
            self.assertLessEqual(len(roots), 1, f"{line.name} is billed twice")
            self.assertEqual(
                bool(roots), line.state in ("draft", "posted", "settled"), line.state
            )
            if line.state == "settled":
                self.assertMoney(line.amount_open, 0.0)
            for root in roots:
                self.assertEqual(line.move_id, root)

    def _check_never_too_much(self, order):
        billed = order.progress_billed_amount
        self.assertLessEqual(
            self.currency.compare_amounts(billed, order.amount_untaxed), 0, billed
        )
        lines = order._get_progress_contract_lines()
        # Rounding globally, the host moves cents from line to line.
        slack = len(lines) * self.currency.rounding
        for line in lines:
            self.assertLessEqual(
                self.currency.compare_amounts(
                    line.progress_billed_amount, line.price_subtotal + slack
                ),
                0,
                f"{line.progress_billed_amount} of {line.price_subtotal}",
            )

    def _is_final(self, order):
        """Return whether a posted final invoice stands."""
        return any(
            move.state == "posted" and move._is_progress_final_effective()
            for move in order.progress_final_invoice_ids
        )

    def _check_complete(self, order):
        """Deposits and final come to the order, taxes included, tax by tax."""
        self.assertMoney(order.progress_deposit_balance, 0.0)
        items = self._moves(order, "posted").line_ids
        billed = -sum(
            items.filtered(lambda item: item.display_type == "product").mapped(
                "amount_currency"
            )
        )
        self.assertMoney(billed, order.amount_untaxed, "untaxed")
        total = sum(
            items.filtered(lambda item: item.display_type == "payment_term").mapped(
                "amount_currency"
            )
        )
        self.assertMoney(total, order.amount_total, "total")
        self.assertTaxes(items, self._order_taxes(order))

    def assertTaxes(self, items, expected):
        """Assert the tax amounts that journal items book, by tax."""
        for tax in items.tax_line_id | self.env["account.tax"].browse(expected):
            booked = -sum(
                items.filtered(lambda item, tax=tax: item.tax_line_id == tax).mapped(
                    "amount_currency"
                )
            )
            self.assertMoney(booked, expected.get(tax.id, 0.0), tax.name)

    def _order_taxes(self, order):
        """Return tax id -> tax amount of the order, as its totals are made of."""
        AccountTax = self.env["account.tax"]
        base_lines = [
            line._prepare_base_line_for_taxes_computation()
            for line in order._get_progress_contract_lines()
        ]
        AccountTax._add_tax_details_in_base_lines(base_lines, order.company_id)
        AccountTax._round_base_lines_tax_details(base_lines, order.company_id)
        taxes = defaultdict(float)
        for base_line in base_lines:
            for data in base_line["tax_details"]["taxes_data"]:
                taxes[data["tax"].id] += data["tax_amount_currency"]
        return taxes
