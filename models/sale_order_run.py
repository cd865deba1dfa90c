from odoo import models

from .progress_billing_line_run import BILLING_ERRORS


class SaleOrder(models.Model):
    """Regular invoices of many orders, by the host, as part of a run."""

    _inherit = "sale.order"

    def _run_regular_invoices(self, consolidated=False):
        """Create the regular invoices of orders; one that fails does not stop the rest.

        :param bool consolidated: one invoice for all orders of the same customer,
            delivery address, currency and company.
        :return: tuple of (the created `account.move` records, the errors as text).
        """
        moves, errors = self.env["account.move"], []
        if not self:
            return moves, ""
        try:
            with self.env.cr.savepoint():
                return self._create_invoices(grouped=not consolidated, final=True), ""
        except BILLING_ERRORS as error:
            self.env.invalidate_all()
            if len(self) == 1:
                return moves, f"{self.display_name}: {error.args[0]}"
        for order in self:
            created, message = order._run_regular_invoices()
            moves |= created
            errors.append(message)
        return moves, "\n".join(filter(None, errors))
