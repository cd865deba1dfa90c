from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import RedirectWarning, UserError, ValidationError
from odoo.fields import Domain

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
        compute="_compute_run_obstacle",
        help="Why a run on the chosen date leaves the line.",
    )

    @api.depends("state", "invoice_flag", "date", "amount_untaxed", "order_id.state")
    @api.depends_context("progress_run_date", "progress_run_automatic")
    def _compute_run_obstacle(self):
        planned = self.filtered(lambda line: line.state == "planned")
        obstacles = planned._origin._get_run_obstacles(
            fields.Date.to_date(self.env.context.get("progress_run_date")),
            self.env.context.get("progress_run_automatic"),
        )
        for line in self:
            line.run_obstacle = obstacles.get(line._origin.id, False)

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

    def _get_run_obstacles(self, date=None, automatic=False):
        """Return why a run leaves each planned line: a key of `OBSTACLES`, or False.

        Due lines of the same order that come first in the order of billing use up the
        contract first, whether they are in `self` or not.

        :return: dict of line id -> key.
        """
        names = ["invoice_flag", "date", "sequence", "order_id", "sale_line_id"]
        names += ["amount_untaxed", "company_id", "currency_id"]
        self.fetch(names)
        self.order_id.fetch(
            ["state", "progress_method", "company_id", "currency_id"]
            + ["progress_billed_amount", "progress_contract_amount"]
        )
        taken = self.search_fetch(
            Domain("order_id", "in", self.order_id.ids)
            & self._get_run_domain(date, automatic),
            names,
        )
        taken_ids = set(taken.ids)
        obstacles = {
            line.id: False if line.id in taken_ids else line._get_obstacle(automatic)
            for line in self
        }
        obstacles.update(taken._get_account_obstacles())
        rest = taken.filtered(lambda line: not obstacles.get(line.id))
        obstacles.update(rest._get_amount_obstacles())
        return obstacles

    def _get_obstacle(self, automatic):
        """Return why a line is none of those that a run takes."""
        self.ensure_one()
        if self.invoice_flag == "no":
            return "hold"
        if self.invoice_flag == "yes" and automatic:
            return "manual"
        return "unconfirmed" if self.order_id.state != "sale" else "not_due"

    def _get_account_obstacles(self):
        """Return line id -> `account` where deposits have no account to go to."""
        obstacles = {}
        has_account = {}
        for line in self:
            order = line.order_id
            if order.progress_method != "deposit":
                continue
            # A company's account settles it for all orders; else the product does.
            key = order.company_id
            if not key.sudo().downpayment_account_id:
                key = order
            if key not in has_account:
                has_account[key] = order._has_progress_deposit_account()
            if not has_account[key]:
                obstacles[line.id] = "account"
        return obstacles

    def _get_amount_obstacles(self):
        """Return line id -> `nothing` or `contract` where a line bills too much."""
        obstacles = {}
        unlimited = self.env.user.has_group("progress_billing.group_exceed_contract")
        added = defaultdict(float)
        for line in self.sorted(lambda line: line._get_billing_order()):
            order, currency = line.order_id, line.currency_id
            amount = line.amount_untaxed
            if currency.is_zero(amount):
                obstacles[line.id] = "nothing"
                continue
            limits = [(order, order.progress_billed_amount)]
            if line.sale_line_id:
                item = line.sale_line_id
                limits.append((item, item.progress_billed_amount))
            if not unlimited and any(
                record._is_progress_beyond(billed + added[record] + amount)
                for record, billed in limits
            ):
                obstacles[line.id] = "contract"
                continue
            for record, _billed in limits:
                added[record] += amount
        return obstacles

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
