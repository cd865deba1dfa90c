from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain
from odoo.tools.misc import formatLang

from ..arithmetic.amounts import ceiling, get_excess
from ..arithmetic.claim import DEPOSIT
from .order_ledger import OrderLedger
from .request import get_request, with_request

#: What the host works out anew of all lines whenever one comes.
WORTH_FIELDS = ("amount_untaxed", "amount_tax", "amount_total")


class SaleOrder(models.Model):
    """Knows what an order has billed and may bill, and on which accounts."""

    _inherit = "sale.order"

    progress_contract_amount = fields.Monetary(
        string="Contract Value",
        compute="_compute_progress_amounts",
        store=True,
        help="Untaxed amount of the order lines that are not down payments.",
    )
    progress_planned_amount = fields.Monetary(
        string="Planned", compute="_compute_progress_amounts", store=True
    )
    progress_billed_amount = fields.Monetary(
        string="Billed to Date",
        compute="_compute_progress_amounts",
        store=True,
        help="Untaxed amount of the draft and posted invoices, less credit notes.",
    )
    progress_remaining_amount = fields.Monetary(
        string="Remaining", compute="_compute_progress_amounts", store=True
    )
    progress_remaining_percent = fields.Float(
        string="Remaining (%)", compute="_compute_progress_amounts", store=True
    )
    progress_deposit_balance = fields.Monetary(
        string="Open Deposits",
        compute="_compute_progress_amounts",
        store=True,
        help="Untaxed amount posted on the deposit account and not yet taken back.",
    )
    progress_draft_credit_amount = fields.Monetary(
        string="Draft Credit Notes",
        compute="_compute_progress_amounts",
        store=True,
        help="Untaxed amount of draft credit notes, negative. It is part of what is "
        "billed to date, but makes no room for other invoices yet.",
    )
    progress_excess_amount = fields.Monetary(
        string="Planned Beyond the Contract",
        compute="_compute_progress_excess_amount",
    )

    # === SHOWN ON THE ORDER === #

    progress_other_move_ids = fields.Many2many(
        comodel_name="account.move",
        string="Other Invoices",
        compute="_compute_progress_other_move_ids",
        help="Invoices of the order that no planned line made: final, interim and "
        "regular ones, down payments made by hand, credit notes.",
    )
    has_progress_account = fields.Boolean(
        compute="_compute_has_progress_account",
        help="Deposits on the order find their account.",
    )

    @api.depends(
        "amount_untaxed",
        "progress_line_ids.state",
        "progress_line_ids.amount_untaxed",
        "order_line.invoice_lines.amount_currency",
        "order_line.invoice_lines.parent_state",
        "order_line.invoice_lines.move_id.move_type",
    )
    def _compute_progress_amounts(self):
        for order in self:
            items = order._get_progress_items()
            live = items.filtered(lambda item: item.parent_state in ("draft", "posted"))
            deposits = items.filtered(
                lambda item: (
                    item.parent_state == "posted"
                    and any(line.is_downpayment for line in item.sale_line_ids)
                )
            )
            planned = order.progress_line_ids.filtered(
                lambda line: line.state == "planned"
            )
            contract = order.amount_untaxed
            billed = order._sum_progress_items(live)
            order.progress_contract_amount = contract
            order.progress_planned_amount = sum(planned.mapped("amount_untaxed"))
            order.progress_billed_amount = billed
            order.progress_remaining_amount = contract - billed
            order.progress_remaining_percent = (
                100.0 * (contract - billed) / contract if contract else 0.0
            )
            order.progress_deposit_balance = order._sum_progress_items(deposits)
            order.progress_draft_credit_amount = order._sum_progress_draft_credits(
                items, contract
            )

    @api.depends(
        "progress_billed_amount",
        "progress_planned_amount",
        "progress_contract_amount",
    )
    def _compute_progress_excess_amount(self):
        for order in self:
            excess = order._get_progress_excess(order.progress_planned_amount)
            order.progress_excess_amount = excess.beyond if excess else 0.0

    @api.depends("progress_line_ids.move_id", "order_line.invoice_lines.parent_state")
    def _compute_progress_other_move_ids(self):
        for order in self:
            moves = order._get_progress_items().move_id
            planned = order.sudo().progress_line_ids.move_id
            others = moves.filtered(lambda move: move.state != "cancel") - planned
            order.progress_other_move_ids = others.sorted(
                lambda move: (move.invoice_date or move.date, move.id)
            )

    @api.depends("company_id", "progress_method", "order_line.product_id")
    def _compute_has_progress_account(self):
        for order in self:
            order.has_progress_account = (
                order.progress_method != DEPOSIT
                or not order.company_id
                or order._has_progress_deposit_account()
            )

    # === WHAT BELONGS TO THE ORDER === #

    def _get_progress_contract_lines(self):
        """Return the order lines that make up the contract value."""
        return self.order_line.filtered(
            lambda line: not line.display_type and not line.is_downpayment
        )

    def _get_progress_contract(self):
        """Return what may be billed of the order, untaxed and without tolerance."""
        self.ensure_one()
        return self.progress_contract_amount

    def _get_progress_items(self):
        """Return the invoice lines of the orders, in whatever state.

        In sudo mode because salespeople see the totals of their orders, whoever made
        the invoices.
        """
        return self.order_line.sudo().invoice_lines

    def _sum_progress_items(self, items):
        """Return the untaxed amount that invoice lines bill, in the order's currency.

        Journal items credit income and deposits, hence the sign.
        """
        return -sum(
            item.amount_currency
            if item.currency_id == self.currency_id
            else item.currency_id._convert(
                item.amount_currency, self.currency_id, item.company_id, item.date
            )
            for item in items
        )

    def _uses_progress_billing(self):
        """Return whether parts of the order were ever planned or billed by progress.

        In sudo mode because salespeople ask it, whoever made the invoices.
        """
        self.ensure_one()
        return bool(self.progress_line_ids or self.sudo().order_line.progress_item_ids)

    # === WHAT MAY BE BILLED === #

    def _lock_progress(self):
        """Keep anybody else from billing or settling the orders meanwhile."""
        try:
            # In sudo mode because locking a row is no change that needs a right.
            self.sudo().lock_for_update(allow_referencing=True)
        except LockError:
            raise UserError(
                self.env._(
                    "You cannot bill %(orders)s because somebody else is billing or "
                    "changing it right now. Try again in a moment.",
                    orders=", ".join(self.mapped("display_name")),
                )
            ) from None

    def _get_progress_ceiling(self, contract):
        """Return the most that may be billed of an untaxed amount, by the tolerance."""
        tolerance = self.company_id.progress_overbilling_tolerance
        return ceiling(contract, tolerance, self.currency_id)

    def _refuse_progress(self, obstacles):
        """Refuse what there is an obstacle to.

        :param obstacles: reasons as texts, empty where there is none.
        """
        for obstacle in filter(None, obstacles):
            raise UserError(obstacle)

    def _get_progress_draft_credit_obstacle(self):
        """Return why nothing is invoiced beside draft credit notes, if there are any.

        The quantities that they credit count as not invoiced, the amounts as billed.
        """
        self.ensure_one()
        lines = self._get_progress_contract_lines()
        items = lines.sudo().invoice_lines
        credits_ = items._get_progress_draft_credits(self._get_progress_contract())
        return credits_ and self.env._(
            "You cannot invoice %(order)s because credit note %(credits)s is still a "
            "draft. Post or delete it first.",
            order=self.display_name,
            credits=self._format_progress_moves(credits_.move_id),
        )

    def _check_progress_billable(self):
        """Refuse to bill orders that are not confirmed."""
        for order in self:
            if order.state != "sale":
                raise UserError(
                    self.env._(
                        "You cannot bill %(order)s because it is not a confirmed "
                        "order. Confirm it first.",
                        order=order.display_name,
                    )
                )

    def _check_progress_amounts(self, amounts):
        """Refuse to bill more than the order, or a line of it, has left.

        :param amounts: the order, or one of its lines -> untaxed amount.
        :raise UserError: with the figures.
        """
        self._refuse_progress(
            self._explain_progress_excess(excess, record)
            for record, amount in amounts.items()
            if (excess := self._get_progress_objection(amount, record))
        )

    def _check_progress_move(self, move):
        """Refuse an invoice that leaves billed beyond the contract or below nothing.

        :param move: an invoice or credit note on the order.
        """
        for record, items in self._get_progress_move_parts(move).items():
            amount = self._sum_progress_items(items)
            # Nothing makes no more of an excess that a changed order leaves.
            if not self.currency_id.is_zero(amount):
                excess = self._get_progress_objection(amount, record, without=items)
                self._refuse_progress(
                    [excess and self._explain_progress_excess(excess, record, items)]
                )

    def _get_progress_objection(self, amount, record=None, added=0.0, without=None):
        """Return the excess of an amount that the user may not bill, or None.

        As `_get_progress_excess`; whoever may bill beyond contracts is only warned.
        """
        excess = self._get_progress_excess(amount, record, added, without)
        if excess and excess.is_over and self._may_exceed_progress():
            return None
        return excess

    def _explain_progress_excess(self, excess, record, without=None):
        """Return why an amount may not be billed, in words.

        :param excess: `amounts.Excess`.
        :param record: the order, or the line of it.
        :param without: invoice lines that the amount stands for.
        """
        figures = self._format_progress_excess(excess)
        figures["record"] = self.display_name if record == self else record.name
        if not excess.is_over:
            return self.env._(
                "You cannot credit %(amount)s of %(record)s because %(billed)s of it "
                "are billed. Credit at most %(rest)s.",
                **figures,
            )
        message = self.env._(
            "You cannot bill %(amount)s of %(record)s because %(billed)s of its "
            "%(contract)s are billed already, drafts included. Bill at most "
            "%(rest)s, or change the order first.",
            **figures,
        )
        items = record._get_progress_items() - (
            without or self.env["account.move.line"]
        )
        items -= items._get_progress_draft_credits(record._get_progress_contract())
        drafts = items.filtered(lambda item: item.parent_state == "draft").move_id
        if not drafts:
            return message
        drafts = self._format_progress_moves(drafts)
        hint = self.env._("Drafts that count: %(drafts)s.", drafts=drafts)
        return f"{message} {hint}"

    def _format_progress_excess(self, excess):
        """Return the figures of an `amounts.Excess`, formatted, for messages."""
        return {
            "amount": self._format_progress(abs(excess.amount or excess.billed)),
            "billed": self._format_progress(excess.billed),
            "contract": self._format_progress(excess.contract),
            "rest": self._format_progress(abs(excess.rest)),
        }

    def _get_progress_move_parts(self, move):
        """Return the order, or a line of it -> those lines of an invoice it bounds."""
        items = self._get_progress_move_items(move)
        parts = {self: items}
        # A final completes the order, whatever cents that leaves on its lines.
        if not move.is_progress_final:
            for line in items._get_progress_bounded_lines():
                parts[line] = items & line._get_progress_items()
        return parts

    def _get_progress_uncovered(self, move, moves):
        """Return the posted items that credit more than is billed without an invoice.

        :param move: the invoice that is undone.
        :param moves: what is undone together, `move` among them.
        """
        for record, items in self._get_progress_move_parts(move).items():
            others = record._get_progress_items().filtered(
                lambda item: item.parent_state == "posted" and item.move_id not in moves
            )
            sign = -1 if record._get_progress_contract() < 0.0 else 1
            rest = sign * self._sum_progress_items(others)
            if self.currency_id.compare_amounts(rest, 0.0) < 0:
                if sign * self._sum_progress_items(items) > 0.0:
                    return others
        return move.sudo().line_ids.browse()

    def _get_progress_move_items(self, move):
        """Return the lines of an invoice that are the order's."""
        return move.sudo().line_ids.filtered(
            lambda item: self in item.sale_line_ids.order_id
        )

    def _refuse_progress_draft_credit(self, deposits, amount):
        """Say that progress cannot be taken back from a deposit that is a draft.

        :param deposits: down payment lines.
        :param float amount: untaxed amount to take back of them.
        :raise UserError: always.
        """
        drafts = deposits.sudo().invoice_lines.filtered(
            lambda item: item.parent_state == "draft"
        )
        raise UserError(
            self.env._(
                "You cannot credit %(amount)s of %(order)s because its deposit "
                "%(deposits)s is still a draft. Post or delete it first.",
                amount=self._format_progress(abs(amount)),
                order=self.display_name,
                deposits=", ".join(drafts.move_id.mapped("display_name")),
            )
        )

    def _may_exceed_progress(self):
        """Return whether the user may bill beyond contracts; they are warned."""
        return self.env.user.has_group("progress_billing.group_exceed_contract")

    def _get_progress_excess(self, amount, record=None, added=0.0, without=None):
        """Return why an amount may not be billed, in figures; None where it may.

        The one answer for planning, previews, runs, pro formas and posting. Drafts
        count as billed, but draft credit notes make no room yet.

        :param float amount: untaxed amount to bill on top of what is billed already, in
            the order's currency; negative where it is taken back.
        :param record: the order line it is billed on, by default the order.
        :param float added: untaxed amount billed before it that no invoice has yet.
        :param without: invoice lines that `amount` stands for, not billed otherwise.
        :return: `amounts.Excess` or None.
        """
        self.ensure_one()
        record = record or self
        without = without or self.env["account.move.line"]
        contract = record._get_progress_contract()
        billed = record.progress_billed_amount + added
        billed -= self._sum_progress_items(without)
        if (amount >= 0.0) == (contract >= 0.0):
            billed -= record.progress_draft_credit_amount
            billed += self._sum_progress_draft_credits(without, contract)
        args = (amount, billed, contract)
        limit = self._get_progress_ceiling(contract)
        excess = get_excess(*args, limit, self.currency_id)
        if not excess or not excess.is_over:
            return excess
        # Dear to ask for: only what is beyond the plain contract is held against it.
        pool = record.id if record != self else 0
        contract = self._get_progress_ledger(is_plan=True).get_bound(pool, contract)
        limit = self._get_progress_ceiling(contract)
        return get_excess(*args, limit, self.currency_id)

    def _sum_progress_draft_credits(self, items, contract):
        """Return the untaxed amount of those invoice lines on draft credit notes.

        :param float contract: see `_get_progress_draft_credits`.
        """
        return self._sum_progress_items(items._get_progress_draft_credits(contract))

    def _format_progress_moves(self, moves):
        """Return the names of invoices with their untaxed amounts, for messages."""
        return ", ".join(
            f"{move.display_name} ({self._format_progress(move.amount_untaxed)})"
            for move in moves
        )

    def _format_progress(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    # === FOR THE BUILDER === #

    def _get_progress_dates(self, date):
        """Return the dates of an invoice of the order, for its values.

        Dated here and not when it is posted: the host would date (and recompute)
        invoice by invoice. Without payment terms it would be due on the day it is made,
        so perhaps before its own date.
        """
        self.ensure_one()
        dates = {"invoice_date": date}
        return dates if self.payment_term_id else {**dates, "invoice_date_due": date}

    def _get_progress_section_values(self):
        """Return values of the *Down Payments* section, None if the order has it."""
        self.ensure_one()
        if any(line.display_type and line.is_downpayment for line in self.order_line):
            return None
        return self._prepare_down_payment_line_section_values()

    def _get_progress_grouping_fields(self):
        """Return the fields in which orders on one invoice must agree."""
        return [
            "company_id",
            "partner_invoice_id",
            "partner_shipping_id",
            "currency_id",
            "fiscal_position_id",
        ]

    def _get_progress_common_values(self):
        """Return header values of an invoice that bills several orders."""
        references = dict.fromkeys(
            order.client_order_ref or order.name for order in self
        )
        return {
            "ref": ", ".join(references)[:2000],
            "invoice_origin": ", ".join(self.mapped("name")),
            "payment_reference": False,
        }

    def _prepare_progress_section(self, sequence):
        """Return the section line that heads an order on a consolidated invoice."""
        self.ensure_one()
        env = self.with_context(lang=self._get_lang()).env
        name = env._("Order %(order)s", order=self.name)
        if self.client_order_ref:
            # The customer's own number, by which they check the invoice.
            name = f"{name} ({self.client_order_ref})"
        return {
            "display_type": "line_section",
            "name": name,
            "sequence": sequence,
        }

    def _with_progress_batch(self):
        """Return the orders in a context that spares searches which find nothing."""
        models = self.env["account.analytic.distribution.model"].sudo()
        line_ids = self.order_line.ids
        # In sudo mode because an unseen project gives its account, too.
        projects = self.env["project.project"].sudo()
        linked = projects.search_count(
            Domain("account_id", "!=", False)
            & (
                Domain("sale_line_id", "in", line_ids)
                | Domain("tasks.sale_line_id", "in", line_ids)
            ),
            limit=1,
        )
        return with_request(
            self,
            is_batch=True,
            is_plain_analytic=not models.search_count([], limit=1),
            is_without_project=not linked,
        )

    def _create_progress_moves(self, vals_list):
        """Create invoices in one batch, through the host's own method."""
        return self._create_account_invoices(vals_list, False).sudo(self.env.su)

    # === SEVERAL ORDERS ON ONE INVOICE === #

    def _get_progress_sharing(self):
        """Return the orders that share an invoice with another one of `self`."""
        names = self._get_progress_grouping_fields()
        groups = self.grouped(lambda order: tuple(order[name].id for name in names))
        shared = [orders for orders in groups.values() if len(orders) > 1]
        return self.browse().union(*shared)

    def _has_progress_section(self):
        """Return whether the order gets a section on the invoice being prepared."""
        self.ensure_one()
        return self.id in get_request(self).section_order_ids

    def _get_progress_ledger(self, is_plan=False):
        """Return what the order has billed so far, to work out its next parts from.

        :param bool is_plan: only previews amounts, which needs no deposit account.
        :return: an `OrderLedger`.
        """
        self.ensure_one()
        return OrderLedger(self, is_plan)

    def _get_progress_ledgers(self):
        """Return order id -> `OrderLedger`; what all of them read is read at once."""
        self.order_line.sudo().fetch(["tax_ids", "invoice_lines"])
        return {order.id: order._get_progress_ledger() for order in self}

    @contextmanager
    def _keeping_progress_worth(self, vals_list):
        """Have nothing computed anew that down payment lines of no quantity leave.

        The orders are worth what they are worth, and so are their lines.

        :param vals_list: of the order lines that are created meanwhile.
        """
        if any(
            vals.get("product_uom_qty", 1.0)
            for vals in vals_list
            if not vals.get("display_type")
        ):
            yield
            return
        lines = self.order_line
        kept = [
            ([self._fields[name] for name in WORTH_FIELDS], self),
            ([lines._fields["budget_amount"]], lines),
        ]
        with self.env.protecting(kept):
            yield
