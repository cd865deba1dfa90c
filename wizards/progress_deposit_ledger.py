from odoo import fields, models

from ..models.ledger.deposit_account import MOVEMENTS, OPENING, DepositAccount


class ProgressDepositLedger(models.TransientModel):
    _name = "progress.deposit.ledger"
    _inherit = "progress.ledger"
    _description = "Deposit Ledger"

    date = fields.Date(string="To")
    date_from = fields.Date(
        string="From",
        default=lambda self: self._get_default_date_from(),
        help="What deposits held before this day is what they open with.",
    )
    only_open = fields.Boolean(string="Open Ones Only")
    line_ids = fields.One2many(
        comodel_name="progress.deposit.ledger.line",
        inverse_name="ledger_id",
        compute="_compute_ledger",
        store=True,
    )

    def _get_default_date_from(self):
        """Return the first day of the fiscal year."""
        today = fields.Date.context_today(self)
        return self.env.company.compute_fiscalyear_dates(today)["date_from"]

    def _get_parameters(self):
        return [*super()._get_parameters(), "date_from", "only_open"]

    def _get_account(self):
        return DepositAccount(
            self._get_report_company(),
            self.date_from,
            self.date,
            is_payment=lambda move: move._is_progress_payment(),
        )

    def _get_row_balance(self, row):
        return row.closing_balance

    def _is_shown(self, row):
        return not self.only_open or bool(row.closing or row.closing_balance)

    def _prepare_line(self, row):
        amounts, balances = row.amounts, row.balances
        kinds = (OPENING, *MOVEMENTS)
        return {
            "partner_id": row.order.partner_invoice_id.id,
            "order_id": row.order.id,
            "move_id": row.move.id,
            "progress_line_id": row.line.id,
            "invoice_date": row.move.invoice_date or row.move.date,
            **{f"amount_{kind}": amounts[kind] for kind in kinds if kind != "rate"},
            "amount_closing": row.closing,
            "amount_paid": row.paid,
            **{f"balance_{kind}": balances[kind] for kind in kinds},
            "balance_closing": row.closing_balance,
            "balance_paid": row.paid_balance,
        }

    def _get_columns(self, medium):
        document = [
            "currency_id",
            "amount_opening",
            "amount_billed",
            "amount_taken",
            "amount_credited",
            "amount_closing",
            "amount_paid",
        ]
        if medium == "pdf":
            document = ["amount_closing"]
        return [
            "partner_id",
            "order_id",
            "move_id",
            "invoice_date",
            *document,
            "balance_opening",
            "balance_billed",
            "balance_taken",
            "balance_credited",
            "balance_rate",
            "balance_closing",
            "balance_paid",
        ]

    def _get_facts(self):
        facts = super()._get_facts()
        since = (self.env._("From"), self._format_date(self.date_from))
        return [facts[0], since, *facts[1:]] if self.date_from else facts


class ProgressDepositLedgerLine(models.TransientModel):
    _name = "progress.deposit.ledger.line"
    _description = "Deposit Ledger: Deposit"

    ledger_id = fields.Many2one(
        comodel_name="progress.deposit.ledger", required=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner", string="Customer", readonly=True
    )
    order_id = fields.Many2one(comodel_name="sale.order", readonly=True)
    move_id = fields.Many2one(
        comodel_name="account.move", string="Deposit", readonly=True
    )
    progress_line_id = fields.Many2one(
        comodel_name="progress.billing.line", string="Planned Line", readonly=True
    )
    invoice_date = fields.Date(readonly=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    company_currency_id = fields.Many2one(
        related="ledger_id.currency_id", string="Company Currency"
    )
    amount_opening = fields.Monetary(string="Opening (Currency)", readonly=True)
    amount_billed = fields.Monetary(string="Billed (Currency)", readonly=True)
    amount_taken = fields.Monetary(string="Taken Back (Currency)", readonly=True)
    amount_credited = fields.Monetary(string="Credited (Currency)", readonly=True)
    amount_closing = fields.Monetary(string="Closing (Currency)", readonly=True)
    amount_paid = fields.Monetary(string="Paid (Currency)", readonly=True)
    balance_opening = fields.Monetary(
        string="Opening", readonly=True, currency_field="company_currency_id"
    )
    balance_billed = fields.Monetary(
        string="Billed", readonly=True, currency_field="company_currency_id"
    )
    balance_taken = fields.Monetary(
        string="Taken Back", readonly=True, currency_field="company_currency_id"
    )
    balance_credited = fields.Monetary(
        string="Credited", readonly=True, currency_field="company_currency_id"
    )
    balance_rate = fields.Monetary(
        string="Rate Difference", readonly=True, currency_field="company_currency_id"
    )
    balance_closing = fields.Monetary(
        string="Closing", readonly=True, currency_field="company_currency_id"
    )
    balance_paid = fields.Monetary(
        string="Paid",
        readonly=True,
        currency_field="company_currency_id",
        help="What of the deposit, untaxed, payments of its invoice cover to this day.",
    )

    def action_view_items(self):
        """Open the journal items that a row adds up."""
        self.ensure_one()
        self.check_access("read")
        items = self.ledger_id._get_account().get_items(
            self.move_id.sudo(), self.progress_line_id.sudo()
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Journal Items"),
            "res_model": "account.move.line",
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", items.ids)],
            "context": {"create": False},
        }
