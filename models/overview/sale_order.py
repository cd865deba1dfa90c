from odoo import api, fields, models


class SaleOrder(models.Model):
    """Shows an order at a glance: paid, posted, draft, planned, unplanned."""

    _inherit = "sale.order"

    progress_paid_amount = fields.Monetary(
        string="Paid",
        compute="_compute_progress_strip",
        help="Untaxed share of the posted invoices that is paid.",
    )
    progress_posted_amount = fields.Monetary(
        string="Posted",
        compute="_compute_progress_strip",
        help="Untaxed share of the posted invoices that is not paid yet.",
    )
    progress_draft_amount = fields.Monetary(
        string="Draft",
        compute="_compute_progress_strip",
        help="Untaxed amount of the draft invoices.",
    )
    progress_unplanned_amount = fields.Monetary(
        string="Unplanned",
        compute="_compute_progress_strip",
        help="Untaxed contract value that is neither billed nor planned.",
    )

    @api.depends(
        "progress_billed_amount",
        "progress_planned_amount",
        "progress_contract_amount",
        "order_line.invoice_lines.parent_state",
        "order_line.invoice_lines.move_id.amount_residual",
        "order_line.invoice_lines.move_id.payment_state",
        "order_line.invoice_lines.move_id.retention_payable_amount",
    )
    def _compute_progress_strip(self):
        for order in self:
            items = order._get_progress_items().filtered(
                lambda item: item.parent_state == "posted"
            )
            posted = order._sum_progress_items(items)
            paid = order.currency_id.round(
                sum(
                    order._sum_progress_items(own) * move._get_progress_paid_share()
                    for move, own in items.grouped("move_id").items()
                )
            )
            billed = order.progress_billed_amount
            order.progress_paid_amount = paid
            order.progress_posted_amount = posted - paid
            order.progress_draft_amount = billed - posted
            order.progress_unplanned_amount = (
                order.progress_contract_amount - billed - order.progress_planned_amount
            )
