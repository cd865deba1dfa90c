from odoo import api, fields, models
from odoo.exceptions import ValidationError


class SaleOrderLine(models.Model):
    """Holds the rate of retention of an order line."""

    _inherit = "sale.order.line"

    retention_percent = fields.Float(
        string="Retention (%)",
        help="The line's own rate of retention. 0: the order's.",
    )
    is_retention_free = fields.Boolean(
        string="No Retention", help="Nothing is held back of this line."
    )

    @api.constrains("retention_percent")
    def _check_retention_percent(self):
        for line in self:
            if not 0.0 <= line.retention_percent <= 100.0:
                raise ValidationError(
                    self.env._("Percentages of retention must be between 0 and 100.")
                )

    def _check_retention_write(self, vals):
        """Refuse another rate of lines of whose orders something is held already."""
        names = {"retention_percent", "is_retention_free"} & vals.keys()
        if any(self._is_field_changed(name, vals[name]) for name in names):
            self.order_id._check_retention_editable()

    def _get_retention_rate(self):
        """Return the line's own rate, None for that of the order.

        A deposit on a line is retained as the line is.
        """
        self.ensure_one()
        line = self.progress_sale_line_id or self
        if line.is_retention_free:
            return 0.0
        return line.retention_percent or None
