from odoo import api, fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    progress_method = fields.Selection(
        selection=[
            ("deposit", "Deposits"),
            ("revenue", "Revenue"),
        ],
        string="Progress Billing Method",
        compute="_compute_progress_method",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="Where a progress invoice is booked: on the deposit account until the "
        "final invoice takes it back, or straight to income.",
    )
    progress_line_ids = fields.One2many(
        comodel_name="progress.billing.line",
        inverse_name="order_id",
        string="Progress Billing Lines",
    )
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
    progress_excess_amount = fields.Monetary(
        string="Planned Beyond the Contract",
        compute="_compute_progress_excess_amount",
    )

    # === COMPUTE METHODS === #

    @api.depends("company_id")
    def _compute_progress_method(self):
        for order in self:
            order.progress_method = (
                order.progress_method or order.company_id.progress_method or "deposit"
            )

    @api.depends(
        "amount_untaxed",
        "progress_line_ids.state",
        "progress_line_ids.amount_untaxed",
        "order_line.invoice_lines.amount_currency",
        "order_line.invoice_lines.parent_state",
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
            finals = order._get_progress_finals().sudo()
            states |= {
                move.payment_state or "not_paid"
                for move in finals
                if move.state == "posted" and move._is_progress_final_effective()
            }
            if not states:
                order.progress_payment_state = "none"
            elif states <= {"paid", "in_payment", "reversed"}:
                order.progress_payment_state = "paid"
            elif states & {"paid", "in_payment", "partial"}:
                order.progress_payment_state = "partial"
            else:
                order.progress_payment_state = "unpaid"

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
                and order._is_progress_running()
            )

    @api.depends(
        "progress_billed_amount",
        "progress_planned_amount",
        "progress_contract_amount",
    )
    def _compute_progress_excess_amount(self):
        for order in self:
            order.progress_excess_amount = max(
                order.progress_billed_amount
                + order.progress_planned_amount
                - order._get_progress_ceiling(),
                0.0,
            )

    @api.depends(
        "progress_deposit_balance",
        "progress_line_ids.state",
        "order_line.draft_amount",
        "order_line.actual_amount",
        "order_line.invoice_lines.move_id.is_progress_final",
        "order_line.invoice_lines.parent_state",
        "order_line.invoice_lines.amount_currency",
    )
    def _compute_invoice_status(self):
        # Whatever invoices what is "to invoice" must leave these orders to the final
        # invoice.
        result = super()._compute_invoice_status()
        for order in self:
            # Billed in full, and no deposit open: nothing is left for a final invoice.
            is_billed = (
                order.invoice_status == "invoiced"
                and order.currency_id.is_zero(order.progress_deposit_balance)
            )
            if not is_billed and order._is_progress_running():
                order.invoice_status = "no"
        return result

    # === WHAT BELONGS TO THE ORDER === #

    def _get_progress_contract_lines(self):
        """Return the order lines that make up the contract value."""
        return self.order_line.filtered(
            lambda line: not line.display_type and not line.is_downpayment
        )

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

    def _get_progress_finals(self):
        """Return the final invoices of the order that were not cancelled."""
        moves = self._get_progress_items().move_id
        return moves.filtered(
            lambda move: move.is_progress_final and move.state != "cancel"
        ).sudo(self.env.su)

    def _uses_progress_billing(self):
        """Return whether parts of the order were ever planned or billed by progress.

        In sudo mode because salespeople ask it, whoever made the invoices.
        """
        self.ensure_one()
        return bool(self.progress_line_ids or self.sudo().order_line.progress_item_ids)

    def _is_progress_billed(self):
        """Return whether the order has billing lines that count (not cancelled)."""
        self.ensure_one()
        return any(line.state != "cancel" for line in self.progress_line_ids)

    def _is_progress_running(self):
        """Return whether the order is progress-billed and awaits its final invoice."""
        self.ensure_one()
        return self._is_progress_billed() and not any(
            move._is_progress_final_effective() for move in self._get_progress_finals()
        )
