from odoo import fields, models
from odoo.tools.misc import format_date

from ..models.overview.forecast import Forecast


class ProgressCashForecast(models.TransientModel):
    _name = "progress.cash.forecast"
    _inherit = "progress.report"
    _description = "Cash Forecast"

    date = fields.Date(readonly=True)
    with_quotations = fields.Boolean(string="Quotations Too")
    probability = fields.Float(
        string="Their Probability (%)",
        default=50.0,
        digits=(16, 2),
        help="How likely it is, on the whole, that a quotation is confirmed.",
    )
    line_ids = fields.One2many(
        comodel_name="progress.cash.forecast.line",
        inverse_name="forecast_id",
        compute="_compute_line_ids",
        store=True,
    )
    _probability_range = models.Constraint(
        "CHECK(probability >= 0 AND probability <= 100)",
        "The probability must be between 0 and 100.",
    )

    def _get_parameters(self):
        return [*super()._get_parameters(), "with_quotations", "probability"]

    def _prepare_lines(self):
        # Of what one may see: computed fields are otherwise in sudo mode.
        company = self._get_report_company().sudo(False)
        probability = self.probability if self.with_quotations else None
        receipts = Forecast(company, self.date, probability).get_receipts()
        return [self._prepare_line(receipt) for receipt in receipts]

    def _prepare_line(self, receipt):
        """Return the values of the line of a `Receipt`."""
        day = receipt.day
        return {
            "month": format_date(self.env, day, date_format="yyyy-MM") if day else "",
            "partner_id": receipt.partner.id,
            "kind": receipt.kind,
            "order_id": receipt.order.id,
            "move_id": receipt.move.id,
            "name": receipt.name,
            "day": day,
            "amount": receipt.amount,
        }

    def action_view_months(self):
        """Open the receipts by month and customer: list, pivot table and graph."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": self.line_ids._name,
            "views": [(False, "pivot"), (False, "list"), (False, "graph")],
            "domain": [("forecast_id", "=", self.id)],
            "context": {"create": False},
        }

    def _get_columns(self, medium):
        return ["month", "partner_id", "kind", "order_id", "name", "day", "amount"]


class ProgressCashForecastLine(models.TransientModel):
    _name = "progress.cash.forecast.line"
    _description = "Cash Forecast: Receipt"

    forecast_id = fields.Many2one(
        comodel_name="progress.cash.forecast", required=True, ondelete="cascade"
    )
    month = fields.Char(readonly=True, help="Empty: waits for a milestone.")
    partner_id = fields.Many2one(
        comodel_name="res.partner", string="Customer", readonly=True
    )
    kind = fields.Selection(
        selection=[
            ("open", "Open Invoice"),
            ("planned", "Planned Line"),
            ("final", "Final Invoice"),
            ("quotation", "Quotation"),
        ],
        string="From",
        readonly=True,
    )
    order_id = fields.Many2one(comodel_name="sale.order", readonly=True)
    move_id = fields.Many2one(
        comodel_name="account.move", string="Invoice", readonly=True
    )
    name = fields.Char(string="Title", readonly=True)
    day = fields.Date(
        string="Expected",
        readonly=True,
        help="Date of the invoice, and its payment terms; what is late is expected "
        "today.",
    )
    company_currency_id = fields.Many2one(
        related="forecast_id.currency_id", string="Company Currency"
    )
    amount = fields.Monetary(
        string="Amount with Taxes",
        readonly=True,
        currency_field="company_currency_id",
    )
