"""The values of an invoice, brought to the cent before the host creates it."""

from odoo.fields import Command


class InvoiceValues:
    """One invoice as the host prepared it, of one order or of several.

    :param env: the environment whose tax engine is asked.
    :param dict values: of the invoice; the methods change its lines in place.
    """

    def __init__(self, env, values):
        self.env = env
        self.values = values
        self.allocator = env["progress.billing.allocator"]
        self.company = env["res.company"].browse(values["company_id"])
        self.currency = env["res.currency"].browse(values["currency_id"])

    @property
    def lines(self):
        """Return the values of the lines that have amounts."""
        return [
            command[2]
            for command in self.values["invoice_line_ids"]
            if command[2].get("display_type", "product") == "product"
        ]

    @property
    def sections(self):
        """Return the values of the lines that have none."""
        return [
            command[2]
            for command in self.values["invoice_line_ids"]
            if command[2].get("display_type", "product") != "product"
        ]

    def get_untaxed(self):
        """Return the untaxed amount that the invoice bills of orders."""
        lines = [line for lines in self.get_lines_by_order().values() for line in lines]
        return sum(share.base for _line, _base_line, share in self.round(lines))

    def complete(self):
        """Fix the lines that complete their order lines.

        They bill what earlier invoices left of these, to the cent.
        """
        for order, lines in self.get_lines_by_order().items():
            self._complete_order(order, lines)

    def round_orders_apart(self):
        """Fix the amounts of each order's lines as an invoice of its own has them.

        The tax engine rounds an invoice as a whole: without this, a cent of one order
        would be billed to another.
        """
        by_order = self.get_lines_by_order()
        for lines in by_order.values() if len(by_order) > 1 else ():
            for line, base_line, share in self.round(lines):
                if not base_line["manual_tax_amounts"]:
                    line.update(self._prepare_fixed(base_line, share))

    def add_balances(self):
        """Give the lines the balances and subtotals that the host will compute.

        The host creates them without, computes the same figures from the same tax
        engine, and writes them line by line. Where it comes to other balances, it
        writes those: it works out the taxes in any case, so only lines without any need
        be left.
        """
        asked = {"price_unit", "quantity", "tax_ids"}
        # What another addon leaves out, the host works out with the lines.
        if not self.lines or not all(asked <= set(line) for line in self.lines):
            return
        is_foreign = self.currency != self.company.currency_id
        if is_foreign and not all(self._get_taxes(line) for line in self.lines):
            return
        rate = self._get_rate()
        sign = -1 if self.values["move_type"] == "out_invoice" else 1
        for line, base_line, share in self.round(self.lines, rate):
            details = base_line["tax_details"]
            balance = details["total_excluded"] + details["delta_total_excluded"]
            line["amount_currency"] = sign * share.base
            line["balance"] = sign * self.company.currency_id.round(balance)
            # Rounded line by line, as the invoice shows them.
            line["price_subtotal"] = details["total_excluded_currency"]
            line["price_total"] = details["total_included_currency"]
        for line in self.sections:
            line["amount_currency"] = line["balance"] = 0.0

    def _get_rate(self):
        """Return the rate that the invoice is going to have."""
        if self.currency == self.company.currency_id:
            return 1.0
        return self.env["res.currency"]._get_conversion_rate(
            from_currency=self.company.currency_id,
            to_currency=self.currency,
            company=self.company,
            date=self.values.get("invoice_date") or self.company._get_progress_today(),
        )

    # === LINES === #

    def get_lines_by_order(self):
        """Return order -> values of its lines."""
        by_order = {}
        for line in self.lines:
            order = self.get_sale_lines(line).order_id
            if order:
                by_order.setdefault(order, []).append(line)
        return by_order

    def get_sale_lines(self, line):
        """Return the order lines that an invoice line links to."""
        ids = []
        for code, line_id, line_ids in line.get("sale_line_ids", []):
            ids += line_ids if code == Command.SET else [line_id]
        return self.env["sale.order.line"].browse(ids)

    def _complete_order(self, order, lines):
        by_line = {
            sale_line: line
            for line in lines
            # What the builder makes is worked out already.
            if "progress_by_amount" not in line
            for sale_line in self.get_sale_lines(line)
            if not sale_line.is_downpayment
        }
        # A final completes an order that only the host has invoiced so far, too.
        is_final = self.values.get("is_progress_final")
        if not by_line or not (is_final or order._uses_progress_billing()):
            return
        ledger = order._get_progress_ledger()
        due = {
            sale_line: sale_line.qty_invoiced + line.get("quantity", 1.0)
            for sale_line, line in by_line.items()
        }
        _shares, fixed = ledger.get_invoice_shares(due)
        for sale_line, share in fixed.items():
            line = by_line[sale_line]
            if ledger.is_rest_amount(sale_line):
                line.update(sale_line._prepare_progress_amount(share))
            else:
                line.update(self._prepare_fixed(self._get_base_line(line), share))

    # === AMOUNTS === #

    def round(self, lines, rate=1.0):
        """Return (line, base line, `amounts.Share`) of lines rounded together.

        :param float rate: of the invoice, where amounts in company currency are asked.
        """
        base_lines = self.allocator._round_lines(
            [self._get_base_line(line, rate) for line in lines], self.company
        )
        shares = map(self.allocator._get_share, base_lines)
        return list(zip(lines, base_lines, shares, strict=True))

    def _get_taxes(self, line):
        """Return the taxes of an invoice line."""
        tax_ids = {
            tax_id
            for code, single_id, ids in line["tax_ids"]
            for tax_id in (ids or [] if code == Command.SET else [single_id])
        }
        return self.env["account.tax"].browse(tax_ids)

    def _get_stored(self, line, name):
        """Return a number of an invoice line with the digits that are kept of it."""
        items = self.env["account.move.line"]
        return items._fields[name].convert_to_cache(line.get(name, 0.0), items)

    def _get_base_line(self, line, rate=1.0):
        """Return the tax engine's base line of an invoice line."""
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            {},
            product_id=self.env["product.product"].browse(line.get("product_id")),
            product_uom_id=self.env["uom.uom"].browse(line.get("product_uom_id")),
            tax_ids=self._get_taxes(line),
            price_unit=line["price_unit"],
            quantity=self._get_stored(line, "quantity"),
            discount=self._get_stored(line, "discount"),
            extra_tax_data=line.get("extra_tax_data"),
            currency_id=self.currency,
            rate=rate,
        )

    def _prepare_fixed(self, base_line, share):
        """Return the values that fix the amounts of an invoice line at a share."""
        fixed = {**base_line, **self.allocator._get_fixed_amounts(share)}
        if fixed["manual_tax_amounts"]:
            extra = self.env["account.tax"]._export_base_line_extra_tax_data(fixed)
            return {"extra_tax_data": extra}
        # Only amounts with taxes can be fixed; without, the price takes the cent. What
        # rounding leaves of each line would add up to a cent of its own where invoices
        # are rounded as a whole.
        factor = base_line["quantity"] * (1.0 - base_line["discount"] / 100.0)
        amount = factor * base_line["price_unit"]
        if self.company.tax_calculation_rounding_method == "round_per_line":
            amount = self.currency.round(amount)
        return {} if amount == share.base else {"price_unit": share.base / factor}
