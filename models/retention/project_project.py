from odoo import api, models
from odoo.tools.misc import format_date


class ProjectProject(models.Model):
    """Shows what is held back of the orders of a project."""

    _inherit = "project.project"

    def _get_retention_project_orders(self):
        """Return those of the projects' orders with retention that one may read."""
        return self._get_progress_orders().filtered("has_retention")

    def _get_retention_stat_buttons(self):
        """Return the dashboard's way to what is held, and to what of it is due."""
        orders = self._get_retention_project_orders()
        if not orders:
            return []
        company = self.company_id or self.env.company
        held, due = (
            self._sum_retention_amounts(orders, name, company)
            for name in ("retention_held_amount", "retention_due_amount")
        )
        dates = orders.filtered(
            lambda order: order.retention_held_amount and not order.retention_due_amount
        ).mapped("retention_date")
        rows = [(self.env._("Retention Held"), company.currency_id.format(held))]
        if due:
            text = self.env._("Retention Due for Release")
            rows.append((text, company.currency_id.format(due)))
        elif any(dates):
            next_date = format_date(self.env, min(filter(None, dates)))
            rows.append((self.env._("Retention Due"), next_date))
        return [
            {
                "icon": "shield",
                "text": text,
                "number": number,
                "action_type": "object",
                "action": "action_view_retention",
                "show": not self.is_template,
                "sequence": sequence,
            }
            for sequence, (text, number) in enumerate(rows, 30)
        ]

    @api.model
    def _sum_retention_amounts(self, orders, name, company):
        """Return the sum of an amount of orders in a company's currency."""
        return sum(
            order.currency_id._convert(order[name], company.currency_id, company)
            for order in orders
        )

    def action_release_retention(self):
        """Open the wizard that releases what is held of the projects' orders."""
        self.check_access("read")
        self.env["progress.retention.release"].check_access("create")
        return self._get_retention_project_orders()._get_retention_release_action(
            ", ".join(self.mapped("display_name"))
        )

    def action_view_retention(self):
        """Open the posted items that hold back and release amounts of the projects."""
        self.check_access("read")
        return self._get_retention_project_orders()._get_retention_action()
