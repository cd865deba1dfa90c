from odoo import api, fields, models


class SaleOrder(models.Model):
    """Keeps the revenue budget of an order as agreed, and shares it out to the cent."""

    _inherit = "sale.order"

    has_progress_budget = fields.Boolean(
        compute="_compute_has_progress_budget",
        help="Work on the order is billed as it is completed, on a project.",
    )

    @api.depends("order_line.progress_project_id")
    def _compute_has_progress_budget(self):
        for order in self:
            order.has_progress_budget = bool(order.order_line.progress_project_id)

    def _set_original_budget(self):
        """Keep quantities and amounts as they were agreed on."""
        # In sudo mode because nobody sets them by hand.
        for line in self.sudo()._get_progress_contract_lines():
            line.budget_original_quantity = line.product_uom_qty
            line.budget_original_amount = line.budget_amount

    def _get_progress_budget_shares(self):
        """Return order line -> untaxed share of the order, where they differ.

        Rounded one by one, lines need not add up to an order that is rounded as a
        whole. The host's invoice of all lines then has the cent on one of them, and so
        has the budget: what is completed by 100 % is what the order says.
        """
        lines = self._get_progress_contract_lines()
        difference = sum(lines.mapped("price_subtotal")) - self.amount_untaxed
        if not self.currency_id or self.currency_id.is_zero(difference):
            return {}
        allocator = self.env["progress.billing.allocator"]
        base_lines = allocator._get_base_lines(lines)
        return {
            line: allocator._get_share(base_line).base
            for line, base_line in zip(lines, base_lines, strict=True)
        }

    def action_view_revenue_budget(self):
        """Open the order's lines as a revenue budget."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "progress_billing.sale_order_line_budget_action"
        )
        action["domain"] = [
            ("order_id", "=", self.id),
            ("id", "in", self._get_progress_contract_lines().ids),
        ]
        action["context"] = {}
        return action
