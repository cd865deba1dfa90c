from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    progress_proforma_id = fields.Many2one(
        comodel_name="progress.billing.proforma",
        string="Pro Forma",
        index="btree_not_null",
        copy=False,
        readonly=True,
    )

    def unlink(self):
        proformas = self.sudo().progress_proforma_id
        result = super().unlink()
        proformas.exists()._reopen()
        return result

    def action_view_proforma(self):
        """Open the pro forma that the invoice was made of."""
        return self.progress_proforma_id._get_records_action()
