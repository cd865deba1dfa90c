from collections import defaultdict

from odoo import api, fields, models

from ..arithmetic import fx
from .entry import Exchange, Pair

#: For entries whose items say accounts, taxes and balances, so that there is nothing to
#: derive: the keys of the host's own cash basis entries. Analytic items come with
#: posting.
COMPLETE_ITEMS = {
    "skip_invoice_sync": True,
    "skip_invoice_line_sync": True,
    "skip_account_move_synchronization": True,
    "skip_analytic_sync": True,
}


class AccountMoveLine(models.Model):
    """Reconciles deposits, and books the items that adjust them."""

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

    # === WHAT IS RECONCILED === #

    def _get_progress_groups(self, reopened):
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

    @api.model
    def _get_progress_plan_items(self, plan):
        """Return all items of a plan as the host's: a recordset or a list of plans."""
        if isinstance(plan, models.BaseModel):
            return plan
        return self.browse().union(*map(self._get_progress_plan_items, plan))

    @api.model
    def _get_progress_recalls(self, plan):
        """Return the posted items of a plan that take back deposits at a rate."""
        return self._get_progress_plan_items(plan).filtered(
            lambda item: (
                item.is_progress_recall
                and item.parent_state == "posted"
                and item.currency_id != item.company_currency_id
            )
        )

    @api.model
    def _get_progress_pairs_at_rates(self, plan, reopened):
        """Return what the host would reconcile at different rates, without doing it.

        :param plan: as the host reconciles it.
        :param dict reopened: item -> `fx.Amount` that will be open again by then.
        :return: list of `Pair`.
        """
        AccountMoveLine = self.sudo().with_context(no_exchange_difference=False)
        nodes, _items = AccountMoveLine._optimize_reconciliation_plan(plan)
        residuals = {}
        # Not the host's items: those lack what is only in memory.
        for item in self._get_progress_plan_items(plan):
            amount = reopened.get(item, fx.Amount())
            residuals[item] = {
                "aml": item,
                "amount_residual": item.amount_residual + amount.company,
                "amount_residual_currency": item.amount_residual_currency
                + amount.document,
                "parent_state": item.parent_state,
            }
        results = [
            (result["partial_values"], result["exchange_values"])
            for node in nodes
            for result in AccountMoveLine._prepare_reconciliation_plan(node, residuals)
            if result.get("exchange_values")
        ]
        # Browsed in tuples, as the id of an item in memory counts as none.
        return [
            Pair(
                AccountMoveLine.browse((partial["debit_move_id"],)),
                AccountMoveLine.browse((partial["credit_move_id"],)),
                values,
            )
            for partial, values in results
            if values["move_values"]["line_ids"]
        ]

    # === BOOKING === #

    @api.model
    def _create_progress_entries(self, entries):
        """Create and post entries that adjust deposits, by the host's own method.

        :param entries: iterable of `Entry`.
        :return: the entries, in order.
        """
        if not entries:
            return self.env["account.move"]
        # In sudo mode because nobody says by hand which deposit an item adjusts.
        spared = self.sudo().with_context(
            **COMPLETE_ITEMS, progress_exchange=Exchange()
        )
        moves = spared._create_exchange_difference_moves(
            [
                {"move_values": entry.values, "to_post": entry.to_post}
                for entry in entries
            ]
        ).with_env(self.env)
        moves.line_ids._forget_progress_prices()
        return moves

    def _get_progress_given_values(self):
        """Return what the host would derive for each item of an entry to be the same.

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
        rules = self.env["account.analytic.distribution.model"].sudo()
        if not rules.search_count([], limit=1):
            given["analytic_distribution"] = False
        return given

    # === PREVIEW === #

    def _get_progress_adjustment_row(self):
        """Return one row of `account.move._get_progress_adjustments`."""
        self.ensure_one()
        return {
            **self.progress_adjusted_move_id._get_progress_rates(
                self.progress_adjusted_line_id
            ),
            "account": self.account_id,
            "label": self.name,
            "date": self.date,
            "amount": self.balance,
        }

    def _get_progress_partials(self):
        """Return how these items are reconciled with others, and what goes with that.

        Partials that share an exchange entry are undone together.
        """
        partials = self.matched_debit_ids | self.matched_credit_ids
        return partials | partials._get_progress_siblings()

    def _get_progress_reopened(self):
        """Return what is open again once these items are no longer reconciled.

        Their exchange entries go as well, and what those are reconciled with.

        :return: dict of item -> `fx.Amount` to add to its residual.
        """
        partials = self._get_progress_partials()
        exchange = partials.exchange_move_id.line_ids
        partials |= exchange.matched_debit_ids | exchange.matched_credit_ids
        reopened = defaultdict(fx.Amount)
        for partial in partials:
            debit = fx.Amount(partial.debit_amount_currency, partial.amount)
            credit = fx.Amount(-partial.credit_amount_currency, -partial.amount)
            reopened[partial.debit_move_id] += debit
            reopened[partial.credit_move_id] += credit
        return {
            item: fx.Amount(
                item.currency_id.round(amount.document),
                item.company_currency_id.round(amount.company),
            )
            for item, amount in reopened.items()
            if item not in exchange
        }
