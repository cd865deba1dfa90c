from odoo import models


class ProjectProject(models.Model):
    """The moments of a project: its dashboard is shown."""

    _name = "project.project"
    _inherit = ["project.project", "progress.billing.guard"]

    def _get_stat_buttons(self):
        return [
            *super()._get_stat_buttons(),
            *self._get_progress_stat_buttons(),
            *self._get_retention_stat_buttons(),
        ]
