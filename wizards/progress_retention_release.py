from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ProgressRetentionRelease(models.TransientModel):
    _name = "progress.retention.release"
    _inherit = "progress.billing.guard"
    _description = "Release Retention"

    order_ids = fields.Many2many(comodel_name="sale.order", string="Orders")
    order_count = fields.Integer(compute="_compute_order_count")
    date = fields.Date(
        string="Invoice Date", required=True, default=fields.Date.context_today
    )
    due_date = fields.Date(help="Empty: what the payment terms of the order say.")
    amount_type = fields.Selection(
        selection=[
            ("all", "All that is held"),
            ("percent", "A percentage of it"),
            ("amount", "An amount each"),
        ],
        string="Release",
        required=True,
        default="all",
    )
    percent = fields.Float(string="Percentage", default=50.0)
    consolidated = fields.Boolean(
        help="One invoice for all orders of the same customer, delivery address and "
        "currency.",
    )
    has_drafts = fields.Boolean(compute="_compute_has_drafts")
    line_ids = fields.One2many(
        comodel_name="progress.retention.release.line",
        inverse_name="wizard_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )

    @api.constrains("percent")
    def _check_percent(self):
        if any(not 0.0 < wizard.percent <= 100.0 for wizard in self):
            raise ValidationError(
                self.env._("The percentage to release must be between 0 and 100.")
            )

    @api.depends("order_ids")
    def _compute_order_count(self):
        for wizard in self:
            wizard.order_count = len(wizard.order_ids)

    @api.depends("line_ids.amount_draft")
    def _compute_has_drafts(self):
        for wizard in self:
            wizard.has_drafts = any(wizard.line_ids.mapped("amount_draft"))

    @api.depends("order_ids", "amount_type", "percent")
    def _compute_line_ids(self):
        for wizard in self:
            orders = wizard.order_ids._origin
            held = orders._get_retention_open()
            available = orders._get_retention_open(with_drafts=True)
            wizard.line_ids = [
                fields.Command.clear(),
                *(
                    fields.Command.create(
                        wizard._prepare_line(
                            order,
                            sum(rows.values()),
                            sum(available[order].values()),
                        )
                    )
                    for order, rows in held.items()
                ),
            ]

    def _prepare_line(self, order, held, available):
        """Return the values of the row of an order.

        :param available: what is held, less what drafts are about to release.
        """
        factor = self.percent / 100.0 if self.amount_type == "percent" else 1.0
        rounded = order.currency_id.round
        return {
            "order_id": order.id,
            "amount_held": rounded(held),
            "amount_draft": rounded(held - available),
            "amount": rounded(max(rounded(available), 0.0) * factor),
        }

    def action_release(self):
        """Create the draft invoices that release what is held, and open them."""
        self.ensure_one()
        amounts = {line.order_id: line.amount for line in self.line_ids}
        moves = self.order_ids._create_retention_releases(
            amounts, self.date, self.consolidated, self.due_date
        )
        return self.order_ids.action_view_invoice(invoices=moves)


class ProgressRetentionReleaseLine(models.TransientModel):
    _name = "progress.retention.release.line"
    _inherit = "progress.billing.guard"
    _description = "Release Retention: Order"

    wizard_id = fields.Many2one(
        comodel_name="progress.retention.release", required=True, ondelete="cascade"
    )
    order_id = fields.Many2one(comodel_name="sale.order", readonly=True)
    partner_id = fields.Many2one(related="order_id.partner_invoice_id")
    currency_id = fields.Many2one(related="order_id.currency_id")
    amount_held = fields.Monetary(string="Held", readonly=True)
    amount_draft = fields.Monetary(
        string="In Drafts",
        readonly=True,
        help="What drafts are about to release of it or give back.",
    )
    amount = fields.Monetary(string="Release Now")
