from odoo import api, models

from ..invoicing.account_move import ORIGIN
from ..invoicing.request import get_request


class AccountMove(models.Model):
    """The moments of an invoice: posted, undone, reversed, deleted."""

    _name = "account.move"
    _inherit = ["account.move", "progress.billing.guard"]

    def write(self, vals):
        moves = self
        if self._is_progress_synchronized(vals):
            # The items that follow from others are there, and the host would look for
            # them again, line by line.
            moves = self.with_context(skip_invoice_sync=True)
        return super(AccountMove, moves).write(vals)

    def _post(self, soft=True):
        progress = self.filtered(lambda move: move._get_progress_orders())
        progress._check_progress_posting()
        progress._reinstate_progress_lines()
        retained = self._get_retained_documents()
        retained._check_retention_posting()
        unnumbered = (progress | retained).filtered(lambda move: not move.posted_before)
        posted = super()._post(soft)
        (posted & unnumbered)._number_progress_postings()
        (posted & retained)._hold_retention()
        # The host reconciles credit notes of posted invoices while it posts them.
        (posted & progress).filtered(
            lambda move: move.reversed_entry_id.state != "posted"
        )._reconcile_progress_deposits()
        progress._get_progress_closed_orders().order_line._refresh_pending()
        return posted

    def _reverse_moves(self, default_values_list=None, cancel=False):
        # In sudo mode because what items bill is copied, but set by nobody.
        moves = self.sudo() if self._may_reverse_progress() else self
        reversals = super(AccountMove, moves)._reverse_moves(
            default_values_list, cancel
        )
        self._link_retention_reversals(reversals)
        return reversals.sudo(self.env.su)

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        # The host pairs a credit note with its invoice by account alone. Where both
        # hold several deposits it would cross them, and a final invoice, which settles
        # deposit by deposit, would leave a difference on each.
        reverse_moves._reconcile_progress_deposits()
        # Before the host pairs receivables: what is given back is not to be credited.
        reverse_moves._hold_retention()
        return super()._reconcile_reversed_moves(reverse_moves, move_reverse_cancel)

    def button_draft(self):
        if not self:
            # The host calls it for each item it writes, mostly on nothing.
            return super().button_draft()
        self._check_progress_undo()
        self._check_retention_undo()
        self._reinstate_progress_lines()
        self._undo_retention()
        adjusted = self._get_progress_credited_recalls().move_id
        self._get_progress_tax_entries()._reverse_progress_entries()
        self._get_progress_deposit_items().remove_move_reconcile()
        result = super().button_draft()
        self._forget_progress_statements()
        # What a credit note had returned is taken back again.
        adjusted.filtered(
            lambda move: move.state == "posted"
        )._reconcile_progress_deposits()
        self._get_progress_closed_orders().order_line._refresh_pending()
        return result

    def message_post_with_source(self, source_ref, **kwargs):
        if source_ref == ORIGIN and get_request(self).is_batch:
            # The host says it one by one; the invoices made together are told at once.
            return self.env["mail.message"]
        return super().message_post_with_source(source_ref, **kwargs)

    def _get_move_lines_to_report(self):
        # What the list of deposits taken back says is not said twice.
        return super()._get_move_lines_to_report() - self._get_progress_listed_items()

    def _get_mail_template(self):
        return self._get_progress_mail_template() or super()._get_mail_template()

    def _get_fields_to_detach(self):
        return [*super()._get_fields_to_detach(), "progress_statement_file"]

    def button_cancel(self):
        posted = self.filtered(lambda move: move.state == "posted")
        posted._check_progress_undo()
        posted._reinstate_progress_lines()
        result = super().button_cancel()
        self._get_progress_closed_orders().order_line._refresh_pending()
        return result

    @api.depends("has_retention")
    def _compute_payment_state(self):
        result = super()._compute_payment_state()
        self._correct_retention_payment_state()
        return result

    @api.depends("has_retention")
    def _compute_payments_widget_reconciled_info(self):
        result = super()._compute_payments_widget_reconciled_info()
        self._hide_retention_payments()
        return result

    def action_force_register_payment(self):
        return self._add_retention_to_pay(super().action_force_register_payment())

    def _get_invoice_next_payment_values(self, custom_amount=None):
        values = super()._get_invoice_next_payment_values(custom_amount)
        self._complete_retention_payment(values)
        return values

    def unlink(self):
        orders = self._get_progress_orders()
        closed = self._get_progress_closed_orders()
        proformas = self.sudo().progress_proforma_id
        result = super().unlink()
        closed.order_line._refresh_pending()
        orders._remove_empty_progress_section()
        proformas.exists()._reopen()
        return result
