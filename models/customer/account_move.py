from odoo import models

TEMPLATES = {
    "deposit": "progress_billing.mail_template_deposit_invoice",
    "revenue": "progress_billing.mail_template_progress_invoice",
    # Of a revenue budget, or between deposits and the final invoice.
    "invoice": "progress_billing.mail_template_progress_invoice",
    "release": "progress_billing.mail_template_progress_invoice",
    "final": "progress_billing.mail_template_final_invoice",
}


# Heights on paper, in rem: a row of the totals, and one of the deposits taken back;
# the most that is kept on one page; the heads of a list with two of its rows.
TOTALS_ROW, DEPOSIT_ROW, MOST_KEPT, LIST_BEGIN = 2.55, 1.9, 20.0, 6.0


class AccountMove(models.Model):
    """Says to the customer what an invoice is, and where the order stands with it."""

    _inherit = "account.move"

    # === WHAT IT IS === #

    def _get_progress_title(self):
        """Return what the invoice is in the billing of its order, in words.

        "Deposit invoice 1 of 3"; empty for one of no progress-billed order.
        """
        self.ensure_one()
        move = self.sudo()
        if move.is_retention_release and move.move_type == "out_invoice":
            return self.env._("Retention release")
        if not move._has_progress_statement():
            return ""
        role = move._get_progress_role()
        if role == "final":
            return self.env._("Final invoice")
        if role == "credit":
            return self.env._("Credit note")
        place = move._get_progress_place()
        if role == "deposit":
            if place:
                return self.env._("Deposit invoice %(place)s", place=place)
            return self.env._("Deposit invoice")
        if not move.line_ids.progress_budget_line_id:
            return self.env._("Interim invoice")
        number = place or move._get_progress_statement_number()
        return self.env._("Progress invoice %(place)s", place=number)

    def _get_progress_place(self):
        """Return which of the planned invoices of its order it is: "1 of 3".

        Empty where it bills no planned line, or lines of several orders.
        """
        lines = self._get_progress_billing_items().progress_line_id
        if len(lines.order_id) != 1:
            return ""
        planned = lines.order_id.progress_line_ids.filtered(
            lambda line: line.state != "cancel" or line in lines
        )
        ids = planned.sorted(lambda line: line._get_billing_order()).ids
        numbers = sorted(ids.index(line.id) + 1 for line in lines)
        return self.env._(
            "%(numbers)s of %(count)s",
            numbers=", ".join(map(str, numbers)),
            count=len(ids),
        )

    # === WHERE THE ORDER STANDS === #

    def _get_progress_figures_of_invoice(self):
        """Return (text, amount) of contract, billed before, this and remaining.

        Untaxed, as its statement has them; none for a credit note.
        """
        self.ensure_one()
        if self.move_type != "out_invoice" or not self._has_progress_statement():
            return []
        total = self._make_progress_statement().total
        return [
            (self.env._("Contract"), total.revised),
            (self.env._("Billed before"), total.previous),
            (self.env._("This invoice"), total.this),
            (self.env._("Remaining"), total.balance),
        ]

    def _get_progress_recall_items(self):
        """Return the lines that take deposits back, where it is known which."""
        return self.sudo().invoice_line_ids.filtered(
            lambda item: (
                item.is_progress_recall
                and item.sale_line_ids.filtered("is_downpayment")
            )
        )

    def _get_progress_listed_items(self):
        """Return the lines that paper shows in the list of deposits taken back.

        With the heads of sections that hold nothing else.
        """
        recalls = self._get_progress_recall_items().sudo(self.env.su)
        others = self.invoice_line_ids - recalls
        heads = recalls.parent_id - others.parent_id
        return recalls | heads

    def _get_progress_deposits_taken(self):
        """Return the deposits that the invoice takes back, a dict an invoice and tax.

        Number and date of the deposit's invoice and its title; its taxes' label;
        untaxed amount, taxes and total.
        """
        self.ensure_one()
        rows = {}
        for item in self._get_progress_recall_items().sorted("sequence"):
            deposit = item.sale_line_ids.filtered("is_downpayment")[:1]
            moves = deposit._get_progress_deposit_moves() - self.sudo()
            row = rows.setdefault(
                (moves or deposit, item.tax_ids),
                self._prepare_progress_deposit(item, deposit, moves),
            )
            row["untaxed"] += self.direction_sign * item.price_subtotal
            row["total"] += self.direction_sign * item.price_total
        rounded = self.currency_id.round
        for row in rows.values():
            row["untaxed"], row["total"] = (
                rounded(row["untaxed"]),
                rounded(row["total"]),
            )
            row["tax"] = rounded(row["total"] - row["untaxed"])
        return sorted(rows.values(), key=lambda row: (not row["date"], row["date"]))

    def _prepare_progress_deposit(self, item, deposit, moves):
        """Return what the list of deposits says of one, its amounts still 0.0."""
        labels = item.tax_ids.mapped(lambda tax: tax.tax_label or tax.name)
        titles = deposit.invoice_lines.progress_line_id.mapped("name")
        return {
            "name": ", ".join(moves.mapped("name")) or deposit.name,
            "date": moves[:1].invoice_date,
            "title": ", ".join(titles),
            "taxes": ", ".join(labels),
            "untaxed": 0.0,
            "total": 0.0,
        }

    # === ON PAPER === #

    def _get_progress_paper_rooms(self, deposits, print_with_payments=False):
        """Return heights, in rem, of what must not stand on a page without a line.

        `lines` of what stands below the lines, `list` of what stands below the list of
        deposits; 0.0 is what stands for itself: below a single line, which would leave
        its heads alone, and where the totals with the text below them would not stay on
        one page. And whether the list `is_together` with the totals.
        """
        self.ensure_one()
        totals = TOTALS_ROW * self._count_progress_total_rows(print_with_payments) + 0.5
        if len(self.narration or "") >= 1000 or totals > MOST_KEPT:
            totals = 0.0
        listed = DEPOSIT_ROW * (len(deposits) + 2) if deposits else 0.0
        is_together = bool(listed and totals and listed + totals <= MOST_KEPT)
        below = listed + totals if is_together or not listed else LIST_BEGIN
        return {
            "lines": below if len(self._get_move_lines_to_report()) > 1 else 0.0,
            "list": totals if listed and not is_together else 0.0,
            "is_together": is_together,
        }

    def _count_progress_total_rows(self, print_with_payments):
        """Return how many rows high the totals of the invoice's PDF are."""
        totals = self.tax_totals or {"subtotals": []}
        rows = 1 + sum(1 + len(part["tax_groups"]) for part in totals["subtotals"])
        if totals.get("display_in_company_currency"):
            rows += rows + 1
        if self.retention_deduction:
            # Its text takes two lines.
            rows += 3
        if self.company_id.display_invoice_amount_total_words:
            rows += 2
        payments = print_with_payments and self.sudo().invoice_payments_widget
        return rows + (len(payments["content"]) + 1 if payments else 0)

    # === WHAT IS PAID === #

    def _get_progress_paid_share(self):
        """Return how much of the invoice is paid: between 0 and 1, 0 without one.

        What it retains is not paid, nor is it due with it.
        """
        if not self:
            return 0.0
        self.ensure_one()
        total = self.amount_total + self._get_progress_held_total()
        payable = self.retention_payable_amount
        left = 0.0 if self._is_progress_paid() else self.amount_residual
        return (payable - left) / total if total else 1.0

    def _get_progress_held_total(self):
        """Return what lines of the invoice hold back of it, with their taxes.

        That is off its total already, though not off what it bills.
        """
        self.ensure_one()
        items = self.sudo().has_retention and self.sudo().line_ids.filtered(
            lambda item: item.retention_order_id
        )
        if not items:
            return 0.0
        shares = self.env["progress.billing.allocator"]._get_billed_shares(items)
        return self.direction_sign * sum(share.total for share in shares.values())

    def _is_progress_paid(self):
        """Return whether nothing of the invoice is left to pay."""
        return self.payment_state in ("paid", "in_payment", "reversed")

    # === E-MAIL === #

    def _get_progress_mail_template(self):
        """Return the e-mail template for what the invoices are, none of several kinds.

        Nor where an administrator deleted it.
        """
        roles = {
            move._get_progress_mail_role()
            for move in self
            if move.move_type == "out_invoice"
        }
        name = TEMPLATES.get(roles.pop()) if len(roles) == 1 else None
        template = self.env["mail.template"]
        return name and self.env.ref(name, raise_if_not_found=False) or template

    def _get_progress_mail_role(self):
        """Return a key of `TEMPLATES`, empty for an invoice of no billed order."""
        self.ensure_one()
        if self.is_retention_release:
            return "release"
        return self._get_progress_role() if self._has_progress_statement() else ""
