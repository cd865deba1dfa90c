from odoo import api, fields, models
from odoo.exceptions import RedirectWarning, UserError
from odoo.fields import Command
from odoo.tools.misc import formatLang

from .amounts import ceiling


class SaleOrder(models.Model):
    _inherit = "sale.order"

    progress_method = fields.Selection(
        selection=[
            ("deposit", "Deposits, revenue with the final invoice"),
            ("revenue", "Revenue with each invoice"),
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
            live = items.filtered(
                lambda item: item.parent_state in ("draft", "posted")
            )
            deposits = items.filtered(
                lambda item: item.parent_state == "posted"
                and any(line.is_downpayment for line in item.sale_line_ids)
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
    )
    def _compute_progress_payment_state(self):
        for order in self:
            states = {
                line.payment_state or "not_paid"
                for line in order.progress_line_ids
                if line.state in ("draft", "posted", "settled")
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
        "progress_line_ids.state",
        "order_line.invoice_lines.move_id.is_progress_final",
        "order_line.invoice_lines.parent_state",
        "order_line.invoice_lines.amount_currency",
    )
    def _compute_invoice_status(self):
        # Whatever invoices what is "to invoice" must leave these orders to the final
        # invoice.
        super()._compute_invoice_status()
        for order in self:
            if order.invoice_status != "no" and order._is_progress_running():
                order.invoice_status = "no"

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

    # === WHAT MAY BE BILLED === #

    def _get_progress_ceiling(self):
        """Return the most that may be billed, untaxed, tolerance of the company included.

        Whoever may exceed the contract has no ceiling; they are warned all the same.
        """
        self.ensure_one()
        return ceiling(
            self.progress_contract_amount,
            self.company_id.progress_overbilling_tolerance,
            self.currency_id,
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

    def _check_progress_ceiling(self, amount=0.0, line=None):
        """Refuse to bill beyond the contract.

        :param float amount: untaxed amount to bill on top of what is billed already.
        :param line: the order line it is billed on, empty for the order.
        :raise UserError: with the figures.
        """
        self.ensure_one()
        if self.env.user.has_group("progress_billing.group_exceed_contract"):
            return
        if line:
            contract, billed = line.price_subtotal, line.progress_billed_amount
            limit = ceiling(
                contract,
                self.company_id.progress_overbilling_tolerance,
                self.currency_id,
            )
        else:
            contract, billed = (
                self.progress_contract_amount,
                self.progress_billed_amount,
            )
            limit = self._get_progress_ceiling()
        if self.currency_id.compare_amounts(billed + amount, limit) <= 0:
            return
        raise UserError(
            self.env._(
                "You cannot bill %(amount)s of %(record)s because %(billed)s of its "
                "%(contract)s are billed already, drafts included. Bill at most "
                "%(rest)s, or change the order first.",
                amount=self._format_progress(amount or billed),
                record=line.name if line else self.display_name,
                billed=self._format_progress(billed),
                contract=self._format_progress(contract),
                rest=self._format_progress(max(limit - billed, 0.0)),
            )
        )

    def _format_progress(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    # === DEPOSIT ACCOUNT === #

    def _get_progress_deposit_account(self, product=None):
        """Return the deposit account: the company's, else the product category's.

        :raise RedirectWarning: when there is none, or one that is not a reconcilable
            current liability; it opens the setting.
        """
        self.ensure_one()
        account = self.company_id.sudo().downpayment_account_id
        if not account and product:
            accounts = product.product_tmpl_id.with_company(
                self.company_id
            ).get_product_accounts(fiscal_pos=self.fiscal_position_id)
            account = accounts.get("downpayment") or account
        if account.account_type == "liability_current" and account.reconcile:
            return account
        message = self.env._(
            "You cannot plan or create deposits for %(order)s because company "
            "%(company)s has no deposit account. Choose one under Invoicing > "
            "Configuration > Settings > Progress Billing > Deposit Account: a current "
            "liability that allows reconciliation.",
            order=self.display_name,
            company=self.company_id.display_name,
        )
        if account:
            message = self.env._(
                "You cannot plan or create deposits for %(order)s because the deposit "
                "account %(account)s is not a current liability that allows "
                "reconciliation. Change it under Invoicing > Configuration > Settings "
                "> Progress Billing > Deposit Account.",
                order=self.display_name,
                account=account.display_name,
            )
        raise RedirectWarning(
            message,
            self.env.ref("progress_billing.action_progress_billing_settings").id,
            self.env._("Open the settings"),
        )

    def _check_progress_deposit_account(self):
        """Refuse to plan deposits without an account to book them on."""
        for order in self.filtered(lambda order: order.progress_method == "deposit"):
            for product in order._get_progress_contract_lines().product_id[:1] or [None]:
                order._get_progress_deposit_account(product)

    # === FOR THE BUILDER === #

    def _get_progress_section_values(self):
        """Return the values of the order's *Down Payments* section, None if it has one."""
        self.ensure_one()
        if any(line.display_type and line.is_downpayment for line in self.order_line):
            return None
        return self._prepare_down_payment_line_section_values()

    def _get_progress_grouping_fields(self):
        """Return the order fields that must agree for two orders to share an invoice."""
        return [
            "company_id",
            "partner_invoice_id",
            "partner_shipping_id",
            "currency_id",
            "fiscal_position_id",
        ]

    def _get_progress_common_values(self):
        """Return header values of an invoice that bills several orders."""
        references = dict.fromkeys(order.client_order_ref or order.name for order in self)
        return {
            "ref": ", ".join(references)[:2000],
            "invoice_origin": ", ".join(self.mapped("name")),
            "payment_reference": False,
        }

    def _prepare_progress_section(self, sequence):
        """Return the section line that heads an order on a consolidated invoice."""
        self.ensure_one()
        return {
            "display_type": "line_section",
            "name": self.env._("Order %(order)s", order=self.name),
            "sequence": sequence,
        }

    def _create_progress_moves(self, vals_list):
        """Create invoices in one batch, through the host's own method."""
        return self._create_account_invoices(vals_list, False).sudo(self.env.su)
