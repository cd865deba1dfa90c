from dataclasses import replace

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Date
from odoo.tools.misc import format_date, formatLang

from ..arithmetic.claim import Claim, Part
from ..settings.words import format_percent

PLANNED_FIELDS = {
    "order_id",
    "sale_line_id",
    "name",
    "description",
    "item_description",
    "date",
    "milestone_id",
    "amount_type",
    "percent",
    "amount",
    "invoice_flag",
}


class ProgressBillingLine(models.Model):
    """Keeps what is planned to be billed of an order, when, and what became of it."""

    _name = "progress.billing.line"
    _inherit = "progress.billing.guard"
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
    sequence = fields.Integer(default=10, aggregator=None)
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
    percent = fields.Float(
        digits=(16, 6), aggregator=None, help="Share of the order or order line."
    )
    amount = fields.Monetary(
        aggregator=None,
        help="Untaxed amount, unless the company enters amounts with taxes included.",
    )
    invoice_flag = fields.Selection(
        selection=[
            ("auto", "Automatic"),
            ("yes", "Manual run only"),
            ("no", "On hold"),
        ],
        string="Billed By",
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
        # Who may not read invoices reads lines all the same.
        groups="sales_team.group_sale_salesman,account.group_account_invoice,"
        "account.group_account_readonly",
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
        aggregator=None,
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
        self.check_access("write")
        for line in self.filtered(lambda line: line.state in ("draft", "posted")):
            raise UserError(
                self.env._(
                    "You cannot cancel %(line)s because invoice %(invoice)s bills it. "
                    "Cancel or credit the invoice instead.",
                    line=line.display_name,
                    invoice=line.sudo().move_id.display_name,
                )
            )
        planned = self.filtered(lambda line: line.state == "planned")
        planned.is_cancelled = True
        planned._forget_failure()
        planned._log_plan(self.env._("Cancelled"))

    def _forget_failure(self):
        """Forget why lines could not be billed: nobody is to see to it any more."""
        # In sudo mode because nobody sets the error of a line by hand.
        self.filtered("error_message").sudo().error_message = False

    def action_hold(self):
        """Put planned lines on hold: nothing bills them until they are released."""
        self._set_flag("no")

    def action_release(self):
        """Let the scheduled job bill lines again that were on hold."""
        self._set_flag("auto")

    def _set_flag(self, flag):
        """Say who bills planned lines; the others stay as they are."""
        self.check_access("write")
        planned = self.filtered(lambda line: line.state == "planned")
        planned.filtered(lambda line: line.invoice_flag != flag).invoice_flag = flag

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
        lines.sudo().write({"is_cancelled": False, "error_message": False})
        lines._log_plan(self.env._("Planned again"))

    # === AMOUNTS === #

    @api.depends(
        "state",
        "amount_type",
        "percent",
        "amount",
        "date",
        "sequence",
        "sale_line_id",
        "move_id",
        "invoice_line_ids.price_total",
        "invoice_line_ids.parent_state",
        "order_id.order_line.price_total",
        "order_id.order_line.tax_ids",
        "order_id.order_line.qty_invoiced",
        "order_id.progress_method",
        "order_id.progress_line_ids.state",
        "order_id.progress_line_ids.percent",
        "order_id.progress_line_ids.amount",
        "order_id.progress_line_ids.amount_type",
        "order_id.progress_line_ids.date",
        "order_id.progress_line_ids.invoice_line_ids.amount_currency",
    )
    def _compute_amounts(self):
        planned = self.filtered(lambda line: line.state == "planned")
        # Lines in a form of their own, or only shown in one, while their order is not.
        apart = planned.filtered(lambda line: not line.id and line.order_id.id)
        for line in apart:
            line._plan_amounts_apart()
        for order in (planned - apart).order_id:
            order.progress_line_ids._plan_amounts(order)
        for line in self - planned:
            items = line.sudo().invoice_line_ids.filtered(
                lambda item: (
                    item.parent_state in ("draft", "posted")
                    and not item.is_progress_recall
                )
            )
            untaxed = line.order_id._sum_progress_items(items)
            tax = sum(
                -item.move_id.direction_sign * (item.price_total - item.price_subtotal)
                for item in items
            )
            line.amount_untaxed, line.amount_tax = untaxed, tax
            line.amount_total = untaxed + tax
        for line in planned.filtered(lambda line: not line.order_id):
            line.amount_untaxed = line.amount_tax = line.amount_total = 0.0

    def _plan_amounts_apart(self):
        """Set what a line in a form will bill, leaving the saved lines of its order."""
        self.ensure_one()
        if self._origin and not self._is_entered_anew():
            for name in ("amount_untaxed", "amount_tax", "amount_total"):
                self[name] = self._origin[name]
            return
        others = self.order_id.progress_line_ids - self._origin
        (others | self)._plan_amounts(self.order_id, only=self)

    def _is_entered_anew(self):
        """Return whether a line in a form plans something else than the saved one."""
        self.ensure_one()
        names = ("order_id", "amount_type", "percent", "amount", "date", "sequence")
        return self.sale_line_id._origin != self._origin.sale_line_id or any(
            self[name] != self._origin[name] for name in names
        )

    def _plan_amounts(self, order, only=None):
        """Set what the planned lines among `self` will bill, one after the other.

        :param only: the lines to set, where that is not all of them.
        """
        ledger = order._get_progress_ledger(is_plan=True)
        planned = self.filtered(lambda line: line.state == "planned")
        for line in planned.sorted(lambda line: line._get_billing_order()):
            bill = line._get_next_bill(ledger)
            ledger.count(bill)
            if only and line not in only:
                continue
            line.amount_untaxed = bill.untaxed
            line.amount_tax = bill.tax
            line.amount_total = bill.untaxed + bill.tax

    def _get_next_bill(self, ledger):
        """Return the `Bill` of the line as the next part of its order.

        :param ledger: the order's `OrderLedger` so far.
        """
        self.ensure_one()
        return ledger.get_next(self._get_part(ledger), ledger.order.progress_method)

    # === BILLING === #

    @api.model
    def _get_due_domain(self, date):
        """Return the domain of lines that are due on a date.

        :param date: the company's day. A line is due on its date *or later*, so that a
            missed night is caught up; one with a milestone when that is reached.
        """
        return [
            ("state", "=", "planned"),
            ("order_id.state", "=", "sale"),
            "|",
            "&",
            ("milestone_id", "=", False),
            ("date", "<=", date),
            ("milestone_id.is_reached", "=", True),
        ]

    def _create_progress_invoices(self, consolidated=False):
        """Create the invoices of planned lines, in one batch.

        Company options decide whether they are posted and sent right away.

        :param bool consolidated: one invoice for all orders of the same customer,
            delivery address, currency and company.
        :return: the created `account.move` records.
        :raise UserError: when a line is not planned, is on hold, or cannot be billed.
        """
        self._check_creatable()
        lines = self.sorted(lambda line: line._get_billing_order())
        ledgers = lines.order_id._get_progress_ledgers()
        claims = lines._prepare_claims(ledgers)
        if consolidated:
            claims = [replace(claim, invoice_key=("progress",)) for claim in claims]
        moves = self.env["progress.billing.builder"]._create_invoices(claims, ledgers)
        moves._progress_post_and_send()
        return moves

    def _check_creatable(self):
        self.check_access("write")
        for line in self:
            if line.state != "planned":
                raise UserError(
                    self.env._(
                        "You cannot create an invoice for %(line)s because it is "
                        "%(state)s. Choose planned lines only.",
                        line=line.display_name,
                        state=dict(
                            self._fields["state"]._description_selection(self.env)
                        )[line.state].lower(),
                    )
                )
            if line.invoice_flag == "no":
                raise UserError(
                    self.env._(
                        "You cannot create an invoice for %(line)s because it is on "
                        "hold. Release it first.",
                        line=line.display_name,
                    )
                )

    def _get_billing_order(self):
        """Return the key by which lines follow each other: date, sequence, age."""
        self.ensure_one()
        number = self._origin.id or 0
        return (
            not self.date,
            self.date or Date.today(),
            self.sequence,
            not number,
            number,
        )

    def _prepare_claims(self, ledgers):
        """Return one `Claim` per line, in the order of `self`.

        :param ledgers: order id -> its `OrderLedger`.
        """
        return [line._prepare_claim(ledgers[line.order_id.id]) for line in self]

    def _prepare_claim(self, ledger):
        """Return the line as a `Claim`. Override to add to what it says."""
        self.ensure_one()
        part = self._get_part(ledger)
        return Claim(
            order_id=self.order_id.id,
            parts=(part,) if part else (),
            booking=self.order_id.progress_method,
            invoice_date=self.date or None,
            title=self.name,
            label=self.with_context(lang=self.order_id._get_lang())._get_label(),
            item_description=self.item_description or "",
            narration=self.description or "",
            progress_line_id=self.id,
        )

    def _get_part(self, ledger):
        """Return what the line bills as a `Part`, None while nothing is entered."""
        self.ensure_one()
        pool = self.sale_line_id._origin.id or 0
        worth, taxed_worth = ledger.get_contract(pool)
        if self.amount_type == "percent":
            return Part(pool, worth * self.percent / 100.0) if self.percent else None
        if not self.amount:
            return None
        if not self.company_id.progress_amount_tax_included or not taxed_worth:
            return Part(pool, self.amount, is_exact=True)
        return Part(
            pool,
            self.amount * worth / taxed_worth,
            taxed_amount=self.amount,
            is_exact=True,
        )

    def _get_label(self):
        """Return the share in words: "30 %" or the amount with its currency."""
        self.ensure_one()
        if self.amount_type == "percent":
            space = "\N{NO-BREAK SPACE}"
            return format_percent(self.env, self.percent, space=space)
        return self._format(self.amount)

    def _format(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    def _copy_to_order(self, order, sale_lines):
        """Plan the lines on a copy of their order, as long after it as before.

        Milestones stay behind with the project they belong to.

        :param sale_lines: dict of order line -> its copy.
        """
        planned = self.filtered(lambda line: line.state == "planned")
        later = order.date_order.date() - self.order_id.date_order.date()
        self.create(
            [
                {
                    **values,
                    "order_id": order.id,
                    "date": line.date and line.date + later,
                    "milestone_id": False,
                    "project_id": False,
                    "sale_line_id": sale_lines.get(line.sale_line_id, False),
                }
                for line, values in zip(planned, planned.copy_data(), strict=True)
            ]
        )

    # === WHAT MUST NOT HAPPEN === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_share(vals)
        lines = super().create(vals_list)
        lines.order_id._check_progress_deposit_account()
        lines._log_plan(self.env._("Planned"))
        return lines

    def write(self, vals):
        if PLANNED_FIELDS & vals.keys():
            self._check_not_issued(vals)
            self._check_share(vals)
        if "order_id" in vals:
            # The rules look at the line's order before the change, not after.
            self.env["sale.order"].browse(vals["order_id"]).check_access("write")
        told = self.order_id.filtered("progress_line_ids.error_message")
        before = self._get_told_values(vals)
        result = super().write(vals)
        self._log_changes(before)
        if "error_message" in vals:
            self.order_id._update_billing_error(told)
        return result

    def unlink(self):
        told = self.filtered("error_message").order_id
        self._log_plan(self.env._("Taken out of the plan"))
        result = super().unlink()
        told.exists()._update_billing_error(told)
        return result

    def _check_share(self, vals):
        """Refuse a share that is none, and say of which line.

        :param dict vals: as written to the lines, or created with.
        """
        kind = vals.get("amount_type") or self[:1].amount_type or "percent"
        if kind == "percent":
            share, is_refused = vals.get("percent"), lambda share: not 0 < share <= 100
        else:
            share, is_refused = vals.get("amount"), lambda share: share <= 0
        if not isinstance(share, (int, float)) or not is_refused(share):
            return
        name = vals.get("name") or ", ".join(self.mapped("name"))
        figures = {"share": f"{share:g}", "line": name or self.env._("a new line")}
        if kind == "percent":
            raise ValidationError(
                self.env._(
                    "You cannot plan %(share)s %% for %(line)s because a percentage "
                    "is above 0 and at most 100. Enter another one.",
                    **figures,
                )
            )
        raise ValidationError(
            self.env._(
                "You cannot plan an amount of %(share)s for %(line)s because amounts "
                "are above 0. Enter another one.",
                **figures,
            )
        )

    def _check_not_issued(self, vals):
        """Refuse to change what an invoice already bills."""
        for line in self.filtered(lambda line: line._is_issued()):
            if any(
                line._is_field_changed(name, vals[name])
                for name in PLANNED_FIELDS & vals.keys()
            ):
                raise UserError(
                    self.env._(
                        "You cannot change %(line)s because invoice %(invoice)s bills "
                        "it. Delete or credit the invoice first.",
                        line=line.display_name,
                        invoice=line.sudo().move_id.display_name,
                    )
                )

    def _is_issued(self):
        """Return whether an invoice that still stands bills the line."""
        self.ensure_one()
        return self.state in ("draft", "posted", "settled") or (
            self.state == "cancel" and self.sudo().move_id.state == "posted"
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_issued(self):
        for line in self.filtered(lambda line: line._is_issued()):
            raise UserError(
                self.env._(
                    "You cannot delete %(line)s because invoice %(invoice)s of "
                    "%(amount)s bills it. Delete or credit the invoice first.",
                    line=line.display_name,
                    invoice=line.sudo().move_id.display_name,
                    amount=line._format(line.amount_total),
                )
            )

    # === WHO PLANNED WHAT === #

    def _log_plan(self, words):
        """Say on the orders what happened to their lines, one note an order.

        :param str words: what happened to all of `self`.
        """
        self._log_on_orders(
            {line: Markup("%s: %s") % (words, line._get_summary()) for line in self}
        )

    def _log_changes(self, before):
        """Say on the orders what changed of their lines.

        :param before: dict of line -> {field name: value in words}.
        """
        notes = {}
        for line, values in before.items():
            changes = [
                Markup("%s: %s \N{RIGHTWARDS ARROW} %s")
                % (self._fields[name]._description_string(self.env), was, now)
                for name, was in values.items()
                if (now := line._get_told_value(name)) != was
            ]
            if changes:
                notes[line] = Markup("%s: %s") % (
                    line.name or "",
                    Markup("; ").join(changes),
                )
        self._log_on_orders(notes)

    def _log_on_orders(self, notes):
        """Post notes on the orders of lines.

        :param notes: dict of line -> text.
        """
        if self.env.context.get("tracking_disable"):
            return
        bodies = {}
        for line, note in notes.items():
            bodies.setdefault(line.order_id, []).append(Markup("<li>%s</li>") % note)
        orders = self.env["sale.order"].union(*bodies)
        orders._message_log_batch(
            {
                order.id: Markup("<ul>%s</ul>") % Markup("").join(items)
                for order, items in bodies.items()
            }
        )

    def _get_summary(self):
        """Return the line in words: title, share, date, and its invoice, if any."""
        self.ensure_one()
        words = [self.name or "", self._get_label(), self._get_told_value("date")]
        if self.sudo().move_id:
            words += [
                self._format(self.amount_untaxed),
                self.sudo().move_id._get_html_link(),
            ]
        return Markup(", ").join(word for word in words if word)

    def _get_told_values(self, vals):
        """Return line -> {field name: value in words} of what is about to change."""
        names = sorted(PLANNED_FIELDS & vals.keys())
        if not names or self.env.context.get("tracking_disable"):
            return {}
        return {
            line: {name: line._get_told_value(name) for name in names} for line in self
        }

    def _get_told_value(self, name):
        """Return the value of a field in words."""
        value, field = self[name], self._fields[name]
        if field.type == "date":
            return format_date(self.env, value) if value else ""
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, "")
        if field.type == "many2one":
            return value.display_name or ""
        if field.type == "monetary":
            return self._format(value)
        return f"{value:g}" if field.type == "float" else value or ""

    @api.model
    def get_import_templates(self):
        """Return the spreadsheet by which planned lines are imported."""
        return [
            {
                "label": self.env._("Import Template for Planned Lines"),
                "template": "/progress_billing/static/xls/planned_lines.xlsx",
            }
        ]

    # === ON THE PROJECT === #

    @api.model
    def default_get(self, fields):
        """Plan on the order of the project that one comes from, if it has only one."""
        values = super().default_get(fields)
        project_id = self.env.context.get("default_project_id")
        if project_id and "order_id" in fields and not values.get("order_id"):
            project = self.env["project.project"].browse(project_id)
            orders = project._get_progress_orders()
            if len(orders) == 1:
                values["order_id"] = orders.id
        return values
