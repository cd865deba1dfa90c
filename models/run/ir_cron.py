from math import inf

from odoo import api, models
from odoo.fields import Domain


class IrCron(models.Model):
    """Where a scheduled job stands that the host runs in slices."""

    _inherit = "ir.cron"

    @api.model
    def _get_progress_run(self):
        """Return the id of the host's record of the running slice, 0 outside a job."""
        return self.env.context.get("ir_cron_progress_id", 0)

    @api.model
    def _get_progress_job_start(self):
        """Return the id of the first slice of the running job.

        The host calls a job again until nothing remains, at once or a minute later;
        all these slices are one job, in which nothing is tried twice.

        :return: id of an `ir.cron.progress`; infinite outside a job, as nothing failed
            in it.
        """
        # In sudo mode because only administrators read how jobs went.
        Progress = self.env["ir.cron.progress"].sudo()
        current = Progress.browse(self._get_progress_run())
        if not current:
            return inf
        slices = Domain("cron_id", "=", current.cron_id.id)
        slices &= Domain("id", "<", current.id)
        done = Progress.search(
            slices & Domain("remaining", "=", 0), order="id desc", limit=1
        )
        slices &= Domain("id", ">", done.id or 0)
        first = Progress.search(slices, order="id", limit=1)
        return (first or current).id

    def _is_progress_job(self):
        """Return whether this is a job that bills progress, or releases retention."""
        return any(
            self == self.env.ref(f"progress_billing.{name}", raise_if_not_found=False)
            for name in ("ir_cron_generate", "ir_cron_release_retention")
        )

    def _tell_switched_off(self):
        """Tell the administrators that the scheduled job bills nothing any more."""
        administrators = self.env.ref("base.group_system").sudo().all_user_ids
        self.message_notify(
            partner_ids=administrators.filtered("active").partner_id.ids,
            subject=self.env._("%(job)s is switched off", job=self.name),
            body=self.env._(
                "Odoo switched off %(job)s because it failed for a week: nothing is "
                "billed automatically. The server's log says why. Activate it again "
                "in the scheduled actions.",
                job=self.name,
            ),
        )
