from odoo import api, fields, models
from odoo.fields import Command, Domain

from ..models.run.batches import bill_in_parts, explain
from ..models.run.sale_order_line import OBSTACLES


class ProgressBillingRun(models.TransientModel):
    """Bill many orders at once, having seen what will be billed and what will not."""

    _name = "progress.billing.run"
    _inherit = "progress.billing.guard"
    _description = "Run Billing"

    state = fields.Selection(
        selection=[("preview", "Preview"), ("done", "Done")], default="preview"
    )
    invoice_type = fields.Selection(
        selection=[
            ("progress", "Progress billing"),
            ("regular", "Regular invoices"),
            ("both", "Both"),
        ],
        required=True,
        default="progress",
    )
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
    # The same choice as a person makes it: what to bill, in any combination.
    take_lines = fields.Boolean(
        string="Planned lines",
        compute="_compute_takes",
        inverse="_inverse_takes",
        help="Progress billing lines whose date or milestone has come.",
    )
    take_budgets = fields.Boolean(
        string="Revenue budgets",
        compute="_compute_takes",
        inverse="_inverse_takes",
        help="Work completed on projects and not billed yet.",
    )
    take_orders = fields.Boolean(
        string="Regular invoices",
        compute="_compute_takes",
        inverse="_inverse_takes",
        help="Orders that Odoo lists as to invoice.",
    )
    date = fields.Date(
        required=True,
        default=fields.Date.context_today,
        help="Lines planned for this day or earlier are due.",
    )
    automatic_only = fields.Boolean(
        string="As the Scheduled Job",
        help="Take only what the scheduled job would take, without the lines that wait "
        "for a manual run.",
    )
    consolidated = fields.Boolean(
        help="One invoice for all orders of the same customer, delivery address and "
        "currency."
    )
    in_background = fields.Boolean(
        help="Bill in jobs of the job queue, batch by batch."
    )
    has_job_queue = fields.Boolean(compute="_compute_has_job_queue")
    order_from_id = fields.Many2one(
        comodel_name="sale.order",
        string="From Order",
        domain="[('state', '=', 'sale')]",
        help="This order and those created after it.",
    )
    order_to_id = fields.Many2one(
        comodel_name="sale.order",
        string="To Order",
        domain="[('state', '=', 'sale')]",
        help="This order and those created before it.",
    )
    partner_ids = fields.Many2many(comodel_name="res.partner", string="Customers")
    project_ids = fields.Many2many(comodel_name="project.project", string="Projects")
    user_ids = fields.Many2many(comodel_name="res.users", string="Salespeople")

    @api.depends("invoice_type", "source")
    def _compute_takes(self):
        for wizard in self:
            progress = wizard.invoice_type != "regular"
            wizard.take_lines = progress and wizard.source != "budget"
            wizard.take_budgets = progress and wizard.source != "lines"
            wizard.take_orders = wizard.invoice_type != "progress"

    @api.onchange("take_lines", "take_budgets", "take_orders")
    def _inverse_takes(self):
        for wizard in self:
            lines, budgets = wizard.take_lines, wizard.take_budgets
            orders = wizard.take_orders
            if not (lines or budgets or orders):
                # Something is billed; the last choice stays.
                wizard.take_lines = wizard.source != "budget"
                wizard.take_budgets = wizard.source == "budget"
                wizard.invoice_type = "progress"
                continue
            progress = "both" if orders else "progress"
            wizard.invoice_type = progress if lines or budgets else "regular"
            if lines or budgets:
                names = {(1, 0): "lines", (0, 1): "budget", (1, 1): "both"}
                wizard.source = names[bool(lines), bool(budgets)]

    # === PREVIEW === #

    line_ids = fields.Many2many(
        comodel_name="progress.billing.line",
        string="To Bill",
        compute="_compute_line_ids",
        inverse="_inverse_line_ids",
        help="What is taken out of the list is not billed by this run.",
    )
    excluded_line_ids = fields.Many2many(
        comodel_name="progress.billing.line",
        relation="progress_billing_run_excluded_rel",
        string="Taken Out",
    )
    left_line_ids = fields.Many2many(
        comodel_name="progress.billing.line",
        string="Left Out",
        compute="_compute_line_ids",
    )
    order_ids = fields.Many2many(
        comodel_name="sale.order",
        string="Regular Invoices",
        compute="_compute_order_ids",
    )
    line_domain = fields.Char(
        compute="_compute_line_ids", help="Lines among which the run chooses."
    )
    line_count = fields.Integer(compute="_compute_line_totals")
    left_count = fields.Integer(compute="_compute_line_totals")
    currency_id = fields.Many2one(
        comodel_name="res.currency", compute="_compute_currency_id"
    )
    line_untaxed = fields.Monetary(
        string="Untaxed",
        compute="_compute_line_totals",
        help="In the company's currency, at today's rates.",
    )
    line_total = fields.Monetary(
        string="With Taxes",
        compute="_compute_line_totals",
        help="In the company's currency, at today's rates.",
    )
    order_count = fields.Integer(compute="_compute_order_ids")
    order_obstacles = fields.Text(
        string="Orders Left Out",
        compute="_compute_order_ids",
        help="Why orders get no regular invoice, and what to do about it.",
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
    budget_untaxed = fields.Monetary(
        string="Budgets Untaxed",
        compute="_compute_budget_counts",
        help="In the company's currency, at today's rates.",
    )
    budget_left_count = fields.Integer(compute="_compute_budget_counts")

    # === RESULT === #

    move_ids = fields.Many2many(
        comodel_name="account.move",
        string="Invoices",
        readonly=True,
        # Project managers run billing, too, and may not read invoices.
        groups="sales_team.group_sale_salesman,account.group_account_invoice",
    )
    move_count = fields.Integer(compute="_compute_move_count", compute_sudo=True)
    failed_line_ids = fields.Many2many(
        comodel_name="progress.billing.line",
        relation="progress_billing_run_failed_rel",
        string="Failed",
        readonly=True,
    )
    proforma_ids = fields.Many2many(
        comodel_name="progress.billing.proforma", string="Pro Formas", readonly=True
    )
    failed_budget_ids = fields.Many2many(
        comodel_name="progress.billing.run.budget",
        relation="progress_billing_run_failed_budget_rel",
        string="Failed Budgets",
        readonly=True,
    )
    message = fields.Text(readonly=True)

    @api.depends_context("uid")
    def _compute_has_job_queue(self):
        self.has_job_queue = self.env["progress.billing.line"]._has_job_queue()

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
        "excluded_line_ids",
    )
    def _compute_line_ids(self):
        for wizard in self:
            domain = wizard._get_line_domain()
            lines = wizard._get_run_lines(domain)
            previews = lines._preview_run(wizard.date, wizard.automatic_only, domain)
            left = lines.filtered(
                lambda line, previews=previews: previews[line.id].obstacle
            )
            wizard.left_line_ids = left
            wizard.line_ids = lines - left
            wizard.line_domain = repr(list(domain))

    def _get_run_lines(self, domain):
        """Return the planned lines among which the run chooses."""
        lines = self.env["progress.billing.line"]
        return lines if self.invoice_type == "regular" else lines.search(domain)

    def _inverse_line_ids(self):
        """Keep in mind what was taken out of the list by hand."""
        for wizard in self:
            kept = wizard.line_ids
            lines = wizard._get_run_lines(wizard._get_line_domain())
            wizard.excluded_line_ids |= lines - kept - wizard.left_line_ids

    @api.depends_context("company")
    def _compute_currency_id(self):
        self.currency_id = self.env.company.currency_id

    @api.depends("line_ids", "left_line_ids", "excluded_line_ids")
    def _compute_line_totals(self):
        for wizard in self:
            lines = wizard.line_ids._origin
            previews = lines._preview_run(
                wizard.date, wizard.automatic_only, Domain("id", "in", lines.ids)
            )
            untaxed = wizard._convert_bills(previews, lambda bill: bill.untaxed)
            tax = wizard._convert_bills(previews, lambda bill: bill.tax)
            wizard.line_count = len(lines)
            wizard.left_count = len(wizard.left_line_ids | wizard.excluded_line_ids)
            wizard.line_untaxed = untaxed
            wizard.line_total = untaxed + tax

    def _convert_bills(self, previews, get_amount):
        """Return the sum of previewed amounts in the company's currency, at today's."""
        sums = {}
        for line in self.env["progress.billing.line"].browse(previews):
            key = line.currency_id, line.company_id
            sums[key] = sums.get(key, 0.0) + get_amount(previews[line.id])
        today = fields.Date.context_today(self)
        return sum(
            currency._convert(amount, self.env.company.currency_id, company, today)
            for (currency, company), amount in sums.items()
        )

    @api.depends(
        "invoice_type",
        "order_from_id",
        "order_to_id",
        "partner_ids",
        "project_ids",
        "user_ids",
    )
    def _compute_order_ids(self):
        for wizard in self:
            orders = self.env["sale.order"]
            if wizard.invoice_type != "progress":
                orders = orders.search(wizard._get_order_domain())
            obstacles = {
                order: obstacle
                for order in orders
                if (obstacle := order._get_progress_regular_obstacle())
            }
            wizard.order_ids = orders - orders.browse().union(*obstacles)
            wizard.order_count = len(wizard.order_ids)
            wizard.order_obstacles = "\n".join(obstacles.values())

    def _get_line_domain(self):
        """Return the domain of the planned lines within the chosen range."""
        # Project managers, who may not create invoices, make pro formas of budgets.
        if self.source == "budget" or not self._may_create_invoices():
            return Domain.FALSE
        domain = Domain("state", "=", "planned")
        domain &= self._get_filter_domain("order_id.")
        if self.project_ids:
            domain &= Domain("project_id", "in", self.project_ids.ids)
        if self.excluded_line_ids:
            domain &= Domain("id", "not in", self.excluded_line_ids.ids)
        return domain

    def _get_order_domain(self):
        """Return the domain of the orders that wait for a regular invoice."""
        if not self._may_create_invoices():
            return Domain.FALSE
        domain = Domain("invoice_status", "=", "to invoice")
        domain &= self._get_filter_domain("")
        if self.project_ids:
            domain &= Domain("project_ids", "in", self.project_ids.ids)
        return domain

    def _may_create_invoices(self):
        return self.env["project.project"]._may_create_invoices()

    def _get_filter_domain(self, path):
        """Return the domain of the chosen orders.

        :param str path: leads from the records to their order.
        """
        domain = Domain(f"{path}company_id", "in", self.env.companies.ids)
        if self.order_from_id:
            domain &= Domain(f"{path}id", ">=", self.order_from_id.id)
        if self.order_to_id:
            domain &= Domain(f"{path}id", "<=", self.order_to_id.id)
        if self.partner_ids:
            domain &= Domain(f"{path}partner_id", "child_of", self.partner_ids.ids)
        if self.user_ids:
            domain &= Domain(f"{path}user_id", "in", self.user_ids.ids)
        return domain

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

    @api.depends("move_ids")
    def _compute_move_count(self):
        for wizard in self:
            wizard.move_count = len(wizard.move_ids)

    @api.depends("budget_ids.obstacle")
    def _compute_budget_counts(self):
        for wizard in self:
            left = wizard.budget_ids.filtered("obstacle")
            taken = wizard.budget_ids - left
            wizard.budget_count = len(taken)
            wizard.budget_untaxed = wizard._convert_budgets(taken)
            wizard.budget_left_count = len(left)

    def _convert_budgets(self, budgets):
        """Return what budgets come to in the company's currency, at today's rates."""
        today = fields.Date.context_today(self)
        return sum(
            budget.currency_id._convert(
                budget.amount,
                self.env.company.currency_id,
                # In sudo mode because project managers may not read all orders.
                budget.sudo().order_id.company_id or self.env.company,
                today,
            )
            for budget in budgets
        )

    def _get_budget_values(self):
        """Return the values of the preview's rows, what is taken first."""
        lines = self.env["sale.order.line"].search(self._get_budget_domain())
        planned = self.line_ids.filtered(lambda line: line.order_id in lines.order_id)
        if not self._may_create_invoices():
            # In sudo mode because project managers see budgets, but no invoices.
            lines = lines.sudo()
        bills = lines._preview_budget_run(
            self.date, self.automatic_only, *planned._get_run_uses()
        )
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
    def action_open(self):
        """Open a new run with its preview."""
        return self.create({})._get_action()

    @api.model
    def action_open_budgets(self):
        """Open a new run over the revenue budgets of projects, with its preview."""
        return self.create({"source": "budget"})._get_action()

    def action_run(self):
        """Bill what the preview shows and show the result."""
        self.ensure_one()
        # Planned lines first: what they bill of a budget is not pending any more.
        budgets = self.budget_ids.filtered(lambda row: not row.obstacle)
        lines, orders = self.line_ids, self.order_ids
        if self.in_background and self.has_job_queue:
            jobs = lines._enqueue_run(self.consolidated)
            lines = lines.browse()
        else:
            jobs = 0
        moves = lines._run(self.consolidated)
        regular, message = orders._run_regular_invoices(self.consolidated)
        failed = lines.exists().filtered(
            lambda line: line.state == "planned" and line.error_message
        )
        if jobs:
            message = self.env._("%(count)s jobs will bill the lines.", count=jobs)
        self._add_moves(moves | regular)
        self.write(
            {
                "state": "done",
                "failed_line_ids": [Command.set(failed.ids)],
                "message": message,
            }
        )
        self._run_budgets(budgets)
        return self._get_action()

    def _run_budgets(self, budgets):
        """Bill the budgets of some rows and add what that made to the result."""
        made, failures = bill_in_parts(
            budgets,
            ProgressBillingRunBudget._bill,
            # A project's orders may share its documents.
            share=lambda row: row.project_id.id,
        )
        for row, text in explain(failures).items():
            row.error_message = text
        proformas = self.proforma_ids.union(*(documents[0] for documents in made))
        self._add_moves(self.env["account.move"].union(*(pair[1] for pair in made)))
        self.write(
            {
                "proforma_ids": [Command.set(proformas.ids)],
                "failed_budget_ids": [
                    Command.set(budgets.filtered("error_message").ids)
                ],
            }
        )

    def _add_moves(self, moves):
        """Show invoices among what the run made, to who may see invoices."""
        if moves:
            self.move_ids |= moves

    def _get_action(self):
        """Return the action that shows the wizard again."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Run Billing"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            # The lists' own buttons open it without asking the server for its views.
            "views": [(False, "form")],
            "target": "new",
        }

    def action_view_invoices(self):
        """Open the invoices that the run made."""
        return self.env["sale.order"].action_view_invoice(invoices=self.move_ids)

    def action_view_lines(self):
        """Open the lines that the run takes as a list of their own."""
        return self._view_lines(self.line_ids)

    def action_view_failed(self):
        """Open the lines that could not be billed."""
        return self._view_lines(self.failed_line_ids)

    def _view_lines(self, lines):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Progress Billing"),
            "res_model": lines._name,
            "view_mode": "list,form",
            "domain": [("id", "in", lines.ids)],
        }

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

    def _bill(self):
        """Bill the rows' orders in their projects; return pro formas and invoices."""
        rows = {(row.project_id, row.order_id) for row in self}
        lines = self.env["sale.order.line"].search(
            [
                ("progress_project_id", "in", self.project_id.ids),
                ("order_id", "in", self.order_id.ids),
            ]
        )
        proformas, moves = self.project_id._run_billing(
            lines=lines.filtered(
                lambda line: (line.progress_project_id, line.order_id) in rows
            )
        )
        moves._progress_post_and_send()
        return proformas, moves
