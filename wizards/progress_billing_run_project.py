from odoo import api, fields, models
from odoo.fields import Command, Domain

from ..models.project_run import OBSTACLES


class ProgressBillingRun(models.TransientModel):
    """The run bills revenue budgets of projects, too."""

    _inherit = "progress.billing.run"

    source = fields.Selection(
        selection=[
            ("lines", "Planned lines"),
            ("budget", "Revenue budgets"),
            ("both", "Lines and budgets"),
        ],
        string="Progress",
        required=True,
        default="lines",
        help="Planned lines that are due, what is pending on the revenue budgets of "
        "projects, or both.",
    )
    budget_ids = fields.One2many(
        comodel_name="progress.billing.run.budget",
        inverse_name="wizard_id",
        string="Revenue Budgets",
        compute="_compute_budget_ids",
        # Salespeople see and bill their own orders only.
        compute_sudo=False,
        store=True,
    )
    budget_count = fields.Integer(compute="_compute_budget_counts")
    budget_left_count = fields.Integer(compute="_compute_budget_counts")
    proforma_ids = fields.Many2many(
        comodel_name="progress.billing.proforma", string="Pro Formas", readonly=True
    )
    failed_budget_ids = fields.Many2many(
        comodel_name="progress.billing.run.budget",
        relation="progress_billing_run_failed_budget_rel",
        string="Failed Budgets",
        readonly=True,
    )

    # === PREVIEW === #

    @api.depends("source")
    def _compute_line_ids(self):
        return super()._compute_line_ids()

    def _get_line_domain(self):
        if self.source == "budget":
            return Domain.FALSE
        return super()._get_line_domain()

    @api.depends(
        "source",
        "invoice_type",
        "date",
        "automatic_only",
        "order_from_id",
        "order_to_id",
        "partner_ids",
        "project_ids",
        "user_ids",
    )
    def _compute_budget_ids(self):
        for wizard in self:
            values = []
            if wizard.source != "lines" and wizard.invoice_type != "regular":
                values = wizard._get_budget_values()
            wizard.budget_ids = [Command.clear(), *map(Command.create, values)]

    @api.depends("budget_ids.obstacle")
    def _compute_budget_counts(self):
        for wizard in self:
            left = wizard.budget_ids.filtered("obstacle")
            wizard.budget_count = len(wizard.budget_ids - left)
            wizard.budget_left_count = len(left)

    def _get_budget_values(self):
        """Return the values of the preview's rows, what is taken first."""
        lines = self.env["sale.order.line"].search(self._get_budget_domain())
        planned = {}
        for line in self.line_ids:
            planned.setdefault(line.order_id.id, 0.0)
            planned[line.order_id.id] += line.amount_untaxed
        bills = lines._foresee_budget_run(self.date, self.automatic_only, planned)
        bills.sort(key=lambda bill: (bool(bill.obstacle), bill.obstacle or ""))
        return [
            {
                "project_id": bill.project.id,
                "order_id": bill.order.id,
                "amount": bill.amount,
                # In sudo mode because a project may be private to others.
                "document": "proforma"
                if bill.project.sudo().progress_create_proforma
                else "invoice",
                "obstacle": bill.obstacle,
            }
            for bill in bills
        ]

    def _get_budget_domain(self):
        """Return the domain of the budget lines within the chosen range."""
        domain = self.env["sale.order.line"]._get_budget_run_domain()
        domain &= self._get_filter_domain("order_id.")
        if self.project_ids:
            domain &= Domain("progress_project_id", "in", self.project_ids.ids)
        return domain

    # === ACTIONS === #

    @api.model
    def action_open_budgets(self):
        """Open a new run over the revenue budgets of projects, with its preview."""
        return self.create({"source": "budget"})._get_action()

    def action_run(self):
        # Planned lines first: what they bill of a budget is not pending any more.
        budgets = self.budget_ids.filtered(lambda row: not row.obstacle)
        action = super().action_run()
        proformas, moves, errors = budgets.project_id._run_billing_each(
            budgets.order_id
        )
        for row in budgets:
            row.error_message = errors.get(row.project_id)
        self.write(
            {
                "move_ids": [Command.link(move.id) for move in moves],
                "proforma_ids": [Command.set(proformas.ids)],
                "failed_budget_ids": [
                    Command.set(budgets.filtered("error_message").ids)
                ],
            }
        )
        return action

    def action_view_proformas(self):
        """Open the pro formas that the run made."""
        return self.proforma_ids._get_records_action(name=self.env._("Pro Formas"))


class ProgressBillingRunBudget(models.TransientModel):
    """What a run bills of one order in one project."""

    _name = "progress.billing.run.budget"
    _description = "Run Billing: Revenue Budget"

    wizard_id = fields.Many2one(
        comodel_name="progress.billing.run", required=True, ondelete="cascade"
    )
    project_id = fields.Many2one(comodel_name="project.project")
    order_id = fields.Many2one(comodel_name="sale.order")
    partner_id = fields.Many2one(related="order_id.partner_id", string="Customer")
    currency_id = fields.Many2one(related="order_id.currency_id")
    amount = fields.Monetary(string="Pending")
    document = fields.Selection(
        selection=[("invoice", "Invoice"), ("proforma", "Pro Forma")],
        string="Makes",
    )
    obstacle = fields.Selection(selection=OBSTACLES, string="Left Because")
    error_message = fields.Text(string="Could Not Be Billed")
