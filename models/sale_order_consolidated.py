from odoo import models
from odoo.fields import Command


class SaleOrder(models.Model):
    """Several orders on one invoice: each under a section of its own.

    The host puts the lines of all orders one after the other, and it shows nowhere
    which deposit belongs to which order.
    """

    _inherit = "sale.order"

    def _create_invoices(self, grouped=False, final=False, date=None):
        progress = self.filtered(lambda order: order._uses_progress_billing())
        if not progress:
            return super()._create_invoices(grouped=grouped, final=final, date=date)
        if "progress_billing_prepared" not in self.env.context:
            # Interim invoices too take back deposits that must not change meanwhile.
            progress._lock_progress()
        if grouped:
            return super()._create_invoices(grouped=grouped, final=final, date=date)
        # The host prepares order by order and merges afterwards; which of them will
        # share an invoice has to be known before.
        orders = self.with_context(progress_sections=self._get_progress_sharing().ids)
        moves = super(SaleOrder, orders)._create_invoices(
            grouped=grouped, final=final, date=date
        )
        return moves.with_env(moves.env(context=self.env.context))

    def _create_account_invoices(self, invoice_vals_list, final):
        if self.env.context.get("progress_sections"):
            for values in invoice_vals_list:
                self._round_progress_orders_apart(values)
        return super()._create_account_invoices(invoice_vals_list, final)

    def _round_progress_orders_apart(self, values):
        """Fix the amounts of each order's lines as an invoice of its own has them.

        The tax engine rounds an invoice as a whole: without this, a cent of one order
        would be billed to another.
        """
        lines_by_order = self._get_progress_values_by_order(values)
        if len(lines_by_order) < 2:
            return
        allocator = self.env["progress.billing.allocator"]
        for order, lines in lines_by_order.items():
            for line, base_line in order._round_progress_lines(lines):
                if not base_line["manual_tax_amounts"]:
                    share = allocator._get_share(base_line)
                    line.update(order._fix_progress_line(base_line, share))

    def _get_progress_values_by_order(self, values):
        """Return order -> values of its product lines, of an invoice's values."""
        lines_by_order = {}
        for _code, _id, line in values["invoice_line_ids"]:
            order = self._get_progress_sale_lines(line).order_id
            if order and line.get("display_type", "product") == "product":
                lines_by_order.setdefault(order, []).append(line)
        return lines_by_order

    def _get_progress_sale_lines(self, values):
        """Return the order lines that the values of an invoice line link to."""
        ids = []
        for code, line_id, line_ids in values.get("sale_line_ids", []):
            ids += line_ids if code == Command.SET else [line_id]
        return self.env["sale.order.line"].browse(ids)

    def _round_progress_lines(self, lines):
        """Return (values, base line) of invoice lines rounded among themselves."""
        AccountTax = self.env["account.tax"]
        currency = self.currency_id
        base_lines = [
            self._prepare_progress_base_line(line, currency) for line in lines
        ]
        AccountTax._add_tax_details_in_base_lines(base_lines, self.company_id)
        AccountTax._round_base_lines_tax_details(base_lines, self.company_id)
        return zip(lines, base_lines, strict=True)

    def _fix_progress_line(self, base_line, share):
        """Return the values that fix the amounts of an invoice line at a share."""
        allocator = self.env["progress.billing.allocator"]
        fixed = {**base_line, **allocator._get_fixed_amounts(share)}
        factor = base_line["quantity"] * (1.0 - base_line["discount"] / 100.0)
        if not fixed["manual_tax_amounts"]:
            # Only amounts with taxes can be fixed; without, the price takes the cent.
            # What rounding leaves of each line would add up to a cent of its own where
            # invoices are rounded as a whole.
            is_whole = (
                self.company_id.tax_calculation_rounding_method != "round_per_line"
            )
            amount = factor * base_line["price_unit"]
            amount = amount if is_whole else self.currency_id.round(amount)
            return {} if amount == share.base else {"price_unit": share.base / factor}
        extra = self.env["account.tax"]._export_base_line_extra_tax_data(fixed)
        return {"extra_tax_data": extra}

    def _get_progress_sharing(self):
        """Return the orders that share an invoice with another one of `self`."""
        names = self._get_progress_grouping_fields()
        groups = self.grouped(lambda order: tuple(order[name].id for name in names))
        shared = [orders for orders in groups.values() if len(orders) > 1]
        return self.browse().union(*shared)

    def _has_progress_section(self):
        """Return whether the order gets a section on the invoice being prepared."""
        self.ensure_one()
        return self.id in self.env.context.get("progress_sections", ())

    def _prepare_invoice(self):
        values = super()._prepare_invoice()
        if self._has_progress_section():
            section = Command.create(self._prepare_progress_section(0))
            values["invoice_line_ids"] = [section, *values["invoice_line_ids"]]
        return values

    def _prepare_down_payment_section_line(self, **optional_values):
        values = super()._prepare_down_payment_section_line(**optional_values)
        if self._has_progress_section():
            values["display_type"] = "line_subsection"
        return values


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _prepare_invoice_line(self, **optional_values):
        values = super()._prepare_invoice_line(**optional_values)
        if (
            self.display_type == "line_section"
            and self.order_id._has_progress_section()
        ):
            values["display_type"] = "line_subsection"
        return values
