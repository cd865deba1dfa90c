from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.fields import Command
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..arithmetic.amounts import Share, add, part_of
from ..arithmetic.retention import Pool, Terms, take_oldest
from ..invoicing.invoice_values import InvoiceValues
from ..settings.words import format_percent
from .progress_retention_terms import TERM_NAMES
from .retention_ledger import RetentionLedger

#: A sequence after that of all order lines.
LAST = 10**6
#: What salespeople set until something is held.
GUARDED = frozenset(
    {*TERM_NAMES, "retention_milestone_id", "retention_guarantee_reference"}
)


class SaleOrder(models.Model):
    """Knows an order's terms of retention, what is held of it and what was released."""

    _name = "sale.order"
    _inherit = ["sale.order", "progress.retention.terms"]

    retention_percent = fields.Float(
        compute="_compute_retention_terms", store=True, readonly=False, precompute=True
    )
    retention_base = fields.Selection(
        compute="_compute_retention_terms", store=True, readonly=False, precompute=True
    )
    retention_tax = fields.Selection(
        compute="_compute_retention_terms", store=True, readonly=False, precompute=True
    )
    retention_step_method = fields.Selection(
        compute="_compute_retention_terms", store=True, readonly=False, precompute=True
    )
    retention_cap_percent = fields.Float(
        compute="_compute_retention_terms", store=True, readonly=False, precompute=True
    )
    retention_release = fields.Selection(
        compute="_compute_retention_terms", store=True, readonly=False, precompute=True
    )
    retention_months = fields.Integer(
        compute="_compute_retention_terms", store=True, readonly=False, precompute=True
    )
    retention_step_ids = fields.One2many(
        comodel_name="progress.retention.step",
        inverse_name="order_id",
        string="Steps of Retention",
        compute="_compute_retention_step_ids",
        store=True,
        precompute=True,
        readonly=False,
        copy=True,
    )
    retention_milestone_id = fields.Many2one(
        comodel_name="project.milestone",
        string="Release Milestone",
        copy=False,
        index="btree_not_null",
    )
    retention_guarantee_reference = fields.Char(
        string="Guarantee",
        copy=False,
        help="Number of the guarantee that replaces the retention: nothing is held "
        "from then on.",
    )
    retention_guarantee_date = fields.Date(string="Guarantee Expires", copy=False)
    retention_item_ids = fields.One2many(
        comodel_name="account.move.line",
        inverse_name="retention_order_id",
        string="Retention Items",
        readonly=True,
    )
    retention_reminded_date = fields.Date(
        readonly=True,
        copy=False,
        help="Due date, or expiry of the guarantee, of which somebody was reminded.",
    )
    retention_failed_in_run = fields.Integer(
        readonly=True,
        copy=False,
        help="Run of the scheduled job in which releasing retention failed last, until "
        "it is released.",
    )
    has_retention = fields.Boolean(compute="_compute_has_retention", store=True)
    retention_held_amount = fields.Monetary(
        string="Retention Held",
        compute="_compute_retention_amounts",
        help="What posted invoices hold back and no release billed yet.",
    )
    retention_released_amount = fields.Monetary(
        string="Retention Released",
        compute="_compute_retention_amounts",
        help="What posted releases billed, less their credit notes.",
    )

    retention_date = fields.Date(
        string="Retention Due",
        compute="_compute_retention_date",
        help="When what is held falls due.",
    )
    retention_due_amount = fields.Monetary(
        string="Retention Due for Release", compute="_compute_retention_date"
    )

    # === TERMS === #

    @api.depends("company_id", "partner_id", "sale_order_template_id")
    def _compute_retention_terms(self):
        for order in self:
            # In sudo mode because salespeople need not read the company's settings.
            company = order.company_id.sudo()
            source = order._get_retention_source() or order
            order.update(source._get_retention_terms(company))

    @api.depends("company_id", "partner_id", "sale_order_template_id")
    def _compute_retention_step_ids(self):
        for order in self:
            # In sudo mode because salespeople need not read the company's settings.
            source = order._get_retention_source() or order
            steps = source.sudo().retention_step_ids.filtered(
                lambda step, order=order: (
                    not step.company_id or step.company_id == order.company_id
                )
            )
            if source == order or not (steps or order.retention_step_ids):
                order.retention_step_ids = order.retention_step_ids
            else:
                order.retention_step_ids = [
                    Command.clear(),
                    *map(Command.create, steps._prepare_retention_steps()),
                ]

    def _get_retention_source(self):
        """Return what the order takes its terms from; nothing once it is confirmed."""
        self.ensure_one()
        if self.state not in ("draft", "sent", False):
            return None
        if self.sale_order_template_id.has_retention_terms:
            return self.sale_order_template_id
        partner = self.partner_id.commercial_partner_id.with_company(self.company_id)
        return partner if partner.has_retention_terms else self.company_id.sudo()

    @api.depends(
        "retention_percent",
        "retention_step_ids.percent",
        "order_line.retention_percent",
    )
    def _compute_has_retention(self):
        retained = self.filtered(
            lambda order: (
                order.retention_percent
                or any(order.retention_step_ids.mapped("percent"))
                or any(order.order_line.mapped("retention_percent"))
            )
        )
        # What is held by terms that are gone is given back by the next invoice.
        others = self - retained
        retained |= others.filtered("has_retention")._filter_retention_held()
        for order in self:
            order.has_retention = order in retained

    def _filter_retention_held(self):
        """Return those of the orders of which anything was held."""
        held = self._get_retention_items().retention_order_id if self else self
        return self.filtered(lambda order: order._origin.id in held.ids)

    def _holds_by_lines(self):
        """Return whether invoices hold by lines, with taxes, and not by an entry."""
        self.ensure_one()
        return self.retention_tax == "release"

    def _get_retention_base(self):
        """Return what percentages are of: `total` or `untaxed`."""
        self.ensure_one()
        return "untaxed" if self._holds_by_lines() else self.retention_base

    def _has_retention_rates(self):
        """Return whether any line has a rate of its own."""
        self.ensure_one()
        return any(
            line._get_retention_rate() is not None
            for line in self._get_progress_contract_lines()
        )

    def _get_retention_single_rate(self):
        """Return the one rate of the order, 0.0 where there are several."""
        self.ensure_one()
        is_single = not self.retention_step_ids and not self._has_retention_rates()
        return self.retention_percent if is_single else 0.0

    def _get_retention_plain_terms(self):
        """Return the terms for the arithmetic."""
        self.ensure_one()
        return Terms(
            percent=self.retention_percent,
            steps=tuple(
                (step.until_percent, step.percent) for step in self.retention_step_ids
            ),
            method=self.retention_step_method,
            cap=self.retention_cap_percent,
        )

    def _get_retention_pools(self, billed):
        """Return the `retention.Pool`s of the order.

        :param billed: own rate, or None for the order's -> amount billed.
        """
        self.ensure_one()
        is_taxed = self._get_retention_base() == "total"
        contracts = {None: self.amount_total if is_taxed else self.amount_untaxed}
        for line in self._get_progress_contract_lines():
            rate = line._get_retention_rate()
            if rate is not None:
                amount = line.price_total if is_taxed else line.price_subtotal
                contracts[rate] = contracts.get(rate, 0.0) + amount
                contracts[None] -= amount
        return [
            Pool(billed.get(rate, 0.0), contracts.get(rate, 0.0), rate)
            for rate in {**contracts, **billed}
        ]

    def _check_retention_write(self, vals):
        """Refuse values that change terms by which something is held already."""
        names = GUARDED & vals.keys()
        if any(self._is_field_changed(name, vals[name]) for name in names):
            self._check_retention_editable()

    def _check_retention_editable(self):
        """Refuse to change the terms of orders of which something was held.

        From then on they are the accountants' to change.
        """
        if self.env.su or self.env.user.has_group("account.group_account_manager"):
            return
        for order in self.filtered("has_retention")._filter_retention_held():
            raise AccessError(
                self.env._(
                    "You cannot change the retention of %(order)s because an "
                    "amount is held already. Ask an accounting manager to do it.",
                    order=order.display_name,
                )
            )

    # === WHAT IS HELD === #

    def _get_retention_items(self, states=("posted",)):
        """Return the items on the retention account, oldest first.

        :param states: of their entries.

        In sudo mode because salespeople see what is held of their orders.
        """
        return (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("retention_order_id", "in", self.ids),
                    ("parent_state", "in", states),
                ],
                order="date, id",
            )
        )

    @api.depends(
        "retention_item_ids.parent_state", "retention_item_ids.amount_currency"
    )
    def _compute_retention_amounts(self):
        totals = self._sum_retention()
        for order in self:
            held, released = totals.get(order._origin.id, (0.0, 0.0))
            order.retention_held_amount = held
            order.retention_released_amount = released

    def _sum_retention(self):
        """Return order id -> (what is held, what was released)."""
        totals = {}
        for order, move, amount in (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                [
                    ("retention_order_id", "in", self._origin.ids),
                    ("parent_state", "=", "posted"),
                ],
                ["retention_order_id", "move_id"],
                ["amount_currency:sum"],
            )
        ):
            held, released = totals.get(order.id, (0.0, 0.0))
            if move.is_retention_release:
                released -= amount
            rounded = order.currency_id.round
            totals[order.id] = (rounded(held + amount), rounded(released))
        return totals

    def _get_retention_open(self, with_drafts=False):
        """Return order -> invoice -> what of it is held, the oldest first.

        :param bool with_drafts: less what drafts are about to release or give back.
        """
        states = ("draft", "posted") if with_drafts else ("posted",)
        items = self._get_retention_items(states).filtered(
            lambda item: item.parent_state == "posted" or item.amount_currency < 0.0
        )
        result = {order: {} for order in self}
        for item in items:
            row = result[item.retention_order_id.with_env(self.env)]
            move = item._get_retained_move()
            row[move] = item.currency_id.round(
                row.get(move, 0.0) + item.amount_currency
            )
        return result

    # === WHEN IT IS DUE === #

    @api.depends(
        "retention_release",
        "retention_months",
        "retention_milestone_id.is_reached",
        "retention_held_amount",
    )
    def _compute_retention_date(self):
        for order in self:
            order.retention_date = order._get_retention_date()
            order.retention_due_amount = (
                order.retention_held_amount if order._is_retention_due() else 0.0
            )

    def _get_retention_date(self):
        """Return the day on which what is held falls due, False where it is open."""
        self.ensure_one()
        if self.retention_guarantee_reference:
            return self.company_id._get_progress_today()
        if self.retention_release == "milestone":
            # In sudo mode because salespeople see milestones through the order only.
            milestone = self.retention_milestone_id.sudo()
            return milestone.reached_date or milestone.deadline
        if self.retention_release == "months":
            date = self._get_retention_completion()
            return date and date + relativedelta(months=self.retention_months)
        return False

    def _get_retention_completion(self):
        """Return the date of the final invoice, or of what completes the order."""
        self.ensure_one()
        moves = self._get_progress_finals_in_effect()
        if not moves and self._is_retention_complete():
            moves = self._get_progress_items().move_id.filtered(
                lambda move: move.state == "posted" and move.move_type == "out_invoice"
            )
        return max(moves.mapped("invoice_date"), default=False)

    def _is_retention_complete(self):
        """Return whether posted invoices bill all of the order, or more.

        A draft completes nothing yet.
        """
        self.ensure_one()
        posted = self._get_progress_items().filtered(
            lambda item: item.parent_state == "posted"
        )
        contract = self.progress_contract_amount
        left = contract - self._sum_progress_items(posted)
        sign = -1 if contract < 0.0 else 1
        return self.currency_id.compare_amounts(sign * left, 0.0) <= 0

    def _is_retention_due(self, date=None):
        """Return whether what is held may be released.

        :param date: None for today.
        """
        self.ensure_one()
        if (
            self.retention_release == "milestone"
            and not self.retention_guarantee_reference
        ):
            return self.retention_milestone_id.sudo().is_reached
        due = self._get_retention_date()
        return bool(due) and due <= (date or self.company_id._get_progress_today())

    def _get_retention_text(self):
        """Return the terms in words, for the invoice: rate, and when it is due."""
        self.ensure_one()
        percent = self._get_retention_single_rate()
        due = self._get_retention_date()
        values = {"percent": format_percent(self.env, percent) if percent else ""}
        if self.retention_release == "milestone" and self.retention_milestone_id:
            milestone = self.retention_milestone_id.sudo().name
            text = self.env._(
                "Retention %(percent)s, due with %(milestone)s",
                milestone=milestone,
                **values,
            )
        elif due:
            text = self.env._(
                "Retention %(percent)s, due on %(date)s",
                date=format_date(self.env, due),
                **values,
            )
        elif self.retention_release == "months":
            text = self.env._(
                "Retention %(percent)s, due %(months)s months after completion",
                months=self.retention_months,
                **values,
            )
        else:
            text = self.env._("Retention %(percent)s, due after acceptance", **values)
        return text.replace(" ,", ",")

    # === BEFORE ANYTHING IS HELD OR RELEASED === #

    def _lock_retention(self):
        """Keep anybody else from holding or releasing retention meanwhile.

        The rows are written, too: who waited for this with what was read before must
        read again.
        """
        self._lock_progress()
        if self:
            self.env.cr.execute(
                SQL(
                    "UPDATE sale_order SET write_date = write_date WHERE id IN %s",
                    tuple(self.ids),
                )
            )

    def _check_retention_account(self):
        """Refuse to hold retention without an account to book it on.

        :raise RedirectWarning: it opens the setting.
        """
        # In sudo mode because whoever posts need not read the company's settings.
        for company in self.company_id.sudo():
            if company._is_retention_account_usable():
                continue
            raise RedirectWarning(
                self.env._(
                    "You cannot hold retention of %(orders)s because company "
                    "%(company)s has no retention account. Choose one under Sales > "
                    "Configuration > Settings > Progress Billing > Retention: a "
                    "current asset that allows reconciliation.",
                    orders=", ".join(
                        self.filtered(
                            lambda order, company=company: (
                                order.company_id.id == company.id
                            )
                        ).mapped("display_name")
                    ),
                    company=company.display_name,
                ),
                self.env.ref("progress_billing.action_progress_billing_settings").id,
                self.env._("Open the settings"),
            )

    # === HELD BY LINES OF THE INVOICE === #

    def _add_retention_lines(self, vals_list):
        """Add to invoices the lines that hold back a part of them, with its taxes.

        :param vals_list: values of invoices, changed in place.
        """
        orders = self.filtered(
            lambda order: order.has_retention and order._holds_by_lines()
        )
        if not orders:
            return
        orders._check_retention_account()
        found = [
            (invoice, order, lines)
            for invoice in (InvoiceValues(self.env, values) for values in vals_list)
            for order, lines in invoice.get_lines_by_order().items()
            if order in orders
        ]
        ledger = RetentionLedger(orders, is_live=True)
        for invoice, order, lines in found:
            values = invoice.values
            added = order._prepare_retention_holding(ledger, invoice, lines)
            position = 1 + max(
                number
                for number, command in enumerate(values["invoice_line_ids"])
                if any(command[2] is line for line in lines)
            )
            values["invoice_line_ids"][position:position] = [
                Command.create({**line, "sequence": lines[-1].get("sequence", 10)})
                for line in added
            ]

    def _prepare_retention_holding(self, ledger, invoice, lines):
        """Return the values of lines that hold back a part of an invoice's lines.

        :param ledger: `RetentionLedger`, which counts them.
        :param invoice: the `InvoiceValues` of the invoice.
        :param lines: list of the values of the order's lines.
        """
        self.ensure_one()
        amounts, groups = {}, {}
        for values, base_line, share in invoice.round(lines):
            rate = invoice.get_sale_lines(values)[:1]._get_retention_rate()
            amounts[rate] = amounts.get(rate, 0.0) + share.base
            if rate != 0.0:
                group = (frozenset(base_line["tax_ids"].ids), 0, 0)
                groups[group] = add(groups.get(group, Share()), share, self.currency_id)
        amount = ledger.hold_by_lines(self, amounts, sum(amounts.values()))
        if amount < 0.0:
            opened = self._get_retention_open(with_drafts=True)[self]
            taken = take_oldest(-amount, opened, self.currency_id)
            return self._prepare_retention_lines({self: taken}, "give")[self]
        account = self.company_id.sudo().retention_account_id
        return [
            self._prepare_retention_deduction(group, share, account)
            for group, share in part_of(groups, amount, self.currency_id).items()
        ]

    def _prepare_retention_deduction(self, group, share, account):
        """Return the values of the line that holds back a part of one kind of taxes.

        :param share: `amounts.Share` to hold; its taxes are kept to the cent.
        """
        self.ensure_one()
        AccountTax = self.env["account.tax"]
        base_line = self.env["progress.billing.allocator"]._fix_amounts(
            self, group, share, None
        )
        extra = AccountTax._export_base_line_extra_tax_data(base_line)
        lang = self._get_lang()
        return {
            "name": self.with_context(lang=lang)._get_retention_line_name(),
            "quantity": -1.0,
            "price_unit": base_line["price_unit"],
            "product_uom_id": False,
            "tax_ids": [Command.set(list(group[0]))],
            "account_id": account.id,
            "extra_tax_data": AccountTax._reverse_quantity_base_line_extra_tax_data(
                extra
            ),
            "retention_order_id": self.id,
        }

    @api.model
    def _get_retention_preview_values(self, drafts):
        """Return one dict per line of final invoices to come that holds back of them.

        :param drafts: the invoices in memory.
        """
        return [
            {
                "order_id": item.retention_order_id._origin.id,
                # Behind the lines that it holds back of.
                "sequence": LAST,
                "name": item.name,
                "amount_final": -item.amount_currency,
            }
            for draft in drafts
            for item in draft.invoice_line_ids
            if item.retention_order_id
        ]

    def _get_retention_line_name(self):
        """Return the text of a line that holds back a part of an invoice."""
        self.ensure_one()
        percent = self._get_retention_single_rate()
        if percent:
            text = format_percent(self.env, percent)
            return self.env._("Retention %(percent)s", percent=text)
        return self.env._("Retention")

    # === RELEASE === #

    def action_release_retention(self):
        """Open the wizard that releases what is held of the orders."""
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Release Retention"),
            "res_model": "progress.retention.release",
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_ids": self.ids},
        }

    def _get_retention_release_action(self, names):
        """Return the action that releases what is held of those that hold anything.

        :param str names: whose orders they are.
        """
        held = self._get_retention_open(with_drafts=True)
        orders = self.filtered(lambda order: sum(held[order].values()) > 0.0)
        if not orders:
            raise UserError(
                self.env._(
                    "You cannot release retention of %(customers)s because nothing is "
                    "held of their orders, draft releases aside.",
                    customers=names,
                )
            )
        return orders.action_release_retention()

    def action_view_retention(self):
        """Open the posted items that hold back and release amounts of the orders."""
        self.check_access("read")
        return self._get_retention_action()

    def _get_retention_action(self):
        """Return the action that lists the posted items of the orders' retention."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Retention Items"),
            "res_model": "account.move.line",
            "view_mode": "list,form",
            "domain": [
                ("retention_order_id", "in", self.ids),
                ("parent_state", "=", "posted"),
            ],
        }

    def _create_retention_releases(
        self, amounts=None, date=None, consolidated=False, due_date=None
    ):
        """Create the invoices that release what is held, draft releases aside.

        :param amounts: dict of order -> amount in its currency, None for all of it.
        :param date: invoice date, None for today.
        :param bool consolidated: one invoice for all orders of the same customer,
            delivery address, currency and company.
        :param due_date: None for what the payment terms say.
        :return: the draft `account.move` records.
        :raise UserError: when nothing is held, or less than the amount.
        """
        self._check_retention_releasable()
        self._lock_retention()
        plan = self._get_retention_plan(amounts)
        lines = self._prepare_retention_lines(plan)
        groups = {}
        for order in lines:
            names = self._get_progress_grouping_fields() if consolidated else ["id"]
            key = tuple(order[name] for name in names)
            groups.setdefault(key, self.browse())
            groups[key] = (groups[key] | order).with_prefetch(self.ids)
        self._forget_retention_failure()
        # In sudo mode because what it releases is set by nobody.
        return (
            self.env["account.move"]
            .sudo()
            .create(
                [
                    orders._prepare_retention_release(lines, date, due_date)
                    for orders in groups.values()
                ]
            )
            .sudo(self.env.su)
        )

    def _forget_retention_failure(self):
        """Forget that the scheduled job could not release retention of the orders."""
        failed = self.filtered("retention_failed_in_run")
        # In sudo mode because nobody sets by hand what the job noted.
        failed.sudo().retention_failed_in_run = 0
        failed.activity_unlink(["progress_billing.mail_activity_type_retention"])

    def _get_retention_guaranteed(self, vals):
        """Return the orders whose retention values replace by a guarantee."""
        if not vals.get("retention_guarantee_reference"):
            return self.browse()
        return self.filtered(lambda order: not order.retention_guarantee_reference)

    def _release_to_guarantee(self):
        """Release at once all that is held of orders with a new guarantee."""
        held = self._get_retention_open(with_drafts=True)
        orders = self.filtered(lambda order: sum(held[order].values()) > 0.0)
        if orders:
            orders._create_retention_releases()._progress_post_and_send()

    def _check_retention_releasable(self):
        """Refuse to release to who may not invoice, and without a journal for it."""
        if not self.env.su and not self.env.user.has_group(
            "account.group_account_invoice"
        ):
            raise AccessError(
                self.env._(
                    "You cannot release retention because only invoicing people may. "
                    "Ask one of them."
                )
            )
        self.check_access("read")
        for company in self.company_id.sudo():
            if company.retention_journal_id.type != "sale":
                raise RedirectWarning(
                    self.env._(
                        "You cannot release retention because company %(company)s has "
                        "no journal for it. Choose a sales journal under Sales > "
                        "Configuration > Settings > Progress Billing > Retention.",
                        company=company.display_name,
                    ),
                    self.env.ref(
                        "progress_billing.action_progress_billing_settings"
                    ).id,
                    self.env._("Open the settings"),
                )

    def _get_retention_plan(self, amounts=None):
        """Return order -> invoice -> what is to be released of it, the oldest first."""
        available = self._get_retention_open(with_drafts=True)
        plan = {}
        for order, rows in available.items():
            whole = order.currency_id.round(sum(rows.values()))
            amount = whole if amounts is None else amounts.get(order, 0.0)
            if order.currency_id.compare_amounts(amount, whole) > 0 or amount < 0.0:
                raise UserError(
                    self.env._(
                        "You cannot release %(amount)s of %(order)s because %(held)s "
                        "is held of it, draft releases aside. Release at most that.",
                        amount=order._format_progress(amount),
                        order=order.display_name,
                        held=order._format_progress(whole),
                    )
                )
            taken = take_oldest(amount, rows, order.currency_id)
            if taken:
                plan[order] = taken
        if not plan:
            raise UserError(
                self.env._(
                    "You cannot release retention of %(orders)s because nothing is "
                    "held, draft releases aside.",
                    orders=", ".join(self.mapped("display_name")),
                )
            )
        return plan

    def _prepare_retention_release(self, lines, date, due_date):
        """Return the values of an invoice that releases what is held of the orders.

        :param lines: order -> list of values of its lines.
        """
        order = self[0].with_prefetch(self._prefetch_ids)
        order = order.with_company(order.company_id)
        date = date or order.company_id._get_progress_today()
        values = {
            **order._prepare_invoice(),
            **order._get_progress_dates(date),
            "journal_id": order.company_id.sudo().retention_journal_id.id,
            "is_retention_release": True,
            "narration": False,
            # What was paid online for the order is not for the release.
            "transaction_ids": [Command.clear()],
            "invoice_line_ids": [
                Command.create(line) for each in self for line in lines[each]
            ],
        }
        if len(self) > 1:
            values.update(self._get_progress_common_values())
        if due_date:
            values.update(invoice_payment_term_id=False, invoice_date_due=due_date)
        return values

    def _prepare_retention_lines(self, plan, purpose="release"):
        """Return order -> values of the invoice lines that release an amount.

        :param plan: order -> invoice -> amount.
        :param str purpose: `release`, or `give` back with an ordinary invoice.
        """
        items = self._get_retention_items(("draft", "posted")).filtered(
            lambda item: item.parent_state == "posted" or item.amount_currency < 0.0
        )
        accounts = items._get_retention_accounts()
        taxed = items.filtered("tax_ids")
        shares = self.env["progress.billing.allocator"]._get_billed_shares(taxed)
        groups = {}
        for item, share in shares.items():
            key = (item.retention_order_id.id, item._get_retained_move().id)
            group = (frozenset(item.tax_ids.ids), item.account_id.id, 0)
            rows = groups.setdefault(key, {})
            rows[group] = add(rows.get(group, Share()), share, item.currency_id, -1)
        return {
            order: [
                line
                for move, amount in taken.items()
                for line in order._prepare_retention_parts(
                    move,
                    amount,
                    groups.get((order.id, move.id)) or accounts[order, move],
                    purpose,
                )
            ]
            for order, taken in plan.items()
        }

    def _prepare_retention_parts(self, move, amount, held, purpose):
        """Return the values of the lines that release an amount of an invoice.

        :param held: (taxes, account, 0) -> `amounts.Share` that is held, where it is
            held with taxes; else the account that holds it.
        """
        self.ensure_one()
        lang = self._get_lang()
        values = {
            "name": self.with_context(lang=lang)._get_retention_release_name(
                move, purpose
            ),
            "quantity": 1.0,
            "product_uom_id": False,
            "retention_order_id": self.id,
            "retention_move_id": move.id,
        }
        if not isinstance(held, dict):
            plain = {"account_id": held.id, "price_unit": amount}
            return [{**values, **plain, "tax_ids": [Command.clear()]}]
        allocator = self.env["progress.billing.allocator"]
        result = []
        for group, share in part_of(held, amount, self.currency_id).items():
            base_line = allocator._fix_amounts(self, group, share, None)
            AccountTax = self.env["account.tax"]
            extra = AccountTax._export_base_line_extra_tax_data(base_line)
            result.append(
                {
                    **values,
                    "account_id": group[1],
                    "price_unit": base_line["price_unit"],
                    "tax_ids": [Command.set(list(group[0]))],
                    "extra_tax_data": extra,
                }
            )
        return result

    def _get_retention_release_name(self, move, purpose="release"):
        """Return the text of a line that releases, or gives back, what is held."""
        self.ensure_one()
        names = {
            "invoice": move.name,
            "date": format_date(self.env, move.invoice_date),
            "order": self.client_order_ref or self.name,
        }
        if purpose == "give":
            return self.env._(
                "Retention of %(invoice)s of %(date)s given back, %(order)s", **names
            )
        return self.env._(
            "Release of the retention of %(invoice)s of %(date)s, %(order)s", **names
        )
