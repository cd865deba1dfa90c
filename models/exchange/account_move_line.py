import json

from odoo import api, fields, models
from odoo.fields import Command

from ..arithmetic import fx


class AccountMoveLine(models.Model):
    """Lets the host's exchange difference of a deposit say what it adjusts."""

    _inherit = "account.move.line"

    progress_adjusted_move_id = fields.Many2one(
        comodel_name="account.move",
        string="Adjusted for Invoice",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Invoice whose posting made this adjustment of a deposit.",
    )
    progress_adjusted_line_id = fields.Many2one(
        comodel_name="sale.order.line",
        string="Adjusted Deposit",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )

    def _get_progress_recalls(self, plan):
        """Return the posted items of a plan that take back deposits at a rate.

        :param plan: as the host's, a recordset or a list of plans.
        """
        if isinstance(plan, models.BaseModel):
            return plan.filtered(
                lambda item: (
                    item.is_progress_recall
                    and item.parent_state == "posted"
                    and item.currency_id != item.company_currency_id
                )
            )
        return self.browse().union(*map(self._get_progress_recalls, plan))

    @api.model
    def _create_progress_entries(self, entries):
        """Create and post entries that adjust deposits, by the host's own method.

        :param entries: list of dicts as `_create_exchange_difference_moves` takes.
        :return: the entries, in order.
        """
        if not entries:
            return self.env["account.move"]
        # In sudo mode because nobody says by hand which deposit an item adjusts.
        # Accounts, taxes and balances are given, so there is nothing to derive: the
        # keys of the host's own cash basis entries. Analytic items come with posting.
        self._complete_progress_items(entries)
        spared = self.sudo().with_context(
            skip_invoice_sync=True,
            skip_invoice_line_sync=True,
            skip_account_move_synchronization=True,
            skip_analytic_sync=True,
            progress_billing_taxes={},
        )
        moves = spared._create_exchange_difference_moves(entries).with_env(self.env)
        # Without a price there is no need to ask the tax engine for each item's total.
        for name in ("price_subtotal", "price_total"):
            self.env.remove_to_compute(self._fields[name], moves.line_ids)
        return moves

    def _complete_progress_items(self, entries):
        """Give items what the host would derive for each of them to be the same.

        No analytics only where the company has no rule that would find any: the host
        searches them once an item.
        """
        given = {
            "display_type": "product",
            "price_subtotal": 0.0,
            "price_total": 0.0,
            "price_unit": 0.0,
            "product_uom_id": False,
            "quantity": 1.0,
        }
        models_ = self.env["account.analytic.distribution.model"].sudo()
        if not models_.search_count([], limit=1):
            given["analytic_distribution"] = False
        for entry in entries:
            entry["move_values"]["line_ids"] = [
                Command.create({**given, **values})
                for _code, _id, values in entry["move_values"]["line_ids"]
            ]

    def _get_progress_adjusting_item(self):
        """Return the item that takes a deposit back, of two that are reconciled.

        A credit note that gives back what a final invoice took reconciles with it: then
        the credit note's item, as it came later.
        """
        recalls = self.filtered("is_progress_recall")
        credits_ = recalls.filtered(
            lambda item: item.move_id.reversed_entry_id in recalls.move_id
        )
        return (credits_ or recalls)[:1]

    def _get_progress_pairs(self, reopened):
        """Return how items of one deposit and account reconcile, in order.

        :param reopened: items that count as open, though they are reconciled yet.
        :return: list of recordsets with debits and credits: a document with its credit
            note, then all.
        """
        groups = [
            self.filtered(
                lambda item, credit=credit: (
                    item.move_id in (credit | credit.reversed_entry_id)
                )
            )
            for credit in self.move_id
            if credit.reversed_entry_id in self.move_id
        ]
        return [
            group
            for group in (
                group.filtered(lambda item: not item.reconciled) | (group & reopened)
                for group in [*groups, self]
            )
            if len({item.balance > 0 for item in group}) > 1
        ]

    def _complete_progress_exchange(self, exchange_values):
        """Let the host's exchange entry tell which deposit, rates and invoice it is of.

        With historical rates the difference goes to revenue instead of gain or loss.

        :param dict exchange_values: as in `_prepare_exchange_difference_move_vals`;
            changed in place.
        """
        self.ensure_one()
        move_values = exchange_values["move_values"]
        deposit = self.sale_line_ids._origin.filtered("is_downpayment")[:1]
        label = self.move_id._get_progress_adjustment_label(deposit)
        is_historical = self.company_id.progress_fx_policy == "historical"
        lines = []
        for _code, _id, values in move_values["line_ids"]:
            values.update(
                {
                    "name": label,
                    "progress_adjusted_move_id": self.move_id.id,
                    "progress_adjusted_line_id": deposit.id,
                }
            )
            if is_historical and not values.get("reconciled_lines_ids"):
                lines += self._split_progress_revenue(values, deposit)
            else:
                lines.append(values)
        move_values["ref"] = label
        move_values["line_ids"] = [
            Command.create({**values, "sequence": number})
            for number, values in enumerate(lines)
        ]

    def _split_progress_revenue(self, values, deposit):
        """Return the values of a gain or loss item, split over revenue.

        What the revenue of the deposit's order consumes is part of that revenue. What
        is paid back is money, so that its part stays an exchange gain or loss.

        :param deposit: the down payment order line.
        """
        currency = self.company_currency_id
        shares = self.move_id._get_progress_consumption(deposit.order_id)
        shares = shares.get(deposit, {})
        weights = {}
        for item, share in shares.items():
            analytic = json.dumps(item.analytic_distribution or False, sort_keys=True)
            key = (item.account_id.id, analytic)
            weights[key] = weights.get(key, 0.0) + share
        *parts, paid_back = fx.split(
            values["debit"] - values["credit"],
            [*weights.values(), 1.0 - sum(weights.values())],
            currency,
        )
        revenue = [
            {
                "account_id": account_id,
                "analytic_distribution": json.loads(analytic),
                "balance": part,
            }
            for (account_id, analytic), part in zip(weights, parts, strict=True)
        ]
        return [
            {
                **values,
                **part,
                "debit": max(balance, 0.0),
                "credit": max(-balance, 0.0),
            }
            for part in [*revenue, {"balance": paid_back}]
            if not currency.is_zero(balance := part.pop("balance"))
        ]

    # === PREVIEW === #

    def _get_progress_adjustment_row(self):
        """Return one row of `account.move._get_progress_adjustments`."""
        self.ensure_one()
        return {
            **self._get_progress_rates(),
            "account": self.account_id,
            "label": self.name,
            "date": self.date,
            "amount": self.balance,
        }

    def _get_progress_rates(self):
        """Return the rates of the deposit and of the invoice that adjusted it."""
        deposit = self.progress_adjusted_line_id
        origin = deposit and deposit._get_progress_origin_move()
        return {
            "deposit_rate": origin._get_progress_rate() if origin else 0.0,
            "invoice_rate": self.progress_adjusted_move_id._get_progress_rate()
            if origin
            else 0.0,
        }

    def _get_progress_partials(self):
        """Return how these items are reconciled with others, and what goes with that.

        Partials that share an exchange entry are undone together.
        """
        partials = self.matched_debit_ids | self.matched_credit_ids
        return partials | partials._get_progress_siblings()

    def _get_progress_restored(self):
        """Return what is open again once these items are no longer reconciled.

        Their exchange entries go as well, and what those are reconciled with.

        :return: dict of item -> (company, document currency) to add to its residual.
        """
        partials = self._get_progress_partials()
        exchange = partials.exchange_move_id.line_ids
        partials |= exchange.matched_debit_ids | exchange.matched_credit_ids
        restored = {}
        for partial in partials:
            for item, sign, amount in (
                (partial.debit_move_id, 1, partial.debit_amount_currency),
                (partial.credit_move_id, -1, partial.credit_amount_currency),
            ):
                company, document = restored.get(item, (0.0, 0.0))
                restored[item] = (
                    company + sign * partial.amount,
                    document + sign * amount,
                )
        return {
            item: tuple(map(item.company_currency_id.round, amounts[:1]))
            + tuple(map(item.currency_id.round, amounts[1:]))
            for item, amounts in restored.items()
            if item not in exchange
        }

    def _add_progress_exchange(self, partial):
        """Let the exchange values of a partial between these items be a deposit's.

        :param dict partial: as `_prepare_reconciliation_single_partial` returns it;
            changed in place.
        """
        exchange_values = partial.get("exchange_values")
        recall = exchange_values and self._get_progress_adjusting_item()
        if recall and exchange_values["move_values"]["line_ids"]:
            recall._complete_progress_exchange(exchange_values)
            exchange_values["progress_pair"] = self.ids
            partial["partial_values"]["progress_exchange"] = exchange_values
