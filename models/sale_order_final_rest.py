from odoo import models
from odoo.tools import float_compare

from .amounts import add


class SaleOrder(models.Model):
    """What completes an order line that was invoiced in stages.

    Each invoice rounds what it bills. The last one of a line takes the rest, so that
    all of them together come to the order.
    """

    _inherit = "sale.order"

    def _create_account_invoices(self, invoice_vals_list, final):
        for values in invoice_vals_list:
            for order, lines in self._get_progress_values_by_order(values).items():
                if order._uses_progress_billing():
                    order._complete_progress_lines(lines)
        return super()._create_account_invoices(invoice_vals_list, final)

    def _complete_progress_lines(self, lines):
        """Fix the amounts of invoice lines at what earlier invoices left.

        :param lines: list of invoice line values, changed in place.
        """
        rest = self._get_progress_rest_shares()
        for values in lines if rest else ():
            line = self._get_progress_sale_lines(values)
            if line in rest and line._is_progress_completed_by(values["quantity"]):
                base_line = self._prepare_progress_base_line(values, self.currency_id)
                values.update(self._fix_progress_line(base_line, rest[line]))

    def _get_progress_rest_shares(self):
        """Return what the order's lines are worth less what was invoiced of them.

        :return: dict of order line -> `amounts.Share`. Empty where nothing is invoiced,
            or at other prices or taxes than the order's: the rest has its own.
        """
        self.ensure_one()
        lines = self._get_progress_contract_lines()
        if not any(lines.mapped("qty_invoiced")):
            return {}
        items = lines.sudo().invoice_lines.filtered(
            lambda item: item.parent_state in ("draft", "posted")
        )
        if not all(line._has_progress_price(items) for line in lines):
            return {}
        allocator = self.env["progress.billing.allocator"]
        base_lines = allocator._get_base_lines(lines, is_rest=False)
        billed = allocator._get_billed_shares(items)
        rest = {}
        for base_line in base_lines:
            line = base_line["record"]
            rest[line] = allocator._get_share(base_line)
            for item in line.sudo().invoice_lines & items:
                rest[line] = add(rest[line], billed[item], self.currency_id, -1)
        return rest


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _has_progress_price(self, items):
        """Return whether those of `items` that bill the line do so as it is priced."""
        self.ensure_one()
        digits = self.env["decimal.precision"].precision_get("Product Price")
        return all(
            item.currency_id == self.currency_id
            and item.tax_ids == self.tax_ids
            and not float_compare(
                item.price_unit, self.price_unit, precision_digits=digits
            )
            and not float_compare(item.discount, self.discount, precision_digits=2)
            for item in self.sudo().invoice_lines & items
        )

    def _is_progress_completed_by(self, quantity):
        """Return whether a quantity is all that no invoice bills yet."""
        self.ensure_one()
        rest = self._get_progress_rest_quantity()
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        return not float_compare(quantity, rest, precision_digits=digits)
