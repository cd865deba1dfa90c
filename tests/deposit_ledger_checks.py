"""What the deposit ledger must say, whatever happened before."""

from odoo import fields

from odoo.addons.progress_billing.models.ledger.deposit_account import DepositAccount


class DepositLedgerChecks:
    """Asks the ledger on every day on which anything was booked."""

    def _check_deposit_ledger(self):
        """Assert that the ledger is the account, deposit by deposit, on every day."""
        Item = self.env["account.move.line"]
        company = self.env.company
        last = fields.Date.to_date("2199-12-31")
        accounts = DepositAccount(company, None, last).reader.accounts
        booked = Item.search(
            [
                ("account_id", "in", accounts.ids),
                ("company_id", "=", company.id),
                ("parent_state", "=", "posted"),
            ]
        )
        for day in sorted(set(booked.mapped("date"))):
            items = booked.filtered(lambda item, day=day: item.date <= day)
            before = items.filtered(lambda item, day=day: item.date < day)
            ledger = DepositAccount(company, day, day)
            self.assertFalse(ledger.others, day)
            self._check_sum(
                company.currency_id,
                [row.closing_balance for row in ledger.rows],
                items.mapped("balance"),
            )
            self._check_sum(
                company.currency_id,
                [row.balances["opening"] for row in ledger.rows],
                before.mapped("balance"),
            )
            for order in {row.order for row in ledger.rows}:
                own = [row for row in ledger.rows if row.order == order]
                deposits = order.order_line.filtered("is_downpayment")
                lines = deposits.invoice_lines & items
                along = items - items.filtered("sale_line_ids")
                if not along.move_id & lines.move_id:
                    amounts = [row.closing for row in own]
                    billed = lines.mapped("amount_currency")
                    self._check_sum(order.currency_id, amounts, billed)

    def _check_sum(self, currency, amounts, booked):
        self.assertEqual(currency.round(sum(amounts)), -currency.round(sum(booked)))
