from odoo import api, models
from odoo.exceptions import AccessError

from . import budget

#: What project managers, who may not write orders otherwise, enter on order lines.
BUDGET_FIELDS = {
    "progress_basis",
    "completed_percent",
    "pending_amount",
    "pending_quantity",
}


class SaleOrderLine(models.Model):
    """Entering the budget: who may write what, and which of two figures counts."""

    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.filtered(lambda line: line.state == "sale")._set_default_basis()
        return lines

    def write(self, vals):
        self._check_budget_access(vals)
        if BUDGET_FIELDS.isdisjoint(vals):
            return super().write(vals)
        if {"pending_amount", "pending_quantity"} <= vals.keys():
            for basis, lines in self.grouped("progress_basis").items():
                super(SaleOrderLine, lines).write(
                    self._get_counting_budget_values(vals, basis)
                )
            return True
        return super().write(self._get_counting_budget_values(vals, ""))

    @api.model
    def _get_counting_budget_values(self, vals, basis):
        """Return values without the budget figures that others decide.

        A form sends all figures that moved while one was typed: the completed
        percentage is exact and decides; else the pending value of the line's basis.
        """
        if "completed_percent" in vals:
            ignored = {"pending_amount", "pending_quantity"}
        elif {"pending_amount", "pending_quantity"} <= vals.keys():
            is_quantity = vals.get("progress_basis", basis) == budget.QUANTITY
            ignored = {"pending_amount" if is_quantity else "pending_quantity"}
        else:
            ignored = set()
        return {key: value for key, value in vals.items() if key not in ignored}

    def _check_budget_access(self, vals):
        """Let project managers write the budget's figures, not the orders of others.

        Their access to order lines is for the budget; who may write an order without
        being a project manager may still do so.
        """
        user = self.env.user
        if (
            self.env.su
            or vals.keys() <= BUDGET_FIELDS
            or not user.has_group("project.group_project_manager")
            or user.has_group("account.group_account_invoice")
            or user.has_group("sales_team.group_sale_salesman_all_leads")
        ):
            return
        others = self
        if user.has_group("sales_team.group_sale_salesman"):
            others = self.filtered(
                lambda line: line.salesman_id and line.salesman_id != user
            )
        if others:
            raise AccessError(
                self.env._(
                    "You cannot change %(lines)s because project managers enter only "
                    "its progress. Ask its salesperson to change the order.",
                    lines=", ".join(others[:3].mapped("display_name")),
                )
            )

    def _set_default_basis(self):
        """Give lines without a billing basis the one of their billing rule."""
        for line in self.filtered(
            lambda line: (
                not line.progress_basis
                and not line.display_type
                and not line.is_downpayment
            )
        ):
            rule = line._get_progress_rule()
            line.progress_basis = rule.default_basis or budget.AMOUNT
