from odoo import api, fields, models
from odoo.exceptions import AccessError


class SaleOrder(models.Model):
    """Knows an order's terms of retention, what is held of it and what was released."""

    _name = "sale.order"
    _inherit = ["sale.order", "progress.retention.terms"]

    retention_percent = fields.Float(
        compute="_compute_retention_terms", store=True, readonly=False, precompute=True
    )
    retention_base = fields.Selection(
        compute="_compute_retention_terms", store=True, readonly=False, precompute=True
    )
    retention_tax = fields.Selection(
        compute="_compute_retention_terms", store=True, readonly=False, precompute=True
    )
    retention_step_method = fields.Selection(
        compute="_compute_retention_terms", store=True, readonly=False, precompute=True
    )
    retention_cap_percent = fields.Float(
        compute="_compute_retention_terms", store=True, readonly=False, precompute=True
    )
    retention_release = fields.Selection(
        compute="_compute_retention_terms", store=True, readonly=False, precompute=True
    )
    retention_months = fields.Integer(
        compute="_compute_retention_terms", store=True, readonly=False, precompute=True
    )
    retention_step_ids = fields.One2many(
        comodel_name="progress.retention.step",
        inverse_name="order_id",
        string="Steps of Retention",
        copy=True,
    )
    retention_milestone_id = fields.Many2one(
        comodel_name="project.milestone",
        string="Release Milestone",
        copy=False,
        index="btree_not_null",
    )
    retention_guarantee_reference = fields.Char(
        string="Guarantee",
        copy=False,
        help="Number of the guarantee that replaces the retention: nothing is held "
        "from then on.",
    )
    retention_guarantee_date = fields.Date(string="Guarantee Expires", copy=False)
    has_retention = fields.Boolean(
        string="Retained", compute="_compute_has_retention", store=True
    )
    retention_held_amount = fields.Monetary(
        string="Retention Held",
        compute="_compute_retention_amounts",
        help="What posted invoices hold back and no release billed yet.",
    )
    retention_released_amount = fields.Monetary(
        string="Retention Released",
        compute="_compute_retention_amounts",
        help="What posted releases billed, less their credit notes.",
    )

    # === TERMS === #

    @api.depends("company_id", "partner_id", "sale_order_template_id")
    def _compute_retention_terms(self):
        for order in self:
            # In sudo mode because salespeople need not read the company's settings.
            company = order.company_id.sudo()
            source = order._get_retention_source() or order
            order.update(source._get_retention_terms(company))

    def _get_retention_source(self):
        """Return what the order takes its terms from; nothing once it is confirmed."""
        self.ensure_one()
        if self.state not in ("draft", "sent", False):
            return None
        if self.sale_order_template_id.has_retention_terms:
            return self.sale_order_template_id
        partner = self.partner_id.commercial_partner_id.with_company(self.company_id)
        return partner if partner.has_retention_terms else self.company_id.sudo()

    @api.depends(
        "retention_percent",
        "retention_step_ids.percent",
        "order_line.retention_percent",
    )
    def _compute_has_retention(self):
        for order in self:
            order.has_retention = bool(
                order.retention_percent
                or any(order.retention_step_ids.mapped("percent"))
                or any(order.order_line.mapped("retention_percent"))
            )

    def _check_retention_write(self, vals):
        """Refuse values that change terms by which something is held already."""
        names = [
            *self._get_retention_names(),
            "retention_milestone_id",
            "retention_guarantee_reference",
        ]
        changed = [
            name
            for name in names
            if name in vals and self._is_field_changed(name, vals[name])
        ]
        if changed:
            self._check_retention_editable()

    def _check_retention_editable(self):
        """Refuse to change the terms of orders of which something was held.

        From then on they are the accountants' to change.
        """
        if self.env.su or self.env.user.has_group("account.group_account_manager"):
            return
        for order in self:
            if order._get_retention_items():
                raise AccessError(
                    self.env._(
                        "You cannot change the retention of %(order)s because an "
                        "amount is held already. Ask an accounting manager to do it.",
                        order=order.display_name,
                    )
                )

    # === WHAT IS HELD === #

    def _get_retention_items(self):
        """Return the posted items on the retention account, oldest first.

        In sudo mode because salespeople see what is held of their orders.
        """
        return (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("retention_order_id", "in", self.ids),
                    ("parent_state", "=", "posted"),
                ],
                order="date, id",
            )
        )

    @api.depends("order_line.invoice_lines.parent_state")
    def _compute_retention_amounts(self):
        totals = self._sum_retention()
        for order in self:
            held, released = totals.get(order._origin.id, (0.0, 0.0))
            order.retention_held_amount = held
            order.retention_released_amount = released

    def _sum_retention(self):
        """Return order id -> (what is held, what was released)."""
        totals = {}
        for order, is_release, amount in (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                [
                    ("retention_order_id", "in", self._origin.ids),
                    ("parent_state", "=", "posted"),
                ],
                ["retention_order_id", "move_id"],
                ["amount_currency:sum"],
            )
        ):
            held, released = totals.get(order.id, (0.0, 0.0))
            if is_release.is_retention_release:
                released -= amount
            totals[order.id] = (held + amount, released)
        return {
            order_id: tuple(map(self.currency_id[:1].round, amounts))
            for order_id, amounts in totals.items()
        }
