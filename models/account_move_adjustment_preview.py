from odoo import api, fields, models


class AccountMove(models.Model):
    """What posting an invoice will book, before it is posted."""

    _inherit = "account.move"

    progress_adjustment_preview = fields.Html(
        string="Adjustments on Posting",
        compute="_compute_progress_adjustment_preview",
        sanitize=False,
        help="Items that posting makes, or made, to bring deposits and their taxes to "
        "the exchange rate of this invoice.",
    )

    # === COMPUTE METHODS === #

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
        made, undone = self._get_progress_entries_to_make()
        rows = [item._get_progress_adjustment_row() for item in undone.line_ids]
        return [
            *({**row, "amount": -row["amount"]} for row in rows),
            *(
                self._get_progress_values_row(entry["move_values"]["date"], values)
                for entry in made
                for _code, _id, values in entry["move_values"]["line_ids"]
            ),
        ]

    @api.model
    def _new_progress_draft(self, values):
        """Return an invoice in memory, with the journal amounts of its draft to come.

        :param dict values: as the host creates it from, with `invoice_line_ids`.
        """
        # In sudo mode as the host creates it: salespeople need not write invoices.
        move = self.sudo().with_context(default_move_type="out_invoice").new(values)
        base_lines, _tax_lines = move._get_rounded_base_and_tax_lines()
        for base_line in base_lines:
            details = base_line["tax_details"]
            sign = move.direction_sign
            base_line["record"].amount_currency = sign * move.currency_id.round(
                details["total_excluded_currency"]
                + details["delta_total_excluded_currency"]
            )
            base_line["record"].balance = sign * move.company_currency_id.round(
                details["total_excluded"] + details["delta_total_excluded"]
            )
        move.line_ids = move.invoice_line_ids
        return move

    def _get_progress_values_row(self, date, values):
        """Return one row of `_get_progress_adjustments` from item values."""
        env = self.sudo().env
        item = env["account.move.line"].new(
            {
                "progress_adjusted_line_id": values.get("progress_adjusted_line_id"),
                "progress_adjusted_move_id": values.get("progress_adjusted_move_id"),
            }
        )
        return {
            **item._get_progress_rates(),
            "account": env["account.account"].browse(values["account_id"]),
            "label": values["name"],
            "date": date,
            "amount": values["debit"] - values["credit"],
        }

    def _get_progress_entries_to_make(self):
        """Return what posting makes and what it reverses.

        The host simulates the same reconciliation that posting will make.

        :return: tuple of the entries it makes, as the host takes their values, and the
            posted entries that it reverses.
        """
        adjuster = self.env["progress.billing.adjuster"]
        partials, pairs = self._get_progress_freed()
        restored = self._get_progress_given_back()._get_progress_restored()
        plans = [pairs, *self._get_progress_reconciliation(restored)]
        undone = partials.exchange_move_id
        missing, outdated = self._get_progress_missing_taxes(
            self._get_progress_wanted_taxes(), undone
        )
        made = []
        for plan in self._batch_progress_plans(plans):
            exchanges = self._simulate_progress_reconciliation(plan, restored)
            made += adjuster._merge_exchanges(exchanges, missing)
        return made + adjuster._get_tax_entries(missing), undone | outdated

    def _simulate_progress_reconciliation(self, plan, restored=None):
        """Return the exchange entries that reconciling would make, without doing it.

        :param plan: list of journal item recordsets, as the host reconciles them.
        :param restored: dict of item -> (amount, amount in currency) that will be open
            again by then.
        :return: list of dicts as `_create_exchange_difference_moves` takes.
        """
        AccountMoveLine = self.env["account.move.line"].sudo()
        nodes, _items = AccountMoveLine._optimize_reconciliation_plan(
            [some.with_context(progress_billing_preview=True) for some in plan]
        )
        # Not the host's items: those lack what is only in memory.
        items = AccountMoveLine.union(*plan)
        residuals = {}
        for item in items:
            amount, amount_currency = (restored or {}).get(item, (0.0, 0.0))
            residuals[item] = {
                "aml": item,
                "amount_residual": item.amount_residual + amount,
                "amount_residual_currency": item.amount_residual_currency
                + amount_currency,
                "parent_state": item.parent_state,
            }
        results = [
            result
            for node in nodes
            for result in AccountMoveLine._prepare_reconciliation_plan(node, residuals)
        ]
        return [
            result["exchange_values"]
            for result in results
            if result.get("exchange_values")
            and result["exchange_values"]["move_values"]["line_ids"]
        ]

    # === INVOICE TRANSACTIONS === #

    def _get_progress_transactions(self):
        """Return every journal item that posting makes, for the report.

        :return: list of dicts: `title` and `rows` (each `account`, `label`, `date`,
            `amount`, `amount_currency`), the invoice first, then its adjustments.
        """
        self.ensure_one()
        items = self.line_ids.filtered("account_id")
        groups = [
            {
                "title": self.env._("Invoice"),
                "rows": [
                    {
                        "account": item.account_id,
                        "label": item.name,
                        "date": item.date,
                        "amount": item.balance,
                        "amount_currency": item.amount_currency,
                    }
                    for item in items.sorted(lambda item: (-item.balance, item.id))
                ],
            }
        ]
        further = {
            self.env._("Adjustment of deposits"): self._get_progress_adjustments(),
            self.env._("Exchange difference"): self._get_progress_credit_rows(),
        }
        groups += [{"title": title, "rows": rows} for title, rows in further.items()]
        return [group for group in groups if group["rows"]]

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
        plan = items.grouped(lambda item: (item.account_id, item.currency_id)).values()
        return [
            self._get_progress_values_row(entry["move_values"]["date"], values)
            for entry in self._simulate_progress_reconciliation(list(plan))
            for _code, _id, values in entry["move_values"]["line_ids"]
        ]

    def _get_progress_account_name(self, account):
        """Return number and name of an account, whoever reads it."""
        self.ensure_one()
        # In sudo mode because billing people see account names without numbers.
        account = account.sudo().with_company(self.company_id)
        return " ".join(filter(None, [account.code, account.name]))
