from odoo import models


class SaleOrder(models.Model):
    """What an order adds to the revenue budget of its projects."""

    _inherit = "sale.order"

    def _action_confirm(self):
        result = super()._action_confirm()
        # After the host generated projects and tasks, whose rules tell the basis.
        self.order_line._set_default_basis()
        self._set_original_budget()
        return result

    def _set_original_budget(self):
        """Keep quantities and amounts as they were agreed on."""
        for line in self._get_progress_contract_lines():
            line.budget_original_quantity = line.product_uom_qty
            line.budget_original_amount = line.price_subtotal

    def _is_progress_finished(self):
        """Return whether a final invoice bills all of the order, completed or not."""
        self.ensure_one()
        return any(
            move._is_progress_final_effective() for move in self._get_progress_finals()
        )

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

    def _is_progress_billed(self):
        """Return whether the order is progress-billed: planned, or by its budget."""
        return super()._is_progress_billed() or any(
            line.draft_amount or line.actual_amount for line in self.order_line
        )
