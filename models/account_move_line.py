from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    progress_line_id = fields.Many2one(
        comodel_name="progress.billing.line",
        string="Progress Billing Line",
        index="btree_not_null",
        copy=False,
        readonly=True,
    )
    progress_budget_line_id = fields.Many2one(
        comodel_name="sale.order.line",
        string="Revenue Budget Line",
        index="btree_not_null",
        copy=False,
        readonly=True,
        help="Order line whose revenue budget this item bills.",
    )
    is_progress_recall = fields.Boolean(
        string="Takes Back a Deposit",
        copy=False,
        readonly=True,
    )

    def _copy_data_extend_business_fields(self, values):
        # A credit note belongs to the same billing line as the item it credits.
        result = super()._copy_data_extend_business_fields(values)
        values.update(
            {
                "progress_line_id": self.progress_line_id.id,
                "progress_budget_line_id": self.progress_budget_line_id.id,
                "is_progress_recall": self.is_progress_recall,
            }
        )
        return result
