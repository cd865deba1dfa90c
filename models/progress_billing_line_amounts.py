from odoo import api, models

from .amounts import total_base
from .order_billing import OrderBilling


class ProgressBillingLine(models.Model):
    """What a line will bill, while planned, and has billed, once issued."""

    _inherit = "progress.billing.line"

    @api.depends(
        "state",
        "amount_type",
        "percent",
        "amount",
        "date",
        "sequence",
        "sale_line_id",
        "move_id",
        "invoice_line_ids.price_total",
        "invoice_line_ids.parent_state",
        "order_id.order_line.price_total",
        "order_id.order_line.tax_ids",
        "order_id.order_line.qty_invoiced",
        "order_id.progress_method",
        "order_id.progress_line_ids.state",
        "order_id.progress_line_ids.percent",
        "order_id.progress_line_ids.amount",
        "order_id.progress_line_ids.amount_type",
        "order_id.progress_line_ids.date",
        "order_id.progress_line_ids.invoice_line_ids.price_subtotal",
    )
    def _compute_amounts(self):
        planned = self.filtered(lambda line: line.state == "planned")
        for order in planned.order_id:
            order.progress_line_ids._plan_amounts(order)
        for line in self - planned:
            items = line.sudo().invoice_line_ids.filtered(
                lambda item: (
                    item.parent_state in ("draft", "posted")
                    and not item.is_progress_recall
                )
            )
            signed = [(item, -item.move_id.direction_sign) for item in items]
            line.amount_untaxed = sum(
                sign * item.price_subtotal for item, sign in signed
            )
            line.amount_total = sum(sign * item.price_total for item, sign in signed)
            line.amount_tax = line.amount_total - line.amount_untaxed
        for line in planned.filtered(lambda line: not line.order_id):
            line.amount_untaxed = line.amount_tax = line.amount_total = 0.0

    def _plan_amounts(self, order):
        """Set what the planned lines among `self` will bill, one after the other."""
        allocator = self.env["progress.billing.allocator"]
        billing = OrderBilling(order, allocator, is_plan=True)
        planned = self.filtered(lambda line: line.state == "planned")
        for line in planned.sorted(lambda line: line._get_billing_order()):
            groups = {}
            part = line._get_part(billing)
            if part:
                groups, _templates = allocator._get_part_groups(
                    billing, part, order.progress_method
                )
                billing.add_part(
                    part.line_id, order.progress_method, groups, part.amount
                )
            line.amount_untaxed = total_base(groups)
            line.amount_tax = sum(share.tax for share in groups.values())
            line.amount_total = line.amount_untaxed + line.amount_tax
