from odoo import api, fields, models

from ..models.retention.retention_account import RetentionAccount


class ProgressRetentionLedger(models.TransientModel):
    _name = "progress.retention.ledger"
    _inherit = "progress.billing.guard"
    _description = "Retention Ledger"

    date = fields.Date(string="As of", required=True, default=fields.Date.context_today)
    with_released = fields.Boolean(string="Released Ones Too")
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
        domain="[('id', 'in', allowed_company_ids)]",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    line_ids = fields.One2many(
        comodel_name="progress.retention.ledger.line",
        inverse_name="wizard_id",
        compute="_compute_line_ids",
        store=True,
    )
    amount_ledger = fields.Monetary(
        string="Held by this Ledger", compute="_compute_amounts"
    )
    amount_account = fields.Monetary(
        string="Balance of the Account", compute="_compute_amounts"
    )
    is_tied = fields.Boolean(compute="_compute_amounts")
    other_item_ids = fields.Many2many(
        comodel_name="account.move.line",
        string="Items of No Order",
        compute="_compute_amounts",
    )

    def _compute_display_name(self):
        for wizard in self:
            wizard.display_name = self.env._("Retention Ledger")

    def _get_account(self):
        """Return the retention account as of the date, of a company one works in."""
        self.ensure_one()
        company = self.company_id & self.env.companies
        return RetentionAccount(company or self.env.company, self.date)

    @api.depends("date", "company_id", "with_released")
    def _compute_line_ids(self):
        for wizard in self:
            rows = wizard._get_account().rows if wizard.date else []
            wizard.line_ids = [
                fields.Command.clear(),
                *(
                    fields.Command.create(wizard._prepare_line(row))
                    for row in rows
                    if wizard.with_released or row.open
                ),
            ]

    @api.depends("date", "company_id")
    def _compute_amounts(self):
        for wizard in self:
            account = wizard._get_account()
            wizard.amount_ledger = sum(row.balance for row in account.rows)
            wizard.amount_account = account.balance
            wizard.is_tied = not wizard.currency_id.compare_amounts(
                wizard.amount_ledger, account.balance
            )
            wizard.other_item_ids = account.others.sudo(self.env.su)

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

    @api.model
    def action_open(self):
        """Open the ledger as of today."""
        ledger = self.create({})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Retention Ledger"),
            "res_model": self._name,
            "res_id": ledger.id,
            "view_mode": "form",
            "target": "current",
        }


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
