from odoo import fields, models

from ..models.retention.retention_account import RetentionAccount


class ProgressRetentionLedger(models.TransientModel):
    _name = "progress.retention.ledger"
    _inherit = "progress.ledger"
    _description = "Retention Ledger"

    with_released = fields.Boolean(string="Released Ones Too")
    line_ids = fields.One2many(
        comodel_name="progress.retention.ledger.line",
        inverse_name="wizard_id",
        compute="_compute_ledger",
        store=True,
    )

    def _get_parameters(self):
        return [*super()._get_parameters(), "with_released"]

    def _get_account(self):
        return RetentionAccount(self._get_report_company(), self.date)

    def _get_row_balance(self, row):
        return row.balance

    def _is_shown(self, row):
        return self.with_released or row.open

    def _prepare_line(self, row):
        """Return the values of the line of a `Row`."""
        return {
            "partner_id": row.order.partner_invoice_id.id,
            "order_id": row.order.id,
            "move_id": row.invoice.id,
            "invoice_date": row.invoice.invoice_date,
            "amount_held": row.held,
            "amount_released": row.released,
            "amount_open": row.open,
            "balance": row.balance,
            "date_due": row.order._get_retention_date(),
            "days": (self.date - (row.invoice.invoice_date or self.date)).days,
        }

    def action_release(self):
        """Open the wizard that releases what the ledger shows."""
        self.ensure_one()
        orders = self.line_ids.filtered("amount_open").order_id
        return orders.action_release_retention()

    def _get_columns(self, medium):
        return [
            "partner_id",
            "order_id",
            "move_id",
            "invoice_date",
            "days",
            "date_due",
            "amount_held",
            "amount_released",
            "amount_open",
            "balance",
        ]


class ProgressRetentionLedgerLine(models.TransientModel):
    _name = "progress.retention.ledger.line"
    _description = "Retention Ledger: Invoice"

    wizard_id = fields.Many2one(
        comodel_name="progress.retention.ledger", required=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner", string="Customer", readonly=True
    )
    order_id = fields.Many2one(comodel_name="sale.order", readonly=True)
    move_id = fields.Many2one(
        comodel_name="account.move", string="Invoice", readonly=True
    )
    invoice_date = fields.Date(readonly=True)
    date_due = fields.Date(string="Due", readonly=True)
    days = fields.Integer(string="Age (Days)", readonly=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    company_currency_id = fields.Many2one(
        related="wizard_id.currency_id", string="Company Currency"
    )
    amount_held = fields.Monetary(string="Held", readonly=True)
    amount_released = fields.Monetary(string="Released", readonly=True)
    amount_open = fields.Monetary(string="Open", readonly=True)
    balance = fields.Monetary(
        string="On the Account",
        readonly=True,
        currency_field="company_currency_id",
    )
