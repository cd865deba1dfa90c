from collections import defaultdict

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ..arithmetic import budget

#: Length of a billing period.
PERIODS = {
    "week": {"weeks": 1},
    "month": {"months": 1},
    "quarter": {"months": 3},
}
#: Of a budget's lines, those that a billing run would bill.
PENDING = Domain("state", "=", "sale") & Domain("pending_amount", "!=", 0.0)


class ProjectProject(models.Model):
    """Shows a project's revenue budget and how it is to be billed."""

    _inherit = "project.project"

    budget_line_ids = fields.One2many(
        comodel_name="sale.order.line",
        inverse_name="progress_project_id",
        string="Revenue Budget",
        domain=[("state", "!=", "cancel")],
        copy=False,
    )
    progress_line_ids = fields.One2many(
        comodel_name="progress.billing.line",
        inverse_name="project_id",
        string="Progress Billing Lines",
        copy=False,
    )
    progress_proforma_ids = fields.One2many(
        comodel_name="progress.billing.proforma",
        inverse_name="project_id",
        string="Pro Formas",
        copy=False,
    )
    progress_proforma_count = fields.Integer(
        string="# Pro Formas", compute="_compute_progress_proforma_count"
    )
    progress_rule_id = fields.Many2one(
        comodel_name="progress.billing.rule",
        string="Billing Rule",
        check_company=True,
    )
    progress_create_proforma = fields.Boolean(
        string="Create Pro Forma on Billing",
        help="Billing makes a pro forma for the customer to approve, which then "
        "becomes the invoice. Otherwise billing makes the invoice.",
    )
    progress_period = fields.Selection(
        selection=[
            ("on_demand", "On Demand"),
            ("week", "Every Week"),
            ("month", "Every Month"),
            ("quarter", "Every Quarter"),
        ],
        string="Billing Period",
        default="on_demand",
        required=True,
        help="Periodic projects are billed by the scheduled job.",
    )
    progress_first_date = fields.Date(
        string="First Billing Date",
        copy=False,
        help="Periods count from this date. Empty: from the day of the first billing.",
    )
    progress_last_date = fields.Date(
        string="Last Billing Date", copy=False, readonly=True
    )
    progress_next_date = fields.Date(
        string="Next Billing Date",
        compute="_compute_progress_next_date",
        store=True,
        help="Derived from the first and the last billing date.",
    )
    progress_error_message = fields.Char(
        string="Billing Error", copy=False, readonly=True
    )
    pending_amount_total = fields.Monetary(
        string="Pending Invoice Amount Total",
        compute="_compute_pending_amount_total",
        search="_search_pending_amount_total",
        help="What a billing run would bill, in the currency of the project.",
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_awaited(self):
        # The database deletes the milestones with their project.
        self.milestone_ids._check_not_awaited()

    def _may_create_invoices(self):
        """Return whether the user bills orders; project managers make pro formas."""
        user = self.env.user
        return user.has_group("account.group_account_invoice") or user.has_group(
            "sales_team.group_sale_salesman"
        )

    def _may_see_budget(self):
        """Return whether the user completes, bills or invoices budgets."""
        groups = (
            "project.group_project_manager",
            "sales_team.group_sale_salesman",
            "account.group_account_invoice",
        )
        return any(self.env.user.has_group(group) for group in groups)

    def action_view_progress_lines(self):
        """Open the project's planned lines, to plan more of them where one may."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "progress_billing.progress_billing_line_action"
        )
        action["domain"] = [("project_id", "=", self.id)]
        action["context"] = {"default_project_id": self.id}
        return action

    def _get_progress_orders(self):
        """Return the orders that the projects are billed by, cancelled ones left out.

        Those whose lines they show, or plan, that chose them, or that they name; as far
        as one may read them.
        """
        # In sudo mode because who may read an order need not see all of a project.
        projects = self.sudo()
        shown = Domain("order_line.progress_project_id", "in", self.ids)
        shown |= Domain("progress_line_ids.project_id", "in", self.ids)
        shown |= Domain("project_id", "in", self.ids)
        named = projects.sale_order_id | projects.task_ids.sale_order_id
        shown |= Domain("id", "in", named.ids)
        orders = named.search(shown & Domain("state", "!=", "cancel"))
        return orders.sudo(self.env.su)._filtered_access("read")

    # === COMPUTES === #

    @api.depends("progress_proforma_ids")
    def _compute_progress_proforma_count(self):
        counts = dict(
            self.env["progress.billing.proforma"]._read_group(
                [("project_id", "in", self.ids)], ["project_id"], ["__count"]
            )
        )
        for project in self:
            project.progress_proforma_count = counts.get(project._origin, 0)

    @api.depends("progress_period", "progress_first_date", "progress_last_date")
    def _compute_progress_next_date(self):
        for project in self:
            project.progress_next_date = project._get_next_billing_date()

    def _get_next_billing_date(self):
        """Return the date of the next billing, False without a period."""
        self.ensure_one()
        last = self.progress_last_date
        first = self.progress_first_date or last or fields.Date.context_today(self)
        if self.progress_period not in PERIODS:
            return False
        length = PERIODS[self.progress_period]

        def step(number):
            periods = {unit: count * number for unit, count in length.items()}
            return first + relativedelta(**periods)

        return budget.next_date(first, step, last or None)

    @api.depends("budget_line_ids.pending_amount", "budget_line_ids.state")
    @api.depends_context("uid")
    def _compute_pending_amount_total(self):
        # With one's own rights: the project is seen by more people than its orders.
        totals = defaultdict(float)
        if not self.ids:
            # A project being edited: the figures as they move on the screen.
            for project in self:
                project.pending_amount_total = project._sum_pending()
            return
        saved = self.filtered(lambda project: isinstance(project.id, int))
        lines = self.env["sale.order.line"]
        groups = lines.has_access("read") and lines._read_group(
            PENDING & Domain("progress_project_id", "in", saved.ids),
            ["progress_project_id", "currency_id", "company_id"],
            ["pending_amount:sum"],
        )
        today = fields.Date.context_today(self)
        for project, currency, company, amount in groups or ():
            totals[project.id] += currency._convert(
                amount, project.sudo().currency_id, company, today
            )
        for project in saved:
            project.pending_amount_total = totals[project.id]
        for project in self - saved:
            project.pending_amount_total = project._sum_pending()

    def _sum_pending(self):
        """Return the pending total of the lines as they stand on the screen."""
        today = fields.Date.context_today(self)
        return sum(
            line.currency_id._convert(
                line.pending_amount, self.currency_id, line.company_id, today
            )
            for line in self.budget_line_ids
            if line.state == "sale"
        )

    @api.model
    def _search_pending_amount_total(self, operator, value):
        """Search by whether anything is pending; amounts would mix currencies."""
        if operator not in ("=", "!=") or value:
            return NotImplemented
        if not self.env["sale.order.line"].has_access("read"):
            return Domain(operator == "=")
        pending = Domain("budget_line_ids", "any", PENDING)
        return ~pending if operator == "=" else pending

    # === TEMPLATES === #

    def action_view_revenue_budget(self):
        """Open the project's revenue budget as a list to type in."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "progress_billing.sale_order_line_budget_action"
        )
        action["display_name"] = self.env._(
            "Revenue Budget of %(name)s", name=self.name
        )
        action["domain"] = [
            ("progress_project_id", "=", self.id),
            ("state", "!=", "cancel"),
        ]
        action["context"] = {
            "active_model": self._name,
            "active_id": self.id,
            "from_embedded_action": self.env.context.get("from_embedded_action", False),
        }
        return action

    def action_view_proformas(self):
        """Open the project's pro formas."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "progress_billing.progress_billing_proforma_action"
        )
        action["domain"] = [("project_id", "=", self.id)]
        action["context"] = {"default_project_id": self.id}
        return action

    def _get_progress_stat_buttons(self):
        """Return the dashboard's way to the budget, for those who work with it."""
        if not self.allow_billable or not self._may_see_budget():
            return []
        return [
            {
                "icon": "tasks",
                # Beside the host's To Invoice, which counts work to come as well.
                "text": self.env._("Completed, to Bill"),
                "number": self.currency_id.format(self.pending_amount_total),
                "action_type": "object",
                "action": "action_view_revenue_budget",
                "show": not self.is_template,
                "sequence": 29,
            }
        ]
