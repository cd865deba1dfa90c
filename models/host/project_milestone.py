from odoo import api, models


class ProjectMilestone(models.Model):
    """The moments of a milestone: reached, or its share changed."""

    _inherit = "project.milestone"

    @api.model_create_multi
    def create(self, vals_list):
        milestones = super().create(vals_list)
        milestones.filtered("is_reached")._update_completed_percent()
        return milestones

    def write(self, vals):
        result = super().write(vals)
        if {"is_reached", "quantity_percentage", "product_uom_qty"} & vals.keys():
            self._update_completed_percent()
        return result
