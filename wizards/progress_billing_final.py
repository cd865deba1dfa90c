from collections import defaultdict

from markupsafe import Markup

from odoo import api, fields, models


class ProgressBillingFinal(models.TransientModel):
    _name = "progress.billing.final"
    _inherit = "progress.billing.guard"
    _description = "Create Final Invoice"

    order_ids = fields.Many2many(comodel_name="sale.order", string="Orders")
    date = fields.Date(
        string="Invoice Date", required=True, default=fields.Date.context_today
    )
    consolidated = fields.Boolean(
        help="One invoice for all orders of the same customer, delivery address and "
        "currency.",
    )
    order_count = fields.Integer(compute="_compute_order_count")
    currency_id = fields.Many2one(
        comodel_name="res.currency",
        compute="_compute_currency_id",
        help="Of all orders; none where they have several, which no total adds up.",
    )
    preview_line_ids = fields.One2many(
        comodel_name="progress.billing.final.line",
        inverse_name="wizard_id",
        compute="_compute_preview_line_ids",
        store=True,
    )
    amount_untaxed = fields.Monetary(compute="_compute_amount_untaxed")
    amount_total = fields.Monetary(
        string="With Taxes",
        compute="_compute_amount_total",
        help="What the customer will have to pay.",
    )
    untaxed_by_currency = fields.Char(
        compute="_compute_by_currency",
        help="Untaxed amounts of orders in several currencies, each by itself.",
    )
    total_by_currency = fields.Char(
        compute="_compute_by_currency",
        help="What the customers will have to pay, each currency by itself.",
    )
    has_drafts = fields.Boolean(compute="_compute_obstacle")
    obstacle = fields.Text(
        string="Not Possible Now",
        compute="_compute_obstacle",
        help="Why the final invoice cannot be created, and what to do about it.",
    )
    adjustment_preview = fields.Html(
        string="Adjustments on Posting",
        compute="_compute_adjustment_preview",
        sanitize=False,
        help="Entries that posting makes to bring the deposits and their taxes to the "
        "exchange rate of the invoice date.",
    )

    @api.depends("order_ids")
    def _compute_order_count(self):
        for wizard in self:
            wizard.order_count = len(wizard.order_ids)

    @api.depends("order_ids")
    def _compute_currency_id(self):
        for wizard in self:
            currencies = wizard.order_ids.currency_id
            wizard.currency_id = currencies if len(currencies) == 1 else False

    @api.depends("order_ids", "consolidated")
    def _compute_preview_line_ids(self):
        for wizard in self:
            orders = wizard.order_ids._origin
            drafts = orders._get_final_drafts(wizard.date, wizard.consolidated)
            rows = orders._get_final_preview_values(drafts)
            rows += orders._get_retention_preview_values(drafts)
            wizard.preview_line_ids = [
                fields.Command.clear(),
                *map(fields.Command.create, rows),
            ]

    @api.depends("order_ids")
    def _compute_obstacle(self):
        for wizard in self:
            orders = wizard.order_ids._origin
            obstacles = [order._get_progress_final_obstacle() for order in orders]
            wizard.obstacle = "\n".join(filter(None, obstacles))
            drafts = orders._get_progress_draft_moves()
            wizard.has_drafts = bool(wizard.obstacle and drafts)

    @api.depends("preview_line_ids.amount_final", "currency_id")
    def _compute_amount_untaxed(self):
        for wizard in self:
            wizard.amount_untaxed = bool(wizard.currency_id) and sum(
                wizard.preview_line_ids.mapped("amount_final")
            )

    @api.depends("order_ids", "date", "consolidated", "currency_id")
    def _compute_amount_total(self):
        for wizard in self:
            totals = wizard._get_totals() if wizard.currency_id else ()
            wizard.amount_total = sum(total for _currency, total in totals)

    @api.depends("order_ids", "date", "consolidated", "preview_line_ids.amount_final")
    def _compute_by_currency(self):
        for wizard in self:
            has_several = len(wizard.order_ids.currency_id) > 1
            rows = wizard.preview_line_ids if has_several else ()
            wizard.untaxed_by_currency = wizard._format_by_currency(
                (row.currency_id, row.amount_final) for row in rows
            )
            wizard.total_by_currency = wizard._format_by_currency(
                wizard._get_totals() if has_several else ()
            )

    def _get_totals(self):
        """Return the currency and the total with taxes of each invoice to come."""
        self.ensure_one()
        drafts = self.order_ids._origin._get_final_drafts(self.date, self.consolidated)
        return [
            (draft.currency_id, draft.tax_totals["total_amount_currency"])
            for draft in drafts
            if draft.tax_totals
        ]

    def _format_by_currency(self, amounts):
        """Return a sum a currency as text, of (currency, amount) pairs."""
        sums = defaultdict(float)
        for currency, amount in amounts:
            sums[currency] += amount
        return " · ".join(currency.format(total) for currency, total in sums.items())

    @api.depends("order_ids", "date", "consolidated")
    def _compute_adjustment_preview(self):
        for wizard in self:
            orders = wizard.order_ids._origin.filtered(
                lambda order: order.currency_id != order.company_id.currency_id
            )
            drafts = (
                orders._get_final_drafts(wizard.date, wizard.consolidated)
                if wizard.date
                else []
            )
            tables = [draft._render_progress_adjustments() for draft in drafts]
            wizard.adjustment_preview = Markup().join(filter(None, tables))

    def action_view_drafts(self):
        """Open the draft invoices that are in the way of the final one."""
        self.ensure_one()
        return self.order_ids._get_progress_draft_moves()._get_records_action(
            name=self.env._("Draft Invoices")
        )

    def action_create(self):
        """Create the final invoices and open them."""
        self.ensure_one()
        moves = self.order_ids._create_final_invoices(self.date, self.consolidated)
        return self.order_ids.action_view_invoice(invoices=moves)


class ProgressBillingFinalLine(models.TransientModel):
    """One row of the preview: an order line to bill, or a deposit to take back."""

    _name = "progress.billing.final.line"
    _description = "Final Invoice Preview"
    _order = "order_id, is_deposit, sequence, id"

    wizard_id = fields.Many2one(
        comodel_name="progress.billing.final", required=True, ondelete="cascade"
    )
    order_id = fields.Many2one(comodel_name="sale.order", readonly=True)
    sequence = fields.Integer()
    name = fields.Char(string="Description", readonly=True)
    is_deposit = fields.Boolean(string="Deposit", readonly=True)
    move_id = fields.Many2one(
        comodel_name="account.move", string="Deposit Invoice", readonly=True
    )
    date = fields.Date(readonly=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    amount = fields.Monetary(
        readonly=True, help="Untaxed amount ordered, or of the deposit."
    )
    amount_open = fields.Monetary(
        string="Open", readonly=True, help="Untaxed amount not yet taken back."
    )
    amount_final = fields.Monetary(
        string="On the Final Invoice",
        readonly=True,
        help="Untaxed amount on the final invoice; deposits are negative.",
    )
