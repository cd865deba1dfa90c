from odoo import models


class SaleOrder(models.Model):
    """The final invoice as it will be, for the wizard."""

    _inherit = "sale.order"

    def _get_final_preview_values(self):
        """Return one dict per row of the final invoice to come, for the wizard.

        Order lines with what is left to bill, then deposits with what they have open;
        `amount_final` is untaxed, in the order's currency, negative for a deposit.
        """
        self.ensure_one()
        return [
            *map(self._get_final_line_values, self._get_progress_rest_lines()),
            *map(self._get_final_deposit_values, self._get_progress_open_lines()),
        ]

    def _get_final_line_values(self, line):
        """Return the preview row of an order line."""
        rest = line._get_progress_rest_quantity() if line.product_uom_qty else 0.0
        share = rest / line.product_uom_qty if line.product_uom_qty else 0.0
        amount = self.currency_id.round(line.price_subtotal * share)
        return {
            "order_id": self.id,
            "sequence": line.sequence,
            "name": line.name,
            "amount": line.price_subtotal,
            "amount_open": amount,
            "amount_final": amount,
        }

    def _get_final_deposit_values(self, line):
        """Return the preview row of a deposit."""
        move = line._get_progress_deposit_moves()[:1]
        amount_open = line._get_progress_open_base()
        deposits = line._get_progress_posted_items().filtered(
            lambda item: item.move_id == move
        )
        return {
            "order_id": self.id,
            "sequence": line.sequence,
            "name": line._get_progress_recall_name(),
            "is_deposit": True,
            "move_id": move.id,
            "date": move.invoice_date,
            "amount": self._sum_progress_items(deposits),
            "amount_open": amount_open,
            "amount_final": -amount_open,
        }
