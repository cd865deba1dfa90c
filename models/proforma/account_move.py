from odoo import fields, models


class AccountMove(models.Model):
    """Knows the pro forma that an invoice was made of."""

    _inherit = "account.move"

    progress_proforma_id = fields.Many2one(
        comodel_name="progress.billing.proforma",
        string="Pro Forma",
        index="btree_not_null",
        copy=False,
        readonly=True,
    )

    def action_view_proforma(self):
        """Open the pro forma that the invoice was made of."""
        return self.progress_proforma_id._get_records_action()
