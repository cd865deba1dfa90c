from odoo import models


class ProgressBillingLine(models.Model):
    """Knows what of a planned line was agreed on before the order changed."""

    _inherit = "progress.billing.line"

    def _get_progress_agreed_amount(self, revised):
        """Return what the line came to when the order was confirmed.

        A percentage follows the order, an amount stays what it is.

        :param float revised: what it comes to, or has billed.
        """
        self.ensure_one()
        line = self.sale_line_id
        if line:
            agreed, now = line.budget_original_amount, line.budget_amount
        else:
            agreed = self.order_id._get_progress_agreed_amount()
            now = self.order_id._get_progress_revised_amount()
        currency = self.currency_id
        if self.amount_type != "percent" or not currency.compare_amounts(agreed, now):
            return revised
        return currency.round(agreed * self.percent / 100.0)
