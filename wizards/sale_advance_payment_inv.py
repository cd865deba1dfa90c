from odoo import api, fields, models

from ..models.invoicing.request import with_request
from ..models.settlement.sale_order import RECOUPMENT_MODES


class SaleAdvancePaymentInv(models.TransientModel):
    _inherit = "sale.advance.payment.inv"

    progress_has_deposits = fields.Boolean(compute="_compute_progress_has_deposits")
    progress_recoupment = fields.Selection(
        selection=RECOUPMENT_MODES,
        string="Take Back Deposits",
        default="proportional",
        required=True,
        help="How much of its deposits a regular invoice of a progress-billed order "
        "takes back. It never becomes a credit note; the final invoice takes the rest.",
    )

    @api.depends("sale_order_ids")
    def _compute_progress_has_deposits(self):
        for wizard in self:
            wizard.progress_has_deposits = any(
                order._uses_progress_billing() and order.progress_deposit_balance
                for order in wizard.sale_order_ids
            )

    def _create_invoices(self, sale_orders):
        recoupment = self.progress_recoupment
        if not self.deduct_down_payments:
            recoupment = "none"
        moves = super()._create_invoices(
            with_request(sale_orders, recoupment=recoupment)
        )
        return moves.with_env(moves.env(context=self.env.context))
