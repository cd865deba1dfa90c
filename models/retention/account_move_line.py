from odoo import fields, models


class AccountMoveLine(models.Model):
    """Links an item on the retention account to the order and invoice it is of."""

    _inherit = "account.move.line"

    retention_order_id = fields.Many2one(
        comodel_name="sale.order",
        string="Retention of Order",
        index="btree_not_null",
        copy=False,
        readonly=True,
        help="Order of which this item holds back, or releases, an amount.",
    )
    retention_move_id = fields.Many2one(
        comodel_name="account.move",
        string="Retention of Invoice",
        index="btree_not_null",
        copy=False,
        readonly=True,
        help="Invoice of which this item holds back, or releases, an amount.",
    )

    def _prepare_retention_copy(self):
        """Return what the reversal of the item is of: the same order and invoice."""
        move = self.retention_move_id
        if not move and self.retention_order_id:
            move = self.move_id
        return {
            "retention_order_id": self.retention_order_id.id,
            "retention_move_id": move.id,
        }
