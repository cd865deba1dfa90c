from odoo import models
from odoo.fields import Command


class SaleOrder(models.Model):
    """Several orders on one invoice: each under a section of its own.

    The host puts the lines of all orders one after the other, and it shows nowhere
    which deposit belongs to which order.
    """

    _inherit = "sale.order"

    def _create_invoices(self, grouped=False, final=False, date=None):
        progress = self.filtered("progress_line_ids")
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
