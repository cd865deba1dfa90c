from odoo import models


class SaleOrderLine(models.Model):
    """Asks what becomes of what pro formas left pending."""

    _inherit = "sale.order.line"

    def _leave_pending(self, name):
        """Keep in mind which pro forma left something of the lines pending.

        :param str name: the pro forma's number; it may be deleted.

        In sudo mode because nobody says by hand what a pro forma did.
        """
        left = self.sudo().filtered(
            lambda line: line.pending_amount or line.pending_quantity
        )
        left.progress_left_by = name
        (self.sudo() - left).progress_left_by = False

    def action_accept_billed(self):
        """Take what is billed of the lines as all that is completed of them."""
        for line in self._get_left_pending():
            if line.progress_basis == "quantity":
                line.pending_quantity = 0.0
            # Of a completed line an amount may be left that is no quantity any more.
            if line.pending_amount:
                line.pending_amount = 0.0
        self._clear_left_pending()

    def action_keep_pending(self):
        """Bill what a pro forma left pending with the next run."""
        self._clear_left_pending()

    def _get_left_pending(self):
        return self.filtered(lambda line: line._is_left_pending())

    def _clear_left_pending(self):
        """Take the question as answered."""
        self.check_access("write")
        # In sudo mode because nobody sets the question by hand.
        self.sudo().progress_left_by = False
