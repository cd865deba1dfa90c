from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import RedirectWarning, UserError, ValidationError
from odoo.fields import Domain

from .progress_billing_line_foresight import Foreseen

OBSTACLES = [
    ("hold", "On hold"),
    ("manual", "Manual run only"),
    ("unconfirmed", "Order not confirmed"),
    ("not_due", "Not due"),
    ("account", "No deposit account"),
    ("nothing", "Nothing left to bill"),
    ("contract", "Over the contract value"),
]
BILLING_ERRORS = (UserError, ValidationError, RedirectWarning)


class ProgressBillingLine(models.Model):
    """What a run takes, what it leaves and why: the same for job, wizard and preview.

    Everything here reads in sets: an order book of thousands of lines costs as many
    queries as one of ten.
    """

    _inherit = "progress.billing.line"

    run_obstacle = fields.Selection(
        selection=OBSTACLES,
        string="Left Because",
        compute="_compute_run",
        help="Why a run on the chosen date leaves the line.",
    )
    run_amount_untaxed = fields.Monetary(
        string="Bills Untaxed",
        compute="_compute_run",
        help="What a run on the chosen date bills: the same as planned, but for the "
        "rounding where it leaves an earlier line of the order.",
    )
    run_amount_total = fields.Monetary(string="Bills in Total", compute="_compute_run")

    @api.depends(
        "state",
        "invoice_flag",
        "date",
        "amount_untaxed",
        "amount_tax",
        "order_id.state",
    )
    @api.depends_context(
        "progress_run_date", "progress_run_automatic", "progress_run_domain"
    )
    def _compute_run(self):
        planned = self.filtered(lambda line: line.state == "planned")
        context = self.env.context
        foreseen = planned._origin._foresee_run(
            fields.Date.to_date(context.get("progress_run_date")),
            context.get("progress_run_automatic"),
            literal_eval(context.get("progress_run_domain") or "[]"),
            is_exact=True,
        )
        for line in self:
            bill = foreseen.get(line._origin.id, Foreseen())
            line.run_obstacle = bill.obstacle
            line.run_amount_untaxed = bill.untaxed
            line.run_amount_total = bill.untaxed + bill.tax

    # === WHAT A RUN TAKES === #

    @api.model
    def _get_run_domain(self, date=None, automatic=False):
        """Return the domain of the lines that a run bills.

        :param date: the day of the run, None for each company's today.
        :param bool automatic: only what the scheduled job takes, without the lines
            that wait for a manual run.
        """
        flags = ["auto"] if automatic else ["auto", "yes"]
        companies = self.env["res.company"].search(Domain.TRUE)
        return Domain("invoice_flag", "in", flags) & Domain.OR(
            Domain(self._get_due_domain(date or company._get_progress_today()))
            & Domain("company_id", "=", company.id)
            for company in companies
        )

    # === THE RUN === #

    def _run(self, consolidated=False, size=50):
        """Bill lines batch by batch; a line that fails is noted on itself.

        It does not commit: that is up to the scheduled job.

        :param bool consolidated: one invoice for all orders of the same customer,
            delivery address, currency and company.
        :param int size: lines in a batch.
        :return: the created `account.move` records.
        """
        moves = self.env["account.move"]
        for batch in self._get_batches(consolidated, size):
            moves |= batch._generate_batch(consolidated)
        return moves

    def _get_batches(self, consolidated, size):
        """Return recordsets of about `size` lines, none of which splits an invoice."""
        lines = self.sorted(lambda line: line._get_billing_order())
        if not consolidated:
            return [lines[start : start + size] for start in range(0, len(self), size)]
        batches = [self.browse()]
        for group in lines._get_consolidation_groups():
            if batches[-1] and len(batches[-1]) + len(group) > size:
                batches.append(self.browse())
            batches[-1] |= group
        return [batch for batch in batches if batch]

    def _get_consolidation_groups(self):
        """Return recordsets of the lines whose orders may share an invoice."""
        return list(
            self.grouped(
                lambda line: tuple(
                    line.order_id[name].id
                    for name in line.order_id._get_progress_grouping_fields()
                )
            ).values()
        )
