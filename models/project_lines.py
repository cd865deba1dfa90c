from odoo import api, models


class ProjectProject(models.Model):
    """Planned lines as the project shows them."""

    _inherit = "project.project"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_awaited(self):
        # The database deletes the milestones with their project.
        self.milestone_ids._check_not_awaited()

    def _get_stat_buttons(self):
        # The dashboard's panel has the way to the budget that the form has.
        buttons = super()._get_stat_buttons()
        if self.allow_billable and self._may_see_budget():
            buttons.append(
                {
                    "icon": "tasks",
                    "text": self.env._("To Bill"),
                    "number": self.currency_id.format(self.pending_amount_total),
                    "action_type": "object",
                    "action": "action_view_revenue_budget",
                    "show": not self.is_template,
                    "sequence": 29,
                }
            )
        return buttons

    def _may_see_budget(self):
        """Return whether the user completes, bills or invoices budgets."""
        groups = (
            "project.group_project_manager",
            "sales_team.group_sale_salesman",
            "account.group_account_invoice",
        )
        return any(self.env.user.has_group(group) for group in groups)

    def action_view_progress_lines(self):
        """Open the project's planned lines, to plan more of them where one may."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "progress_billing.progress_billing_line_action"
        )
        action["domain"] = [("project_id", "=", self.id)]
        action["context"] = {"default_project_id": self.id}
        return action

    def _get_progress_orders(self, limit=None):
        """Return the orders whose lines the projects show, cancelled ones left out."""
        return self.env["sale.order"].search(
            [
                ("order_line.progress_project_id", "in", self.ids),
                ("state", "!=", "cancel"),
            ],
            limit=limit,
        )


class ProgressBillingLine(models.Model):
    _inherit = "progress.billing.line"

    @api.model
    def default_get(self, fields):
        """Plan on the order of the project that one comes from, if it has only one."""
        values = super().default_get(fields)
        project_id = self.env.context.get("default_project_id")
        if project_id and "order_id" in fields and not values.get("order_id"):
            project = self.env["project.project"].browse(project_id)
            orders = project._get_progress_orders(limit=2)
            if len(orders) == 1:
                values["order_id"] = orders.id
        return values
