from odoo import api, fields, models

from ..arithmetic.instalments import shift


class ProgressBillingTemplate(models.Model):
    """A plan of instalments to generate planned lines from, again and again."""

    _name = "progress.billing.template"
    _inherit = "progress.billing.guard"
    _description = "Progress Billing Template"
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        comodel_name="res.company", help="Empty: for all companies.", index=True
    )
    line_ids = fields.One2many(
        comodel_name="progress.billing.template.line",
        inverse_name="template_id",
        string="Instalments",
        copy=True,
    )
    percent_total = fields.Float(
        string="Total (%)", digits=(16, 6), compute="_compute_percent_total"
    )

    @api.depends("line_ids.percent")
    def _compute_percent_total(self):
        for template in self:
            template.percent_total = sum(template.line_ids.mapped("percent"))


class ProgressBillingTemplateLine(models.Model):
    """A planned progress invoice that a template brings along.

    It belongs to a plan of its own (`progress.billing.template`) or to a quotation
    template.
    """

    _name = "progress.billing.template.line"
    _inherit = "progress.billing.guard"
    _description = "Progress Billing Template Line"
    _order = "template_id, sale_order_template_id, sequence, id"

    template_id = fields.Many2one(
        comodel_name="progress.billing.template",
        ondelete="cascade",
        index="btree_not_null",
    )
    sale_order_template_id = fields.Many2one(
        comodel_name="sale.order.template",
        ondelete="cascade",
        index="btree_not_null",
    )
    sequence = fields.Integer(default=10)
    name = fields.Char(string="Title", required=True, translate=True)
    item_description = fields.Char(translate=True)
    percent = fields.Float(digits=(16, 6), required=True)
    months = fields.Integer(
        string="Months after Start",
        help="Planned date, counted from the start: first the months, then the days.",
    )
    days = fields.Integer(
        string="Days after Start",
        help="Planned date, counted from the start: first the months, then the days.",
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
    _percent_range = models.Constraint(
        "CHECK(percent > 0 AND percent <= 100)",
        "The percentage of a progress billing line must be above 0 and at most 100.",
    )
    _months_range = models.Constraint(
        "CHECK(months BETWEEN -1200 AND 1200)",
        "An instalment of a plan is at most 1,200 months from its start.",
    )
    _one_parent = models.Constraint(
        "CHECK((template_id IS NULL) != (sale_order_template_id IS NULL))",
        "An instalment belongs to a plan, or to a quotation template.",
    )

    def _prepare_progress_line_values(self, order, start=None):
        """Return the values of the planned line that this one becomes on an order.

        :param start: date that months and days are counted from, None for the order's.
        """
        self.ensure_one()
        start = (
            start
            or fields.Date.to_date(order.date_order)
            or fields.Date.context_today(self)
        )
        return {
            "sequence": self.sequence,
            "name": self.name,
            "item_description": self.item_description,
            "amount_type": "percent",
            "percent": self.percent,
            "date": shift(start, self.months, self.days),
            "invoice_flag": self.invoice_flag,
        }
