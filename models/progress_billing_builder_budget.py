from odoo import models

from .claim import DEPOSIT, REVENUE


class ProgressBillingAllocator(models.AbstractModel):
    _inherit = "progress.billing.allocator"

    def _get_zero_line(self, order, part, booking):
        """Return a base line that says that nothing of an order line is billed."""
        line = self.env["sale.order.line"].browse(part.line_id)
        account = self.env["account.account"]
        if booking == DEPOSIT:
            account = order._get_progress_deposit_account(line.product_id)
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            {
                "tax_ids": line.tax_ids,
                "account_id": account,
                "currency_id": order.currency_id,
                "rate": order.currency_rate,
                "_progress_sale_line_id": line.id,
            },
            price_unit=0.0,
            quantity=1.0,
            discount=0.0,
        )


class ProgressBillingBuilder(models.AbstractModel):
    """What invoices of the revenue budget carry on top."""

    _inherit = "progress.billing.builder"

    def _get_claim_lines(self, billing, claim, part):
        lines, carry = super()._get_claim_lines(billing, claim, part)
        if not lines and claim.is_budget and not part.amount:
            # A rule may want lines of nothing; a planned line has nothing to say.
            allocator = self.env["progress.billing.allocator"]
            lines = [allocator._get_zero_line(billing.order, part, claim.booking)]
        return lines, carry

    def _prepare_invoice_values(self, order, claims):
        values = super()._prepare_invoice_values(order, claims)
        proforma_id = next((claim.proforma_id for claim in claims), 0)
        if proforma_id:
            values["progress_proforma_id"] = proforma_id
        return values

    def _prepare_line(self, claim, part, base_line, order_line):
        values = super()._prepare_line(claim, part, base_line, order_line)
        by_quantity = part.quantity is not None and claim.booking == REVENUE
        if by_quantity:
            values.update(self._prepare_quantity(part, base_line, order_line))
        values["progress_by_amount"] = not by_quantity
        # Planned lines use up the budget of an order line too, where they bill one.
        values["progress_budget_line_id"] = part.line_id or (
            claim.booking != DEPOSIT and order_line.id
        )
        return values

    def _prepare_quantity(self, part, base_line, order_line):
        """Return the values of a line with quantity, unit price and discount.

        The amount stays that of the claim, to the cent; the taxes are the builder's.
        """
        values = {
            "quantity": part.quantity,
            "price_unit": order_line.price_unit,
            "discount": order_line.discount,
        }
        fixed = {**base_line, **values}
        extra = self.env["account.tax"]._export_base_line_extra_tax_data(fixed)
        factor = part.quantity * (1.0 - order_line.discount / 100.0)
        if not base_line["manual_tax_amounts"] and factor:
            # Only amounts with taxes can be fixed; without, the price takes the cent.
            amount = order_line.currency_id.round(factor * order_line.price_unit)
            if order_line.currency_id.compare_amounts(amount, base_line["price_unit"]):
                values["price_unit"] = base_line["price_unit"] / factor
        return {**values, "extra_tax_data": extra}
