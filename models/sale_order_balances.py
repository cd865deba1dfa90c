from odoo import models


class SaleOrder(models.Model):
    """Journal amounts of a batch of invoices, worked out before they are created."""

    _inherit = "sale.order"

    def _create_account_invoices(self, invoice_vals_list, final):
        if "progress_billing_plain_analytic" in self.env.context:
            for values in invoice_vals_list:
                self._add_progress_balances(values)
        return super()._create_account_invoices(invoice_vals_list, final)

    def _add_progress_balances(self, values):
        """Give the product lines of an invoice the balances that the host will compute.

        The host creates the lines without, computes the same figures from the same tax
        engine, and writes them line by line. Only in company currency: the rate of
        another one is the invoice's own business.
        """
        company = self.env["res.company"].browse(values["company_id"])
        currency = self.env["res.currency"].browse(values["currency_id"])
        lines = [
            command[2]
            for command in values["invoice_line_ids"]
            if command[2].get("display_type", "product") == "product"
        ]
        if currency != company.currency_id or not lines:
            return
        if not all(
            {"price_unit", "quantity", "tax_ids"} <= set(line) for line in lines
        ):
            # What another addon leaves out, the host works out with the lines.
            return
        AccountTax = self.env["account.tax"]
        base_lines = [
            self._prepare_progress_base_line(line, currency) for line in lines
        ]
        AccountTax._add_tax_details_in_base_lines(base_lines, company)
        AccountTax._round_base_lines_tax_details(base_lines, company)
        sign = -1 if values["move_type"] == "out_invoice" else 1
        for line, base_line in zip(lines, base_lines, strict=True):
            details = base_line["tax_details"]
            line["balance"] = line["amount_currency"] = sign * currency.round(
                details["total_excluded"] + details["delta_total_excluded"]
            )

    def _prepare_progress_base_line(self, line, currency):
        """Return the tax engine's base line of an invoice line's values."""
        taxes = self.env["account.tax"].browse(
            {
                tax_id
                for command in line["tax_ids"]
                for tax_id in (command[2] or [] if command[0] == 6 else [command[1]])
            }
        )
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            {},
            product_id=self.env["product.product"].browse(line.get("product_id")),
            product_uom_id=self.env["uom.uom"].browse(line.get("product_uom_id")),
            tax_ids=taxes,
            price_unit=line["price_unit"],
            quantity=line["quantity"],
            discount=line.get("discount", 0.0),
            extra_tax_data=line.get("extra_tax_data"),
            currency_id=currency,
            rate=1.0,
        )
