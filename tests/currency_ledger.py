"""What must hold in the ledger after every step of a foreign-currency story."""

from .common_currency import ProgressCurrencyCommon
from .deposit_ledger_checks import DepositLedgerChecks


class CurrencyLedgerCase(DepositLedgerChecks, ProgressCurrencyCommon):
    """A story of one `order`, with the `final` invoice that stands, if any."""

    def _get_deposit_balance(self):
        return round(self._balance(self.deposit_account), 2)

    def _check_ledger(self):
        """Assert what holds after every step."""
        items = self.env["account.move.line"].search([("parent_state", "=", "posted")])
        self.assertAlmostEqual(sum(items.mapped("balance")), 0.0, 6)
        self._check_deposit_ledger()
        taxed = items.filtered("tax_line_id")
        self.assertAlmostEqual(self._balance(self.tax_account), self._get_grids()[1], 6)
        self.assertEqual(taxed.account_id - self.tax_account, taxed.account_id.browse())
        if not self.final:
            return
        if self.final.state == "draft":
            self.assertEqual(self._get_deposit_balance(), self.before)
            return
        self.assertNoDeposit(self.order)
        company = self.company
        adjusts = company.progress_fx_policy == "final_rate"
        if adjusts and company.progress_adjust_tax:
            self._check_tax_at_final_rate()
        loss = self._balance(self.loss) + self._balance(self.gain)
        if company.progress_fx_policy == "historical" and not self._was_undone():
            self.assertAlmostEqual(loss, self._get_credit_difference(), 6)

    def _check_tax_at_final_rate(self):
        """Assert that deposits leave no tax: that of what was invoiced is left.

        Each invoice's own at its own rate, as the host rounds it; so is its base.
        """
        moves = self.final | self.env["account.move.line"].search(
            [("sale_line_ids", "in", self.order.order_line.ids)]
        ).move_id.filtered("reversed_entry_id").filtered(
            lambda move: move.state == "posted"
        )
        refunded = moves.filtered(lambda move: move.reversed_entry_id.is_progress_final)
        if refunded:
            return
        own = [
            (line, move.direction_sign)
            for move in self.final | self._get_interims()
            for line in move._get_rounded_base_and_tax_lines()[0]
            if not line["record"].is_progress_recall
        ]
        tax = sum(
            data["tax_amount"] * sign
            for line, sign in own
            for data in line["tax_details"]["taxes_data"]
        )
        self.assertAlmostEqual(self._balance(self.tax_account), tax, 6)
        base = sum(
            line["record"].balance for line, _sign in own if line["record"].tax_ids
        )
        self.assertAlmostEqual(self._get_grids()[0], base, 6)

    def _was_undone(self):
        """Return whether some final invoice of the story was credited."""
        return bool(
            self.env["account.move"].search_count(
                [("reversed_entry_id.is_progress_final", "=", True)]
            )
        )

    def _get_credit_difference(self):
        """Return the exchange difference of credited deposits: no final's matter."""
        entries = self.env["account.move"].search(
            [("exchange_diff_partial_ids", "!=", False), ("state", "=", "posted")]
        )
        items = entries.line_ids.filtered(
            lambda item: (
                item.account_id in self.loss | self.gain
                and not item.progress_adjusted_move_id
            )
        )
        return sum(items.mapped("balance"))

    def _get_interims(self):
        """Return the posted regular invoices that stand."""
        lines = self.order._get_progress_contract_lines()
        return lines.invoice_lines.move_id.filtered(
            lambda move: (
                move.move_type == "out_invoice"
                and move.state == "posted"
                and not move.is_progress_final
            )
        )
