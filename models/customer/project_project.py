from odoo import models


class ProjectProject(models.Model):
    """Opens what the project's orders were billed and paid."""

    _inherit = "project.project"

    def action_open_billing_history(self):
        """Open the billing history of the orders of which the project is a part."""
        self.ensure_one()
        self.check_access("read")
        lines = self.budget_line_ids | self.progress_line_ids.sale_line_id
        orders = lines.order_id | self.progress_line_ids.order_id
        return orders._filtered_access("read").action_open_billing_history()
