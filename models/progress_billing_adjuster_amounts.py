from collections import defaultdict

from odoo import models

from . import fx


class ProgressBillingAdjuster(models.AbstractModel):
    """What journal items say of the taxes of deposits, in both currencies."""

    _inherit = "progress.billing.adjuster"

    # === INVOICE LINES === #

    def _sum_taxes(self, items, key, details):
        """Return the `fx.Amount` of a tax on some items, signed as in the ledger."""
        total = fx.Amount()
        for item in items:
            sign = item.move_id.direction_sign
            for data in details[item]["tax_details"]["taxes_data"]:
                if (data["tax"], data["is_reverse_charge"]) == key:
                    total += fx.Amount(
                        sign * data["tax_amount_currency"], sign * data["tax_amount"]
                    )
        return total

    def _sum_items(self, items):
        """Return the `fx.Amount` of journal items."""
        return fx.Amount(
            sum(items.mapped("amount_currency")), sum(items.mapped("balance"))
        )

    def _get_deposited(self, items):
        """Return deposits and their credit notes, without what took them back."""
        return items.filtered(lambda item: not item.is_progress_recall)

    # === READING === #

    def _has_tax_on_deposit_account(self, items):
        """Return whether a tax stands where the deposits themselves do.

        The host books a tax without an account of its own on that of its base. There it
        is part of the deposit: nothing of it may stay, whatever happens to taxes.
        """
        taxes = items.move_id.line_ids.filtered("tax_repartition_line_id")
        return bool(taxes.account_id & items.account_id)

    def _read_details(self, items):
        """Return item -> the tax engine's base line, with its repartition lines.

        The engine shares an invoice's tax items out over its lines, to the cent and in
        both currencies.
        """
        AccountTax = self.env["account.tax"]
        details = {}
        for move in items.move_id:
            line = self._get_only_line(move)
            if line:
                details[line] = self._read_only_details(move)
                continue
            # Doing it move by move is the host's interface; it reads only the cache.
            base_lines, _tax_lines = move._get_rounded_base_and_tax_lines()
            AccountTax._add_accounting_data_in_base_lines_tax_details(
                base_lines, move.company_id, include_caba_tags=True
            )
            details.update({line["record"]: line for line in base_lines})
        return details

    def _get_only_line(self, move):
        """Return the item that all taxes of an invoice are of, empty for several.

        Then its tax items are the line's. Those of taxes due on payment are elsewhere.
        """
        items = move.line_ids.filtered("account_id")
        kinds = items.grouped("display_type")
        line = kinds.pop("product", items.browse())
        kinds.pop("payment_term", None)
        taxes = kinds.pop("tax", items.browse())
        on_payment = taxes.tax_line_id.filtered(
            lambda tax: tax.tax_exigibility == "on_payment"
        )
        return line if len(line) == 1 and not kinds and not on_payment else items[:0]

    def _read_only_details(self, move):
        """Return the taxes of an invoice of one line, as the tax engine's base line."""
        sign = move.direction_sign
        taxes_data = {}
        for item in move.line_ids.filtered("tax_repartition_line_id"):
            rep = item.tax_repartition_line_id
            key = rep.tax_id, rep.factor < 0.0
            data = taxes_data.setdefault(
                key,
                {
                    "tax": rep.tax_id,
                    "is_reverse_charge": key[1],
                    "tax_amount_currency": 0.0,
                    "tax_amount": 0.0,
                    "tax_reps_data": [],
                },
            )
            data["tax_amount_currency"] += sign * item.amount_currency
            data["tax_amount"] += sign * item.balance
            data["tax_reps_data"].append(
                {
                    "tax_rep": rep,
                    "tax_tags": item.tax_tag_ids,
                    "taxes": item.tax_ids,
                    "tax_amount_currency": sign * item.amount_currency,
                    "account": item.account_id,
                }
            )
        return {"tax_details": {"taxes_data": list(taxes_data.values())}}

    def _read_prior(self, move, deposits):
        """Return what other invoices' posting adjusted, reversals counted.

        :return: dict of (deposit, tax key) or (deposit, taxes of a base) -> balance.
        """
        prior = defaultdict(float)
        # In sudo mode because whoever posts need not read the exchange journal.
        items = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("progress_adjusted_line_id", "in", deposits.ids),
                    ("progress_adjusted_move_id", "!=", move._origin.id),
                    ("parent_state", "=", "posted"),
                    "|",
                    ("tax_repartition_line_id", "!=", False),
                    ("tax_ids", "!=", False),
                ]
            )
        )
        for item in items:
            rep = item.tax_repartition_line_id
            key = (rep.tax_id, rep.factor < 0.0) if rep else item.tax_ids
            prior[item.progress_adjusted_line_id, key] += item.balance
        return prior

    def _get_exigible_items(self, items):
        """Return the cash basis items of the invoices that `items` are on."""
        # In sudo mode because whoever posts need not read the cash basis journal.
        return (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    (
                        "move_id.tax_cash_basis_origin_move_id",
                        "in",
                        items.move_id.ids,
                    ),
                    ("parent_state", "=", "posted"),
                ]
            )
        )

    def _sum_exigible(self, items, key, details):
        """Return the `fx.Amount` of a deposit's tax that payments made exigible."""
        tax, is_reverse_charge = key
        items = self._get_deposited(items)
        exigible = self._get_exigible_items(items).filtered(
            lambda item: (
                item.tax_repartition_line_id.tax_id == tax
                and (item.tax_repartition_line_id.factor < 0.0) == is_reverse_charge
            )
        )
        return self._share_exigible(
            exigible, items, details, lambda some: self._sum_taxes(some, key, details)
        )

    def _sum_exigible_base(self, items, taxes, details):
        """Return the `fx.Amount` of a deposit's base that payments made exigible."""
        items = self._get_deposited(items)
        exigible = self._get_exigible_items(items).filtered(
            lambda item: item.tax_ids == taxes and not item.tax_repartition_line_id
        )
        return self._share_exigible(exigible, items, details, self._sum_items)

    def _share_exigible(self, exigible, items, details, measure):
        """Return the part of cash basis items that belongs to one deposit.

        They are not by invoice line: each line has its share of its invoice.

        :param measure: callable returning the `fx.Amount` of some invoice lines.
        """
        total = fx.Amount()
        for move in items.move_id:
            mine = items.filtered(lambda item, move=move: item.move_id == move)
            same = [
                item
                for item in details
                if item.move_id == move and item.tax_ids == mine[:1].tax_ids
            ]
            whole = measure(mine.browse().union(*same)).document
            share = measure(mine).document / whole if whole else 0.0
            booked = self._sum_items(
                exigible.filtered(
                    lambda item, move=move: (
                        item.move_id.tax_cash_basis_origin_move_id == move
                    )
                )
            )
            total += fx.Amount(booked.document * share, booked.company * share)
        return total
