from odoo import models

from .progress_billing_line_run import BILLING_ERRORS


class SaleOrder(models.Model):
    """What a run asks of an order, and the regular invoices that it makes."""

    _inherit = "sale.order"

    def _is_progress_beyond(self, amount):
        """Return whether an untaxed amount in all is more than may be billed.

        The ceiling is dear to ask for, so only what is beyond the plain contract value
        is held against it.
        """
        self.ensure_one()
        currency = self.currency_id
        return (
            currency.compare_amounts(amount, self.progress_contract_amount) > 0
            and currency.compare_amounts(amount, self._get_progress_ceiling()) > 0
        )

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


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _is_progress_beyond(self, amount):
        """Return whether an untaxed amount in all is more than may be billed."""
        self.ensure_one()
        currency = self.currency_id
        return (
            currency.compare_amounts(amount, self.price_subtotal) > 0
            and currency.compare_amounts(amount, self._get_progress_ceiling()) > 0
        )
