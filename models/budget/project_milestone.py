from odoo import api, models
from odoo.exceptions import UserError


class ProjectMilestone(models.Model):
    """Completes order lines by their reached milestones."""

    _inherit = "project.milestone"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_awaited(self):
        self._check_not_awaited()

    def _check_not_awaited(self):
        """Refuse to delete milestones that planned lines wait for.

        Without their milestone those lines would be due by their date, tonight maybe.
        In sudo mode because members of the project need not see orders.
        """
        line = (
            self.env["progress.billing.line"]
            .sudo()
            .search(
                [("milestone_id", "in", self.ids), ("state", "=", "planned")], limit=1
            )
        )
        if line:
            raise UserError(
                self.env._(
                    "You cannot delete milestone %(milestone)s because %(line)s is "
                    "billed when it is reached. Take the milestone off that progress "
                    "billing line first, or delete the line.",
                    milestone=line.milestone_id.name,
                    line=line.display_name,
                )
            )

    def _update_completed_percent(self):
        """Complete the order lines by what their reached milestones stand for.

        In sudo mode because members of the project reach milestones, who may not see
        orders.
        """
        for line in self.sudo().sale_line_id:
            if line.company_id.progress_milestone_completion:
                reached = line.reached_milestones_ids.mapped("quantity_percentage")
                line.completed_percent = 100.0 * sum(reached)
