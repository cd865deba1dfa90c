from collections import defaultdict

from odoo import models
from odoo.fields import Command

from . import fx


class ProgressBillingAdjuster(models.AbstractModel):
    """Which entry brings the taxes of deposits to the rate of the final invoice.

    Amounts are read from posted journal items through the host's tax engine, deposit by
    deposit and tax by tax. Nothing is written here.
    """

    _name = "progress.billing.adjuster"
    _description = "Progress Billing Adjuster"

    # === THE ENTRY === #

    def _get_tax_entry(self, move, credits_):
        """Return the entry that adjusts the taxes of deposits an invoice takes back.

        :param move: the invoice, draft or posted.
        :param credits_: the credit notes, posted or about to be, that give some back.
        :return: dict as `_create_exchange_difference_moves` takes, empty for nothing.
        """
        company = move.company_id
        if move.currency_id == company.currency_id:
            return {}
        lines = self._get_entry_lines(move, move | credits_)
        if not lines:
            return {}
        # The host dates exchange entries; with taxes, their lock date counts too.
        values = self.env["account.move.line"]._prepare_exchange_difference_move_vals(
            [], company=company.with_context(has_tax=True), exchange_date=move.date
        )
        values["to_post"] = True
        values["move_values"].update(
            {
                "ref": self._get_entry_label(move),
                "date": max(values["move_values"]["date"], move.date),
                "line_ids": [
                    Command.create({**line, "sequence": number})
                    for number, line in enumerate(lines)
                ],
            }
        )
        return values

    def _get_entry_label(self, move):
        """Return what the entry says of itself: what it adjusts, and for which move."""
        return self.env._(
            "Taxes of deposits at the rate of %(invoice)s",
            invoice=move._get_progress_number(),
        )

    def _get_entry_lines(self, move, family):
        """Return the values of the entry's items, their counterparts last."""
        recalls = family._get_progress_deposit_items().filtered("is_progress_recall")
        deposits = recalls.sale_line_ids._origin.filtered("is_downpayment")
        others = {
            deposit: deposit._get_progress_posted_items().filtered(
                lambda item: item.move_id not in family
            )
            for deposit in deposits
        }
        items = recalls.browse().union(recalls, *others.values())
        adjusts_all = self._adjusts_taxes(move.company_id)
        if not adjusts_all and not self._has_tax_on_deposit_account(items):
            return []
        details = self._read_details(items)
        prior = self._read_prior(move, deposits)
        lines, losses, bases = [], defaultdict(float), defaultdict(float)
        for deposit in deposits:
            own = recalls.filtered(
                lambda item, line=deposit: line in item.sale_line_ids._origin
            )
            arguments = (deposit, others[deposit], own, details, prior)
            lines += self._complete_taxes(move, deposit, losses, arguments)
            if adjusts_all:
                lines += self._complete_bases(move, deposit, bases, arguments)
        return lines + self._get_counterparts(move, deposits, losses, bases)

    def _adjusts_taxes(self, company):
        """Return whether a company brings all taxes, and their reports, to the rate."""
        is_final_rate = company.progress_fx_policy == "final_rate"
        return is_final_rate and company.progress_adjust_tax

    def _complete_taxes(self, move, deposit, losses, arguments):
        """Return complete item values of one deposit's taxes.

        :param losses: dict of exchange account -> balance; the deposit's is added.
        """
        wanted, own = self._get_tax_lines(*arguments), arguments[2]
        if not self._adjusts_taxes(move.company_id):
            wanted = [
                # Tax reports stay as they are: no grids.
                {**values, "tax_tag_ids": [Command.clear()]}
                for values in wanted
                if values["account_id"] in own.account_id.ids
            ]
        loss = move.company_currency_id.round(-sum(v["balance"] for v in wanted))
        label = move._get_progress_adjustment_label(deposit)
        lines = [self._prepare_item(move, label, deposit, **v) for v in wanted]
        if move.company_currency_id.is_zero(loss):
            return lines
        account = self._get_exchange_account(move, loss)
        if move.company_id.progress_fx_policy == "historical":
            values = {"balance": loss, "account_id": account.id}
            values = self._prepare_item(move, label, deposit, **values)
            return lines + own[:1]._split_progress_revenue(values, deposit.order_id)
        losses[account] += loss
        return lines

    def _complete_bases(self, move, deposit, bases, arguments):
        """Return complete item values of one deposit's tax bases.

        A base changes no account, so its counterpart is on its own account.

        :param bases: dict of exchange account -> balance; the counterpart is added.
        """
        label = self.env._(
            "%(label)s, tax base", label=move._get_progress_adjustment_label(deposit)
        )
        lines = []
        for values in self._get_base_lines(*arguments):
            account = self._get_exchange_account(move, -values["balance"])
            bases[account] -= values["balance"]
            lines.append(
                self._prepare_item(
                    move, label, deposit, account_id=account.id, **values
                )
            )
        return lines

    def _get_counterparts(self, move, deposits, losses, bases):
        """Return one item per exchange account for all deposits of the entry."""
        deposit = deposits if len(deposits) == 1 else deposits.browse()
        label = (
            move._get_progress_adjustment_label(deposit)
            if deposit
            else self._get_entry_label(move)
        )
        base_label = self.env._("%(label)s, tax base", label=label)
        return [
            self._prepare_item(
                move, name, deposit, balance=balance, account_id=account.id
            )
            for name, balances in ((label, losses), (base_label, bases))
            for account, balance in balances.items()
        ]

    def _get_exchange_account(self, move, balance):
        """Return the account of the company's exchange losses, or gains."""
        return self.env["account.move.line"]._get_exchange_account(
            move.company_id, balance
        )

    def _prepare_item(self, move, label, deposit, *, balance, **values):
        """Return the values of one journal item; `deposit` is what it adjusts."""
        return {
            "name": label,
            "partner_id": move.commercial_partner_id.id,
            "currency_id": move.currency_id.id,
            "amount_currency": 0.0,
            "debit": max(balance, 0.0),
            "credit": max(-balance, 0.0),
            "progress_adjusted_move_id": move.id,
            "progress_adjusted_line_id": deposit.id,
            **values,
        }

    # === TAXES === #

    def _get_tax_lines(self, deposit, others, own, details, prior):
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
