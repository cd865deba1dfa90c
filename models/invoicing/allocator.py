from dataclasses import replace

from odoo import models
from odoo.exceptions import UserError

from ..arithmetic.amounts import (
    Share,
    add,
    fraction_of,
    is_empty,
    next_part,
    set_base,
    set_total,
    total_base,
)
from ..arithmetic.claim import DEPOSIT


class ProgressBillingAllocator(models.AbstractModel):
    """Which lines, at which amounts and taxes, a share of an order comes to.

    The amounts are the host's: `AccountTax._prepare_down_payment_lines` says what a
    fraction of an order is, tax by tax. This model asks it for *cumulative* fractions
    and subtracts what journal items say was billed before.
    """

    _name = "progress.billing.allocator"
    _description = "Progress Billing Allocator"

    # === WHAT THE ORDER IS WORTH === #

    def _get_base_lines(self, order_lines, is_rest):
        """Return the tax engine's base lines, rounded, of some lines of one order.

        :param bool is_rest: only the quantities that no regular invoice billed yet.
        """
        AccountTax = self.env["account.tax"]
        base_lines = [
            line._prepare_base_line_for_taxes_computation(
                **(
                    {"quantity": line.product_uom_qty - line.qty_invoiced}
                    if is_rest and line.qty_invoiced
                    else {}
                )
            )
            for line in order_lines
        ]
        company = order_lines.order_id.company_id
        AccountTax._add_tax_details_in_base_lines(base_lines, company)
        AccountTax._round_base_lines_tax_details(base_lines, company)
        return base_lines

    def _get_fraction(self, base_lines, company, fraction, grouping):
        """Return the host's down payment base lines by group, for a fraction 0-1."""
        lines = self.env["account.tax"]._prepare_down_payment_lines(
            base_lines=base_lines,
            company=company,
            amount_type="percent",
            amount=fraction * 100.0,
            computation_key="progress_billing",
            grouping_function=grouping,
        )
        return {self._get_group(line): line for line in lines}

    def _get_group(self, base_line):
        """Return the key under which parts of the same kind are subtracted."""
        return (
            frozenset(base_line["tax_ids"].ids),
            base_line["account_id"].id or 0,
            base_line.get("_progress_sale_line_id", 0),
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
        # What the host reads of each line, move by move, is read at once.
        items.move_id.line_ids.fetch(["tax_ids", "tax_tag_ids", "sale_line_ids"])
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

    # === THE NEXT PART === #

    def _get_part_lines(self, billing, part, booking):
        """Return the base lines that bill the next part of an order.

        :param billing: the order's `OrderBilling`; the part is counted as billed in it.
        :param part: a `claim.Part`.
        :param booking: `deposit` or `revenue`.
        :return: tuple of (base lines with fixed amounts, carry): what the part's amount
            came to before rounding, less what the lines bill.
        """
        lines = []
        if booking == DEPOSIT and part.line_id:
            lines, part = self._get_credit_lines(billing, part)
            if lines and billing.currency.is_zero(part.amount):
                return lines, 0.0
        groups, templates = self._get_part_groups(billing, part, booking)
        carry = billing.add_part(part.line_id, booking, groups, part.amount)
        lines += [
            self._fix_amounts(billing.order, group, share, templates.get(group))
            for group, share in groups.items()
            if not is_empty(share, billing.currency)
        ]
        return lines, carry

    def _get_credit_lines(self, billing, part):
        """Return the base lines by which less of a line credits its deposits.

        They keep the taxes that the deposit was billed with.

        :return: tuple of (base lines, the part that bills what no deposit covers).
        :raise UserError: when the deposit to be credited is still a draft.
        """
        billed = total_base(billing.get_groups(part.line_id, DEPOSIT))
        if billed * part.amount >= 0.0:
            return [], part
        deposits = self.env["sale.order.line"].browse(part.line_id)
        deposits = deposits.progress_deposit_line_ids
        lines, rest = [], part.amount
        for deposit, groups in deposits._get_progress_credits(part.amount):
            keyed = {
                (frozenset(taxes.ids), account.id, 0): share
                for (taxes, account), share in groups.items()
            }
            amount = total_base(keyed)
            billing.add_part(part.line_id, DEPOSIT, keyed, amount)
            rest = billing.currency.round(rest - amount)
            lines += [
                {
                    **self._fix_amounts(billing.order, group, share, None),
                    "_progress_deposit_id": deposit.id,
                }
                for group, share in keyed.items()
            ]
        if total_base(billing.get_groups(part.line_id, DEPOSIT)) * rest < 0.0:
            self._raise_draft_deposit(billing.order, deposits, rest)
        return lines, replace(part, amount=rest)

    def _raise_draft_deposit(self, order, deposits, amount):
        drafts = deposits.sudo().invoice_lines.filtered(
            lambda item: item.parent_state == "draft"
        )
        raise UserError(
            self.env._(
                "You cannot credit %(amount)s of %(order)s because its deposit "
                "%(deposits)s is still a draft. Post or delete it first.",
                amount=order._format_progress(abs(amount)),
                order=order.display_name,
                deposits=", ".join(drafts.move_id.mapped("display_name")),
            )
        )

    def _get_part_groups(self, billing, part, booking):
        """Return the next part as group -> Share, and base lines to model them on."""
        order, currency, pool = billing.order, billing.currency, part.line_id
        is_rest = booking == DEPOSIT
        templates = {}

        def get_groups(fraction):
            if pool and fraction == 1.0 and not is_rest:
                return self._get_whole(base_lines, templates)
            lines = self._get_fraction(
                base_lines,
                order.company_id,
                fraction,
                self._get_grouping(billing, booking),
            )
            templates.update(lines)
            return {group: self._get_share(line) for group, line in lines.items()}

        rest = billing.get_rest(booking)
        if not part.is_line_only and currency.compare_amounts(part.amount, rest) == 0:
            # It completes the order, whatever pools the earlier parts came from.
            base_lines = billing.get_base_lines(0, is_rest)
            billed, fraction, alone = billing.get_all_groups(booking), 1.0, 1.0
        else:
            base_lines = billing.get_base_lines(pool, is_rest)
            billed = billing.get_groups(pool, booking)
            worth = billing.get_worth(pool, is_rest)
            cumulative = total_base(billed) + billing.get_carry(pool) + part.amount
            fraction = fraction_of(cumulative, worth, currency)
            alone = fraction_of(part.amount, worth, currency)
        groups = next_part(
            get_groups(fraction),
            billed,
            lambda: get_groups(alone),
            fraction == 1.0,
            currency,
        )
        return self._fit_entered_amount(groups, part, fraction, currency), templates

    def _get_whole(self, base_lines, templates):
        """Return order lines as group -> Share: what the order says they are worth.

        The host would round a single line by itself.
        """
        groups = {}
        for base_line in base_lines:
            group = (frozenset(base_line["tax_ids"].ids), 0, base_line["id"])
            templates[group] = {**base_line, "_progress_sale_line_id": base_line["id"]}
            groups[group] = self._get_share(base_line)
        return groups

    def _fit_entered_amount(self, groups, part, fraction, currency):
        """Return the groups adding up to the amount a person typed, where one did."""
        if fraction == 1.0 or not part.is_exact:
            return groups
        if part.taxed_amount is not None:
            return set_total(groups, part.taxed_amount, currency)
        return set_base(groups, part.amount, currency)

    def _get_grouping(self, billing, booking):
        """Return the host's grouping function: by deposit account, or by order line."""
        if booking == DEPOSIT:
            return lambda line: {
                "account_id": billing.order._get_progress_deposit_account(
                    line["product_id"], is_required=not billing.is_plan
                )
            }
        return lambda line: {"_progress_sale_line_id": line["id"]}

    def _fix_amounts(self, order, group, share, template):
        """Return one base line of quantity 1 whose amounts the tax engine will keep.

        :param template: the host's base line of the same group, None where the group
            is no longer part of the order.
        """
        AccountTax = self.env["account.tax"]
        tax_ids, account_id, sale_line_id = group
        included = sum(
            amount
            for tax, (amount, _base) in share.taxes.items()
            if AccountTax.browse(int(tax)).price_include
        )
        origin = template or {
            "tax_ids": AccountTax.browse(tax_ids),
            "account_id": self.env["account.account"].browse(account_id or []),
            "currency_id": order.currency_id,
            "rate": order.currency_rate,
            "_progress_sale_line_id": sale_line_id,
        }
        base_line = AccountTax._prepare_base_line_for_taxes_computation(
            origin,
            price_unit=share.base + included,
            quantity=1.0,
            discount=0.0,
            computation_key=f"progress_billing,{order.id}",
        )
        base_line.update(self._get_fixed_amounts(share))
        return base_line

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

    # === THE REVENUE BUDGET === #

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
