from odoo import api, fields, models
from odoo.exceptions import UserError

from ..invoicing.request import get_request

#: What the host writes last: in `create`, and in `_post`, where dates were written
#: before. No item follows from these.
CREATED = {"is_manually_modified": False}
POSTED = {"state": "posted", "posted_before": True}


class AccountMove(models.Model):
    """Guards posting and undoing of invoices, so that every deposit stays explained."""

    _inherit = "account.move"

    progress_line_ids = fields.One2many(
        comodel_name="progress.billing.line",
        inverse_name="move_id",
        string="Progress Billing Lines",
        readonly=True,
    )
    is_progress_final = fields.Boolean(
        string="Final Invoice",
        readonly=True,
        copy=False,
        help="The invoice that recognises the revenue of progress-billed orders and "
        "takes back their deposits.",
    )
    progress_line_count = fields.Integer(
        string="Billing Lines", compute="_compute_progress_line_count"
    )
    progress_role = fields.Selection(
        selection=[
            ("deposit", "Deposit"),
            ("revenue", "Progress Invoice"),
            ("invoice", "Regular Invoice"),
            ("final", "Final Invoice"),
            ("credit", "Credit Note"),
            ("payment", "Payment"),
            ("adjustment", "Adjustment"),
        ],
        string="Step",
        compute="_compute_progress_role",
        help="What the entry is in the billing of its orders.",
    )
    progress_deposit_effect = fields.Monetary(
        string="Deposits",
        compute="_compute_progress_deposit_effect",
        currency_field="company_currency_id",
        help="What the entry adds to the deposits of its orders, or takes back.",
    )

    # === WHAT AN INVOICE IS ABOUT === #

    def _get_progress_orders(self):
        """Return the progress-billed orders that the invoices bill."""
        orders = self.sudo().line_ids.sale_line_ids.order_id
        return orders.filtered(lambda order: order._uses_progress_billing())

    def _is_progress_synchronized(self, vals):
        """Return whether values change none of the items that follow from others."""
        if vals == CREATED:
            return get_request(self).is_batch
        return vals == POSTED and all(move._get_progress_orders() for move in self)

    def _get_progress_deposit_items(self):
        """Return the items that bill, credit or take back deposits."""
        items = self.sudo().line_ids
        return items._get_progress_deposits()._get_progress_own(items)

    def _get_progress_billing_items(self):
        """Return the items but those that take deposits back."""
        return self.sudo().line_ids.filtered(lambda item: not item.is_progress_recall)

    def _is_progress_final_effective(self, orders=None):
        """Return whether a final invoice is in effect: not cancelled or credited.

        :param orders: those of its orders that are asked about, by default all: what
            credits one of several leaves the others finished.
        """
        self.ensure_one()
        move = self.sudo()
        reversals = move._get_progress_reversals()
        if not reversals:
            return move.state != "cancel"
        balances = {}
        for item in (move | reversals).line_ids.filtered("sale_line_ids"):
            key = item.sale_line_ids
            if orders is not None and not key.order_id & orders._origin:
                continue
            balances[key] = balances.get(key, 0.0) + item.amount_currency
        return not all(
            move.currency_id.is_zero(balance) for balance in balances.values()
        )

    def _get_progress_closed_orders(self):
        """Return the orders that these final invoices, or what undoes them, close."""
        return self.filtered(
            lambda move: move._get_progress_chain()[-1].is_progress_final
        )._get_progress_orders()

    def _get_progress_reversals(self):
        """Return the posted credit notes of a move, what reverses those, and so on."""
        found = self.browse()
        reversals = self.reversal_move_ids
        while reversals:
            reversals = reversals.filtered(lambda move: move.state == "posted")
            found |= reversals
            reversals = reversals.reversal_move_ids - found
        return found

    def _check_progress_posting(self):
        """Refuse to post what would bill too much or leave a deposit unexplained."""
        self._get_progress_orders()._lock_progress()
        for move in self:
            if move._is_progress_reinstating():
                move._check_progress_reinstated()
                move._check_progress_reopened("plus")
            orders = move._get_progress_orders()
            for order in orders:
                move._check_progress_currency(order)
                if move.is_progress_final:
                    order._check_progress_draft_deposits()
            move._check_progress_recalls()
            move._check_progress_credited_twice()
            move._check_progress_ceilings()
            move._check_progress_billed_once()

    def _check_progress_ceilings(self):
        """Refuse what leaves billed beyond the contracts, or below nothing.

        What undoes a final invoice that paid back bills no more than it undoes.
        """
        for move in self:
            final = move.sudo().reversed_entry_id
            if final.is_progress_final and move.move_type == "out_invoice":
                continue
            for order in move._get_progress_orders():
                order._check_progress_move(move)

    def _check_progress_currency(self, order):
        """Refuse an invoice in another currency than its order's.

        Its amounts would be taken for the order's, and its deposits stay open. What was
        posted so before can be credited.
        """
        self.ensure_one()
        if self.currency_id in (order.currency_id, self.reversed_entry_id.currency_id):
            return
        raise UserError(
            self.env._(
                "You cannot post %(invoice)s in %(currency)s because %(order)s is in "
                "%(order_currency)s. Set the invoice back to %(order_currency)s, or "
                "delete the draft and create it again.",
                invoice=self.display_name,
                currency=self.currency_id.name,
                order=order.display_name,
                order_currency=order.currency_id.name,
            )
        )

    def _check_progress_billed_once(self):
        """Refuse a second invoice for a planned line beside one that is not credited.

        The host's *Reverse and Create Invoice* dated ahead makes the copy first.
        """
        self.ensure_one()
        if self.move_type != "out_invoice" or self.reversed_entry_id:
            return
        for line in self._get_progress_billing_items().progress_line_id:
            items = line.sudo().invoice_line_ids.filtered(
                lambda item: not item.is_progress_recall
            )
            posted = items.filtered(
                lambda item: item.parent_state == "posted" and item.move_id != self
            )
            billed = line.order_id._sum_progress_items(posted)
            own = line.order_id._sum_progress_items(items & self.sudo().line_ids)
            if billed * own <= 0.0 or line.currency_id.is_zero(billed):
                continue
            others = posted.move_id.filtered(lambda move: not move.reversed_entry_id)
            raise UserError(
                self.env._(
                    "You cannot post %(invoice)s because %(line)s is billed by "
                    "%(others)s, which is not credited yet. Post its credit note "
                    "first, or delete this draft.",
                    invoice=self.display_name,
                    line=line.display_name,
                    others=", ".join(others.mapped("display_name")),
                )
            )

    def _check_progress_credited_twice(self):
        """Refuse to credit a final invoice, or what it took back, twice over."""
        self.ensure_one()
        final = self.reversed_entry_id
        if not final.is_progress_final:
            return
        recalls = self._get_progress_deposit_items().filtered("is_progress_recall")
        is_beyond = any(
            self.currency_id.compare_amounts(
                deposit._get_progress_recalled(plus=deposit._get_progress_own(recalls)),
                0.0,
            )
            < 0
            for deposit in recalls._get_progress_deposits()
        )
        if is_beyond or not final._is_progress_final_effective():
            raise UserError(
                self.env._(
                    "You cannot post %(credit)s because final invoice %(final)s is "
                    "credited already. Delete the draft.",
                    credit=self.display_name,
                    final=final.display_name,
                )
            )

    def _check_progress_recalls(self):
        """Refuse to take back more than is open; a final takes back all.

        Compared in the direction of each deposit: what bills it takes nothing back.
        """
        self.ensure_one()
        settled = self.is_progress_final and self._get_progress_orders()
        effects = self._get_progress_effects("plus", settled)
        for deposit, (amount_open, rest) in effects.items():
            taken = amount_open - rest
            compared = self.currency_id.compare_amounts(rest, 0.0)
            if (taken > 0.0 > compared) or (compared and self.is_progress_final):
                raise UserError(
                    self.env._(
                        "You cannot post %(invoice)s because it takes back "
                        "%(amount)s of deposit %(deposit)s, of which %(open)s is open. "
                        "The deposit changed since: delete the draft and create it "
                        "again.",
                        invoice=self.display_name,
                        amount=deposit.order_id._format_progress(taken),
                        deposit=deposit._get_progress_deposit_name(),
                        open=deposit.order_id._format_progress(amount_open),
                    )
                )

    def _get_progress_effects(self, side, orders=None):
        """Return what the invoice makes of deposits that it bills, credits or recalls.

        :param str side: `plus` where it is posted, `less` where it is undone.
        :param orders: orders of which all deposits are asked for.
        :return: down payment line -> what is open of it now, and what will be.
        """
        self.ensure_one()
        items = self._get_progress_deposit_items()
        deposits = items._get_progress_deposits()
        if orders:
            deposits |= orders.order_line._get_progress_deposits()
        return {
            deposit: (
                deposit._get_progress_open(),
                deposit._get_progress_open(**{side: deposit._get_progress_own(items)}),
            )
            for deposit in deposits
        }

    def _take_over_progress_lines(self):
        """Make these corrected copies of credited invoices the invoices of their lines.

        The host copies the items' links, not those that point to the invoice.
        """
        for move in self:
            move._get_progress_billing_items().progress_line_id.move_id = move

    # === AN INVOICE AS IT WILL BE === #

    @api.model
    def _new_progress_draft(self, values):
        """Return an invoice in memory, with the journal amounts of its draft to come.

        :param dict values: as the host creates it from, with `invoice_line_ids`.
        """
        # In sudo mode as the host creates it: salespeople need not write invoices.
        move = self.sudo().with_context(default_move_type="out_invoice").new(values)
        base_lines, _tax_lines = move._get_rounded_base_and_tax_lines()
        for base_line in base_lines:
            if base_line["special_type"]:
                # No line of the invoice: an early payment discount to come.
                continue
            details = base_line["tax_details"]
            sign = move.direction_sign
            base_line["record"].amount_currency = sign * move.currency_id.round(
                details["total_excluded_currency"]
                + details["delta_total_excluded_currency"]
            )
            base_line["record"].balance = sign * move.company_currency_id.round(
                details["total_excluded"] + details["delta_total_excluded"]
            )
        move.line_ids = move.invoice_line_ids
        return move

    # === COMPANY OPTIONS === #

    def _progress_post_and_send(self):
        """Post and send new progress invoices as far as the company wants it.

        Sending is left to the host's own job: a mail server that is down must not undo
        an invoice.
        """
        to_post = self.filtered(lambda move: move.company_id.progress_auto_post)
        # In sudo mode because the company decided it, not the person who bills.
        to_post.sudo().action_post()
        to_send = to_post.filtered(lambda move: move.company_id.progress_auto_send)
        if to_send:
            to_send.sudo().sending_data = {
                "author_user_id": self.env.user.id,
                "author_partner_id": self.env.user.partner_id.id,
            }
            self.env.ref("account.ir_cron_account_move_send").sudo()._trigger()

    # === UNDOING === #

    def _may_reverse_progress(self):
        """Return whether the user may create, and post, what reverses the moves."""
        return self.env.user.has_group(
            "account.group_account_invoice"
        ) and self.has_access("write")

    def _check_progress_undo(self):
        """Refuse to undo a deposit that a posted invoice took back, or billed anew."""
        for move in self:
            for deposit, (_open, rest) in move._get_progress_effects("less").items():
                if move.currency_id.compare_amounts(rest, 0.0) < 0:
                    others = deposit._get_progress_posted_items().move_id - move.sudo()
                    raise UserError(
                        self.env._(
                            "You cannot reset %(invoice)s because %(others)s took back "
                            "or credited its deposit. Undo those first.",
                            invoice=move.display_name,
                            others=", ".join(others.mapped("name")),
                        )
                    )
            if not move.is_progress_final:
                move._check_progress_reopened("less")
            if move._is_progress_reinstating():
                move._check_progress_reinstated()
            move._check_progress_credited_final()
            move._check_progress_uncovered(self)
            move._check_progress_credit_undo()

    def _check_progress_credit_undo(self):
        """Refuse to undo a credit note whose amount was billed anew meanwhile."""
        self.ensure_one()
        if self.state != "posted" or self.move_type != "out_refund":
            return
        for order in () if self.is_progress_final else self._get_progress_orders():
            amount = -order._sum_progress_items(order._get_progress_move_items(self))
            # A draft final, which completes the order, is asked when it is posted.
            finals = order._get_progress_items().filtered(
                lambda item: (
                    item.parent_state == "draft" and item.move_id.is_progress_final
                )
            )
            excess = order._get_progress_objection(amount, without=finals)
            if excess:
                raise UserError(
                    self.env._(
                        "You cannot undo %(credit)s because %(billed)s of the "
                        "%(contract)s of %(order)s are billed without its %(amount)s, "
                        "drafts included. Delete the drafts, or credit what is billed, "
                        "first.",
                        credit=self.display_name,
                        order=order.display_name,
                        **order._format_progress_excess(excess),
                    )
                )

    def _check_progress_uncovered(self, moves):
        """Refuse to undo an invoice that posted credit notes credit.

        :param moves: what is undone together.
        """
        self.ensure_one()
        for order in self._get_progress_orders() if self.state == "posted" else ():
            others = order._get_progress_uncovered(self, moves.sudo())
            credits_ = others.move_id.filtered(
                lambda move: move.move_type == "out_refund"
            )
            if others:
                raise UserError(
                    self.env._(
                        "You cannot undo %(invoice)s because %(credits)s credits more "
                        "than is billed of %(order)s without it. Undo that first.",
                        invoice=self.display_name,
                        credits=", ".join(credits_.mapped("name")),
                        order=order.display_name,
                    )
                )

    def _check_progress_credited_final(self):
        """Refuse to reset a final invoice while a posted credit note reverses it.

        The credit note alone would lower the invoiced quantities below zero, and the
        next final would bill, and round, the order twice over.
        """
        self.ensure_one()
        credits_ = self.sudo().reversal_move_ids.filtered(
            lambda credit: credit.state == "posted"
        )
        if self.is_progress_final and self.state == "posted" and credits_:
            raise UserError(
                self.env._(
                    "You cannot reset %(invoice)s because %(credits)s credits it. "
                    "Reset that first.",
                    invoice=self.display_name,
                    credits=", ".join(credits_.mapped("name")),
                )
            )

    def _check_progress_reopened(self, side):
        """Refuse to open a deposit again that a final invoice in effect has settled.

        :param str side: `plus` where the invoice is posted, `less` where it is undone.
        """
        self.ensure_one()
        finals = self._get_progress_orders()._get_progress_finals_in_effect()
        finals -= self._get_progress_chain()
        effects = self._get_progress_effects(side) if finals else {}
        for deposit, (_open, rest) in effects.items():
            settling = finals & deposit.order_id._get_progress_finals_in_effect()
            if settling and self.currency_id.compare_amounts(rest, 0.0) > 0:
                raise UserError(
                    self.env._(
                        "You cannot open deposit %(deposit)s again because final "
                        "invoice %(final)s has settled it. Credit that first.",
                        deposit=deposit._get_progress_deposit_name(),
                        final=", ".join(settling.mapped("name")),
                    )
                )

    def _is_progress_reinstating(self):
        """Return whether posting (a draft) or undoing reinstates an earlier invoice.

        That is posting what credits a credit note, or undoing a credit note, or taking
        back what was cancelled.
        """
        self.ensure_one()
        if self.state == "draft":
            return self.move_type == "out_invoice" and bool(self.reversed_entry_id)
        return self.state == "cancel" or self.move_type == "out_refund"

    def _check_progress_reinstated(self):
        """Refuse to reinstate a billing that another invoice has replaced.

        Undoing a credit note (or crediting it) and taking a cancelled invoice back to
        draft let the invoice at their root bill its lines again.
        """
        self.ensure_one()
        chain = self._get_progress_chain()
        chain[-1]._check_progress_final_reinstated(self)
        for line in self._get_progress_billing_items().progress_line_id:
            if line.move_id and line.move_id not in chain and line._is_issued():
                raise UserError(
                    self.env._(
                        "You cannot bring back %(invoice)s because %(line)s was billed "
                        "anew with %(other)s. Undo that first.",
                        invoice=chain[-1].display_name,
                        line=line.display_name,
                        other=line.move_id.display_name,
                    )
                )

    def _reinstate_progress_lines(self):
        """Link the planned lines that bill nothing else to the invoices at the root.

        Their credit notes are undone, or credited.
        """
        for move in self.filtered(lambda move: move._is_progress_reinstating()):
            lines = move._get_progress_billing_items().progress_line_id
            freed = lines.filtered(lambda line: not line.move_id)
            freed.move_id = move._get_progress_chain()[-1]

    def _check_progress_final_reinstated(self, undoing):
        """Refuse to reinstate a credited final invoice beside newer deposits.

        A final takes back every deposit; those billed since its credit note it cannot.

        :param undoing: the credit note that is reset, or what credits that, posted.
        """
        self.ensure_one()
        if not self.is_progress_final or all(
            self._is_progress_final_effective(order)
            for order in undoing._get_progress_orders()
        ):
            return
        side = "less" if undoing.state == "posted" else "plus"
        effects = undoing._get_progress_effects(side, self._get_progress_orders())
        for deposit, (_open, rest) in effects.items():
            if not self.currency_id.is_zero(rest):
                raise UserError(
                    self.env._(
                        "You cannot bring back %(final)s because %(amount)s of deposit "
                        "%(deposit)s is open, which it does not take back. Credit that "
                        "deposit first.",
                        final=self.display_name,
                        amount=deposit.order_id._format_progress(rest),
                        deposit=deposit._get_progress_deposit_name(),
                    )
                )

    def _get_progress_chain(self):
        """Return the move, what it reverses, and so on up to the first invoice."""
        chain = move = self.sudo()
        while move.reversed_entry_id:
            move = move.reversed_entry_id
            chain |= move
        return chain

    # === HISTORY === #

    @api.depends("line_ids.progress_line_id")
    def _compute_progress_line_count(self):
        for move in self:
            move.progress_line_count = len(move.sudo().line_ids.progress_line_id)

    @api.depends("is_progress_final", "move_type", "line_ids.sale_line_ids")
    def _compute_progress_role(self):
        for move in self:
            move.progress_role = move._get_progress_role()

    def _get_progress_role(self):
        """Return a key of `progress_role`, False for what is no part of the story."""
        self.ensure_one()
        if self.is_progress_final:
            return "final"
        if self.move_type == "out_refund":
            return "credit"
        if self.move_type == "out_invoice":
            billing = self._get_progress_billing_items()
            if billing.sale_line_ids.filtered("is_downpayment"):
                return "deposit"
            return "revenue" if billing.progress_line_id else "invoice"
        if self.sudo().origin_payment_id or self.sudo().statement_line_id:
            return "payment"
        return "adjustment" if self.move_type == "entry" else False

    @api.depends("line_ids.balance", "line_ids.account_id", "state")
    def _compute_progress_deposit_effect(self):
        for move in self:
            accounts = move._get_progress_deposit_accounts()
            items = move.sudo().line_ids.filtered(
                lambda item, accounts=accounts: (
                    item.account_id in accounts and item.parent_state == "posted"
                )
            )
            move.progress_deposit_effect = -sum(items.mapped("balance"))

    def _get_progress_deposit_accounts(self):
        """Return the company's deposit account, and those of the deposits concerned.

        Products can have accounts of their own, and companies choose another one.
        """
        self.ensure_one()
        items = self.sudo().line_ids
        deposits = items._get_progress_deposits() | items.progress_adjusted_line_id
        booked = deposits.invoice_lines.account_id.filtered(
            lambda account: account.account_type == "liability_current"
        )
        return booked | self.company_id.sudo().downpayment_account_id

    def action_view_progress_lines(self):
        """Open the billing lines that the invoices bill or take back."""
        self.check_access("read")
        lines = self.sudo().line_ids.progress_line_id.sudo(self.env.su)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Billing Lines"),
            "res_model": "progress.billing.line",
            "view_mode": "list,form",
            "domain": [("id", "in", lines._filtered_access("read").ids)],
        }

    def _get_progress_story(self):
        """Return these invoices with all that followed from them.

        Their credit notes, payments, and the entries that adjusted them, as far as one
        may read them. In sudo mode because the way to them leads over others.
        """
        moves = self.sudo()
        moves |= moves.reversal_move_ids
        items = moves.line_ids
        partials = items.matched_debit_ids | items.matched_credit_ids
        moves |= partials.exchange_move_id
        moves |= partials.debit_move_id.move_id | partials.credit_move_id.move_id
        moves |= moves.progress_adjustment_move_ids
        moves = moves.filtered("progress_role").sudo(self.env.su)
        return moves._filtered_access("read")

    def _get_progress_story_action(self, name):
        """Return the action that lists the story of these invoices, oldest first."""
        view = self.env.ref("progress_billing.account_move_view_list_history")
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "account.move",
            "view_mode": "list,form",
            "views": [(view.id, "list"), (False, "form")],
            "domain": [("id", "in", self._get_progress_story().ids)],
        }
