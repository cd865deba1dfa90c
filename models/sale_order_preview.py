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
        shares = self._get_progress_rest_shares()
        return [
            *(
                self._get_final_line_values(line, shares.get(line))
                for line in self._get_progress_rest_lines()
            ),
            *map(self._get_final_deposit_values, self._get_progress_open_lines()),
        ]

    def _get_final_drafts(self, date, consolidated=False):
        """Return the final invoices of orders in another currency, in memory only.

        They are prepared as they will be created, so that they can be asked what their
        posting adjusts. Nothing is created, and nothing locked.

        :param date: the invoice date, which decides on the rate.
        :param bool consolidated: as in `_create_final_invoices`.
        :return: list of new `account.move` records.
        """
        orders = self.filtered(
            lambda order: (
                order.currency_id != order.company_id.currency_id
                and not order._is_progress_revenue()
            )
        )
        prepared = []
        orders._with_progress_batch().with_context(
            progress_billing_final=True,
            progress_billing_date=date,
            progress_billing_prepared=prepared,
            raise_if_nothing_to_invoice=False,
        )._create_invoices(grouped=not consolidated, final=True)
        return list(map(self.env["account.move"]._new_progress_draft, prepared))

    def _create_account_invoices(self, invoice_vals_list, final):
        prepared = self.env.context.get("progress_billing_prepared")
        if prepared is None:
            return super()._create_account_invoices(invoice_vals_list, final)
        # Only their values were asked for; the host has no method for these alone.
        prepared += invoice_vals_list
        return self.env["account.move"]

    def _get_final_line_values(self, line, share):
        """Return the preview row of an order line.

        :param share: `amounts.Share` that earlier invoices left of it, if any.
        """
        rest = line._get_progress_rest_quantity() if line.product_uom_qty else 0.0
        fraction = rest / line.product_uom_qty if line.product_uom_qty else 0.0
        amount = (
            share.base
            if share
            else self.currency_id.round(line.price_subtotal * fraction)
        )
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
