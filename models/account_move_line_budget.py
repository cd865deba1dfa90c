from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    progress_by_amount = fields.Boolean(
        string="Billed by Amount",
        copy=False,
        readonly=True,
        help="The quantity of 1 stands for a share of the order line's quantity.",
    )

    def _copy_data_extend_business_fields(self, values):
        # A credit note gives back a share, as the item it credits took one.
        result = super()._copy_data_extend_business_fields(values)
        values["progress_by_amount"] = self.progress_by_amount
        return result

    def _get_sale_line_quantity(self, sale_line):
        """Return the item's quantity in the unit of the order line, without sign."""
        return self.product_uom_id._compute_quantity(
            self.quantity, sale_line.product_uom_id
        )
