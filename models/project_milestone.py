from odoo import api, models


class ProjectMilestone(models.Model):
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

    def _update_completed_percent(self):
        """Complete the order lines by what their reached milestones stand for.

        In sudo mode because members of the project reach milestones, who may not see
        orders.
        """
        for line in self.sudo().sale_line_id:
            if line.company_id.progress_milestone_completion:
                reached = line.reached_milestones_ids.mapped("quantity_percentage")
                line.completed_percent = 100.0 * sum(reached)
