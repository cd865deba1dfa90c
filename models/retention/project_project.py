from odoo import models


class ProjectProject(models.Model):
    """Shows what is held back of the orders of a project."""

    _inherit = "project.project"

    def _get_retention_project_orders(self):
        """Return those of the projects' orders with retention that one may read.

        In sudo mode because billing people need not see all of a project.
        """
        projects = self.sudo()
        orders = projects.sale_order_id | projects.task_ids.sale_order_id
        orders = orders.filtered("has_retention").sudo(self.env.su)
        return orders._filtered_access("read")

    def _get_retention_stat_buttons(self):
        """Return the dashboard's way to what is held, where anything is."""
        orders = self._get_retention_project_orders()
        if not orders:
            return []
        company = self.company_id or self.env.company
        held = sum(
            order.currency_id._convert(
                order.retention_held_amount, company.currency_id, company
            )
            for order in orders
        )
        return [
            {
                "icon": "shield",
                "text": self.env._("Retention Held"),
                "number": company.currency_id.format(held),
                "action_type": "object",
                "action": "action_view_retention",
                "show": not self.is_template,
                "sequence": 30,
            }
        ]

    def action_view_retention(self):
        """Open the posted items that hold back and release amounts of the projects."""
        self.check_access("read")
        return self._get_retention_project_orders()._get_retention_action()
