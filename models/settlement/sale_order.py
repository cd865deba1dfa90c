from odoo import api, fields, models
from odoo.exceptions import RedirectWarning, UserError
from odoo.fields import Domain

from ..arithmetic.amounts import Share, add, fraction_of, recoup, total_base
from ..invoicing.invoice_values import InvoiceValues
from ..invoicing.request import InvoicesPrepared, get_request, with_request

RECOUPMENT_MODES = [
    ("proportional", "In proportion to what is invoiced"),
    ("fit", "As much as fits"),
    ("none", "Not now"),
]


class SaleOrder(models.Model):
    """Makes final and interim invoices, which take deposits back."""

    _inherit = "sale.order"

    progress_payment_state = fields.Selection(
        selection=[
            ("none", "Nothing Billed"),
            ("unpaid", "Unpaid"),
            ("partial", "Partially Paid"),
            ("paid", "Paid"),
        ],
        string="Progress Payment",
        compute="_compute_progress_payment_state",
        store=True,
    )
    progress_final_invoice_ids = fields.Many2many(
        comodel_name="account.move",
        string="Final Invoices",
        compute="_compute_progress_final_invoice_ids",
    )
    has_progress_final_due = fields.Boolean(
        compute="_compute_has_progress_final_due",
        help="The order is progress-billed and awaits its final invoice.",
    )
    is_progress_final_ready = fields.Boolean(
        string="Ready for Final Invoice",
        compute="_compute_is_progress_final_ready",
        search="_search_is_progress_final_ready",
        help="Nothing is planned nor a draft any more, and deposits are open or the "
        "order is not billed in full.",
    )

    @api.depends(
        "progress_line_ids.state",
        "progress_line_ids.payment_state",
        "order_line.invoice_lines.move_id.is_progress_final",
        "order_line.invoice_lines.move_id.payment_state",
        "order_line.invoice_lines.parent_state",
    )
    def _compute_progress_payment_state(self):
        for order in self:
            states = {
                line.payment_state or "not_paid"
                for line in order.progress_line_ids
                if line.state in ("draft", "posted", "settled")
            }
            moves = order._get_progress_finals_in_effect().sudo()
            moves |= order._get_progress_budget_invoices()
            states |= {move.payment_state or "not_paid" for move in moves}
            if not states:
                order.progress_payment_state = "none"
            elif states <= {"paid", "in_payment", "reversed"}:
                order.progress_payment_state = "paid"
            elif states & {"paid", "in_payment", "partial"}:
                order.progress_payment_state = "partial"
            else:
                order.progress_payment_state = "unpaid"

    def _get_progress_budget_invoices(self):
        """Return the invoices in effect of work completed, of no planned line."""
        self.ensure_one()
        items = self.sudo().order_line.progress_item_ids
        moves = items.filtered(lambda item: not item.progress_line_id).move_id
        return moves.filtered(
            lambda move: (
                move.move_type == "out_invoice"
                and not move.is_progress_final
                and move.state != "cancel"
                and move.payment_state != "reversed"
            )
        )

    @api.depends("order_line.invoice_lines.move_id.is_progress_final")
    def _compute_progress_final_invoice_ids(self):
        for order in self:
            order.progress_final_invoice_ids = order._get_progress_finals()

    @api.depends(
        "state",
        "invoice_status",
        "progress_line_ids.state",
        "order_line.draft_amount",
        "order_line.actual_amount",
        "order_line.invoice_lines.move_id.is_progress_final",
        "order_line.invoice_lines.parent_state",
    )
    def _compute_has_progress_final_due(self):
        for order in self:
            order.has_progress_final_due = (
                order.state == "sale"
                and order.invoice_status != "invoiced"
                and order._awaits_progress_final()
            )

    def _compute_is_progress_final_ready(self):
        ready = self.search(
            Domain("id", "in", self.ids) & self._get_final_ready_domain()
        )
        for order in self:
            order.is_progress_final_ready = order in ready

    @api.model
    def _search_is_progress_final_ready(self, operator, value):
        domain = self._get_final_ready_domain()
        return domain if (operator in ("=", "in")) == bool(value) else ~domain

    @api.model
    def _get_final_ready_domain(self):
        """Return the domain of orders whose final invoice is the next to be made."""
        drafts = Domain("parent_state", "=", "draft")
        finals = Domain("move_id.is_progress_final", "=", True)
        finals &= Domain("parent_state", "=", "posted")
        finals &= Domain("move_id.payment_state", "!=", "reversed")
        return (
            Domain("state", "=", "sale")
            & Domain("progress_line_ids.state", "in", ("posted", "settled"))
            & (
                Domain("progress_deposit_balance", "!=", 0.0)
                | Domain("progress_remaining_amount", "!=", 0.0)
            )
            & ~Domain(
                "progress_line_ids",
                "any",
                Domain("state", "=", "draft")
                | (Domain("state", "=", "planned") & Domain("amount_total", "!=", 0.0)),
            )
            & ~Domain("order_line.invoice_lines", "any!", drafts)
            & ~Domain("order_line.invoice_lines", "any!", finals)
        )

    # === ITS FINAL INVOICES === #

    def _get_progress_finals(self):
        """Return the final invoices of the order that were not cancelled."""
        moves = self._get_progress_items().move_id
        return moves.filtered(
            lambda move: move.is_progress_final and move.state != "cancel"
        ).sudo(self.env.su)

    def _get_progress_finals_in_effect(self):
        """Return the posted final invoices that no credit note undid for the orders."""
        return self._get_progress_finals().filtered(
            lambda move: (
                move.state == "posted" and move._is_progress_final_effective(self)
            )
        )

    def _has_progress_final(self):
        """Return whether a final invoice stands: it bills all of the order."""
        self.ensure_one()
        return any(
            move._is_progress_final_effective(self)
            for move in self._get_progress_finals()
        )

    def _awaits_progress_final(self):
        """Return whether parts are planned or billed, and no final invoice stands."""
        self.ensure_one()
        is_planned = any(line.state != "cancel" for line in self.progress_line_ids)
        return not self._has_progress_final() and (
            is_planned
            or any(line.draft_amount or line.actual_amount for line in self.order_line)
        )

    def _hold_progress_invoice_status(self):
        """Leave orders that are progress-billed to their final invoice.

        Whatever invoices what is "to invoice" must not touch them before.
        """
        for order in self:
            # Billed in full, and no deposit open: nothing is left for a final invoice.
            is_billed = (
                order.invoice_status == "invoiced"
                and order.currency_id.is_zero(order.progress_deposit_balance)
            )
            if not is_billed and order._awaits_progress_final():
                order.invoice_status = "no"

    # === FINAL INVOICE === #

    def action_create_final_invoice(self):
        """Open the final-invoice wizard on the orders."""
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Create Final Invoice"),
            "res_model": "progress.billing.final",
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_ids": self.ids},
        }

    def _create_final_invoices(self, date=None, consolidated=False):
        """Create the final invoices: all that is not invoiced yet, less all deposits.

        What is taken back comes from posted journal items. The total may be zero, or
        negative: then it is a credit note.

        :param date: invoice date, None for today.
        :param bool consolidated: one invoice for all orders of the same customer,
            delivery address, currency and company.
        :return: the draft `account.move` records.
        :raise UserError: when an order is not confirmed, has a draft deposit, has a
            draft final invoice already, or has nothing left to invoice.
        """
        self._lock_progress()
        self._check_progress_billable()
        self._refuse_progress(order._get_progress_final_obstacle() for order in self)
        # Of all at once, not order by order.
        self.env["progress.billing.allocator"]._read_billed(self._get_progress_items())
        orders = with_request(self._with_progress_batch(), is_final=True, date=date)
        return orders._create_invoices(grouped=not consolidated, final=True).with_env(
            self.env
        )

    def _get_progress_final_obstacle(self):
        """Return why no final invoice can be made now, as text; None where it can."""
        self.ensure_one()
        return (
            self._get_progress_draft_credit_obstacle()
            or self._get_progress_draft_deposit_obstacle()
            or self._get_progress_draft_recall_obstacle()
            or self._get_progress_second_final_obstacle()
        )

    def _get_progress_second_final_obstacle(self):
        """Return why a draft final invoice, or an invoiced order, allows no other."""
        draft = self._get_progress_finals().filtered(lambda move: move.state == "draft")
        if draft:
            return self.env._(
                "You cannot create the final invoice of %(order)s because there is "
                "a draft already (%(invoice)s). Post or delete it first.",
                order=self.display_name,
                invoice=", ".join(draft.sudo().mapped("display_name")),
            )
        if not self._get_progress_rest_lines() and not self._get_progress_open_lines():
            return self.env._(
                "You cannot create the final invoice of %(order)s because all of "
                "its %(amount)s is invoiced and no deposit is open.",
                order=self.display_name,
                amount=self._format_progress(self.progress_contract_amount),
            )
        return None

    def _check_progress_draft_deposits(self):
        """Refuse to settle an order while a deposit on it is still a draft."""
        self._refuse_progress([self._get_progress_draft_deposit_obstacle()])

    def _get_progress_draft_deposit_obstacle(self):
        """Return why the order cannot be settled beside its draft deposits, if any."""
        items = self._get_progress_items().filtered(
            lambda item: (
                item.parent_state == "draft"
                and not item.is_progress_recall
                and any(line.is_downpayment for line in item.sale_line_ids)
            )
        )
        return items and self.env._(
            "You cannot make the final invoice of %(order)s because its deposit "
            "%(deposits)s is still a draft. Post or delete it first.",
            order=self.display_name,
            deposits=self._format_progress_moves(items.move_id),
        )

    def _add_progress_recalls(self, lines, recalls):
        """Return the lines followed by the deposits that are taken back.

        :param recalls: down payment line -> {(taxes, account): `amounts.Share`}.
        """
        deposits = lines.browse(line.id for line, groups in recalls.items() if groups)
        if not deposits:
            return lines
        recalls = deposits._get_progress_exact_recalls(recalls)
        return with_request(
            lines + deposits,
            recalls={line.id: groups for line, groups in recalls.items()},
        )

    def _get_progress_rest_lines(self):
        """Return the lines that a final invoice bills, with their sections and notes.

        It recognises the whole order, delivered or not: what is ordered and not yet
        invoiced.
        """
        self.ensure_one()
        rest = self._get_progress_ledger().get_rest_lines()
        if not rest:
            return rest
        # The host takes the *Down Payments* section for that of a line added below it.
        sections = (rest.parent_id | rest.parent_id.parent_id).filtered(
            lambda section: not section.is_downpayment
        )
        return self.order_line.filtered(
            lambda line: (
                line in rest or line in sections or line.display_type == "line_note"
            )
        )

    def _get_progress_open_lines(self):
        """Return the deposits that posted items leave open.

        A final invoice takes back those of the host alone, too.
        """
        self.ensure_one()
        return self.order_line.filtered(
            lambda line: (
                line.is_downpayment
                and not line.display_type
                and not self.currency_id.is_zero(line._get_progress_open())
            )
        )

    # === INTERIM INVOICES === #

    def action_create_interim_invoice(self):
        """Open the host's *Create Invoice* wizard for a regular invoice."""
        self.check_access("write")
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "sale.action_view_sale_advance_payment_inv"
            ),
            "context": {
                "active_model": "sale.order",
                "active_ids": self.ids,
                "default_sale_order_ids": self.ids,
                "default_advance_payment_method": "delivered",
            },
        }

    def _create_interim_invoices(self, recoupment="proportional", consolidated=False):
        """Invoice what is to invoice now, as the host does, and take deposits back.

        :param str recoupment: `proportional`, `fit` or `none`.
        :param bool consolidated: one invoice for all orders of the same customer,
            delivery address, currency and company.
        :return: the draft `account.move` records.
        :raise UserError: when there is nothing to invoice.
        """
        return (
            with_request(self, recoupment=recoupment)
            ._create_invoices(grouped=not consolidated, final=True)
            .with_env(self.env)
        )

    # === HOW MUCH === #

    def _get_progress_interim_shares(self, lines):
        """Return what a regular invoice of some order lines takes back.

        :return: dict of down payment line -> {(taxes, account): `amounts.Share`}.
        """
        self.ensure_one()
        mode = get_request(self).recoupment
        deposits = self.order_line._get_progress_deposits()
        open_shares = {
            (line, group): share
            for line, groups in deposits._get_progress_open_shares(
                is_available=True
            ).items()
            for group, share in groups.items()
        }
        if not open_shares or mode == "none":
            return {}
        ledger = self._get_progress_ledger()
        invoiced, _fixed = ledger.get_invoice_shares(
            {
                line: line.qty_invoiced + line.qty_to_invoice
                for line in lines & self._get_progress_contract_lines()
            }
        )
        fractions = self._get_progress_interim_fractions(
            open_shares, invoiced, ledger.get_rest()
        )
        total = Share()
        for share in invoiced.values():
            total = add(total, share, self.currency_id)
        taken = recoup(open_shares, fractions, total, mode, self.currency_id)
        result = {}
        for (line, group), share in taken.items():
            result.setdefault(line, {})[group] = share
        return result

    def _get_progress_interim_fractions(self, open_shares, invoiced, rest):
        """Return how much of what is left the invoice bills, for each deposit.

        A deposit on one order line goes back as that line is invoiced, a deposit on the
        order as the order is.

        :param invoiced: order line -> Share that the invoice bills.
        :param rest: order line -> Share that no invoice bills yet, this one neither.
        """

        def get_fraction(pool):
            now, left = (
                total_base(
                    {
                        line: share
                        for line, share in shares.items()
                        if not pool or line == pool
                    }
                )
                for shares in (invoiced, rest)
            )
            if self.currency_id.compare_amounts(now, left) >= 0:
                return 1.0 if now > 0 else 0.0
            return max(fraction_of(now, left, self.currency_id), 0.0)

        pools = {key: key[0].progress_sale_line_id for key in open_shares}
        by_pool = {pool: get_fraction(pool) for pool in set(pools.values())}
        return {key: by_pool[pool] for key, pool in pools.items()}

    def _get_progress_draft_recall_obstacle(self):
        """Return why a draft that takes deposits back allows no final, if any does."""
        moves = self._get_progress_items().move_id.filtered(
            lambda move: move.state == "draft" and not move.is_progress_final
        )
        moves = moves.filtered("line_ids.is_progress_recall")
        return moves and self.env._(
            "You cannot create the final invoice of %(order)s because draft "
            "%(invoices)s takes back deposits. Post or delete it first.",
            order=self.display_name,
            invoices=", ".join(moves.mapped("display_name")),
        )

    # === THE FINAL INVOICE AS IT WILL BE === #

    @api.model
    def _get_final_preview_values(self, drafts):
        """Return one dict per row of the final invoices to come, for the wizard.

        :param drafts: of `_get_final_drafts`: what is shown is what will be billed.
        """
        amounts = {}
        for draft in drafts:
            for item in draft.invoice_line_ids:
                for line in item.sale_line_ids._origin:
                    amounts[line] = amounts.get(line, 0.0) - item.amount_currency
        return [
            line._get_progress_final_values(line.currency_id.round(amount))
            for line, amount in amounts.items()
        ]

    def _get_final_drafts(self, date=None, consolidated=False):
        """Return the final invoices as they will be created, in memory only.

        Nothing is created, and nothing locked.

        :param date: the invoice date, which decides on the rate.
        :param bool consolidated: as in `_create_final_invoices`.
        :return: list of new `account.move` records.
        """
        prepared = self._prepare_final_invoices(date, consolidated)
        return list(map(self.env["account.move"]._new_progress_draft, prepared))

    def _prepare_final_invoices(self, date=None, consolidated=False):
        """Return the values of the final invoices, as `_create_final_invoices` makes.

        Nothing is created, and nothing locked.
        """
        # Of all at once, not order by order.
        self.env["progress.billing.allocator"]._read_billed(self._get_progress_items())
        orders = with_request(self._with_progress_batch(), is_final=True, date=date)
        return orders._prepare_progress_invoices(consolidated)

    def _prepare_progress_invoices(self, consolidated=False):
        """Return the values of the invoices that the host would create of the orders.

        Nothing is created, and nothing locked.
        """
        orders = with_request(self, is_preview=True).with_context(
            raise_if_nothing_to_invoice=False
        )
        try:
            orders._create_invoices(grouped=not consolidated, final=True)
        except InvoicesPrepared as prepared:
            return prepared.vals_list
        return []

    def _get_progress_regular_obstacle(self):
        """Return why no regular invoice can be made now, as text; None where it can."""
        self.ensure_one()
        if not self._uses_progress_billing():
            return None
        obstacle = self._get_progress_draft_credit_obstacle()
        if obstacle:
            return obstacle
        try:
            vals_list = self._prepare_progress_invoices()
        except UserError as error:
            return str(error)
        amount = sum(
            InvoiceValues(self.env, values).get_untaxed() for values in vals_list
        )
        excess = self._get_progress_objection(amount)
        return excess and self._explain_progress_excess(excess, self)

    # === BEFORE AN ORDER IS LOCKED OR CANCELLED === #

    def _remove_empty_progress_section(self):
        """Delete the *Down Payments* section where no deposit is left under it."""
        sections = self.env["sale.order.line"]
        for order in self.exists():
            lines = order.order_line.filtered("is_downpayment")
            if all(line.display_type for line in lines):
                sections |= lines
        # In sudo mode because whoever may delete the invoice need not edit the order.
        sections.sudo().unlink()

    # === HISTORY === #

    def action_view_progress_history(self):
        """Open the order's billing from end to end, oldest first.

        Deposits, their payments, credit notes, what took them back and the entries
        that adjusted them.
        """
        moves = self.browse().order_line.invoice_lines.move_id
        for order in self:
            moves |= order._get_progress_items().move_id.sudo(self.env.su)
        orders = ", ".join(self.mapped("name"))
        return moves._get_progress_story_action(
            self.env._("Billing History of %(order)s", order=orders)
        )

    def _prepare_progress_final(self):
        """Return header values of the order's final invoice."""
        date = get_request(self).date or self.company_id._get_progress_today()
        return {**self._get_progress_dates(date), "is_progress_final": True}

    def _get_progress_invoiceable_lines(self, lines):
        """Return the order lines of a final or regular invoice, deposits included.

        :param lines: what the host would invoice.
        """
        if get_request(self).is_final:
            lines = self._get_progress_rest_lines()
            recalls = self._get_progress_open_lines()._get_progress_open_shares()
        else:
            lines = lines.filtered(lambda line: not line.is_downpayment)
            lines -= self._get_progress_ledger().get_advanced_lines(lines)
            recalls = self._get_progress_interim_shares(lines)
        return self._add_progress_recalls(lines, recalls)

    def _check_progress_lockable(self):
        """Refuse to lock orders billed in full that await their final invoice."""
        for order in self:
            if (
                order._awaits_progress_final()
                and order.progress_method == "deposit"
                and order.progress_billed_amount > 0
                and order.currency_id.compare_amounts(
                    order.progress_billed_amount, order.progress_contract_amount
                )
                >= 0
            ):
                raise UserError(
                    self.env._(
                        "You cannot lock %(order)s because its deposits of "
                        "%(amount)s await the final invoice. Create and post the "
                        "final invoice first.",
                        order=order.display_name,
                        amount=order._format_progress(order.progress_billed_amount),
                    )
                )

    def _check_progress_cancellable(self):
        """Refuse to cancel orders with open deposits, and offer to credit these."""
        for order in self.filtered(lambda order: order._uses_progress_billing()):
            lines = order._get_progress_open_lines()
            if lines:
                moves = lines._get_progress_deposit_moves()
                raise RedirectWarning(
                    self.env._(
                        "You cannot cancel %(order)s because deposits of %(amount)s "
                        "are posted and not taken back (%(invoices)s). Credit them "
                        "first.",
                        order=order.display_name,
                        amount=order._format_progress(order.progress_deposit_balance),
                        invoices=", ".join(moves.mapped("name")),
                    ),
                    self.env.ref("account.action_view_account_move_reversal").id,
                    self.env._("Credit the deposits"),
                    {"active_model": "account.move", "active_ids": moves.ids},
                )
