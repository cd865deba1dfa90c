from collections import defaultdict
from dataclasses import replace

from odoo import api, fields, models

from ..models.customer.history import get_entries


class ProgressBillingHistory(models.TransientModel):
    _name = "progress.billing.history"
    _inherit = "progress.report"
    _description = "Billing History"

    order_ids = fields.Many2many(
        comodel_name="sale.order",
        relation="progress_billing_history_order_rel",
        string="Orders",
        domain="[('company_id', '=', company_id)]",
    )
    line_ids = fields.One2many(
        comodel_name="progress.billing.history.line",
        inverse_name="history_id",
        compute="_compute_line_ids",
        store=True,
    )
    is_foreign = fields.Boolean(
        compute="_compute_is_foreign",
        help="Documents are in other currencies than the company's.",
    )

    def _get_parameters(self):
        return [*super()._get_parameters(), "order_ids"]

    @api.depends("line_ids.currency_id", "currency_id")
    def _compute_is_foreign(self):
        for history in self:
            currencies = history.line_ids.currency_id
            history.is_foreign = bool(currencies - history.currency_id)

    def _get_orders(self):
        """Return the orders of the report's company that one may see."""
        # Computed fields are otherwise in sudo mode.
        orders = self.order_ids.sudo(False)._filtered_access("read")
        company = self._get_report_company()
        return orders.filtered(lambda order: order.company_id == company)

    def _prepare_lines(self):
        """Return the values of the lines, each with what is open after it.

        In each currency of its own, and of all in company currency.
        """
        entries = get_entries(self._get_orders(), self.date) if self.date else []
        open_amounts, open_balance = defaultdict(float), 0.0
        rows = []
        for entry in entries:
            currency = entry.currency
            open_amounts[currency] = currency.round(
                open_amounts[currency] + entry.amount
            )
            open_balance = self.currency_id.round(open_balance + entry.balance)
            rows.append(
                {
                    **self._prepare_line(entry),
                    "amount_open": open_amounts[currency],
                    "balance_open": open_balance,
                }
            )
        return rows

    def _prepare_line(self, entry):
        """Return the values of the line of an `Entry`."""
        side, sign = ("billed", 1) if entry.is_billing else ("paid", -1)
        orders = entry.move.line_ids.sale_line_ids.order_id
        return {
            "day": entry.day,
            "kind": entry.kind,
            "move_id": entry.move.id,
            "name": entry.name,
            "order_names": ", ".join(orders.mapped("name")),
            "due": entry.due,
            "currency_id": entry.currency.id,
            f"amount_{side}": sign * entry.amount,
            f"balance_{side}": sign * entry.balance,
        }

    def action_view_documents(self):
        """Open the invoices, drafts too, with all that followed from them."""
        self.ensure_one()
        self.check_access("read")
        return self._get_orders().action_view_progress_history()

    def _get_facts(self):
        orders = self._get_orders()
        partners = orders.partner_invoice_id.mapped("display_name")
        open_amounts = {row.currency_id: row.amount_open for row in self.line_ids}
        texts = [currency.format(each) for currency, each in open_amounts.items()]
        return [
            *super()._get_facts(),
            (self.env._("Customer"), ", ".join(partners)),
            (self.env._("Orders"), ", ".join(orders.mapped("name"))),
            (self.env._("Open"), ", ".join(texts) or self._format_money(0.0)),
        ]

    def _get_columns(self, medium):
        names = ["day", "kind", "move_id", "name"]
        if len(self._get_orders()) > 1:
            names.append("order_names")
        names += ["due", "amount_billed", "amount_paid", "amount_open"]
        if self.is_foreign:
            if medium == "xlsx":
                names.append("currency_id")
            names += ["balance_billed", "balance_paid", "balance_open"]
        return names

    def _get_column(self, name, told):
        column = super()._get_column(name, told)
        total = column.total
        if name == "balance_open":
            # What is open after each row does not add up.
            total = None
        elif name in ("amount_billed", "amount_paid") and not self.is_foreign:
            total = self.currency_id.round(sum(self.line_ids.mapped(name)))
        return replace(column, total=total)


class ProgressBillingHistoryLine(models.TransientModel):
    _name = "progress.billing.history.line"
    _description = "Billing History: Entry"

    history_id = fields.Many2one(
        comodel_name="progress.billing.history", required=True, ondelete="cascade"
    )
    day = fields.Date(string="Date", readonly=True)
    kind = fields.Selection(
        selection=[
            ("deposit", "Deposit"),
            ("revenue", "Progress Invoice"),
            ("invoice", "Regular Invoice"),
            ("final", "Final Invoice"),
            ("credit", "Credit Note"),
            ("retention", "Retention"),
            ("release", "Release of Retention"),
            ("payment", "Payment"),
            ("rate", "Rate Difference"),
            ("adjustment", "Adjustment"),
        ],
        string="Step",
        readonly=True,
    )
    move_id = fields.Many2one(
        comodel_name="account.move", string="Document", readonly=True
    )
    name = fields.Char(string="Title", readonly=True)
    order_names = fields.Char(
        string="Orders",
        readonly=True,
        help="A document that bills several orders is told as a whole.",
    )
    due = fields.Date(readonly=True)
    currency_id = fields.Many2one(comodel_name="res.currency", readonly=True)
    company_currency_id = fields.Many2one(
        related="history_id.currency_id", string="Company Currency"
    )
    amount_billed = fields.Monetary(
        string="Billed",
        readonly=True,
        help="With taxes; below zero for credit notes and what is retained.",
    )
    amount_paid = fields.Monetary(
        string="Paid",
        readonly=True,
        help="What payments, and other entries, cover of the documents.",
    )
    amount_open = fields.Monetary(
        string="Balance",
        readonly=True,
        help="What the documents so far, less what was paid of them, have open.",
    )
    balance_billed = fields.Monetary(
        string="Billed (Company)",
        readonly=True,
        currency_field="company_currency_id",
    )
    balance_paid = fields.Monetary(
        string="Paid (Company)", readonly=True, currency_field="company_currency_id"
    )
    balance_open = fields.Monetary(
        string="Balance (Company)",
        readonly=True,
        currency_field="company_currency_id",
    )
