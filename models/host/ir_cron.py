from odoo import api, models


class IrCron(models.Model):
    """Odoo ran a scheduled job."""

    _inherit = "ir.cron"

    @api.model
    def _update_failure_count(self, job, status):
        result = super()._update_failure_count(job, status)
        cron = self.browse(job["id"])
        cron.invalidate_recordset(["active"])
        if job["active"] and not cron.active and cron._is_progress_job():
            cron._tell_switched_off()
        return result
