from odoo import fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
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

    # === WHAT AN INVOICE IS ABOUT === #

    def _get_progress_orders(self):
        """Return the progress-billed orders that the invoices bill."""
        orders = self.sudo().line_ids.sale_line_ids.order_id
        return orders.filtered(lambda order: order._uses_progress_billing())

    def _get_progress_deposit_items(self):
        """Return the items on down payment lines of progress-billed orders."""
        return self.sudo().line_ids.filtered(
            lambda item: any(
                line.is_downpayment and line.order_id._uses_progress_billing()
                for line in item.sale_line_ids
            )
        )

    def _is_progress_final_effective(self):
        """Return whether a final invoice stands: a full credit note undoes it."""
        self.ensure_one()
        move = self.sudo()
        reversals = move._get_progress_reversals()
        if not reversals:
            return move.state != "cancel"
        balances = {}
        for item in (move | reversals).line_ids.filtered("sale_line_ids"):
            key = item.sale_line_ids
            balances[key] = balances.get(key, 0.0) + item.amount_currency
        return not all(
            move.currency_id.is_zero(balance) for balance in balances.values()
        )

    def _get_progress_reversals(self):
        """Return the posted credit notes of a move, what reverses those, and so on."""
        found = self.browse()
        reversals = self.reversal_move_ids
        while reversals:
            reversals = reversals.filtered(lambda move: move.state == "posted")
            found |= reversals
            reversals = reversals.reversal_move_ids - found
        return found

    # === POSTING === #

    def _post(self, soft=True):
        progress = self.filtered(lambda move: move._get_progress_orders())
        progress._check_progress_posting()
        posted = super()._post(soft)
        # The host reconciles credit notes of posted invoices while it posts them.
        (posted & progress).filtered(
            lambda move: move.reversed_entry_id.state != "posted"
        )._reconcile_progress_deposits()
        return posted

    def _check_progress_posting(self):
        """Refuse to post what would bill too much or leave a deposit unexplained."""
        self._get_progress_orders()._lock_progress()
        for move in self:
            if move.move_type == "out_invoice" and move.reversed_entry_id:
                move._check_progress_revival()
            for order in move._get_progress_orders():
                move._check_progress_currency(order)
                if move.is_progress_final:
                    order._check_progress_drafts()
                if move.move_type == "out_invoice" and move._bills_progress():
                    order._check_progress_ceiling()
            if move.move_type == "out_invoice":
                items = move.sudo().line_ids
                lines = items.sale_line_ids.progress_sale_line_id
                lines |= items.progress_line_id.sale_line_id
                for line in lines:
                    line.order_id._check_progress_ceiling(line=line)
            move._check_progress_recalls()
            move._check_progress_given_back()

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

    def _check_progress_given_back(self):
        """Refuse to credit a final invoice, or what it took back, twice over."""
        self.ensure_one()
        final = self.reversed_entry_id
        if self.move_type != "out_refund" or not final.is_progress_final:
            return
        recalls = self._get_progress_deposit_items().filtered("is_progress_recall")
        taken = (
            line._get_progress_sign()
            * sum(
                (recalls | line._get_progress_posted_items())
                .filtered(
                    lambda item, line=line: (
                        item.is_progress_recall and line in item.sale_line_ids
                    )
                )
                .mapped("amount_currency")
            )
            for line in recalls.sale_line_ids
        )
        if not final._is_progress_final_effective() or any(
            self.currency_id.compare_amounts(amount, 0.0) < 0 for amount in taken
        ):
            raise UserError(
                self.env._(
                    "You cannot post %(credit)s because final invoice %(final)s is "
                    "credited already. Delete the draft.",
                    credit=self.display_name,
                    final=final.display_name,
                )
            )

    def _bills_progress(self):
        """Return whether the invoice bills a share, any deposit, or the rest.

        What undoes a final invoice bills nothing, whichever way it goes.
        """
        self.ensure_one()
        if self.sudo().reversed_entry_id.is_progress_final:
            return False
        return self.is_progress_final or any(
            (
                item.progress_line_id
                or item.progress_budget_line_id
                or any(line.is_downpayment for line in item.sale_line_ids)
            )
            and not item.is_progress_recall
            for item in self.sudo().line_ids
        )

    def _check_progress_recalls(self):
        """Refuse to take back more than is open; a final takes back all.

        Compared in the direction of each deposit: what bills it takes nothing back.
        """
        self.ensure_one()
        items = self._get_progress_deposit_items()
        lines = items.sale_line_ids.filtered("is_downpayment")
        if self.is_progress_final:
            orders = self._get_progress_orders()
            lines |= orders.order_line.filtered("is_downpayment")
        for line in lines.filtered(lambda line: not line.display_type):
            own = items.filtered(lambda item, line=line: line in item.sale_line_ids)
            sign = line._get_progress_sign()
            amount_open = sign * line._get_progress_open_base()
            taken = sign * sum(own.mapped("amount_currency"))
            compared = self.currency_id.compare_amounts(amount_open, taken)
            if (taken > 0.0 > compared) or (compared and self.is_progress_final):
                raise UserError(
                    self.env._(
                        "You cannot post %(invoice)s because it takes back "
                        "%(amount)s of deposit %(deposit)s, of which %(open)s is open. "
                        "The deposit changed since: delete the draft and create it "
                        "again.",
                        invoice=self.display_name,
                        amount=line.order_id._format_progress(taken),
                        deposit=line._get_progress_deposit_name(),
                        open=line.order_id._format_progress(amount_open),
                    )
                )

    def _take_over_progress_lines(self):
        """Make these corrected copies of credited invoices the invoices of their lines.

        The host copies the items' links, not those that point to the invoice.
        """
        for move in self:
            items = move.sudo().line_ids.filtered(
                lambda item: not item.is_progress_recall
            )
            items.progress_line_id.move_id = move

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
