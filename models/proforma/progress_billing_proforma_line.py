from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..arithmetic import budget
from ..arithmetic.claim import Part
from ..budget.sale_order_line import BudgetItem


class ProgressBillingProformaLine(models.Model):
    """A budget line on a pro forma: before, this time, to date."""

    _name = "progress.billing.proforma.line"
    _inherit = "progress.billing.guard"
    _description = "Pro Forma Invoice Line"
    _order = "proforma_id, sequence, id"

    proforma_id = fields.Many2one(
        comodel_name="progress.billing.proforma",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    sequence = fields.Integer(default=10)
    sale_line_id = fields.Many2one(
        comodel_name="sale.order.line",
        string="Order Line",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    order_id = fields.Many2one(related="sale_line_id.order_id")
    name = fields.Text(string="Description", required=True)
    progress_basis = fields.Selection(related="sale_line_id.progress_basis")
    product_uom_id = fields.Many2one(related="sale_line_id.product_uom_id")
    tax_ids = fields.Many2many(
        related="sale_line_id.tax_ids",
        groups="base.group_user",  # customers may not read taxes
    )
    budget_amount = fields.Monetary(
        string="Contract Amount", related="sale_line_id.budget_amount"
    )
    budget_unit_rate = fields.Float(related="sale_line_id.budget_unit_rate")
    quantity = fields.Float(digits="Product Unit")
    amount_to_invoice = fields.Monetary(
        compute="_compute_amount_to_invoice",
        store=True,
        readonly=False,
        precompute=True,
    )
    previous_quantity = fields.Float(
        digits="Product Unit", compute="_compute_previous", store=True
    )
    previous_amount = fields.Monetary(
        string="Previously Billed", compute="_compute_previous", store=True
    )
    to_date_amount = fields.Monetary(
        string="Billed to Date", compute="_compute_to_date"
    )
    total_completed_percent = fields.Float(
        string="Total Completed (%)",
        compute="_compute_to_date",
        help="Share of the line's revised amount that is billed with this pro forma.",
    )
    company_id = fields.Many2one(related="proforma_id.company_id", store=True)
    currency_id = fields.Many2one(related="proforma_id.currency_id")
    state = fields.Selection(related="proforma_id.state")

    # === COMPUTES === #

    @api.depends("quantity")
    def _compute_amount_to_invoice(self):
        for line in self:
            sale_line = line.sale_line_id
            if line.progress_basis == budget.QUANTITY:
                line.amount_to_invoice = sale_line._get_quantity_worth(
                    line.quantity, line._get_earlier_billed()
                )
            else:
                line.amount_to_invoice = line.amount_to_invoice or 0.0

    def _get_earlier_billed(self):
        """Return what other documents bill of the order line before: quantity, amount.

        Not read from the order line, whose drafts have this line's amount in them.
        """
        sale_line = self.sale_line_id
        quantity = amount = 0.0
        for state in ("draft", "posted"):
            billed = sale_line._get_billed(state)
            quantity, amount = quantity + billed[0], amount + billed[1]
        for other in sale_line.progress_proforma_line_ids:
            if other.proforma_id._is_open() and other._origin.id < self._origin.id:
                quantity += other.quantity
                amount += other.amount_to_invoice
        return quantity, amount

    @api.depends(
        "sale_line_id.draft_amount",
        "sale_line_id.actual_amount",
        "sale_line_id.draft_quantity",
        "sale_line_id.actual_quantity",
        "proforma_id.state",
    )
    def _compute_previous(self):
        for line in self:
            if line.state and not line.proforma_id._is_open():
                # What an issued document says of its past does not change any more.
                line.previous_quantity = line.previous_quantity
                line.previous_amount = line.previous_amount
                continue
            sale_line = line.sale_line_id
            later = sale_line.progress_proforma_line_ids.filtered(
                lambda other, line=line: (
                    other.proforma_id._is_open() and other._origin.id >= line._origin.id
                )
            )
            line.previous_quantity = (
                sale_line.draft_quantity
                + sale_line.actual_quantity
                - sum(later.mapped("quantity"))
            )
            line.previous_amount = (
                sale_line.draft_amount
                + sale_line.actual_amount
                - sum(later.mapped("amount_to_invoice"))
            )

    @api.depends("previous_amount", "amount_to_invoice", "budget_amount")
    def _compute_to_date(self):
        for line in self:
            line.to_date_amount = line.previous_amount + line.amount_to_invoice
            line.total_completed_percent = (
                line.budget_amount and line.to_date_amount / line.budget_amount * 100.0
            )

    @api.onchange("amount_to_invoice")
    def _onchange_amount_to_invoice(self):
        rate = self.budget_unit_rate
        if self.progress_basis == budget.QUANTITY and rate:
            self.quantity = self.amount_to_invoice / rate

    def _get_tax_amounts(self):
        """Return line -> taxes, as an invoice of the lines has them to the cent.

        Lines of an order are billed one after the other; rounded as a whole, its taxes
        are not those of its lines.
        """
        taxes = {}
        for order, lines in self.grouped(lambda line: line.order_id._origin).items():
            if not order:
                taxes.update(dict.fromkeys(lines, 0.0))
                continue
            ledger = order._get_progress_ledger(is_plan=True)
            for line in lines:
                part = Part(
                    line.sale_line_id._origin.id,
                    line.amount_to_invoice,
                    is_exact=True,
                    is_line_only=True,
                )
                bill = ledger.get_next(part, order.progress_method)
                ledger.count(bill)
                taxed = bill.untaxed + bill.tax - line.amount_to_invoice
                taxes[line] = order.currency_id.round(taxed)
        return taxes

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._check_amounts()
        return lines

    def write(self, vals):
        if any(
            self._is_field_changed(name, vals[name])
            for name in {"name", "sequence"} & vals.keys()
        ):
            self._check_open()
        if {"amount_to_invoice", "quantity"} & vals.keys():
            self._check_open()
            vals = self._get_consistent_values(vals)
            by_rule = self.filtered(lambda line: line.name == line._get_rule_text())
            before = {line: line.amount_to_invoice for line in self}
            result = super().write(vals)
            self._leave_rest_pending(before)
            self._check_amounts()
            if "name" not in vals:
                for line in by_rule:
                    line.name = line._get_rule_text()
            self.proforma_id._withdraw_approval()
            return result
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_released(self):
        self.filtered(lambda line: line.state == "released")._check_open()

    def unlink(self):
        left = [
            (line.sale_line_id, line.proforma_id.name)
            for line in self
            if line.amount_to_invoice and line.proforma_id._is_open()
        ]
        result = super().unlink()
        for line, name in left:
            line._leave_pending(name)
        return result

    def _leave_rest_pending(self, before):
        """Ask what becomes of what a changed line does not bill any more.

        :param before: line -> amount that it billed before.
        """
        for line in self:
            if line.currency_id.compare_amounts(line.amount_to_invoice, before[line]):
                line.sale_line_id._leave_pending(line.proforma_id.name)

    def _get_consistent_values(self, vals):
        """Return values in which quantity and amount agree for lines by quantity."""
        if "amount_to_invoice" not in vals or "quantity" in vals:
            return vals
        by_quantity = self.filtered(lambda line: line.progress_basis == budget.QUANTITY)
        if len(by_quantity) == 1 and by_quantity == self and self.budget_unit_rate:
            quantity = vals["amount_to_invoice"] / self.budget_unit_rate
            return {**vals, "quantity": quantity}
        return vals

    def _check_open(self):
        for line in self:
            if not line.proforma_id._is_open():
                raise UserError(
                    self.env._(
                        "You cannot change %(line)s because %(name)s is not open any "
                        "more. Credit or delete its invoice %(invoice)s, or make "
                        "another pro forma.",
                        line=line.name,
                        name=line.proforma_id.name,
                        invoice=line.proforma_id._get_invoice_names(),
                    )
                )

    def _check_amounts(self):
        """Refuse open pro formas beyond their order lines' worth, or below nothing."""
        for line in self.filtered(lambda line: line.proforma_id._is_open()):
            sale_line = line.sale_line_id.sudo()
            excess = line._get_excess(sale_line, line.amount_to_invoice)
            if excess:
                raise ValidationError(line._get_excess_message(excess))

    def _get_excess(self, sale_line, amount, added=0.0):
        """Return why no pro forma may bill an amount of an order line.

        :param amount: untaxed, on top of open pro forma lines other than these.
        :param float added: untaxed amount billed before it that no invoice has yet.
        :return: `amounts.Excess`, None where it may.
        """
        others = sale_line.progress_proforma_line_ids - self
        others = others.filtered(lambda line: line.proforma_id._is_open())
        added += sum(others.mapped("amount_to_invoice"))
        return sale_line.order_id._get_progress_excess(amount, sale_line, added)

    def _get_excess_message(self, excess):
        """Return why the line may not bill its amount.

        :param excess: `amounts.Excess`.
        """
        figures = {
            "line": self.name,
            "amount": self.currency_id.format(abs(excess.amount)),
            "worth": self.currency_id.format(excess.contract),
            "rest": self.currency_id.format(abs(excess.rest)),
        }
        if not excess.is_over:
            return self.env._(
                "You cannot credit %(amount)s of %(line)s because %(billed)s of it are "
                "billed, pro formas and drafts included. Credit at most %(rest)s.",
                billed=self.currency_id.format(excess.billed),
                **figures,
            )
        return self.env._(
            "You cannot bill %(amount)s of %(line)s because that makes %(billed)s of "
            "%(worth)s, pro formas and drafts included. Bill at most %(rest)s.",
            billed=self.currency_id.format(excess.billed + excess.amount),
            **figures,
        )

    def _get_rule_text(self):
        """Return the text that the billing rule has for the line's figures."""
        item = self._get_budget_items()[0]._replace(name="")
        return self.sale_line_id._get_line_text(item)

    def _get_budget_items(self):
        """Return the lines as items to bill."""
        return [
            BudgetItem(
                line.sale_line_id,
                line.amount_to_invoice,
                line.quantity,
                line.total_completed_percent,
                line.name,
            )
            for line in self
        ]
