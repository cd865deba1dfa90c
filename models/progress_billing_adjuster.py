from odoo import models
from odoo.fields import Command

from . import fx


class ProgressBillingAdjuster(models.AbstractModel):
    """What brings the taxes of deposits to the rate of the final invoice.

    Amounts are read from posted journal items through the host's tax engine, deposit by
    deposit and tax by tax. Nothing is written here.
    """

    _name = "progress.billing.adjuster"
    _description = "Progress Billing Adjuster"

    # === WHAT IS WANTED === #

    def _get_tax_lines(self, move, credits_):
        """Return what the taxes of deposits that an invoice takes back ask for.

        :param move: the invoice, draft or posted.
        :param credits_: the credit notes, posted or about to be, that give some back.
        :return: list of item values, signed in `balance` and without counterparts. Tax
            bases have no account: a base changes none.
        """
        company = move.company_id
        if move.currency_id == company.currency_id:
            return []
        family = move | credits_
        recalls = family._get_progress_deposit_items().filtered("is_progress_recall")
        deposits = recalls.sale_line_ids._origin.filtered("is_downpayment")
        others = {
            deposit: deposit._get_progress_posted_items().filtered(
                lambda item: item.move_id not in family
            )
            for deposit in deposits
        }
        items = recalls.browse().union(recalls, *others.values())
        if not self._adjusts_taxes(company) and not self._has_tax_on_deposit_account(
            items
        ):
            return []
        details = self._read_details(items)
        prior = self._read_prior(move, deposits)
        lines = []
        for deposit in deposits:
            own = recalls.filtered(
                lambda item, line=deposit: line in item.sale_line_ids._origin
            )
            arguments = (deposit, others[deposit], own, details, prior)
            lines += self._get_deposit_lines(move, deposit, arguments)
        return lines

    def _adjusts_taxes(self, company):
        """Return whether a company brings all taxes, and their reports, to the rate."""
        is_final_rate = company.progress_fx_policy == "final_rate"
        return is_final_rate and company.progress_adjust_tax

    def _get_deposit_lines(self, move, deposit, arguments):
        """Return what the taxes and the tax bases of one deposit ask for."""
        label = move._get_progress_adjustment_label(deposit)
        wanted, own = self._get_amount_lines(*arguments), arguments[2]
        if self._adjusts_taxes(move.company_id):
            base_label = self.env._("%(label)s, tax base", label=label)
            bases = [
                {"name": base_label, "account_id": False, **values}
                for values in self._get_base_lines(*arguments)
            ]
        else:
            bases = []
            wanted = [
                # Tax reports stay as they are: no grids.
                {**values, "tax_tag_ids": [Command.clear()]}
                for values in wanted
                if values["account_id"] in own.account_id.ids
            ]
        return [
            {
                "name": label,
                "progress_adjusted_move_id": move.id,
                "progress_adjusted_line_id": deposit.id,
                **values,
            }
            for values in [*wanted, *bases]
        ]

    # === TAXES === #

    def _get_amount_lines(self, deposit, others, own, details, prior):
        """Return what the tax accounts of a deposit want, by repartition line."""
        company = own.company_id.currency_id
        document = own.currency_id
        lines = []
        for key in self._get_tax_keys(others, details):
            tax = key[0]
            recalled = self._sum_taxes(own, key, details)
            still_open = self._sum_taxes(others, key, details)
            if tax.tax_exigibility == "on_payment":
                adjustment = fx.get_exigible_adjustment(
                    self._sum_exigible(others, key, details),
                    self._sum_taxes(self._get_deposited(others), key, details),
                    recalled,
                    document,
                    company,
                )
            else:
                still_open += fx.Amount(0.0, prior[deposit, key])
                adjustment = fx.get_adjustment(still_open, recalled, document, company)
            if not company.is_zero(adjustment):
                lines += self._split_repartition(key, adjustment, others, details)
        return lines

    def _get_tax_keys(self, items, details):
        """Return the (tax, is reverse charge) of some items, each once, in order."""
        return list(
            dict.fromkeys(
                (data["tax"], data["is_reverse_charge"])
                for item in items
                for data in details[item]["tax_details"]["taxes_data"]
            )
        )

    def _split_repartition(self, key, adjustment, items, details):
        """Return the adjustment of a tax on the accounts and grids it was booked on."""
        item, data = next(
            (item, data)
            for item in items
            for data in details[item]["tax_details"]["taxes_data"]
            if (data["tax"], data["is_reverse_charge"]) == key
        )
        reps = data["tax_reps_data"]
        parts = fx.split(
            adjustment,
            [rep["tax_amount_currency"] for rep in reps],
            item.company_id.currency_id,
        )
        return [
            {
                "account_id": self._get_tax_account(item, rep).id,
                "tax_repartition_line_id": rep["tax_rep"].id,
                "tax_tag_ids": [Command.set(rep["tax_tags"].ids)],
                "tax_ids": [Command.set(rep["taxes"].ids)],
                "balance": part,
            }
            for rep, part in zip(reps, parts, strict=True)
            if not item.company_id.currency_id.is_zero(part)
        ]

    def _get_tax_account(self, item, rep):
        """Return the account of a tax: its item's own, unless due on payment."""
        if rep["tax_rep"].tax_id.tax_exigibility == "on_payment":
            return rep["account"]
        own = item.move_id.line_ids.filtered(
            lambda line: line.tax_repartition_line_id == rep["tax_rep"]
        )
        if item.account_id in own.account_id:
            # Without an account of its own, a tax follows each base to its account.
            return item.account_id
        return own.account_id[:1] or rep["account"]

    # === BASES === #

    def _get_base_lines(self, deposit, others, own, details, prior):
        """Return what the tax grids of one deposit's base want.

        The host moves the deposit account without grids: the report's base would
        stay at the deposit's rate while its tax does not.
        """
        company = own.company_id.currency_id
        document = own.currency_id
        lines = []
        for taxes in others.grouped("tax_ids"):
            same = others.filtered(lambda item, taxes=taxes: item.tax_ids == taxes)
            back = own.filtered(lambda item, taxes=taxes: item.tax_ids._origin == taxes)
            flat = taxes.flatten_taxes_hierarchy()
            recalled = self._sum_items(back)
            on_payment = flat.filtered(lambda tax: tax.tax_exigibility == "on_payment")
            on_invoice = flat - on_payment
            if on_invoice:
                still_open = self._sum_items(same)
                still_open += fx.Amount(0.0, prior[deposit, on_invoice])
                adjustment = fx.get_adjustment(still_open, recalled, document, company)
                tags = on_invoice.get_tax_tags(same[0].is_refund, "base")
                lines += self._prepare_base(adjustment, on_invoice, tags, company)
            if on_payment:
                adjustment = fx.get_exigible_adjustment(
                    self._sum_exigible_base(same, on_payment, details),
                    self._sum_items(self._get_deposited(same)),
                    recalled,
                    document,
                    company,
                )
                tags = on_payment.get_tax_tags(same[0].is_refund, "base")
                lines += self._prepare_base(adjustment, on_payment, tags, company)
        return lines

    def _prepare_base(self, adjustment, taxes, tags, currency):
        """Return the base item's particular values, in a list; empty for nothing."""
        if currency.is_zero(adjustment):
            return []
        return [
            {
                "tax_ids": [Command.set(taxes.ids)],
                "tax_tag_ids": [Command.set(tags.ids)],
                "balance": adjustment,
            }
        ]
