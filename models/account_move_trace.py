from odoo import api, fields, models


class AccountMove(models.Model):
    """From an invoice back to what it bills, and what each entry is in the story."""

    _inherit = "account.move"

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
        items = self.sudo().line_ids
        if self.is_progress_final:
            return "final"
        if self.move_type == "out_refund":
            return "credit"
        if self.move_type == "out_invoice":
            billing = items.filtered(lambda item: not item.is_progress_recall)
            if billing.sale_line_ids.filtered("is_downpayment"):
                return "deposit"
            return "revenue" if billing.progress_line_id else "invoice"
        if self.sudo().origin_payment_id or self.sudo().statement_line_id:
            return "payment"
        return "adjustment" if self.move_type == "entry" else False

    @api.depends("line_ids.balance", "line_ids.account_id", "state")
    def _compute_progress_deposit_effect(self):
        for move in self:
            account = move.company_id.sudo().downpayment_account_id
            items = move.sudo().line_ids.filtered(
                lambda item, account=account: (
                    item.account_id == account and item.parent_state == "posted"
                )
            )
            move.progress_deposit_effect = -sum(items.mapped("balance"))

    def action_view_progress_lines(self):
        """Open the billing lines that the invoices bill or take back."""
        lines = self.sudo().line_ids.progress_line_id
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Billing Lines"),
            "res_model": "progress.billing.line",
            "view_mode": "list,form",
            "domain": [("id", "in", lines.ids)],
        }

    def _get_progress_story(self):
        """Return these invoices with all that followed from them.

        Their credit notes, payments, and the entries that adjusted them. In sudo mode
        because the ids are all it tells; whoever opens them sees what they may.
        """
        moves = self.sudo()
        moves |= moves.reversal_move_ids
        items = moves.line_ids
        partials = items.matched_debit_ids | items.matched_credit_ids
        moves |= partials.exchange_move_id
        moves |= partials.debit_move_id.move_id | partials.credit_move_id.move_id
        moves |= moves.progress_adjustment_move_ids
        return moves.filtered("progress_role").sudo(self.env.su)

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
