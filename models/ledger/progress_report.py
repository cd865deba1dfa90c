from base64 import b64encode

from odoo import api, fields, models
from odoo.fields import Command

from .table import Column, Table
from .workbook import get_workbook


class ProgressReport(models.AbstractModel):
    """A report one opens, looks at, prints and exports: rows, as of a day.

    What inherits it has `line_ids`, rows that a compute method makes; and a report
    `action_report_…` of its name. What the rows are in, prints and exports alike.
    """

    _name = "progress.report"
    _inherit = "progress.billing.guard"
    _description = "Report of Progress Billing"

    date = fields.Date(string="As of", required=True, default=fields.Date.context_today)
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
        domain="[('id', 'in', allowed_company_ids)]",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    workbook = fields.Binary(compute="_compute_workbook", attachment=False)

    def _compute_display_name(self):
        title = self.env["ir.model"]._get(self._name).name
        for report in self:
            report.display_name = title

    def _compute_workbook(self):
        for report in self:
            report.workbook = b64encode(get_workbook(report._get_table()))

    def _get_report_company(self):
        """Return the company that is told of: one of those that one works in."""
        self.ensure_one()
        return (self.company_id & self.env.companies) or self.env.company

    def _get_parameters(self):
        """Return the names of the fields that the rows depend on."""
        return ["date", "company_id"]

    @api.depends(lambda self: self._get_parameters())
    def _compute_line_ids(self):
        for report in self:
            rows = report._prepare_lines()
            report.line_ids = [Command.clear(), *map(Command.create, rows)]

    def _prepare_lines(self):
        """Return the values of the rows, of what one may see."""
        raise NotImplementedError

    # === PAPER AND WORKBOOK === #

    def _get_columns(self, medium):
        """Return the names of the rows' fields that are shown.

        :param str medium: `pdf` or `xlsx`.
        """
        raise NotImplementedError

    def _get_facts(self):
        """Return pairs of text that stand above the columns."""
        return [
            (self.env._("Company"), self.company_id.display_name),
            (self.env._("As of"), self._format_date(self.date)),
        ]

    def _format_date(self, date):
        """Return a date as the reader's language writes it."""
        return self.env["ir.qweb.field.date"].value_to_html(date, {}) if date else ""

    def _format_money(self, amount):
        """Return an amount in company currency, with its symbol."""
        return self.currency_id.format(amount)

    def _get_table(self, medium="xlsx"):
        """Return the report as a `Table`.

        :param str medium: `pdf` or `xlsx`.
        """
        self.ensure_one()
        rows = self.line_ids
        names = self._get_columns(medium)
        told = rows.fields_get(names, ["string", "type", "currency_field"])
        columns = tuple(self._get_column(name, told[name]) for name in names)
        return Table(
            title=self.display_name,
            facts=tuple(self._get_facts()),
            columns=columns,
            rows=rows,
            currency=self.currency_id,
        )

    def _get_column(self, name, told):
        rows = self.line_ids
        currency = told.get("currency_field") or ""
        total = None
        if currency == "company_currency_id":
            total = self.currency_id.round(sum(rows.mapped(name)))
        return Column(name, told["string"], told["type"], currency, total)

    # === ACTIONS === #

    @api.model
    def action_open(self):
        """Open the report as of today."""
        return self.create({})._get_form_action()

    def _get_form_action(self):
        """Return the action that shows the report."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "current",
        }

    def action_print(self):
        """Return the action that prints the report."""
        self.ensure_one()
        self.check_access("read")
        name = self._name.replace(".", "_")
        report = self.env.ref(f"progress_billing.action_report_{name}")
        return report.report_action(self, config=False)

    def action_export(self):
        """Return the action that downloads the report as a workbook."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/workbook"
            f"?download=true&filename={self.display_name}.xlsx",
            "target": "download",
        }
