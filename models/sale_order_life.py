from odoo import models
from odoo.exceptions import RedirectWarning, UserError


class SaleOrder(models.Model):
    """What progress billing asks before an order is locked or cancelled."""

    _inherit = "sale.order"

    def _update_billing_error(self):
        """Keep one activity per order while any of its lines failed to be billed."""
        activity_type = "progress_billing.mail_activity_type_billing_error"
        for order in self:
            failed = order.progress_line_ids.filtered("error_message")
            has_activity = order.activity_search([activity_type])
            if failed and not has_activity:
                order.activity_schedule(
                    activity_type,
                    user_id=(order.user_id or order.create_uid).id,
                    note=order.env._(
                        "The scheduled job could not bill all progress billing lines. "
                        "The Billing tab says why."
                    ),
                )
            elif not failed and has_activity:
                order.activity_unlink([activity_type])

    def action_lock(self):
        for order in self:
            if (
                order._is_progress_running()
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
        return super().action_lock()

    def _action_cancel(self):
        for order in self:
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
        return super()._action_cancel()

    def _remove_empty_progress_section(self):
        """Delete the *Down Payments* section where no deposit is left under it."""
        sections = self.env["sale.order.line"]
        for order in self.exists():
            lines = order.order_line.filtered("is_downpayment")
            if all(line.display_type for line in lines):
                sections |= lines
        # In sudo mode because whoever may delete the invoice need not edit the order.
        sections.sudo().unlink()
