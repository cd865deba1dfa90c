from collections import namedtuple

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools.misc import format_amount, format_date, formatLang

from ..arithmetic import budget
from ..arithmetic.claim import DEPOSIT, Claim, Part
from .progress_billing_rule import DEFAULT_LINE_TEXT

#: What project managers, who may not write orders otherwise, enter on order lines.
BUDGET_FIELDS = {
    "progress_basis",
    "completed_percent",
    "pending_amount",
    "pending_quantity",
    "progress_note",
    "progress_attachment_ids",
}
#: Typing one of these says how far a line is completed.
COMPLETION_FIELDS = {"completed_percent", "pending_amount", "pending_quantity"}

#: One budget line to bill; without a name the line's rule makes the text.
BudgetItem = namedtuple(
    "BudgetItem", "line amount quantity percent name", defaults=("",)
)


class SaleOrderLine(models.Model):
    """Keeps the revenue budget: how far a line is completed, what that lets us bill.

    Draft and actual are read from live documents; only the completed percentage is
    entered. Pending follows from both, in either direction.
    """

    _inherit = "sale.order.line"

    progress_project_id = fields.Many2one(
        comodel_name="project.project",
        string="Billed Project",
        compute="_compute_progress_project_id",
        store=True,
        index="btree_not_null",
        help="Project whose revenue budget this line belongs to.",
    )
    progress_basis = fields.Selection(
        selection=[("amount", "Amount"), ("quantity", "Quantity")],
        string="Billing Basis",
        copy=True,
        help="Amount: bill a share of the line's amount; quantities stay 0.\n"
        "Quantity: bill quantities at the unit rate.",
    )
    budget_original_quantity = fields.Float(
        string="Original Quantity",
        digits="Product Unit",
        copy=False,
        readonly=True,
        aggregator=None,
    )
    budget_original_amount = fields.Monetary(
        string="Original Amount", copy=False, readonly=True
    )
    budget_quantity = fields.Float(
        string="Revised Quantity",
        related="product_uom_qty",
        readonly=True,
        aggregator=None,
    )
    budget_amount = fields.Monetary(
        string="Revised Amount",
        compute="_compute_budget_amount",
        store=True,
        help="Untaxed amount of the line, with the cent by which the lines would not "
        "add up to an order that is rounded as a whole.",
    )
    budget_unit_rate = fields.Float(
        string="Unit Rate",
        digits="Product Price",
        compute="_compute_budget_unit_rate",
        aggregator=None,
        help="Untaxed price of a unit, after discount.",
    )
    completed_percent = fields.Float(
        string="Completed (%)", copy=False, digits=False, aggregator=None
    )
    pending_quantity = fields.Float(
        digits="Product Unit",
        compute="_compute_pending_quantity",
        inverse="_inverse_pending_quantity",
        store=True,
        copy=False,
        aggregator=None,
    )
    pending_amount = fields.Monetary(
        compute="_compute_pending_amount",
        inverse="_inverse_pending_amount",
        store=True,
        copy=False,
    )
    draft_quantity = fields.Float(
        digits="Product Unit",
        compute="_compute_billed",
        store=True,
        copy=False,
        aggregator=None,
    )
    draft_amount = fields.Monetary(compute="_compute_billed", store=True, copy=False)
    actual_quantity = fields.Float(
        digits="Product Unit",
        compute="_compute_billed",
        store=True,
        copy=False,
        aggregator=None,
    )
    actual_amount = fields.Monetary(compute="_compute_billed", store=True, copy=False)
    progress_before_amount = fields.Monetary(
        string="Billed Before",
        compute="_compute_progress_to_date",
        help="Untaxed, on drafts and open pro formas too.",
    )
    progress_to_date_amount = fields.Monetary(
        string="To Date",
        compute="_compute_progress_to_date",
        help="Billed before, and what is pending now.",
    )
    progress_balance_amount = fields.Monetary(
        string="Balance",
        compute="_compute_progress_to_date",
        help="What the line is worth beyond what is billed to date.",
    )
    progress_note = fields.Char(
        copy=False,
        help="What the completed percentage rests on; kept with its history.",
    )
    progress_attachment_ids = fields.Many2many(
        comodel_name="ir.attachment",
        relation="progress_budget_line_attachment_rel",
        string="Progress Attachments",
        copy=False,
        help="Measurements, photos, delivery notes.",
    )
    progress_attachment_count = fields.Integer(
        string="# Attachments", compute="_compute_progress_attachment_count"
    )
    progress_completion_ids = fields.One2many(
        comodel_name="progress.billing.completion",
        inverse_name="sale_line_id",
        string="History of Completion",
        copy=False,
    )
    progress_left_by = fields.Char(
        string="Left Pending By",
        readonly=True,
        copy=False,
        help="Pro forma that the customer declined, or that billed less than was "
        "pending. No run bills the rest until somebody says what becomes of it.",
    )
    progress_item_ids = fields.One2many(
        comodel_name="account.move.line",
        inverse_name="progress_budget_line_id",
        string="Billed Items",
    )
    progress_proforma_line_ids = fields.One2many(
        comodel_name="progress.billing.proforma.line",
        inverse_name="sale_line_id",
        string="Pro Forma Lines",
    )

    # === COMPUTES === #

    @api.depends(
        "project_id", "task_id.project_id", "order_id.project_id", "display_type"
    )
    def _compute_progress_project_id(self):
        for line in self:
            if line.display_type or line.is_downpayment:
                line.progress_project_id = False
            else:
                project = line.project_id or line.task_id.project_id
                line.progress_project_id = project or line.order_id.project_id

    @api.depends("price_subtotal", "order_id.amount_untaxed")
    def _compute_budget_amount(self):
        for order, lines in self.grouped("order_id").items():
            # What are no lines of the contract have no share of its cent.
            is_shared = lines & order._get_progress_contract_lines()
            shares = order._get_progress_budget_shares() if is_shared else {}
            for line in lines:
                line.budget_amount = shares.get(line, line.price_subtotal)

    @api.depends("price_subtotal", "product_uom_qty")
    def _compute_budget_unit_rate(self):
        for line in self:
            quantity = line.product_uom_qty
            line.budget_unit_rate = quantity and line.price_subtotal / quantity

    # Two methods: the host holds back what is computed together with what one types.
    @api.depends(
        "progress_basis",
        "product_uom_qty",
        "completed_percent",
        "draft_quantity",
        "actual_quantity",
    )
    def _compute_pending_quantity(self):
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        closed = self._get_closed_budget()
        for line in self:
            if line.progress_basis != budget.QUANTITY or line in closed:
                line.pending_quantity = 0.0
                continue
            line.pending_quantity = budget.pending_quantity(
                line.product_uom_qty,
                line.completed_percent,
                line.draft_quantity + line.actual_quantity,
                digits,
            )

    @api.depends(
        "progress_basis",
        "budget_amount",
        "completed_percent",
        "pending_quantity",
        "draft_amount",
        "actual_amount",
    )
    def _compute_pending_amount(self):
        closed = self._get_closed_budget()
        for line in self:
            billed = line.draft_amount + line.actual_amount
            if line in closed:
                line.pending_amount = 0.0
            elif line.progress_basis == budget.QUANTITY:
                line.pending_amount = line._get_pending_worth(billed)
            else:
                line.pending_amount = line._get_pending_share(billed)

    @api.depends(
        "progress_basis",
        "product_uom_qty",
        "budget_amount",
        "progress_item_ids.amount_currency",
        "progress_item_ids.quantity",
        "progress_item_ids.move_id.state",
        "progress_proforma_line_ids.amount_to_invoice",
        "progress_proforma_line_ids.quantity",
        "progress_proforma_line_ids.proforma_id.state",
    )
    def _compute_billed(self):
        for line in self:
            draft = line._get_draft()
            actual = line._get_billed("posted")
            is_amount = line.progress_basis != budget.QUANTITY
            line.draft_quantity = 0.0 if is_amount else draft[0]
            line.draft_amount = draft[1]
            line.actual_quantity = 0.0 if is_amount else actual[0]
            line.actual_amount = actual[1]

    @api.depends("budget_amount", "pending_amount", "draft_amount", "actual_amount")
    def _compute_progress_to_date(self):
        for line in self:
            before = line.draft_amount + line.actual_amount
            line.progress_before_amount = before
            line.progress_to_date_amount = before + line.pending_amount
            line.progress_balance_amount = (
                line.budget_amount - line.progress_to_date_amount
            )

    @api.depends("progress_attachment_ids")
    def _compute_progress_attachment_count(self):
        for line in self:
            line.progress_attachment_count = len(line.progress_attachment_ids)

    def _get_draft(self, more=0.0):
        """Return [quantity, amount] on drafts, open pro formas included.

        :param float more: see `_get_billed`.
        """
        draft = self._get_billed("draft", more)
        for proforma_line in self.progress_proforma_line_ids:
            if proforma_line.proforma_id._is_open():
                draft[0] += proforma_line.quantity
                draft[1] += proforma_line.amount_to_invoice
        return draft

    def _get_pending_after(self, more):
        """Return what is pending once more was billed of the line: quantity, amount.

        :param float more: see `_get_billed`.
        """
        self.ensure_one()
        if not more or self in self._get_closed_budget():
            return self.pending_quantity, self.pending_amount
        quantity, amount = self._get_draft(more)
        billed = self.currency_id.round(amount + self.actual_amount)
        if self.progress_basis != budget.QUANTITY:
            return 0.0, self._get_pending_share(billed)
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        quantity = round(quantity, digits) + self.actual_quantity
        pending = budget.pending_quantity(
            self.product_uom_qty, self.completed_percent, quantity, digits
        )
        if self.completed_percent == 100.0:
            return pending, self.currency_id.round(self.budget_amount - billed)
        return pending, self._get_quantity_worth(pending, (quantity, billed))

    def _get_pending_share(self, billed):
        """Return the untaxed amount that is pending of a line by amount.

        :param float billed: untaxed amount billed before, drafts included.
        """
        return budget.pending_amount(
            self.budget_amount, self.completed_percent, billed, self.currency_id
        )

    def _get_closed_budget(self):
        """Return the lines of which nothing is pending, however far completed.

        The final invoice billed all of them. A line that a form removes has no order.
        """
        # Asked once for all lines of an order, which looks at all of its invoices.
        finished = self.order_id.filtered(lambda order: order._has_progress_final())
        return self.filtered(
            lambda line: not line.order_id or line.order_id in finished
        )

    def _refresh_pending(self):
        """Have what is pending computed anew: a final invoice came, or is gone.

        Not a dependency, by which any invoice would touch all lines of its order.
        """
        for name in ("pending_quantity", "pending_amount"):
            self.env.add_to_compute(self._fields[name], self)

    def _get_billed(self, state, more=0.0):
        """Return [quantity, amount] billed by live items whose move is in a state.

        :param float more: untaxed amount to count as billed by planned lines.
        """
        quantity = amount = share = deposits = 0.0
        if self.order_id.progress_method == DEPOSIT:
            deposits = more
        else:
            share = more
        for item in self.progress_item_ids:
            if item.parent_state != state:
                continue
            billed = self.order_id._sum_progress_items(item)
            if item.is_downpayment:
                deposits += billed
            elif item.progress_by_amount:
                share += billed
            else:
                amount += billed
                quantity -= item.move_id.direction_sign * item._get_sale_line_quantity(
                    self
                )
        share += self._get_deposit_share(deposits)
        if share:
            quantity += self._get_share_quantity(share)
        return [quantity, amount + share]

    def _get_deposit_share(self, amount):
        """Return what deposits bill of the line, without the fixed taxes they contain.

        :param amount: untaxed amount of the deposits.
        """
        taxes = self.tax_ids.flatten_taxes_hierarchy()
        if not amount or all(tax._can_be_discounted() for tax in taxes):
            return amount
        ledger = self.order_id._get_progress_ledger(is_plan=True)
        contract, _taxed = ledger.get_contract(self.id)
        whole = contract + ledger.get_fixed_taxes(self.id)
        return self.currency_id.round(amount * contract / whole) if whole else amount

    def _get_share_quantity(self, amount):
        """Return the quantity that billing an amount of the line stands for."""
        return budget.invoiced_share(
            amount, self.budget_amount, self.product_uom_qty, self.currency_id
        )

    def _get_pending_worth(self, billed):
        """Return the untaxed amount that is pending of a line by quantity.

        Of a completed line of which anything was billed by amount, an amount is left:
        a quantity, rounded, may say that nothing is.

        :param float billed: untaxed amount billed before, drafts included.
        """
        if self.completed_percent == 100.0 and any(
            item.progress_by_amount and item.parent_state != "cancel"
            for item in self.progress_item_ids
        ):
            return self.currency_id.round(self.budget_amount - billed)
        quantity = self.draft_quantity + self.actual_quantity
        return self._get_quantity_worth(self.pending_quantity, (quantity, billed))

    def _get_quantity_worth(self, quantity, billed):
        """Return the untaxed amount of a quantity to bill at the line's unit rate.

        :param billed: pair of the quantity and the amount billed before.
        """
        return budget.quantity_worth(
            quantity,
            self.product_uom_qty,
            self.budget_amount,
            billed,
            self.currency_id,
            self.env["decimal.precision"].precision_get("Product Unit"),
        )

    # === WHO WRITES WHAT === #

    def _check_budget_access(self, vals):
        """Let project managers write the budget's figures, not the orders of others.

        Their access to order lines is for the budget; who may write an order without
        being a project manager may still do so.
        """
        user = self.env.user
        if (
            self.env.su
            or vals.keys() <= BUDGET_FIELDS
            or not user.has_group("project.group_project_manager")
            or user.has_group("account.group_account_invoice")
            or user.has_group("sales_team.group_sale_salesman_all_leads")
        ):
            return
        others = self
        if user.has_group("sales_team.group_sale_salesman"):
            others = self.filtered(
                lambda line: line.salesman_id and line.salesman_id != user
            )
        if others:
            raise AccessError(
                self.env._(
                    "You cannot change %(lines)s because project managers enter only "
                    "its progress. Ask its salesperson to change the order.",
                    lines=", ".join(others[:3].mapped("display_name")),
                )
            )

    def _set_default_basis(self):
        """Give lines without a billing basis the one of their billing rule."""
        for line in self.filtered(
            lambda line: (
                not line.progress_basis
                and not line.display_type
                and not line.is_downpayment
            )
        ):
            rule = line._get_progress_rule()
            line.progress_basis = rule.default_basis or budget.AMOUNT

    # === WHAT IS DUE === #

    @api.model
    def _get_budget_domain(self, projects):
        """Return the domain of the lines that make up the budget of some projects."""
        return [
            ("progress_project_id", "in", projects.ids),
            ("state", "!=", "cancel"),
        ]

    def _get_lines_to_bill(self, used=None):
        """Return the lines that a billing run takes, zeros if a rule wants them.

        :param used: order line -> untaxed amount to count as billed of it.
        """
        # What the final invoice took is billed; the budget's completion is history.
        lines = self.filtered(
            lambda line: (
                line.state == "sale" and not line.order_id._has_progress_final()
            )
        )
        return lines.filtered(
            lambda line: (
                not line._is_left_pending()
                and (
                    any(line._get_pending_after((used or {}).get(line)))
                    or line._get_progress_rule().create_zero_lines
                )
            )
        )

    def _is_left_pending(self):
        """Return whether a pro forma left something pending, and nobody said why."""
        is_pending = self.pending_amount or self.pending_quantity
        return bool(self.progress_left_by and is_pending)

    def _get_budget_items(self):
        """Return what is pending of the lines as items to bill."""
        return [
            BudgetItem(
                line, line.pending_amount, line.pending_quantity, line.completed_percent
            )
            for line in self
        ]

    # === WHAT WAS ENTERED === #

    def _note_completion(self, vals):
        """Remember who completes lines how far; said once, at the end.

        As the host tracks values: many lines that one saves together, or a line that
        one types twice, cost one write of the history.
        """
        if not self.env.su and COMPLETION_FIELDS & vals.keys() and self.ids:
            # Who types anew how far a line is has seen what is pending.
            self.filtered("progress_left_by").sudo().progress_left_by = False
        if "completed_percent" not in vals:
            return
        before = self.env.cr.precommit.data.setdefault("progress_billing.completed", {})
        if not before:
            self.env.cr.precommit.add(self.sudo()._create_completions)
        for line in self.filtered("id"):
            if isinstance(line.id, int):
                before.setdefault(line.id, line.completed_percent)

    def _create_completions(self):
        """Keep the history of the percentages that this transaction changed."""
        before = self.env.cr.precommit.data.pop("progress_billing.completed", {})
        lines = self.browse(before).exists()
        self.env["progress.billing.completion"].create(
            [
                {
                    "sale_line_id": line.id,
                    "user_id": self.env.uid,
                    "previous_percent": before[line.id],
                    "percent": line.completed_percent,
                    "note": line.progress_note,
                }
                for line in lines
                if line.completed_percent != before[line.id]
            ]
        )

    def action_view_completion(self):
        """Open what the line's completed percentage rests on, and how it came about."""
        self.ensure_one()
        self.check_access("read")
        view = self.env.ref("progress_billing.sale_order_line_view_form_budget")
        return {
            "type": "ir.actions.act_window",
            "name": self.name.partition("\n")[0],
            "res_model": self._name,
            "res_id": self.id,
            "views": [(view.id, "form")],
            "target": "new",
        }

    def _copy_last_billed(self):
        """Make pending what was billed of the lines last, as far as they have it."""
        for line in self._get_lines_without_pending():
            quantity, amount = line._get_last_billed()
            if line.progress_basis == budget.QUANTITY:
                billed = line.draft_quantity + line.actual_quantity
                line.pending_quantity = min(quantity, line.product_uom_qty - billed)
            elif amount > 0.0:
                line.pending_amount = min(amount, line.progress_balance_amount)

    def _get_lines_without_pending(self):
        """Return the lines on which nothing is pending, but something is left."""
        closed = self._get_closed_budget()
        return (self - closed).filtered(
            lambda line: (
                line.state == "sale"
                and not line.pending_amount
                and not line.pending_quantity
                and not line.progress_left_by
                and line.progress_balance_amount > 0.0
            )
        )

    def _get_last_billed(self):
        """Return what the newest document bills of the line: quantity, amount."""
        self.ensure_one()
        open_lines = self.progress_proforma_line_ids.filtered(
            lambda line: line.proforma_id._is_open()
        ).sorted("create_date")[-1:]
        items = self.progress_item_ids.filtered(
            lambda item: (
                item.parent_state != "cancel" and item.move_id.direction_sign == -1
            )
        )
        move = items.move_id.sorted("create_date")[-1:]
        if open_lines and (not move or open_lines.create_date > move.create_date):
            return open_lines.quantity, open_lines.amount_to_invoice
        items = items.filtered(lambda item: item.move_id == move)
        amount = self.order_id._sum_progress_items(items)
        by_amount = items.filtered("progress_by_amount")
        quantity = sum(item._get_sale_line_quantity(self) for item in items - by_amount)
        share = self.order_id._sum_progress_items(by_amount)
        return quantity + self._get_share_quantity(share), amount

    # === TASK AND RULE === #

    def _get_progress_task(self):
        """Return the task whose rule and grouping the line follows, if any."""
        self.ensure_one()
        # In sudo mode because the task may be private to its assignees.
        line = self.sudo()
        return (
            line.task_id
            or line.progress_project_id.tasks.filtered(
                lambda task: task.sale_line_id == line
            ).sorted("id")[:1]
        )

    def _get_progress_rule(self):
        """Return the billing rule of the line: of its task, else of its project."""
        rule = self._get_progress_task().progress_rule_id
        return rule or self.sudo().progress_project_id.progress_rule_id

    def _get_budget_key(self):
        """Return what lines must have in common to be billed together.

        Customer, delivery address, company and currency come on top, see
        `sale.order._get_progress_grouping_fields`.
        """
        task = self._get_progress_task()
        return (
            self.progress_project_id.id,
            self._get_progress_rule().invoice_group or "",
            task.id if task.bill_separately else 0,
        )

    # === CLAIMS === #

    @api.model
    def _prepare_budget_claims(self, items, key=None, **values):
        """Return the claims for some budget items, one per order and invoice.

        :param items: list of `BudgetItem`.
        :param key: what the invoice is keyed by, None for each line's own key.
        :param values: further values of the claims, such as `proforma_id`.
        """
        groups = {}
        for item in items:
            invoice_key = key or ("budget", *item.line._get_budget_key())
            groups.setdefault((item.line.order_id, invoice_key), []).append(item)
        return [
            Claim(
                order_id=order.id,
                parts=tuple(item.line._prepare_budget_part(item) for item in group),
                booking=order.progress_method,
                is_budget=True,
                invoice_key=invoice_key,
                **{"narration": group[0].line._get_invoice_text(group[0]), **values},
            )
            for (order, invoice_key), group in groups.items()
        ]

    def _prepare_budget_part(self, item):
        """Return the claim part of a budget item of this line."""
        rule, task = self._get_progress_rule(), self._get_progress_task()
        own = self.analytic_distribution or {}
        distribution = rule._get_distribution(own, self.progress_project_id, task)
        # An amount of which no quantity is left is billed as an amount.
        is_quantity = self.progress_basis == budget.QUANTITY
        is_quantity = is_quantity and bool(item.quantity or not item.amount)
        return Part(
            line_id=self.id,
            amount=item.amount,
            quantity=item.quantity if is_quantity else None,
            is_exact=True,
            is_line_only=True,
            name=item.name or self._get_line_text(item),
            account_id=rule._get_account(task).id or 0,
            analytic=tuple(sorted((distribution or {}).items())),
        )

    # === TEXTS === #

    def _get_invoice_text(self, item):
        """Return the text of the invoice that bills an item."""
        line = self.with_context(lang=self.order_id._get_lang())
        rule = line._get_progress_rule()
        return rule._fill(rule.invoice_description, line._get_text_values(item))

    def _get_line_text(self, item):
        """Return the text of the invoice line of an item."""
        line = self.with_context(lang=self.order_id._get_lang())
        rule = line._get_progress_rule()
        text = rule.line_description or DEFAULT_LINE_TEXT
        if text == DEFAULT_LINE_TEXT:
            text = line.env._(
                "%(line)s\n%(percent)s completed", line="{line}", percent="{percent}"
            )
        return rule._fill(text, line._get_text_values(item))

    def _get_text_values(self, item):
        """Return the texts of a rule's placeholders for an item to bill.

        :return: placeholder -> function that returns its text, as most of them cost
            more than they are used.
        """
        order, env = self.order_id, self.env
        return {
            "project": lambda: self.sudo().progress_project_id.name,
            "task": lambda: self._get_progress_task().name,
            "order": lambda: order.name,
            "reference": lambda: order.client_order_ref,
            "customer": lambda: order.partner_id.name,
            "date": lambda: format_date(env, order.company_id._get_progress_today()),
            "percent": lambda: f"{formatLang(env, item.percent, digits=2)} %",
            "quantity": lambda: formatLang(env, item.quantity, dp="Product Unit"),
            "unit": lambda: self.product_uom_id.name,
            "line": lambda: self.name,
            "amount": lambda: format_amount(env, item.amount, self.currency_id),
        }

    # === TYPING THE BUDGET === #

    @api.onchange("pending_amount")
    def _onchange_pending_amount(self):
        if self.budget_amount:
            self._inverse_pending_amount()

    @api.onchange("pending_quantity")
    def _onchange_pending_quantity(self):
        if self.progress_basis == budget.QUANTITY and self.product_uom_qty:
            self._inverse_pending_quantity()

    @api.onchange("completed_percent")
    def _onchange_completed_percent(self):
        if abs(self.completed_percent) <= 100.0:
            return None
        return {
            "warning": {
                "title": self.env._("More than 100 % completed"),
                "message": self.env._(
                    "%(line)s is worth %(amount)s. More than that can be billed only "
                    "within your company's tolerance of %(tolerance)s %%.",
                    line=self.name,
                    amount=self.currency_id.format(self.budget_amount),
                    tolerance=self.company_id.progress_overbilling_tolerance,
                ),
            }
        }

    def _inverse_pending_amount(self):
        for line in self:
            billed = line.draft_amount + line.actual_amount
            line.completed_percent = line._get_completed_percent(
                line.pending_amount, billed, line.budget_amount
            )

    def _inverse_pending_quantity(self):
        for line in self:
            if line.progress_basis != budget.QUANTITY:
                if line.pending_quantity:
                    raise UserError(
                        self.env._(
                            "You cannot set a pending quantity on %(line)s because it "
                            "is billed by amount. Enter a pending amount, or change "
                            "its billing basis.",
                            line=line.display_name,
                        )
                    )
                continue
            billed = line.draft_quantity + line.actual_quantity
            line.completed_percent = line._get_completed_percent(
                line.pending_quantity, billed, line.product_uom_qty
            )

    def _get_completed_percent(self, pending, billed, total):
        """Return the completed percentage that makes a value the pending one."""
        try:
            return budget.completed_percent(pending, billed, total)
        except ValueError:
            if not pending + billed:
                return self.completed_percent
            raise UserError(
                self.env._(
                    "You cannot bill %(line)s because its budget is 0. Enter a "
                    "quantity and a price on the order line first.",
                    line=self.display_name,
                )
            ) from None

    @api.constrains("completed_percent")
    def _check_completed_percent(self):
        for line in self:
            tolerance = line.company_id.progress_overbilling_tolerance
            excess = budget.get_completed_excess(line.completed_percent, tolerance)
            if not excess:
                continue
            figures = {
                "line": line.display_name,
                "percent": line.completed_percent,
                "tolerance": tolerance,
            }
            if not excess.is_over:
                raise ValidationError(
                    self.env._(
                        "You cannot complete %(line)s by %(percent).2f %% because "
                        "less than %(amount)s cannot be billed. Enter 0 to credit all "
                        "of it.",
                        amount=line.currency_id.format(0.0),
                        **figures,
                    )
                )
            raise ValidationError(
                self.env._(
                    "You cannot complete %(line)s by %(percent).2f %% because "
                    "%(amount)s is all it is worth, and your company tolerates "
                    "%(tolerance)s %% more. Change the order line first.",
                    amount=line.currency_id.format(line.budget_amount),
                    **figures,
                )
            )

    def _get_budget_writes(self, vals):
        """Return what to write on which lines: pairs of lines and values."""
        if BUDGET_FIELDS.isdisjoint(vals):
            return [(self, vals)]
        if {"pending_amount", "pending_quantity"} <= vals.keys():
            return [
                (lines, self._get_counting_budget_values(vals, basis))
                for basis, lines in self.grouped("progress_basis").items()
            ]
        return [(self, self._get_counting_budget_values(vals, ""))]

    @api.model
    def _get_counting_budget_values(self, vals, basis):
        """Return values without the budget figures that others decide.

        A form sends all figures that moved while one was typed: the completed
        percentage is exact and decides; else the pending value of the line's basis.
        """
        if "completed_percent" in vals:
            ignored = {"pending_amount", "pending_quantity"}
        elif {"pending_amount", "pending_quantity"} <= vals.keys():
            is_quantity = vals.get("progress_basis", basis) == budget.QUANTITY
            ignored = {"pending_amount" if is_quantity else "pending_quantity"}
        else:
            ignored = set()
        return {key: value for key, value in vals.items() if key not in ignored}

    # === INVOICED QUANTITIES === #

    def _get_amount_quantities(self, states):
        """Return order line -> invoiced quantity, for lines billed by amount.

        An item billed by amount has the quantity 1, which says nothing about the
        ordered quantity. What is invoiced counts as the share of it that the amount is
        of the line's; the ordered quantity only where all of the line is billed, lest
        the host finds nothing left to invoice.

        :param states: states of the invoices that count.
        """
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        quantities = {}
        for line in self.filtered(lambda line: not line.is_downpayment):
            items = line._get_invoice_lines().filtered(
                lambda item: item.parent_state in states
            )
            if not any(items.mapped("progress_by_amount")):
                continue
            amount = line.order_id._sum_progress_items(items)
            quantities[line] = budget.shown_quantity(
                line._get_share_quantity(amount), line.product_uom_qty, digits
            )
        return quantities
