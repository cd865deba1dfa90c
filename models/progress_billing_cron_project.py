from psycopg2 import OperationalError

from odoo import api, fields, models


class ProgressBillingLine(models.Model):
    """The scheduled job goes on with the projects that are billed by period."""

    _inherit = "progress.billing.line"

    @api.model
    def _cron_generate(self):
        result = super()._cron_generate()
        self._cron_bill_projects()
        return result

    @api.model
    def _cron_bill_projects(self):
        """Bill due projects, one by one; a failed one counts as processed."""
        project_ids = self.env["project.project"]._get_due_billing_projects().ids
        remaining_time = self.env["ir.cron"]._commit_progress(
            remaining=len(project_ids)
        )
        for project_id in project_ids:
            if not remaining_time:
                break
            self.env.invalidate_all()
            self.env["project.project"].browse(project_id)._bill_period()
            remaining_time = self.env["ir.cron"]._commit_progress(1)


class ProjectProject(models.Model):
    _inherit = "project.project"

    @api.model
    def _get_due_billing_projects(self):
        """Return the projects that are due, in the day of each one's company."""
        # Somewhere it is tomorrow already.
        tomorrow = fields.Date.add(fields.Date.today(), days=1)
        return self.search(self._get_due_billing_domain(tomorrow)).filtered(
            lambda project: (
                project.progress_next_date
                <= project._get_billing_company()._get_progress_today()
            )
        )

    def _bill_period(self):
        """Bill a due project, whose failure must not stop the others."""
        project = self.try_lock_for_update(allow_referencing=True)
        if not project:
            return
        date = project._get_billing_company()._get_progress_today()
        try:
            with self.env.cr.savepoint():
                _proformas, moves = project._run_billing(date)
                moves._progress_post_and_send()
                project._clear_billing_error()
        except OperationalError:
            # The database asks for another attempt; the host makes it.
            raise
        except Exception as error:  # noqa: BLE001
            # Whatever it is, it must not keep the other projects from being billed.
            self.env.invalidate_all()
            project._record_billing_error(error)
