from functools import partial

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
        # Lines in a form of their own, or only shown in one, while their order is not.
        apart = planned.filtered(lambda line: not line.id and line.order_id.id)
        for line in apart:
            line._plan_amounts_apart()
        for order in (planned - apart).order_id:
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

    def _plan_amounts_apart(self):
        """Set what a line in a form will bill, leaving the saved lines of its order."""
        self.ensure_one()
        if self._origin and not self._is_entered_anew():
            for name in ("amount_untaxed", "amount_tax", "amount_total"):
                self[name] = self._origin[name]
            return
        others = self.order_id.progress_line_ids - self._origin
        (others | self)._plan_amounts(self.order_id, only=self)

    def _is_entered_anew(self):
        """Return whether a line in a form plans something else than the saved one."""
        self.ensure_one()
        names = ("order_id", "amount_type", "percent", "amount", "date", "sequence")
        return self.sale_line_id._origin != self._origin.sale_line_id or any(
            self[name] != self._origin[name] for name in names
        )

    def _plan_amounts(self, order, only=None):
        """Set what the planned lines among `self` will bill, one after the other.

        :param only: the lines to set, where that is not all of them.
        """
        allocator = self.env["progress.billing.allocator"]
        billing = OrderBilling(order, allocator, is_plan=True)
        planned = self.filtered(lambda line: line.state == "planned")
        for line in planned.sorted(lambda line: line._get_billing_order()):
            groups, count = line._get_planned_groups(billing)
            count()
            if only and line not in only:
                continue
            line.amount_untaxed = total_base(groups)
            line.amount_tax = sum(share.tax for share in groups.values())
            line.amount_total = line.amount_untaxed + line.amount_tax

    def _get_planned_groups(self, billing):
        """Return what the line bills next of its order, and how to count it as billed.

        :param billing: the order's `OrderBilling` so far.
        :return: tuple of (group -> `amounts.Share`, function that counts it in).
        """
        self.ensure_one()
        part = self._get_part(billing)
        if not part:
            return {}, bool
        method = billing.order.progress_method
        allocator = self.env["progress.billing.allocator"]
        groups, _templates = allocator._get_part_groups(billing, part, method)
        return groups, partial(
            billing.add_part, part.line_id, method, groups, part.amount
        )
