from odoo import models


class SaleOrderLine(models.Model):
    """The final invoice in the revenue budget.

    It bills a line completely and takes its deposits back: both count, so that what is
    billed of the line comes to its budget.
    """

    _inherit = "sale.order.line"

    def _prepare_invoice_line(self, **optional_values):
        values = super()._prepare_invoice_line(**optional_values)
        if (
            self.env.context.get("progress_billing_final")
            and not self.is_downpayment
            and not self.display_type
        ):
            values["progress_budget_line_id"] = self.id
        return values

    def _prepare_progress_recall(self, taxes, account, share, **optional_values):
        values = super()._prepare_progress_recall(
            taxes, account, share, **optional_values
        )
        values["progress_budget_line_id"] = self.progress_sale_line_id.id
        values["progress_by_amount"] = True
        return values
