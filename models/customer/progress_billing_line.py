from odoo import models


class ProgressBillingLine(models.Model):
    """Knows what of a planned line the customer was invoiced."""

    _inherit = "progress.billing.line"

    def _get_progress_invoiced_items(self):
        """Return the posted items that bill or credit the lines.

        In sudo mode because customers read their schedule, not journal items.
        """
        return self.sudo().invoice_line_ids.filtered(
            lambda item: item.parent_state == "posted" and not item.is_progress_recall
        )
