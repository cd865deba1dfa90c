from odoo import models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """What may be undone: never so that a billing counts twice or a deposit is lost."""

    _inherit = "account.move"

    def button_draft(self):
        self._check_progress_undo()
        self._get_progress_deposit_items().remove_move_reconcile()
        return super().button_draft()

    def button_cancel(self):
        self.filtered(lambda move: move.state == "posted")._check_progress_undo()
        return super().button_cancel()

    def _check_progress_undo(self):
        """Refuse to undo a deposit that a posted invoice took back, or billed anew."""
        for move in self:
            items = move._get_progress_deposit_items()
            for line in items.sale_line_ids.filtered("is_downpayment"):
                own = items.filtered(lambda item, line=line: line in item.sale_line_ids)
                posted = own if move.state == "posted" else own.browse()
                rest = line._get_progress_open_base() + sum(
                    posted.mapped("amount_currency")
                )
                rest *= line._get_progress_sign()
                if move.currency_id.compare_amounts(rest, 0.0) < 0:
                    raise UserError(
                        self.env._(
                            "You cannot reset %(invoice)s because %(others)s took back "
                            "or credited its deposit. Undo those first.",
                            invoice=move.display_name,
                            others=line._get_progress_recall_names(move),
                        )
                    )
            if move.state == "cancel" or move.move_type == "out_refund":
                move._check_progress_revival()
            move._check_progress_credited_final()

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

    def _check_progress_revival(self):
        """Refuse to bring back a billing that another invoice has replaced.

        Undoing a credit note (or crediting it) and taking a cancelled invoice back to
        draft let the invoice at their root bill its lines again.
        """
        self.ensure_one()
        chain = self._get_progress_chain()
        chain[-1]._check_progress_final_revival(self)
        items = self.sudo().line_ids.filtered(lambda item: not item.is_progress_recall)
        for line in items.progress_line_id:
            if not line.move_id:
                line.move_id = chain[-1]
            elif line.move_id not in chain and line._is_issued():
                raise UserError(
                    self.env._(
                        "You cannot bring back %(invoice)s because %(line)s was billed "
                        "anew with %(other)s. Undo that first.",
                        invoice=chain[-1].display_name,
                        line=line.display_name,
                        other=line.move_id.display_name,
                    )
                )

    def _check_progress_final_revival(self, undoing):
        """Refuse that a credited final invoice stands again beside newer deposits.

        A final takes back every deposit; those billed since its credit note it cannot.

        :param undoing: the credit note that is reset, or what credits that, posted.
        """
        self.ensure_one()
        if not self.is_progress_final or self._is_progress_final_effective():
            return
        items = undoing._get_progress_deposit_items()
        sign = 1 if undoing.state == "posted" else -1
        for line in self._get_progress_orders().order_line.filtered(
            lambda line: line.is_downpayment and not line.display_type
        ):
            own = items.filtered(lambda item, line=line: line in item.sale_line_ids)
            rest = line._get_progress_open_base() + sign * sum(
                own.mapped("amount_currency")
            )
            if not self.currency_id.is_zero(rest):
                raise UserError(
                    self.env._(
                        "You cannot bring back %(final)s because %(amount)s of deposit "
                        "%(deposit)s is open, which it does not take back. Credit that "
                        "deposit first.",
                        final=self.display_name,
                        amount=line.order_id._format_progress(rest),
                        deposit=line._get_progress_deposit_name(),
                    )
                )

    def _get_progress_chain(self):
        """Return the move, what it reverses, and so on up to the first invoice."""
        chain = move = self.sudo()
        while move.reversed_entry_id:
            move = move.reversed_entry_id
            chain |= move
        return chain

    def unlink(self):
        orders = self._get_progress_orders()
        result = super().unlink()
        orders._remove_empty_progress_section()
        return result
