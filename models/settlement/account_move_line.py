from odoo import models
from odoo.tools import frozendict

from ..arithmetic.amounts import Share, add, fraction_of, scale


class AccountMoveLine(models.Model):
    """Discounts deposits for early payment one by one, as they are taken back."""

    _inherit = "account.move.line"

    def _set_progress_discounts(self):
        """Give each item of a deposit an early payment discount of its own.

        The host discounts all items of an account in one, and rounds their taxes with
        those of the whole invoice: what an invoice takes back would not be what the
        deposits were posted with. At a rate, it refuses an invoice of several taxes
        when the sum of their discounts is not what they are rounded one by one; so
        the revenue's, too, are apart by their taxes.
        """
        discounted = self.filtered("epd_needed")
        progress = discounted.move_id.filtered(
            lambda move: any(
                order._uses_progress_billing()
                for order in move.sudo().invoice_line_ids.sale_line_ids.order_id
            )
        )
        for item in discounted.filtered(lambda item: item.move_id in progress):
            key = item._get_progress_discount_key()
            is_recall = key and item.is_progress_recall
            taken = item._get_progress_taken_discount(key) if is_recall else None
            item.epd_needed = taken != {} and {
                frozendict({**needed, "extra_tax_data": extra}): frozendict(new)
                for needed, values in item.epd_needed.items()
                for extra, new in [
                    item._prepare_progress_discount(key, needed, values, taken)
                ]
            }

    def _get_progress_discount_key(self):
        """Return the tax engine's computation key of discounts on such an item.

        :return: the same of the deposit and what takes it back, empty for others.
        """
        self.ensure_one()
        deposit = self._get_progress_deposits()[:1]
        taxes = sorted(self.tax_ids._origin.ids)
        parts = ["progress_discount", deposit.id, self.account_id.id, *taxes]
        return deposit and ",".join(map(str, parts))

    def _prepare_progress_discount(self, key, needed, values, taken):
        """Return extra tax data and values of one of the two items of a discount.

        :param needed: by which the host tells its discounts apart.
        :param dict values: what the host wants it to be.
        :param taken: see `_get_progress_taken_discount`; None keeps the host's amounts.
        """
        if not key:
            return frozendict({"taxes": self.tax_ids._origin.ids}), values
        if taken is None:
            return frozendict({"computation_key": key}), values
        share = taken["tax_ids" in needed]
        rate, sign = self.move_id.invoice_currency_rate, -self.move_id.direction_sign
        # As the host exports what its tax engine is to keep.
        extra = {
            "computation_key": key,
            "currency_id": self.currency_id.id,
            "price_unit": sign * share.base,
            "discount": 0.0,
            "quantity": 1.0,
            "rate": rate,
            "manual_tax_amounts": frozendict(
                {
                    tax: frozendict({"tax_amount_currency": sign * amount})
                    for tax, (amount, _base) in share.taxes.items()
                }
            ),
        }
        balance = self.company_currency_id.round(-share.base / rate) if rate else 0.0
        amounts = {"amount_currency": -share.base, "balance": balance}
        return frozendict(extra), {**values, **amounts}

    def _get_progress_taken_discount(self, key):
        """Return the discount that comes back with what an item takes of a deposit.

        :return: dict of whether it bears taxes -> `amounts.Share`, as posted discounts
            of the deposit have it; empty where there are none. None of a deposit that
            the host billed alone, before the order was progress-billed.
        """
        self.ensure_one()
        move, deposit = self.move_id._origin, self._get_progress_deposits()[:1]
        family = move | move.reversed_entry_id | move.reversal_move_ids
        posted = deposit._get_progress_posted_items().filtered(
            lambda item: (
                item.move_id not in family and item._get_progress_discount_key() == key
            )
        )
        discounts = posted.move_id.line_ids.filtered(
            lambda item: item.display_type == "epd"
        )
        own = discounts.filtered(
            lambda item: (item.extra_tax_data or {}).get("computation_key") == key
        )
        if not own:
            return None if discounts else {}
        billed = -self.move_id.direction_sign * self.price_subtotal
        whole = deposit.order_id._sum_progress_items(posted)
        fraction = fraction_of(billed, whole, self.currency_id)
        taken = {True: Share(), False: Share()}
        shares = self.env["progress.billing.allocator"]._get_billed_shares(own)
        for item, share in shares.items():
            taxed = bool(item.tax_ids)
            taken[taxed] = add(taken[taxed], share, self.currency_id)
        return {
            taxed: scale(share, fraction, self.currency_id)
            for taxed, share in taken.items()
        }
