from odoo import api, fields, models


class AccountMove(models.Model):
    """Holds retention back when an invoice is posted, and undoes that."""

    _inherit = "account.move"

    is_retention_release = fields.Boolean(
        string="Release of Retention",
        readonly=True,
        copy=False,
        help="The invoice bills what was held back of earlier ones.",
    )
    has_retention = fields.Boolean(
        string="Retained",
        readonly=True,
        copy=False,
        help="Posting made an entry that holds back a part of this invoice.",
    )
    retention_origin_id = fields.Many2one(
        comodel_name="account.move",
        string="Retention Entry of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The invoice whose posting made this entry.",
    )
    retention_entry_ids = fields.One2many(
        comodel_name="account.move",
        inverse_name="retention_origin_id",
        readonly=True,
    )
    retention_move_ids = fields.Many2many(
        comodel_name="account.move",
        string="Retention Entries",
        compute="_compute_retention_move_ids",
        help="Entries in effect that hold back a part of this invoice.",
    )
    retention_amount = fields.Monetary(
        string="Retention",
        compute="_compute_retention_amount",
        help="What this invoice holds back; of a draft, what posting will hold back. "
        "Below zero where it gives back.",
    )

    @api.depends("has_retention", "retention_entry_ids.state")
    def _compute_retention_move_ids(self):
        for move in self:
            move.retention_move_ids = move.has_retention and (
                move.sudo().retention_entry_ids.filtered(
                    lambda entry: (
                        entry.state == "posted"
                        and "posted" not in entry.reversal_move_ids.mapped("state")
                    )
                )
            )

    @api.depends("state", "has_retention", "line_ids.amount_currency")
    def _compute_retention_amount(self):
        for move in self:
            move.retention_amount = 0.0
