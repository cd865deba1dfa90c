from dataclasses import replace

from odoo import api, fields, models

from ..arithmetic import fx
from .adjuster import Adjuster
from .entry import EntryBuilder, Exchange


class AccountMove(models.Model):
    """Adjusts deposits to the rate of the invoice that takes them back.

    The deposit account is the host's own exchange difference, made by reconciling; the
    taxes are items of ours. Both are derived from journal items each time, so that they
    can be shown, made, undone and made again.
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
    progress_adjustment_preview = fields.Html(
        string="Adjustments on Posting",
        compute="_compute_progress_adjustment_preview",
        sanitize=False,
        help="Items that posting makes, or made, to bring deposits and their taxes to "
        "the exchange rate of this invoice.",
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

    def _get_progress_rates(self, deposit):
        """Return the rates of a deposit and of this invoice, 0.0 without a deposit."""
        origin = deposit and deposit._get_progress_origin_move()
        return {
            "deposit_rate": origin._get_progress_rate() if origin else 0.0,
            "invoice_rate": self._get_progress_rate() if origin else 0.0,
        }

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

    @api.depends(
        "line_ids.balance",
        "line_ids.is_progress_recall",
        "progress_adjustment_move_ids",
        "state",
    )
    def _compute_progress_adjustment_preview(self):
        for move in self:
            # Of the saved draft: what is being typed has no journal items yet.
            saved = move._origin
            move.progress_adjustment_preview = (
                saved.state in ("draft", "posted")
                and saved._render_progress_adjustments()
            )

    def _render_progress_adjustments(self):
        """Return the table of what posting adjusts, empty for nothing."""
        self.ensure_one()
        rows = self._get_progress_adjustments()
        return rows and self.env["ir.qweb"]._render(
            "progress_billing.adjustment_table", {"move": self, "rows": rows}
        )

    # === RECONCILING === #

    def _reconcile_progress_deposits(self):
        """Reconcile deposits with what credits or takes them back, and adjust taxes.

        Reconciling links them in the ledger and books the exchange difference. A
        credit note of an invoice that took deposits back first reopens those; what
        shares an exchange entry with that is reconciled again.
        """
        partials, groups = self._get_progress_reopening()
        partials.unlink()
        # In sudo mode because whoever posts need not read the exchange journal.
        self._reconcile_progress_plan(
            [*groups, *self._get_progress_groups()],
            self.env["account.move.line"].sudo(),
        )

    def _reconcile_progress_plan(self, plan, AccountMoveLine):
        """Reconcile items, and adjust deposits and their taxes with that.

        :param plan: as the host reconciles it.
        :param AccountMoveLine: the model, in the mode in which to reconcile.
        """
        exchange = self._get_progress_exchange(plan)
        exchange.outdated._reverse_progress_entries()
        # The host's first key keeps it from dropping an exchange entry as soon as it is
        # posted, where the invoice has taxes due on payment; an import sets the next.
        # The last spares a search for items that follow from others: from being
        # reconciled, none does.
        AccountMoveLine.with_context(
            add_caba_vals=any(self.company_id.mapped("tax_exigibility")),
            no_exchange_difference=False,
            skip_invoice_sync=True,
            progress_exchange=exchange,
        )._reconcile_plan(plan)
        AccountMoveLine.sudo()._create_progress_entries(exchange.tax_entries)

    def _get_progress_exchange(self, plan, reopened=None, undone=None):
        """Return the `Exchange` that reconciling books: read, nothing written.

        The host simulates the same reconciliation that it will make.

        :param plan: as the host reconciles it.
        :param dict reopened: item -> `fx.Amount` that will be open again by then.
        :param undone: entries that will be reversed by then.
        """
        undone = undone or self.browse()
        adjuster = Adjuster(self.env, self._get_progress_families())
        missing = adjuster.get_missing(undone)
        outdated = self.browse().union(
            *(move._origin._get_progress_tax_entries() for move in missing)
        )
        if outdated:
            missing = adjuster.get_missing(undone | outdated)
        pairs = self.env["account.move.line"]._get_progress_pairs_at_rates(
            plan, reopened or {}
        )
        exchange = EntryBuilder(self.env).build(pairs, missing)
        return replace(exchange, outdated=outdated)

    def _get_progress_families(self):
        """Return the invoices whose taxes of deposits these invoices decide.

        Their own, or those of the invoice that they credit.

        :return: dict of invoice -> the invoice and its credit notes, posted or among
            these.
        """
        items = self._get_progress_deposit_items().filtered("is_progress_recall")
        moves = items.move_id.filtered(
            lambda move: move.currency_id != move.company_currency_id
        )
        families = {}
        for move in moves:
            move = move.reversed_entry_id or move
            credits_ = move.reversal_move_ids
            family = (move | credits_).filtered(
                lambda each: each.state == "posted" or each in self
            )
            if move in family:
                families[move] = family
        return families

    def _get_progress_groups(self, reopened=()):
        """Return what is to be reconciled, in order.

        :param reopened: items that count as open, though they are reconciled yet.
        :return: list of journal item recordsets: of a document and its credit note
            first, then of a deposit with the rest.
        """
        groups = []
        reopened = self.env["account.move.line"].union(*reopened)
        own = self._get_progress_deposit_items()
        deposits = own.grouped(lambda item: item._get_progress_deposits()[:1])
        for deposit, items in deposits.items():
            # An invoice in memory is not among the order line's yet.
            items = (deposit.sudo().invoice_lines | items).filtered(
                lambda item: (
                    (item.parent_state == "posted" or item.move_id in self)
                    and item.account_id.reconcile
                )
            )
            for same in items.grouped("account_id").values():
                groups += same._get_progress_groups(reopened)
        return groups

    def _get_progress_reopening(self):
        """Return what is no longer reconciled once these credit notes are posted.

        :return: tuple of the partials that go, and those items among them, in groups,
            that are to be reconciled again.
        """
        items = self._get_progress_credited_recalls()
        partials = items._get_progress_partials()
        own = items.matched_debit_ids | items.matched_credit_ids
        return partials, (partials - own)._get_progress_groups()

    def _get_progress_credited_recalls(self):
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

    # === UNDOING === #

    def _get_progress_tax_entries(self):
        """Return the entries of taxes alone that stand: not reversed.

        What went along with the host's exchange entries is undone by the host.
        """
        return self.progress_adjustment_move_ids.sudo().filtered(
            lambda entry: not entry.exchange_diff_partial_ids
        )

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

    # === THE FIGURES === #

    def _get_progress_adjustments(self):
        """Return the items of the entries that posting makes to adjust deposits.

        Of a draft what posting will make, of a posted invoice what it made.

        :return: list of dicts: `account` (record), `label`, `date`, `amount` (company
            currency, debit positive), `deposit_rate` and `invoice_rate` (company
            currency per unit of the invoice's, 0.0 without a deposit).
        """
        self.ensure_one()
        if self.state == "posted":
            items = self.sudo().progress_adjustment_move_ids.line_ids
            return [item._get_progress_adjustment_row() for item in items]
        if self.state != "draft" or not self._get_progress_deposit_items():
            return []
        exchange, reversed_entries = self._get_progress_exchange_to_come()
        rows = [
            item._get_progress_adjustment_row() for item in reversed_entries.line_ids
        ]
        entries = (*exchange.entries, *exchange.host_entries, *exchange.tax_entries)
        return [
            *({**row, "amount": -row["amount"]} for row in rows),
            *(row for entry in entries for row in self._get_progress_entry_rows(entry)),
        ]

    def _get_progress_exchange_to_come(self):
        """Return the `Exchange` that posting makes, and entries that it reverses."""
        partials, groups = self._get_progress_reopening()
        reopened = self._get_progress_credited_recalls()._get_progress_reopened()
        undone = partials.exchange_move_id
        plan = [
            group.with_context(progress_exchange=Exchange(is_preview=True))
            for group in [*groups, *self._get_progress_groups(reopened)]
        ]
        exchange = self._get_progress_exchange(plan, reopened, undone)
        return exchange, undone | exchange.outdated

    def _get_progress_entry_rows(self, entry):
        """Return rows of `_get_progress_adjustments` of an `Entry` to come."""
        # In sudo mode because whoever posts need not read the exchange journal.
        env = self.sudo().env
        rows = []
        for _code, _id, values in entry.values["line_ids"]:
            deposit = values.get("progress_adjusted_line_id")
            # In a tuple, as the id of an invoice in memory counts as none.
            move = env["account.move"].browse(
                (values.get("progress_adjusted_move_id"),)
            )
            rows.append(
                {
                    **move._get_progress_rates(env["sale.order.line"].browse(deposit)),
                    "account": env["account.account"].browse(values["account_id"]),
                    "label": values["name"],
                    "date": entry.values["date"],
                    "amount": values["debit"] - values["credit"],
                }
            )
        return rows

    # === INVOICE TRANSACTIONS === #

    def _get_progress_credit_rows(self):
        """Return the exchange difference between a draft credit note and its invoice.

        The host reconciles the two when the credit note is posted. Deposits are apart:
        they are reconciled with each other.
        """
        origin = self.sudo().reversed_entry_id
        if self.state != "draft" or origin.state != "posted":
            return []
        deposits = (self | origin)._get_progress_deposit_items().account_id
        items = (origin | self.sudo()).line_ids.filtered(
            lambda item: (
                item.account_id.reconcile
                and item.account_id not in deposits
                and not item.reconciled
            )
        )
        groups = items.grouped(lambda item: (item.account_id, item.currency_id))
        pairs = items._get_progress_pairs_at_rates(list(groups.values()), {})
        exchange = EntryBuilder(self.env).build(pairs, {})
        return [
            row
            for entry in exchange.host_entries
            for row in self._get_progress_entry_rows(entry)
        ]

    def _get_progress_account_name(self, account):
        """Return number and name of an account, whoever reads it."""
        self.ensure_one()
        # In sudo mode because billing people see account names without numbers.
        account = account.sudo().with_company(self.company_id)
        return " ".join(filter(None, [account.code, account.name]))
