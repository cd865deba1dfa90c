from odoo import api, models
from odoo.exceptions import UserError, ValidationError

from . import budget


class SaleOrderLine(models.Model):
    """Typing the revenue budget: a pending value sets the completed percentage."""

    _inherit = "sale.order.line"

    @api.onchange("pending_amount")
    def _onchange_pending_amount(self):
        if self.budget_amount:
            self._inverse_pending_amount()

    @api.onchange("pending_quantity")
    def _onchange_pending_quantity(self):
        if self.progress_basis == budget.QUANTITY and self.product_uom_qty:
            self._inverse_pending_quantity()

    @api.onchange("completed_percent")
    def _onchange_completed_percent(self):
        if abs(self.completed_percent) <= 100.0:
            return None
        return {
            "warning": {
                "title": self.env._("More than 100 % completed"),
                "message": self.env._(
                    "%(line)s is worth %(amount)s. More than that can be billed only "
                    "within your company's tolerance of %(tolerance)s %%.",
                    line=self.name,
                    amount=self.currency_id.format(self.budget_amount),
                    tolerance=self.company_id.progress_overbilling_tolerance,
                ),
            }
        }

    def _inverse_pending_amount(self):
        for line in self:
            billed = line.draft_amount + line.actual_amount
            line.completed_percent = line._get_completed_percent(
                line.pending_amount, billed, line.budget_amount
            )

    def _inverse_pending_quantity(self):
        for line in self:
            if line.progress_basis != budget.QUANTITY:
                if line.pending_quantity:
                    raise UserError(
                        self.env._(
                            "You cannot set a pending quantity on %(line)s because it "
                            "is billed by amount. Enter a pending amount, or change "
                            "its billing basis.",
                            line=line.display_name,
                        )
                    )
                continue
            billed = line.draft_quantity + line.actual_quantity
            line.completed_percent = line._get_completed_percent(
                line.pending_quantity, billed, line.product_uom_qty
            )

    def _get_completed_percent(self, pending, billed, total):
        """Return the completed percentage that makes a value the pending one."""
        try:
            return budget.completed_percent(pending, billed, total)
        except ValueError:
            if not pending + billed:
                return self.completed_percent
            raise UserError(
                self.env._(
                    "You cannot bill %(line)s because its budget is 0. Enter a "
                    "quantity and a price on the order line first.",
                    line=self.display_name,
                )
            ) from None

    @api.constrains("completed_percent")
    def _check_completed_percent(self):
        for line in self:
            tolerance = line.company_id.progress_overbilling_tolerance
            if budget.is_over_completed(line.completed_percent, tolerance):
                raise ValidationError(
                    self.env._(
                        "You cannot complete %(line)s by %(percent).2f %% because "
                        "%(amount)s is all it is worth, and your company tolerates "
                        "%(tolerance)s %% more. Change the order line first.",
                        line=line.display_name,
                        percent=line.completed_percent,
                        amount=line.currency_id.format(line.budget_amount),
                        tolerance=tolerance,
                    )
                )
