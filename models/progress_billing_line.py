from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class ProgressBillingLine(models.Model):
    _name = "progress.billing.line"
    _description = "Progress Billing Line"
    _order = "order_id, date, sequence, id"
    _check_company_auto = True

    # === WHAT IS PLANNED === #

    order_id = fields.Many2one(
        comodel_name="sale.order",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    sequence = fields.Integer(default=10)
    sale_line_id = fields.Many2one(
        comodel_name="sale.order.line",
        string="Order Line",
        domain="[('order_id', '=', order_id), ('display_type', '=', False), "
        "('is_downpayment', '=', False)]",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        help="Bill a share of this order line only. Empty: of the whole order.",
    )
    project_id = fields.Many2one(
        comodel_name="project.project",
        compute="_compute_project_id",
        store=True,
        readonly=False,
        index="btree_not_null",
    )
    milestone_id = fields.Many2one(
        comodel_name="project.milestone",
        domain="[('project_id', '=', project_id)]",
        index="btree_not_null",
        help="The line is due when this milestone is reached, whatever its date.",
    )
    name = fields.Char(string="Title", required=True)
    description = fields.Text(help="Text of the invoice.")
    item_description = fields.Char(help="Text of the deposit line on the invoice.")
    date = fields.Date(
        string="Invoice Date",
        help="The scheduled job bills the line on this day. The invoice bears this "
        "date, but never one before the day it is made.",
    )
    amount_type = fields.Selection(
        selection=[("percent", "Percent"), ("amount", "Amount")],
        required=True,
        default="percent",
    )
    percent = fields.Float(digits=(16, 6), help="Share of the order or order line.")
    amount = fields.Monetary(
        help="Untaxed amount, unless the company enters amounts with taxes included.",
    )
    invoice_flag = fields.Selection(
        selection=[
            ("auto", "Automatic"),
            ("yes", "Manual run only"),
            ("no", "On hold"),
        ],
        required=True,
        default="auto",
        help="Automatic: the scheduled job and a manual run bill the line. Manual run "
        "only: the scheduled job leaves it. On hold: nothing bills it.",
    )
    is_cancelled = fields.Boolean(string="Cancelled", copy=False)

    # === WHAT BECAME OF IT === #

    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
    )
    invoice_line_ids = fields.One2many(
        comodel_name="account.move.line",
        inverse_name="progress_line_id",
        string="Invoice Items",
        readonly=True,
    )
    state = fields.Selection(
        selection=[
            ("planned", "Planned"),
            ("draft", "Draft Invoice"),
            ("posted", "Posted"),
            ("settled", "Settled"),
            ("cancel", "Cancelled"),
        ],
        compute="_compute_state",
        store=True,
        default="planned",
        index=True,
    )
    payment_state = fields.Selection(related="move_id.payment_state", store=True)
    amount_untaxed = fields.Monetary(compute="_compute_amounts", store=True)
    amount_tax = fields.Monetary(string="Taxes", compute="_compute_amounts", store=True)
    amount_total = fields.Monetary(
        string="Total", compute="_compute_amounts", store=True
    )
    amount_open = fields.Monetary(
        string="Open Deposit",
        compute="_compute_state",
        store=True,
        help="Untaxed amount posted on the deposit account and not yet taken back.",
    )
    rounding_carry = fields.Float(
        digits=(16, 8),
        readonly=True,
        copy=False,
        help="What the share came to before rounding, less what was billed: the next "
        "share takes it up.",
    )
    error_message = fields.Text(
        readonly=True, copy=False, help="Why the last automatic attempt failed."
    )

    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="order_id.currency_id", store=True)
    partner_id = fields.Many2one(
        related="order_id.partner_id", string="Customer", store=True
    )
    user_id = fields.Many2one(
        related="order_id.user_id", string="Salesperson", store=True
    )
    order_state = fields.Selection(related="order_id.state", string="Order State")

    _percent_range = models.Constraint(
        "CHECK(amount_type != 'percent' OR (percent > 0 AND percent <= 100))",
        "The percentage of a progress billing line must be above 0 and at most 100.",
    )
    _amount_positive = models.Constraint(
        "CHECK(amount_type != 'amount' OR amount > 0)",
        "The amount of a progress billing line must be positive.",
    )

    # === COMPUTE METHODS === #

    @api.depends("order_id.project_id", "order_id.project_ids")
    def _compute_project_id(self):
        for line in self:
            order = line.order_id
            line.project_id = (
                line.project_id
                or order.project_id
                # Of the saved order: the host cannot compute it while one types.
                or order._origin.sudo().project_ids[:1]
            )

    @api.depends(
        "is_cancelled",
        "move_id.state",
        "invoice_line_ids.parent_state",
        "invoice_line_ids.amount_currency",
        "invoice_line_ids.is_progress_recall",
    )
    def _compute_state(self):
        for line in self:
            items = line.sudo().invoice_line_ids
            posted = items.filtered(lambda item: item.parent_state == "posted")
            deposits = posted.filtered("sale_line_ids.is_downpayment")
            line.amount_open = -sum(deposits.mapped("amount_currency"))
            line.state = line._get_state(posted)

    def _get_state(self, posted):
        """Return the line's state, given its posted invoice items."""
        self.ensure_one()
        move = self.sudo().move_id
        if not move or move.state == "cancel":
            return "cancel" if self.is_cancelled else "planned"
        if move.state == "draft":
            return "draft"
        recalls = posted.filtered("is_progress_recall")
        billed = sum((posted - recalls).mapped("amount_currency"))
        if self.currency_id.is_zero(billed):
            return "cancel"
        recalled = sum(recalls.mapped("amount_currency"))
        if self.currency_id.is_zero(billed + recalled):
            return "settled"
        return "posted"

    @api.depends("name", "order_id.name")
    def _compute_display_name(self):
        for line in self:
            line.display_name = f"{line.order_id.name or ''}: {line.name or ''}"

    # === CONSTRAINTS === #

    @api.constrains("sale_line_id", "order_id")
    def _check_sale_line(self):
        for line in self:
            if line.sale_line_id and line.sale_line_id.order_id != line.order_id:
                raise ValidationError(
                    self.env._(
                        "You cannot plan %(line)s on %(item)s because that line "
                        "belongs to order %(other)s.",
                        line=line.name,
                        item=line.sale_line_id.name,
                        other=line.sale_line_id.order_id.name,
                    )
                )

    # === ACTIONS === #

    def action_create_invoice(self):
        """Create the invoices of the lines and open them: the *Create* link."""
        moves = self._create_progress_invoices()
        return self.order_id.action_view_invoice(invoices=moves)

    def action_view_invoice(self):
        """Open the line's invoice."""
        self.ensure_one()
        return self.order_id.action_view_invoice(invoices=self.move_id)

    def action_view_documents(self):
        """Open the line's invoice with its payments, credit notes and reversal."""
        self.ensure_one()
        moves = self.move_id | self.sudo().invoice_line_ids.move_id
        return moves.sudo(self.env.su)._get_progress_story_action(
            self.env._("Billing History of %(line)s", line=self.display_name)
        )

    def action_cancel(self):
        """Take planned lines out of the plan without deleting them."""
        for line in self.filtered(lambda line: line.state in ("draft", "posted")):
            raise UserError(
                self.env._(
                    "You cannot cancel %(line)s because invoice %(invoice)s bills it. "
                    "Cancel or credit the invoice instead.",
                    line=line.display_name,
                    invoice=line.sudo().move_id.display_name,
                )
            )
        self.filtered(lambda line: line.state == "planned").is_cancelled = True

    def action_replan(self):
        """Plan cancelled lines again, those whose invoice was credited included.

        The scheduled job must not bill at night what somebody has just credited, so
        those wait for a manual run.
        """
        self.check_access("write")
        lines = self.filtered(lambda line: line.state == "cancel")
        credited = lines.filtered("move_id")
        # In sudo mode because nobody sets the invoice of a line by hand.
        credited.sudo().write({"move_id": False, "rounding_carry": 0.0})
        credited.write({"invoice_flag": "yes"})
        lines.write({"is_cancelled": False, "error_message": False})
