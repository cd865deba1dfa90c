from functools import partial

from odoo import models

from ..arithmetic.amounts import Share, add


class ProgressBillingAllocator(models.AbstractModel):
    """Between the tax engine and our arithmetic: base lines and Shares.

    The amounts are the host's: its tax engine says what order lines are worth, and
    `AccountTax._prepare_down_payment_lines` what they come to as a deposit.
    """

    _name = "progress.billing.allocator"
    _description = "Progress Billing Allocator"

    # === WHAT THE ORDER IS WORTH === #

    def _get_base_lines(self, order_lines, quantities=None):
        """Return the tax engine's base lines, rounded, of some lines of one order.

        :param quantities: order line -> quantity, where it is not the ordered one.
        """
        quantities = quantities or {}
        base_lines = [
            line._prepare_base_line_for_taxes_computation(
                **({"quantity": quantities[line]} if line in quantities else {})
            )
            for line in order_lines
        ]
        return self._round_lines(base_lines, order_lines.order_id.company_id)

    def _get_fixed_base_lines(self, shares):
        """Return base lines, rounded, by which order lines come to given Shares.

        :param shares: order line -> `amounts.Share`.
        """
        base_lines = [
            line._prepare_base_line_for_taxes_computation(
                price_unit=self._get_price(share), quantity=1.0, discount=0.0
            )
            for line, share in shares.items()
        ]
        for base_line, share in zip(base_lines, shares.values(), strict=True):
            base_line.update(self._get_fixed_amounts(share))
        company = next(iter(shares)).order_id.company_id
        return self._round_lines(base_lines, company)

    def _round_lines(self, base_lines, company):
        """Return base lines with their tax details, rounded as one document."""
        AccountTax = self.env["account.tax"]
        AccountTax._add_tax_details_in_base_lines(base_lines, company)
        AccountTax._round_base_lines_tax_details(base_lines, company)
        return base_lines

    def _get_down_payment(self, order, base_lines, grouping):
        """Return the host's base lines of a down payment of 100 %, by group.

        :param grouping: the host's grouping function.
        """
        prepare = partial(
            self.env["account.tax"]._prepare_down_payment_lines,
            company=order.company_id,
            amount_type="percent",
            amount=100.0,
            computation_key="progress_billing",
            grouping_function=grouping,
        )
        try:
            lines = prepare(base_lines=base_lines)
        except ZeroDivisionError:
            # The host shares out analytic distributions by what lines come to, which
            # fixed taxes of lines above and below zero may make nothing of.
            plain = [{**line, "analytic_distribution": {}} for line in base_lines]
            lines = prepare(base_lines=plain)
        return {self._get_group(line): line for line in lines}

    def _get_group(self, base_line):
        """Return the group of a deposit, see `OrderLedger`."""
        return (
            frozenset(base_line["tax_ids"].ids),
            base_line["account_id"].id or 0,
            0,
        )

    def _get_share(self, base_line):
        """Return a rounded base line as a plain Share, in document currency."""
        details = base_line["tax_details"]
        return Share(
            base_line["currency_id"].round(
                details["total_excluded_currency"]
                + details["delta_total_excluded_currency"]
            ),
            {
                str(data["tax"].id): (
                    data["tax_amount_currency"],
                    data["base_amount_currency"],
                )
                for data in details["taxes_data"]
                if not data["is_reverse_charge"]
            },
        )

    # === WHAT WAS BILLED === #

    def _get_billed_shares(self, items):
        """Return what journal items billed, exactly as they stand in the ledger.

        :param items: invoice lines, of draft or posted invoices and credit notes.
        :return: dict of invoice line -> Share in document currency, negative for what a
            credit note or a final invoice took back.
        """
        shares = {}
        self._read_billed(items)
        for move in items.move_id:
            base_lines, _tax_lines = move._get_rounded_base_and_tax_lines()
            for base_line in base_lines:
                if base_line["record"] in items:
                    share = self._get_share(base_line)
                    sign = -move.direction_sign
                    shares[base_line["record"]] = add(
                        Share(), share, base_line["currency_id"], sign
                    )
        return shares

    def _read_billed(self, items):
        """Read at once what the host reads of invoices move by move, line by line."""
        lines = items.move_id.line_ids
        lines.mapped("display_type")
        lines.fetch(["tax_ids", "tax_tag_ids", "sale_line_ids"])

    # === FIXED AMOUNTS === #

    def _fix_amounts(self, order, group, share, template):
        """Return one base line of quantity 1 whose amounts the tax engine will keep.

        :param template: the host's base line of the same group, None where the group
            is no longer part of the order.
        """
        AccountTax = self.env["account.tax"]
        tax_ids, account_id, _line_id = group
        origin = template or {
            "tax_ids": AccountTax.browse(tax_ids),
            "account_id": self.env["account.account"].browse(account_id or []),
            "currency_id": order.currency_id,
            "rate": order.currency_rate,
        }
        base_line = AccountTax._prepare_base_line_for_taxes_computation(
            origin,
            price_unit=self._get_price(share),
            quantity=1.0,
            discount=0.0,
            computation_key=f"progress_billing,{order.id}",
        )
        base_line.update(self._get_fixed_amounts(share))
        return base_line

    def _get_price(self, share):
        """Return a Share as a price: with the taxes that prices include."""
        taxes = self.env["account.tax"].browse(map(int, share.taxes))
        return share.base + sum(
            share.taxes[str(tax.id)][0] for tax in taxes if tax.price_include
        )

    def _get_fixed_amounts(self, share):
        """Return the base line values by which the host keeps amounts as they are.

        Only document currency is given: the host derives company currency from it at
        the invoice's own rate.
        """
        if not share.taxes:
            return {
                "manual_total_excluded_currency": None,
                "manual_total_excluded": None,
                "manual_tax_amounts": None,
            }
        return {
            "manual_total_excluded_currency": share.base,
            "manual_total_excluded": None,
            "manual_tax_amounts": {
                tax: {"tax_amount_currency": amount, "base_amount_currency": base}
                for tax, (amount, base) in share.taxes.items()
            },
        }
