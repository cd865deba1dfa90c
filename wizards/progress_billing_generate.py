from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..models.arithmetic.instalments import (
    UNITS,
    equal_percents,
    get_dates,
    scale_percents,
)

#: The longest plan, and how many instalments of each distance are a year at most.
YEARS = 100
PER_YEAR = {"day": 366, "week": 53, "month": 12}


class ProgressBillingGenerate(models.TransientModel):
    """Plan the billing of one or many orders at once, and see it before it is written.

    Planned lines alone are replaced; what an invoice bills stays as it is.
    """

    _name = "progress.billing.generate"
    _inherit = "progress.billing.guard"
    _description = "Generate Progress Billing"

    order_ids = fields.Many2many(
        comodel_name="sale.order",
        string="Orders",
        required=True,
        default=lambda self: self.env.context.get("active_ids"),
    )
    order_count = fields.Integer(compute="_compute_order_count")
    plan = fields.Selection(
        selection=[
            ("flat", "One percentage"),
            ("equal", "Equal instalments"),
            ("template", "Template"),
        ],
        required=True,
        default="flat",
    )
    level = fields.Selection(
        selection=[("order", "Orders"), ("line", "Order lines")],
        required=True,
        default="order",
        help="Orders: each instalment bills a share of the whole order. Order lines: "
        "each order line gets instalments of its own.",
    )
    sale_line_ids = fields.Many2many(
        comodel_name="sale.order.line",
        string="Order Lines",
        domain="[('order_id', 'in', order_ids), ('display_type', '=', False), "
        "('is_downpayment', '=', False)]",
        help="Plan a share of these lines only. Empty: of all.",
    )
    name = fields.Char(
        string="Title", default=lambda self: self.env._("Progress billing")
    )
    percent = fields.Float(digits=(16, 6), default=30.0)
    part_count = fields.Integer(string="Instalments", default=3)
    template_id = fields.Many2one(comodel_name="progress.billing.template")
    schedule = fields.Selection(
        selection=[("date", "By date"), ("milestone", "By milestone")],
        required=True,
        default="date",
    )
    date = fields.Date(
        string="First Date", required=True, default=fields.Date.context_today
    )
    every = fields.Integer(default=1)
    unit = fields.Selection(
        selection=[("day", "Days"), ("week", "Weeks"), ("month", "Months")],
        required=True,
        default=UNITS[-1],
    )
    of_remaining = fields.Boolean(
        string="Of What Remains",
        help="Percentages are of what is not billed yet, instead of the whole.",
    )
    invoice_flag = fields.Selection(
        selection=lambda self: (
            self.env["progress.billing.line"]
            ._fields["invoice_flag"]
            ._description_selection(self.env)
        ),
        string="Billed By",
        required=True,
        default="auto",
    )
    replace = fields.Boolean(
        string="Replace Planned Lines",
        default=True,
        help="Planned lines are deleted first; issued ones always stay.",
    )
    line_ids = fields.One2many(
        comodel_name="progress.billing.generate.line",
        inverse_name="wizard_id",
        compute="_compute_line_ids",
        store=True,
    )
    replaced_count = fields.Integer(compute="_compute_replaced_count")
    has_excess = fields.Boolean(compute="_compute_has_excess")

    @api.depends("order_ids")
    def _compute_order_count(self):
        for wizard in self:
            wizard.order_count = len(wizard.order_ids)

    @api.depends("order_ids", "replace")
    def _compute_replaced_count(self):
        for wizard in self:
            wizard.replaced_count = len(wizard._get_replaced_lines())

    @api.depends(
        *("order_ids", "plan", "level", "sale_line_ids", "name", "percent", "replace"),
        *("part_count", "template_id", "schedule", "date", "every", "unit"),
        *("of_remaining", "invoice_flag"),
    )
    def _compute_line_ids(self):
        for wizard in self:
            values = [] if wizard._get_missing() else wizard._get_line_values()
            wizard.line_ids = [Command.clear(), *map(Command.create, values)]

    @api.depends("line_ids.amount_untaxed", "replace")
    def _compute_has_excess(self):
        for wizard in self:
            wizard.has_excess = any(
                order._get_progress_excess(wizard._get_planned_amount(order))
                for order in wizard.order_ids
            )

    def _get_planned_amount(self, order):
        """Return the untaxed amount that an order is planned to bill afterwards."""
        lines = self.line_ids.filtered(
            lambda line: line.order_id._origin == order._origin
        )
        kept = 0.0 if self.replace else order.progress_planned_amount
        return sum(lines.mapped("amount_untaxed")) + kept

    # === THE PLAN === #

    def _get_missing(self):
        """Return what is not entered yet, as text; empty when the plan is complete."""
        self.ensure_one()
        if self.plan == "flat" and not 0.0 < self.percent <= 100.0:
            return self.env._("Enter a percentage above 0 and at most 100.")
        by_date = self.schedule == "date"
        if self.plan == "equal" and by_date and not 0 < self.part_count <= 1000:
            return self.env._("Enter a number of instalments from 1 to 1,000.")
        if self.plan == "template" and not self.template_id.line_ids:
            return self.env._("Choose a template with instalments.")
        if not self.date or self.every < 0:
            return self.env._("Enter a first date, and how often to bill.")
        if self.every * self.part_count > YEARS * PER_YEAR[self.unit]:
            return self.env._("Enter instalments within %(years)s years.", years=YEARS)
        return ""

    def _get_line_values(self):
        """Return one dict per line to plan, over all orders."""
        return [
            values
            for order in self.order_ids._origin
            for target in self._get_targets(order)
            for values in order._prepare_progress_plan(
                target, self._get_parts(order), self.of_remaining
            )
        ]

    def _get_targets(self, order):
        """Return what each instalment is taken of, as recordsets of order lines.

        :return: list of recordsets: empty for the whole order.
        """
        lines = order._get_progress_contract_lines()
        chosen = self.sale_line_ids._origin & lines
        if self.sale_line_ids and not chosen:
            return []
        if self.level == "line":
            return list(chosen or lines)
        return [chosen if chosen != lines else lines.browse()]

    def _get_parts(self, order):
        """Return the instalments of an order as dicts of planned line values."""
        milestones = self.env["project.milestone"]
        if self.schedule == "milestone":
            milestones = order._get_progress_milestones()
        parts = self._get_undated_parts(order, len(milestones))
        dates = get_dates(self.date, len(parts), self.every, self.unit)
        for number, part in enumerate(parts):
            part.setdefault("date", dates[number])
            if milestones:
                milestone = milestones[number : number + 1]
                part["milestone_id"] = milestone.id
                part["date"] = milestone.deadline or part["date"]
        return parts

    def _get_undated_parts(self, order, milestone_count):
        """Return the instalments with title and percentage, and a template's dates."""
        if self.plan == "template":
            return [
                line._prepare_progress_line_values(order, self.date)
                for line in self.template_id.line_ids
            ]
        if self.plan == "flat":
            names, percents = [self.name], [self.percent]
        else:
            count = milestone_count or self.part_count
            percents = equal_percents(count)
            names = [
                self.env._(
                    "%(title)s %(number)s of %(count)s",
                    title=self.name or "",
                    number=number,
                    count=count,
                ).strip()
                for number in range(1, count + 1)
            ]
        return [
            {
                "name": name or self.env._("Progress billing"),
                "percent": percent,
                "sequence": number,
                "invoice_flag": self.invoice_flag,
            }
            for number, (name, percent) in enumerate(
                zip(names, scale_percents(percents), strict=True), 1
            )
        ]

    def _get_replaced_lines(self):
        """Return the planned lines that go; issued ones never do."""
        lines = self.order_ids._origin.progress_line_ids if self.replace else None
        if not lines:
            return self.env["progress.billing.line"]
        return lines.filtered(lambda line: line.state == "planned")

    # === ACTIONS === #

    def action_generate(self):
        """Write the plan and show it.

        :raise UserError: when the plan is not complete.
        """
        self.ensure_one()
        missing = self._get_missing()
        if not missing and not self.line_ids:
            missing = self.env._("The chosen order lines are not of these orders.")
        if missing:
            raise UserError(
                self.env._(
                    "You cannot generate the plan yet. %(missing)s", missing=missing
                )
            )
        self._get_replaced_lines().unlink()
        lines = self.env["progress.billing.line"].create(self._get_line_values_list())
        return self._view(lines)

    def _get_line_values_list(self):
        """Return the values of the planned lines to create."""
        return [
            {key: value for key, value in values.items() if key != "amount_untaxed"}
            for values in self._get_line_values()
        ]

    def _view(self, lines):
        """Return to the order, or to the lines of many."""
        if len(self.order_ids) == 1:
            return {"type": "ir.actions.act_window_close"}
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Progress Billing"),
            "res_model": lines._name,
            "view_mode": "list,form",
            "domain": [("id", "in", lines.ids)],
        }


class ProgressBillingGenerateLine(models.TransientModel):
    """One row of the preview: a line as it will be planned."""

    _name = "progress.billing.generate.line"
    _description = "Progress Billing Preview"
    _order = "order_id, date, sequence, id"

    wizard_id = fields.Many2one(
        comodel_name="progress.billing.generate", required=True, ondelete="cascade"
    )
    order_id = fields.Many2one(comodel_name="sale.order", readonly=True)
    sale_line_id = fields.Many2one(comodel_name="sale.order.line", readonly=True)
    milestone_id = fields.Many2one(comodel_name="project.milestone", readonly=True)
    sequence = fields.Integer()
    name = fields.Char(string="Title", readonly=True)
    item_description = fields.Char(readonly=True)
    date = fields.Date(readonly=True)
    amount_type = fields.Char(readonly=True)
    percent = fields.Float(digits=(16, 6), readonly=True)
    amount = fields.Float(readonly=True)
    invoice_flag = fields.Char(string="Billed By", readonly=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    amount_untaxed = fields.Monetary(
        string="Untaxed Amount", readonly=True, help="Before taxes, as planned today."
    )
