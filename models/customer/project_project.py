from odoo import models


class ProjectProject(models.Model):
    """Opens what the project's orders were billed and paid."""

    _inherit = "project.project"

    def action_open_billing_history(self):
        """Open the billing history of the orders of which the project is a part."""
        self.ensure_one()
        self.check_access("read")
        return self._get_progress_orders().action_open_billing_history()
