from odoo import api, fields, models

from . import budget


class SaleOrderLine(models.Model):
    """The revenue budget: how far a line is completed, and what that lets us bill.

    Draft and actual are read from live documents; only the completed percentage is
    entered. Pending follows from both, in either direction.
    """

    _inherit = "sale.order.line"

    progress_project_id = fields.Many2one(
        comodel_name="project.project",
        string="Billed Project",
        compute="_compute_progress_project_id",
        store=True,
        index="btree_not_null",
        help="Project whose revenue budget this line belongs to.",
    )
    progress_basis = fields.Selection(
        selection=[("amount", "Amount"), ("quantity", "Quantity")],
        string="Billing Basis",
        copy=True,
        help="Amount: bill a share of the line's amount; quantities stay 0.\n"
        "Quantity: bill quantities at the unit rate.",
    )
    budget_original_quantity = fields.Float(
        string="Original Quantity",
        digits="Product Unit",
        copy=False,
        readonly=True,
        aggregator=None,
    )
    budget_original_amount = fields.Monetary(
        string="Original Amount", copy=False, readonly=True
    )
    budget_quantity = fields.Float(
        string="Revised Quantity",
        related="product_uom_qty",
        readonly=True,
        aggregator=None,
    )
    budget_amount = fields.Monetary(
        string="Revised Amount",
        compute="_compute_budget_amount",
        store=True,
        help="Untaxed amount of the line, with the cent by which the lines would not "
        "add up to an order that is rounded as a whole.",
    )
    budget_unit_rate = fields.Float(
        string="Unit Rate",
        digits="Product Price",
        compute="_compute_budget_unit_rate",
        aggregator=None,
        help="Untaxed price of a unit, after discount.",
    )
    completed_percent = fields.Float(
        string="Completed (%)", copy=False, digits=False, aggregator=None
    )
    pending_quantity = fields.Float(
        digits="Product Unit",
        compute="_compute_pending_quantity",
        inverse="_inverse_pending_quantity",
        store=True,
        copy=False,
        aggregator=None,
    )
    pending_amount = fields.Monetary(
        compute="_compute_pending_amount",
        inverse="_inverse_pending_amount",
        store=True,
        copy=False,
    )
    draft_quantity = fields.Float(
        digits="Product Unit",
        compute="_compute_billed",
        store=True,
        copy=False,
        aggregator=None,
    )
    draft_amount = fields.Monetary(compute="_compute_billed", store=True, copy=False)
    actual_quantity = fields.Float(
        digits="Product Unit",
        compute="_compute_billed",
        store=True,
        copy=False,
        aggregator=None,
    )
    actual_amount = fields.Monetary(compute="_compute_billed", store=True, copy=False)
    progress_item_ids = fields.One2many(
        comodel_name="account.move.line",
        inverse_name="progress_budget_line_id",
        string="Billed Items",
    )
    progress_proforma_line_ids = fields.One2many(
        comodel_name="progress.billing.proforma.line",
        inverse_name="sale_line_id",
        string="Pro Forma Lines",
    )

    # === COMPUTES === #

    @api.depends(
        "project_id", "task_id.project_id", "order_id.project_id", "display_type"
    )
    def _compute_progress_project_id(self):
        for line in self:
            if line.display_type or line.is_downpayment:
                line.progress_project_id = False
            else:
                project = line.project_id or line.task_id.project_id
                line.progress_project_id = project or line.order_id.project_id

    @api.depends("price_subtotal", "order_id.amount_untaxed")
    def _compute_budget_amount(self):
        for order, lines in self.grouped("order_id").items():
            shares = order._get_progress_budget_shares() if lines else {}
            for line in lines:
                line.budget_amount = shares.get(line, line.price_subtotal)

    @api.depends("price_subtotal", "product_uom_qty")
    def _compute_budget_unit_rate(self):
        for line in self:
            quantity = line.product_uom_qty
            line.budget_unit_rate = quantity and line.price_subtotal / quantity

    # Two methods: the host holds back what is computed together with what one types.
    @api.depends(
        "progress_basis",
        "product_uom_qty",
        "completed_percent",
        "draft_quantity",
        "actual_quantity",
    )
    def _compute_pending_quantity(self):
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        for line in self:
            if line.progress_basis != budget.QUANTITY or line._is_budget_closed():
                line.pending_quantity = 0.0
                continue
            line.pending_quantity = budget.pending_quantity(
                line.product_uom_qty,
                line.completed_percent,
                line.draft_quantity + line.actual_quantity,
                digits,
            )

    @api.depends(
        "progress_basis",
        "budget_amount",
        "completed_percent",
        "pending_quantity",
        "draft_amount",
        "actual_amount",
    )
    def _compute_pending_amount(self):
        for line in self:
            billed = line.draft_amount + line.actual_amount
            if line._is_budget_closed():
                line.pending_amount = 0.0
            elif line.progress_basis == budget.QUANTITY:
                quantity = line.draft_quantity + line.actual_quantity
                line.pending_amount = line._get_quantity_worth(
                    line.pending_quantity, (quantity, billed)
                )
            else:
                line.pending_amount = budget.pending_amount(
                    line.budget_amount,
                    line.completed_percent,
                    billed,
                    line.currency_id,
                )

    @api.depends(
        "progress_basis",
        "product_uom_qty",
        "budget_amount",
        "progress_item_ids.price_subtotal",
        "progress_item_ids.quantity",
        "progress_item_ids.move_id.state",
        "progress_proforma_line_ids.amount_to_invoice",
        "progress_proforma_line_ids.quantity",
        "progress_proforma_line_ids.proforma_id.state",
    )
    def _compute_billed(self):
        for line in self:
            draft = line._get_billed("draft")
            actual = line._get_billed("posted")
            for proforma_line in line.progress_proforma_line_ids:
                if proforma_line.proforma_id._is_open():
                    draft[0] += proforma_line.quantity
                    draft[1] += proforma_line.amount_to_invoice
            is_amount = line.progress_basis != budget.QUANTITY
            line.draft_quantity = 0.0 if is_amount else draft[0]
            line.draft_amount = draft[1]
            line.actual_quantity = 0.0 if is_amount else actual[0]
            line.actual_amount = actual[1]

    def _is_budget_closed(self):
        """Return whether nothing can be pending, however far the line is completed.

        The final invoice billed all of it. A line that a form removes has no order.
        """
        self.ensure_one()
        return not self.order_id or self.order_id._is_progress_finished()

    def _get_billed(self, state):
        """Return [quantity, amount] billed by live items whose move is in a state."""
        quantity = amount = share = 0.0
        for item in self.progress_item_ids:
            if item.parent_state != state:
                continue
            sign = -item.move_id.direction_sign
            subtotal = sign * item.price_subtotal
            amount += subtotal
            if item.progress_by_amount:
                share += subtotal
            else:
                quantity += sign * item._get_sale_line_quantity(self)
        return [quantity + self._get_share_quantity(share), amount]

    def _get_share_quantity(self, amount):
        """Return the quantity that billing an amount of the line stands for."""
        return budget.invoiced_share(
            amount, self.budget_amount, self.product_uom_qty, self.currency_id
        )

    def _get_quantity_worth(self, quantity, billed):
        """Return the untaxed amount of a quantity to bill at the line's unit rate.

        :param billed: pair of the quantity and the amount billed before.
        """
        return budget.quantity_worth(
            quantity,
            self.product_uom_qty,
            self.budget_amount,
            billed,
            self.currency_id,
            self.env["decimal.precision"].precision_get("Product Unit"),
        )
