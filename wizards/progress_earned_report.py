from odoo import fields, models

from ..models.ledger import earned

#: What is told of an order, in its currency and in the company's.
AMOUNTS = ("contract", "earned", "billed", "difference", "left")


class ProgressEarnedReport(models.TransientModel):
    _name = "progress.earned.report"
    _inherit = "progress.report"
    _description = "Earned Against Billed"

    line_ids = fields.One2many(
        comodel_name="progress.earned.report.line",
        inverse_name="report_id",
        compute="_compute_line_ids",
        store=True,
    )

    def _prepare_lines(self):
        # Of what one may see: computed fields are otherwise in sudo mode.
        company = self._get_report_company().sudo(False)
        rows = earned.get_rows(company, self.date) if self.date else []
        return [self._prepare_line(row) for row in rows]

    def _prepare_line(self, row):
        """Return the values of the line of a `Row`, at the rate of the day."""
        order, company = row.order, self._get_report_company()
        projects = order.order_line.progress_project_id
        values = {
            "partner_id": order.partner_invoice_id.id,
            "order_id": order.id,
            # In sudo mode because a project may be private to others.
            "project_names": ", ".join(projects.sudo().mapped("name")),
            "percent": row.percent,
        }
        for name in AMOUNTS:
            amount = getattr(row, name)
            values[f"amount_{name}"] = amount
            values[f"balance_{name}"] = order.currency_id._convert(
                amount, company.currency_id, company, self.date
            )
        return values

    def _get_columns(self, medium):
        names = ["partner_id", "project_names", "order_id", "percent"]
        if medium == "xlsx":
            names += ["currency_id", *(f"amount_{name}" for name in AMOUNTS)]
        return names + [f"balance_{name}" for name in AMOUNTS]


class ProgressEarnedReportLine(models.TransientModel):
    _name = "progress.earned.report.line"
    _description = "Earned Against Billed: Order"

    report_id = fields.Many2one(
        comodel_name="progress.earned.report", required=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner", string="Customer", readonly=True
    )
    order_id = fields.Many2one(comodel_name="sale.order", readonly=True)
    project_names = fields.Char(string="Project", readonly=True)
    percent = fields.Float(string="Completed (%)", digits=(16, 2), readonly=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    company_currency_id = fields.Many2one(
        related="report_id.currency_id", string="Company Currency"
    )
    amount_contract = fields.Monetary(string="Contract (Currency)", readonly=True)
    amount_earned = fields.Monetary(string="Earned (Currency)", readonly=True)
    amount_billed = fields.Monetary(string="Billed (Currency)", readonly=True)
    amount_difference = fields.Monetary(
        string="Over (+) or Under (−) (Currency)", readonly=True
    )
    amount_left = fields.Monetary(string="Left to Bill (Currency)", readonly=True)
    balance_contract = fields.Monetary(
        string="Contract", readonly=True, currency_field="company_currency_id"
    )
    balance_earned = fields.Monetary(
        string="Earned",
        readonly=True,
        currency_field="company_currency_id",
        help="Budget by budget: its amount, by how far it is completed.",
    )
    balance_billed = fields.Monetary(
        string="Billed",
        readonly=True,
        currency_field="company_currency_id",
        help="Posted, untaxed, less credit notes; deposits count.",
    )
    balance_difference = fields.Monetary(
        string="Over (+) or Under (−)",
        readonly=True,
        currency_field="company_currency_id",
        help="Billed less earned: above zero, the customer is ahead of the work.",
    )
    balance_left = fields.Monetary(
        string="Left to Bill", readonly=True, currency_field="company_currency_id"
    )
