from odoo import api, fields, models

from ..retention.retention_ledger import RetentionLedger

LAYOUTS = [
    ("none", "No"),
    ("simple", "Simple"),
    ("construction", "Construction"),
]


class SaleOrder(models.Model):
    """Knows what was agreed on, and what the statements of the order look like."""

    _inherit = "sale.order"

    progress_statement_layout = fields.Selection(
        selection=LAYOUTS,
        string="Statement with Invoices",
        compute="_compute_progress_statement_layout",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="Send a progress statement along with the invoices. Simple: previous, "
        "this, to date and remaining. Construction: contract, changes, percentage and "
        "retention, too.",
    )

    @api.depends("company_id")
    def _compute_progress_statement_layout(self):
        for order in self:
            order.progress_statement_layout = (
                order.progress_statement_layout
                or order.company_id.progress_statement_layout
                or "none"
            )

    def _get_progress_agreed_amount(self):
        """Return the untaxed contract value as it was when the order was confirmed."""
        lines = self._get_progress_contract_lines()
        return self.currency_id.round(sum(lines.mapped("budget_original_amount")))

    def _get_progress_revised_amount(self):
        """Return the untaxed contract value with all changes since."""
        lines = self._get_progress_contract_lines()
        return self.currency_id.round(sum(lines.mapped("budget_amount")))

    # === RETENTION === #

    def _get_progress_retained(self, move=None):
        """Return what is held back of the order: before an invoice, and by it.

        Less what was given back or released until then.

        :param move: an invoice of the order, none for what is held now.
        """
        self.ensure_one()
        before = own = 0.0
        key = move and move._get_progress_posting_key()
        for item in self._get_retention_items() if self.has_retention else ():
            document = item._get_retention_document()
            if move and document == move:
                own += item.amount_currency
            elif not move or document._get_progress_posting_key() < key:
                before += item.amount_currency
        if move and move.state == "draft" and self.has_retention:
            own = move._get_progress_retention_to_come(self)
        return self.currency_id.round(before), self.currency_id.round(own)

    def _get_progress_retention_to_come(self, proforma_lines):
        """Return what the invoice of some pro forma lines is going to hold back."""
        if not self.has_retention:
            return 0.0
        is_taxed = self._get_retention_base() == "total"
        amounts = {}
        taxes = proforma_lines._get_tax_amounts() if is_taxed else {}
        for line in proforma_lines:
            rate = line.sale_line_id._get_retention_rate()
            amount = line.amount_to_invoice + taxes.get(line, 0.0)
            amounts[rate] = amounts.get(rate, 0.0) + amount
        ledger = RetentionLedger(self)
        return ledger.hold_by_lines(self, amounts, sum(amounts.values()))

    def _get_progress_retention_balance(self, move):
        """Return the items on retention accounts of the order before an invoice.

        Read from the accounts once more, as nothing else does: the company's, and those
        that it had chosen before.

        :param move: an invoice of the order; of a posted one, with it.
        """
        accounts = self._get_retention_items().account_id
        accounts |= self.company_id.sudo().retention_account_id
        key = move._get_progress_posting_key()
        items = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("account_id", "in", accounts.ids),
                    ("retention_order_id", "=", self.id),
                    ("parent_state", "=", "posted"),
                ]
            )
        )
        return items.filtered(
            lambda item: (
                item._get_retention_document()._get_progress_posting_key() <= key
            )
        )

    # === WHAT TIES === #

    def _get_progress_journal_amounts(self, moves):
        """Return invoice -> untaxed amount that its journal items bill of the order.

        Read from the journal once more, as nothing else does.

        :param moves: invoices and credit notes.
        """
        groups = (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                [
                    ("move_id", "in", moves.ids),
                    ("sale_line_ids.order_id", "=", self.id),
                ],
                ["move_id"],
                ["amount_currency:sum"],
            )
        )
        return {move: -amount for move, amount in groups}

    def _get_progress_row_excess(self, row):
        """Return how far a row of a statement is billed beyond its revised amount.

        Asked as it is asked before something is billed: a line can be worth the cent
        that its subtotal lacks.
        """
        excess = row.get_excess(row.revised)
        if self.currency_id.is_zero(excess):
            return 0.0
        pool = row.record.id if row.record._name == "sale.order.line" else 0
        ledger = self._get_progress_ledger(is_plan=True)
        return row.get_excess(ledger.get_bound(pool, row.revised))

    def _get_progress_budget_tie(self):
        """Return what budgets say is billed, and what they billed: a pair of amounts.

        Drafts and open pro formas counted, with deposits without their fixed taxes, as
        budgets do.
        """
        lines = self._get_progress_contract_lines()
        said = sum(line.draft_amount + line.actual_amount for line in lines)
        billed = 0.0
        for line in lines:
            items = line.sudo().progress_item_ids.filtered(
                lambda item: item.parent_state in ("draft", "posted")
            )
            deposits = items.filtered("is_downpayment")
            billed += self._sum_progress_items(items - deposits)
            billed += line._get_deposit_share(self._sum_progress_items(deposits))
            proformas = line.sudo().progress_proforma_line_ids.filtered(
                lambda line: line.proforma_id._is_open()
            )
            billed += sum(proformas.mapped("amount_to_invoice"))
        return self.currency_id.round(said), self.currency_id.round(billed)
