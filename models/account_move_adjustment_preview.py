from odoo import api, fields, models


class AccountMove(models.Model):
    """What posting an invoice will book, before it is posted."""

    _inherit = "account.move"

    progress_adjustment_preview = fields.Html(
        string="Adjustments on Posting",
        compute="_compute_progress_adjustment_preview",
        sanitize=False,
        help="Entries that posting makes to bring deposits and their taxes to the "
        "exchange rate of this invoice.",
    )

    # === COMPUTE METHODS === #

    @api.depends("state", "line_ids.balance", "line_ids.is_progress_recall")
    def _compute_progress_adjustment_preview(self):
        for move in self:
            # Of the saved draft: what is being typed has no journal items yet.
            saved = move._origin
            rows = saved.state == "draft" and saved._get_progress_adjustments()
            move.progress_adjustment_preview = rows and self.env["ir.qweb"]._render(
                "progress_billing.adjustment_table", {"move": saved, "rows": rows}
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
        return [
            *self._get_progress_undone_rows(),
            *(
                self._get_progress_values_row(entry["move_values"]["date"], values)
                for entry in self._get_progress_entries_to_make()
                for _code, _id, values in entry["move_values"]["line_ids"]
            ),
        ]

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

    def _get_progress_undone_rows(self):
        """Return the rows of the entries that posting this credit note reverses."""
        partials = self._get_progress_given_back()._get_progress_partials()
        entries = partials.exchange_move_id
        for move, values in self._get_progress_tax_entries_to_make():
            standing = move._get_progress_tax_entries()
            if not standing._is_progress_entry(values):
                entries |= standing
        rows = [item._get_progress_adjustment_row() for item in entries.line_ids]
        return [{**row, "amount": -row["amount"]} for row in rows]

    def _get_progress_entries_to_make(self):
        """Return the entries that posting makes, as the host takes their values.

        The host simulates the same reconciliation that posting will make.
        """
        given_back = self._get_progress_given_back()
        restored = given_back._get_progress_restored()
        plan = self._get_progress_reconciliation(restored)
        AccountMoveLine = self.env["account.move.line"].sudo()
        nodes, items = AccountMoveLine._optimize_reconciliation_plan(
            [some.with_context(progress_billing_preview=True) for some in plan]
        )
        residuals = {
            item: {
                "aml": item,
                "amount_residual": item.amount_residual
                + restored.get(item, (0.0, 0.0))[0],
                "amount_residual_currency": item.amount_residual_currency
                + restored.get(item, (0.0, 0.0))[1],
                "parent_state": item.parent_state,
            }
            for item in items
        }
        results = [
            result
            for node in nodes
            for result in AccountMoveLine._prepare_reconciliation_plan(node, residuals)
        ]
        return [
            *(
                result["exchange_values"]
                for result in results
                if result.get("exchange_values")
                and result["exchange_values"]["move_values"]["line_ids"]
            ),
            *(
                values
                for move, values in self._get_progress_tax_entries_to_make()
                if values
                and not move._get_progress_tax_entries()._is_progress_entry(values)
            ),
        ]

    def _get_progress_tax_entries_to_make(self):
        """Return (invoice, values of its tax entry) for what this posting decides."""
        adjuster = self.env["progress.billing.adjuster"]
        return [
            (
                move,
                adjuster._get_tax_entry(
                    move, (move._get_progress_recall_credits() | self.sudo()) - move
                ),
            )
            for move in self._get_progress_adjusted_moves()
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
        adjustments = self._get_progress_adjustments()
        if adjustments:
            groups.append(
                {"title": self.env._("Adjustment of deposits"), "rows": adjustments}
            )
        return groups

    def _get_progress_account_name(self, account):
        """Return number and name of an account, whoever reads it."""
        self.ensure_one()
        # In sudo mode because billing people see account names without numbers.
        account = account.sudo().with_company(self.company_id)
        return " ".join(filter(None, [account.code, account.name]))
