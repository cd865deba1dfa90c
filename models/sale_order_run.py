from contextlib import closing

from odoo import models

from .progress_billing_line_run import BILLING_ERRORS


class SaleOrder(models.Model):
    """What a run asks of an order, and the regular invoices that it makes."""

    _inherit = "sale.order"

    def _is_progress_beyond(self, amount, line=None, has_credits=True):
        """Return whether billing an untaxed amount more would be refused.

        The exact answer is dear, so it is asked only of what is beyond the plain
        contract value.

        :param line: the order line it is billed on, empty for the order.
        :param bool has_credits: whether draft credit notes may count as billed.
        """
        self.ensure_one()
        contract = line.price_subtotal if line else self.progress_contract_amount
        total = (line or self).progress_billed_amount + amount
        is_plain = contract >= 0.0 and not has_credits
        if is_plain and self.currency_id.compare_amounts(total, contract) <= 0:
            return False
        return bool(self._get_progress_excess(amount, line))

    def _get_progress_draft_credited(self):
        """Return the orders among these that draft credit notes belong to."""
        # In sudo mode as all reading of what was billed: whoever made the invoices.
        items = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("parent_state", "=", "draft"),
                    ("move_id.move_type", "=", "out_refund"),
                    ("sale_line_ids.order_id", "in", self.ids),
                ]
            )
        )
        return items.sale_line_ids.order_id.with_env(self.env) & self

    def _fetch_progress_products(self):
        """Read in sets which products decide on deposit accounts; return their ids."""
        self.fetch(["order_line", "fiscal_position_id"])
        self.order_line.fetch(["display_type", "is_downpayment", "product_id"])
        self.order_line.product_id.fetch(["product_tmpl_id"])
        return self.order_line.product_id.ids

    def _run_regular_invoices(self, consolidated=False):
        """Create the regular invoices of orders; one that fails does not stop the rest.

        :param bool consolidated: one invoice for all orders of the same customer,
            delivery address, currency and company.
        :return: tuple of (the created `account.move` records, the errors as text).
        """
        moves, error = self._try_regular_invoices(consolidated)
        if not error:
            return moves, ""
        if len(self) == 1:
            return moves, f"{self.display_name}: {error.args[0]}"
        errors = []
        for part in self._get_regular_parts(consolidated):
            created, message = part._run_regular_invoices(consolidated)
            moves |= created
            errors.append(message)
        return moves, "\n".join(filter(None, errors))

    def _get_regular_parts(self, consolidated):
        """Return what to invoice instead of all at once, as a list of recordsets.

        Of the orders that share an invoice, those that fail are left alone and the rest
        still shares one.
        """
        if not consolidated:
            return list(self)
        names = self._get_progress_grouping_fields()
        groups = self.grouped(lambda order: tuple(order[name].id for name in names))
        if len(groups) > 1:
            return list(groups.values())
        with closing(self.env.cr.savepoint()):
            good = self.filtered(lambda order: not order._try_regular_invoices()[1])
        return list(self) if not good or good == self else [good, *(self - good)]

    def _try_regular_invoices(self, consolidated=False):
        """Create the regular invoices of the orders together, or undo it all.

        :return: tuple of (the created `account.move` records, the exception or None).
        """
        moves = self.env["account.move"]
        if not self:
            return moves, None
        try:
            with self.env.cr.savepoint():
                created = self._create_invoices(grouped=not consolidated, final=True)
            return created, None
        except BILLING_ERRORS as error:
            self.env.invalidate_all()
            return moves, error


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _fetch_progress_amounts(self):
        """Read in sets what the billed amounts of the lines are computed from."""
        names = ["order_id", "currency_id", "price_subtotal", "invoice_lines"]
        names += ["progress_deposit_line_ids", "progress_billing_line_ids"]
        self.fetch(names)
        self.progress_billing_line_ids.fetch(["state", "amount_untaxed"])
        # In sudo mode as they are computed: whoever made the invoices.
        lines = self.sudo()
        lines.progress_deposit_line_ids.fetch(["invoice_lines"])
        lines |= lines.progress_deposit_line_ids
        lines.invoice_lines.fetch(["parent_state", "amount_currency", "currency_id"])
