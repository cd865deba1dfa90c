from odoo import api, fields, models

from . import fx


class AccountMove(models.Model):
    """Adjusting deposits to the rate of the invoice that takes them back.

    The deposit account is the host's own exchange difference, made by reconciling. The
    taxes are an entry of ours. Both are derived from journal items each time, so that
    they can be foreseen, made, undone and made again.
    """

    _inherit = "account.move"

    progress_adjustment_item_ids = fields.One2many(
        comodel_name="account.move.line",
        inverse_name="progress_adjusted_move_id",
        string="Adjustment Items",
        readonly=True,
    )
    progress_adjustment_move_ids = fields.Many2many(
        comodel_name="account.move",
        string="Adjustments of Deposits",
        compute="_compute_progress_adjustment_move_ids",
        help="Entries that the posting of this invoice made to bring deposits and "
        "their taxes to its exchange rate.",
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "progress_adjustment_item_ids.parent_state",
        "progress_adjustment_item_ids.move_id.reversal_move_ids.state",
    )
    def _compute_progress_adjustment_move_ids(self):
        for move in self:
            entries = move.sudo().progress_adjustment_item_ids.move_id
            move.progress_adjustment_move_ids = entries.filtered(
                lambda entry: (
                    entry.state == "posted"
                    and not entry.reversed_entry_id
                    and "posted" not in entry.reversal_move_ids.mapped("state")
                )
            ).sorted("id")

    # === WORDS === #

    def _get_progress_number(self):
        """Return the invoice's number; of a draft, the one it is going to get."""
        self.ensure_one()
        if not self._origin:
            return self.env._("Final invoice")
        return self.name or self.name_placeholder or self.display_name

    def _get_progress_rate(self):
        """Return the invoice's rate: company currency per unit of its currency."""
        self.ensure_one()
        rate = self.invoice_currency_rate
        return 1.0 / rate if rate else 0.0

    def _get_progress_adjustment_label(self, deposit):
        """Return the label of an adjustment: deposit, both rates and this invoice.

        :param deposit: the down payment order line.
        """
        self.ensure_one()
        origin = deposit._get_progress_origin_move()
        return self.env._(
            "%(invoice)s: deposit %(deposit)s from %(old)s to %(new)s %(currencies)s",
            invoice=self._get_progress_number(),
            deposit=origin._get_progress_number(),
            old=f"{origin._get_progress_rate():.6f}",
            new=f"{self._get_progress_rate():.6f}",
            currencies=f"{self.company_currency_id.name}/{self.currency_id.name}",
        )

    # === POSTING === #

    def _reconcile_progress_deposits(self):
        """Reconcile deposits with what credits or takes them back, and adjust taxes.

        Reconciling links them in the ledger and books the exchange difference. A
        credit note of an invoice that took deposits back first frees what it gives
        back; what shares an exchange entry with that is reconciled again.
        """
        partials, pairs = self._get_progress_freed()
        partials.unlink()
        plans = [pairs, *self._get_progress_reconciliation()]
        # In sudo mode because whoever posts need not read the exchange journal.
        self._reconcile_progress_plans(
            self._batch_progress_plans(plans), self.env["account.move.line"].sudo()
        )

    def _reconcile_progress_plans(self, plans, AccountMoveLine):
        """Reconcile items and book what the taxes of their deposits lack then.

        :param plans: list of plans, as the host reconciles them.
        :param AccountMoveLine: the model, in the mode in which to reconcile.
        """
        wanted = self._get_progress_wanted_taxes()
        missing, outdated = self._get_progress_missing_taxes(wanted, self.browse())
        outdated._reverse_progress_entries()
        # The host's first key keeps it from dropping an exchange entry as soon as it is
        # posted, where the invoice has taxes due on payment; an import sets the other.
        AccountMoveLine = AccountMoveLine.with_context(
            add_caba_vals=any(self.company_id.mapped("tax_exigibility")),
            no_exchange_difference=False,
            progress_billing_taxes=missing,
        )
        for plan in plans:
            AccountMoveLine._reconcile_plan(plan)
        # What the exchange entries took along is missing no more.
        adjuster = self.env["progress.billing.adjuster"]
        AccountMoveLine.sudo()._create_progress_entries(
            adjuster._get_tax_entries(missing)
        )

    def _batch_progress_plans(self, plans, size=100):
        """Return plans in batches; groups that share items stay together.

        The host looks through all exchange entries for each pair that it reconciles,
        so twice as many deposits at a time would cost it four times as much. An
        invoice of fewer deposits is not parted, as it gets one entry a batch.
        """
        batches = []
        for plan in plans:
            parts = []
            for group in plan:
                is_full = parts and len(parts[-1]) >= size
                if not parts or (is_full and not parts[-1][-1] & group):
                    parts.append([])
                parts[-1].append(group)
            for part in parts:
                if not batches or len(batches[-1]) + len(part) > size:
                    batches.append([])
                batches[-1] += part
        return batches

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        # The host pairs a credit note with its invoice by account alone. Where both
        # hold several deposits it would cross them, and a final invoice, which settles
        # deposit by deposit, would leave a difference on each.
        reverse_moves._reconcile_progress_deposits()
        return super()._reconcile_reversed_moves(reverse_moves, move_reverse_cancel)

    def _get_progress_reconciliation(self, reopened=()):
        """Return what is to be reconciled, in order: a plan for each invoice.

        A document and its credit note come first, then deposits with the rest.

        :param reopened: items that count as open, though they are reconciled yet.
        :return: list of lists of journal item recordsets.
        """
        plans = []
        reopened = self.env["account.move.line"].union(*reopened)
        seen = self.env["sale.order.line"]
        for move in self:
            own = move._get_progress_deposit_items()
            lines = own.sale_line_ids._origin.filtered("is_downpayment") - seen
            seen |= lines
            plan = []
            for line in lines:
                # An invoice in memory is not among the order line's yet.
                mine = own.filtered(
                    lambda item, line=line: line in item.sale_line_ids._origin
                )
                items = (line.sudo().invoice_lines | mine).filtered(
                    lambda item: (
                        (item.parent_state == "posted" or item.move_id in self)
                        and item.account_id.reconcile
                    )
                )
                for same in items.grouped("account_id").values():
                    plan += same._get_progress_pairs(reopened)
            plans.append(plan)
        return plans

    def _get_progress_freed(self):
        """Return the partials that go as these credit notes are posted.

        :return: tuple of the partials, and those items among them, in pairs, that are
            to be reconciled again.
        """
        items = self._get_progress_given_back()
        partials = items._get_progress_partials()
        own = items.matched_debit_ids | items.matched_credit_ids
        return partials, (partials - own)._get_progress_pairs()

    def _get_progress_given_back(self):
        """Return the recall items of credited invoices that these credit notes undo."""
        items = self._get_progress_deposit_items().filtered("is_progress_recall")
        credited = items.move_id.reversed_entry_id
        return credited._get_progress_deposit_items().filtered(
            lambda item: (
                item.is_progress_recall and item.sale_line_ids & items.sale_line_ids
            )
        )

    def _get_progress_consumption(self, order):
        """Return which shares of an order's deposits its revenue here consumes.

        :return: dict of down payment line -> {item of revenue: share of the deposit}.
        """
        self.ensure_one()
        items = self.sudo().line_ids.filtered(
            lambda item: item.display_type == "product"
        )
        deposits, revenue = {}, {}
        for item in items:
            lines = item.sale_line_ids._origin
            deposit = lines.filtered("is_downpayment")[:1]
            if deposit.order_id == order and item.is_progress_recall:
                line, amount = deposits.get(
                    deposit, (deposit.progress_sale_line_id, 0.0)
                )
                deposits[deposit] = (line, amount + item.amount_currency)
            elif lines.order_id == order and not deposit:
                revenue[item] = (lines[:1], -item.amount_currency)
        return fx.get_consumption(deposits, revenue, self.currency_id)

    def _get_progress_adjusted_moves(self):
        """Return the invoices whose tax entry these invoices decide.

        Their own, or that of the invoice that they credit.
        """
        items = self._get_progress_deposit_items().filtered("is_progress_recall")
        moves = items.move_id.filtered(
            lambda move: move.currency_id != move.company_currency_id
        )
        return (moves.reversed_entry_id | moves).filtered(
            lambda move: (
                (move.state == "posted" or move in self)
                and move.reversed_entry_id not in moves.reversed_entry_id
            )
        )

    def _get_progress_tax_entries(self):
        """Return the entries of taxes alone that stand: not reversed.

        What went along with the host's exchange entries is undone by the host.
        """
        return self.progress_adjustment_move_ids.sudo().filtered(
            lambda entry: not entry.exchange_diff_partial_ids
        )

    def _get_progress_wanted_taxes(self):
        """Return what the taxes of deposits ask for that these invoices decide.

        :return: dict of invoice -> item values, as the adjuster's `_get_tax_lines`.
        """
        adjuster = self.env["progress.billing.adjuster"]
        return {
            move: adjuster._get_tax_lines(
                move,
                move._get_progress_recall_credits()
                | self.sudo().filtered(
                    lambda credit, move=move: credit.reversed_entry_id == move
                ),
            )
            for move in self._get_progress_adjusted_moves()
        }

    def _get_progress_missing_taxes(self, wanted, undone):
        """Return what the taxes of deposits lack, and which entries go for it.

        :param wanted: as `_get_progress_wanted_taxes`.
        :param undone: entries that no longer count.
        :return: tuple of a dict, as the adjuster's `_get_missing`, and the entries of
            taxes alone that are to be reversed: they are made anew as a whole.
        """
        adjuster = self.env["progress.billing.adjuster"]
        missing = adjuster._get_missing(wanted, undone)
        outdated = self.browse(missing)._get_progress_tax_entries()
        if outdated:
            missing = adjuster._get_missing(wanted, undone | outdated)
        return missing, outdated

    def _get_progress_recall_credits(self):
        """Return the posted credit notes that give back what this invoice took back."""
        return self.sudo().reversal_move_ids.filtered(
            lambda move: (
                move.state == "posted"
                and any(move.line_ids.mapped("is_progress_recall"))
            )
        )

    # === UNDOING === #

    def button_draft(self):
        if not self:
            # The host calls it for each item it writes, mostly on nothing.
            return super().button_draft()
        adjusted = self._get_progress_given_back().move_id
        self._get_progress_tax_entries()._reverse_progress_entries()
        result = super().button_draft()
        # What a credit note had given back is taken back again.
        adjusted.filtered(
            lambda move: move.state == "posted"
        )._reconcile_progress_deposits()
        return result

    def _reverse_progress_entries(self):
        """Reverse entries of ours as the host reverses exchange differences."""
        if self:
            self._reverse_moves(
                [
                    {
                        "date": entry._get_accounting_date(
                            entry.date, entry._affect_tax_report()
                        ),
                        "ref": self.env._("Reversal of: %s", entry.name),
                    }
                    for entry in self
                ],
                cancel=True,
            )
