from odoo import api, fields, models

from .statement import OrderRows, Statement
from .workbook import get_workbook


class ProgressBillingProforma(models.Model):
    """Says before its release what the statement of its invoice will say."""

    _inherit = "progress.billing.proforma"

    progress_statement_preview = fields.Html(
        string="Progress Statement",
        compute="_compute_progress_statement_preview",
        sanitize=False,
    )

    @api.depends("line_ids.amount_to_invoice", "state")
    def _compute_progress_statement_preview(self):
        for proforma in self:
            saved = proforma._origin
            proforma.progress_statement_preview = (
                bool(saved)
                and saved._has_progress_statement()
                and self.env["ir.qweb"]._render(
                    "progress_billing.statement_page",
                    {"doc": saved, "statement": saved._make_progress_statement()},
                )
            )

    def _has_progress_statement(self):
        """Return whether there is something to state."""
        return bool(self.line_ids) and self.state != "cancel"

    def _get_progress_statement(self):
        """Return rows and summary as of now, with what the pro forma bills.

        A released one says what the statement of its invoice says.
        """
        return self._make_progress_statement().get_values()

    def _make_progress_statement(self):
        """Return the pro forma's `Statement`."""
        self.ensure_one()
        move = self.sudo().move_ids[:1]
        if move:
            return move._make_progress_statement()
        rows = []
        for order, lines in self.sudo().line_ids.grouped("order_id").items():
            amounts = {
                line: sum(own.mapped("amount_to_invoice"))
                for line, own in lines.grouped("sale_line_id").items()
            }
            before = order._get_progress_items().filtered(
                lambda item: item.parent_state == "posted"
            )
            held, _own = order._get_progress_retained()
            retained = held, order._get_progress_retention_to_come(lines)
            rows.append(OrderRows(order, before, amounts, retained))
        return Statement(self, rows)

    def _get_progress_statement_amounts(self):
        """Return untaxed amount, taxes and total of the pro forma."""
        return self.amount_untaxed, self.amount_tax, self.amount_total

    def _get_progress_statement_paper_layout(self):
        """Return the layout for paper and files: as its orders want it, else all."""
        wanted = self.sudo().order_ids.mapped("progress_statement_layout")
        return "simple" if set(wanted) == {"simple"} else "construction"

    def _get_progress_statement_filename(self, extension="pdf"):
        """Return the name of the file that the statement is exported as."""
        self.ensure_one()
        lang = self.partner_id.lang or self.env.lang
        title = self.with_context(lang=lang).env._("Statement")
        return f"{title} {self._get_report_base_filename()}.{extension}"

    def _get_progress_statement_workbook(self):
        """Return the statement as an XLSX file, in the customer's language."""
        self.ensure_one()
        proforma = self.with_context(lang=self.partner_id.lang or self.env.lang)
        return get_workbook(
            proforma._make_progress_statement(),
            self._get_progress_statement_filename("").rstrip("."),
            self._get_progress_statement_paper_layout(),
        )

    def _get_progress_statement_pdf(self):
        """Return the statement as PDF."""
        self.ensure_one()
        report = self.env["ir.actions.report"].sudo()
        name = "progress_billing.report_proforma_statement"
        return report._render_qweb_pdf(name, self.ids)[0]

    def _get_progress_statement_changes(self):
        """Return nothing: amounts of a pro forma are not settled yet."""
        return []

    def _get_progress_number(self):
        """Return the number that stands on the statement."""
        return self.name

    def action_print_progress_statement(self):
        """Print the statement as it is now."""
        self.check_access("read")
        # In sudo mode because customers may not read which reports there are.
        report = self.env.ref(
            "progress_billing.action_report_proforma_statement"
        ).sudo()
        return report.report_action(self)

    def action_export_progress_statement(self):
        """Download the statement as a workbook."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/my/pro_formas/{self.id}/statement?report_type=xlsx",
            "target": "download",
        }
