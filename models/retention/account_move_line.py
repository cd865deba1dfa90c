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
        return {
            "retention_order_id": self.retention_order_id.id,
            "retention_move_id": self._get_retained_move().id,
        }

    def _get_retained_move(self):
        """Return the invoice of which the item holds back, or releases, an amount."""
        self.ensure_one()
        if self.retention_move_id or not self.retention_order_id:
            return self.retention_move_id
        # A line of the invoice itself. Of an entry whose invoice is gone, nothing is.
        return self.move_id.filtered(lambda move: move.move_type != "entry")

    def _get_retention_accounts(self):
        """Return (order, invoice) -> the account on which the items hold of it.

        The company may have chosen another one since.
        """
        balances = {}
        for item in self:
            key = (item.retention_order_id, item._get_retained_move())
            row = balances.setdefault(key, {})
            row[item.account_id] = row.get(item.account_id, 0.0) + item.amount_currency
        return {key: max(row, key=row.get) for key, row in balances.items()}

    def _get_retention_document(self):
        """Return the document whose posting made the item."""
        self.ensure_one()
        return self.move_id.retention_origin_id or self.move_id

    def _reconcile_retention(self):
        """Reconcile what is held of an invoice with what gives it back, or releases.

        :param self: items on the retention account.
        """
        keys = {(item.retention_order_id, item._get_retained_move()) for item in self}
        orders = self.retention_order_id
        groups = orders._get_retention_items().filtered(
            lambda item: not item.reconciled and item.account_id.reconcile
        )
        groups = groups.grouped(
            lambda item: (
                item.retention_order_id,
                item._get_retained_move(),
                item.account_id,
            )
        )
        plan = [
            items
            for (order, move, _account), items in groups.items()
            if (order, move) in keys
            and len({item.amount_currency > 0.0 for item in items}) > 1
        ]
        if plan:
            self.env["account.move.line"].sudo()._reconcile_plan(plan)
