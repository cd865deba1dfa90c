from odoo import api, models
from odoo.exceptions import AccessError, UserError

PLANNED_FIELDS = {
    "order_id",
    "sale_line_id",
    "name",
    "description",
    "item_description",
    "date",
    "milestone_id",
    "amount_type",
    "percent",
    "amount",
    "invoice_flag",
}


class ProgressBillingLine(models.Model):
    """What must not happen to a line: issued lines keep what an invoice bills."""

    _inherit = "progress.billing.line"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_not_forged(vals)
        lines = super().create(vals_list)
        lines.order_id._check_progress_deposit_account()
        return lines

    def write(self, vals):
        self._check_not_forged(vals)
        if PLANNED_FIELDS & vals.keys():
            self._check_not_issued(vals)
        if "order_id" in vals:
            # The rules look at the line's order before the change, not after.
            self.env["sale.order"].browse(vals["order_id"]).check_access("write")
        if "error_message" not in vals:
            return super().write(vals)
        failed = self.filtered("error_message")
        result = super().write(vals)
        (failed | self.filtered("error_message")).order_id._update_billing_error()
        return result

    def unlink(self):
        orders = self.filtered("error_message").order_id
        result = super().unlink()
        orders.exists()._update_billing_error()
        return result

    def _check_not_forged(self, vals):
        """Refuse that a person says what invoice bills a line; the addon knows."""
        forged = [name for name in ("move_id", "rounding_carry") if vals.get(name)]
        if not self.env.su and (forged or (self and "move_id" in vals)):
            raise AccessError(
                self.env._(
                    "You cannot set the invoice of a progress billing line because "
                    "billing it does. Create or credit its invoice instead."
                )
            )

    def _check_not_issued(self, vals):
        """Refuse to change what an invoice already bills."""
        for line in self.filtered(lambda line: line._is_issued()):
            changed = [
                name
                for name in PLANNED_FIELDS & vals.keys()
                if line._fields[name].convert_to_write(line[name], line) != vals[name]
            ]
            if changed:
                raise UserError(
                    self.env._(
                        "You cannot change %(line)s because invoice %(invoice)s bills "
                        "it. Delete or credit the invoice first.",
                        line=line.display_name,
                        invoice=line.sudo().move_id.display_name,
                    )
                )

    def _is_issued(self):
        """Return whether an invoice that still stands bills the line."""
        self.ensure_one()
        return self.state in ("draft", "posted", "settled") or (
            self.state == "cancel" and self.sudo().move_id.state == "posted"
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_issued(self):
        for line in self.filtered(lambda line: line._is_issued()):
            raise UserError(
                self.env._(
                    "You cannot delete %(line)s because invoice %(invoice)s of "
                    "%(amount)s bills it. Delete or credit the invoice first.",
                    line=line.display_name,
                    invoice=line.sudo().move_id.display_name,
                    amount=line._format(line.amount_total),
                )
            )
