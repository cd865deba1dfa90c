from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from .batches import bill_in_parts, explain


class ProjectProject(models.Model):
    """Bills projects: one, many, or periodically."""

    _inherit = "project.project"

    progress_failed_in_run = fields.Integer(
        readonly=True,
        copy=False,
        help="Run of the scheduled job in which billing the project failed last.",
    )

    def action_run_billing(self):
        """Bill what is pending of the projects, and show what that made."""
        self._check_billing_access()
        lines = self._get_lines_to_bill()
        if not lines:
            raise UserError(self._get_nothing_message())
        proformas, moves = self._run_billing()
        action = self._get_documents_action(proformas, moves)
        skipped = self._get_unconfirmed_message()
        if not skipped:
            return action
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "message": skipped,
                "next": action,
            },
        }

    def _run_billing(self, date=None, lines=None):
        """Bill what is pending of the projects.

        :param date: date of the documents, None for today.
        :param lines: bill only these budget lines; None for all of the projects.
        :return: pair of the pro formas and the invoices made, either may be empty.
        """
        lines = self.budget_line_ids if lines is None else lines
        # Locked before the pending values are read, so that nobody bills them twice.
        lines.order_id._lock_progress()
        lines = lines._get_lines_to_bill()
        for_proforma = lines.filtered(
            lambda line: line.sudo().progress_project_id.progress_create_proforma
        )
        proformas = self.env["progress.billing.proforma"]._create_from_budget(
            for_proforma._get_budget_items(), date
        )
        items = (lines - for_proforma)._get_budget_items()
        claims = lines._prepare_budget_claims(items, invoice_date=date)
        moves = self.env["account.move"]
        if claims:
            moves = self.env["progress.billing.builder"]._create_invoices(claims)
        self._set_billed(date)
        return proformas, moves

    def _get_lines_to_bill(self):
        """Return the budget lines that a billing run takes."""
        return self.budget_line_ids._get_lines_to_bill()

    def _set_billed(self, date=None):
        """Remember that the projects were billed, so that the next period begins."""
        # In sudo mode because invoicing people bill projects that they may not edit.
        today = date or fields.Date.context_today(self)
        for project in self.sudo():
            is_periodic = project.progress_period != "on_demand"
            if is_periodic and not project.progress_first_date:
                project.progress_first_date = project.progress_next_date or today
        self.sudo().progress_last_date = today
        self.sudo()._clear_billing_error()

    def _check_billing_access(self):
        """Refuse invoices, which are not for project managers, with a way out."""
        direct = self.filtered(lambda project: not project.progress_create_proforma)
        if not direct or self._may_create_invoices():
            return
        raise AccessError(
            self.env._(
                "You cannot bill %(projects)s because you may not create invoices. Ask "
                "somebody of invoicing, or let billing create pro formas there.",
                projects=", ".join(direct.mapped("name")),
            )
        )

    # === WORDS === #

    def _get_nothing_message(self):
        """Return why nothing of the projects can be billed."""
        unconfirmed = self._get_unconfirmed_message()
        if unconfirmed:
            return unconfirmed
        left = self.budget_line_ids._get_left_pending()
        if left:
            return self.env._(
                "You cannot bill %(projects)s because %(proformas)s left amounts "
                "pending. Say on the Revenue Budget whether to accept what was billed "
                "or to keep them pending.",
                projects=", ".join(self.mapped("name")),
                proformas=", ".join(sorted(set(left.mapped("progress_left_by")))),
            )
        return self.env._(
            "You cannot bill %(projects)s because nothing is pending. Enter what was "
            "completed on the Revenue Budget first.",
            projects=", ".join(self.mapped("name")),
        )

    def _get_unconfirmed_message(self):
        """Return which orders were not billed as they are not confirmed, if any."""
        orders = self.budget_line_ids.order_id.filtered(
            lambda order: order.state in ("draft", "sent")
        )
        if not orders:
            return ""
        return self.env._(
            "You cannot bill %(orders)s because they are not confirmed. Confirm them "
            "first.",
            orders=", ".join(orders.mapped("name")),
        )

    def _get_documents_action(self, proformas, moves):
        """Return the action that shows what a billing run made."""
        if proformas:
            return proformas._get_records_action(name=self.env._("Pro Formas"))
        return moves._get_records_action(name=self.env._("Invoices"))

    # === PERIODIC BILLING === #

    def _get_due_billing_domain(self, date):
        """Return the domain of the projects that the scheduled job bills.

        :param date: the day; a missed night is caught up.
        """
        return Domain(
            [
                ("progress_period", "!=", "on_demand"),
                ("progress_next_date", "<=", date),
                ("is_template", "=", False),
                ("allow_billable", "=", True),
            ]
        )

    def _get_billing_company(self):
        """Return the company in whose day a project is billed."""
        self.ensure_one()
        companies = self.company_id or self.budget_line_ids.company_id[:1]
        return companies or self.env.company

    def _note_failure(self, text):
        """Show why the scheduled job could not bill the project.

        Its manager is told once, until it is billed.
        """
        kind = "progress_billing.mail_activity_billing_failed"
        is_told = bool(self.progress_error_message)
        # In sudo mode because nobody sets the error of a project by hand.
        self.sudo().write(
            {
                "progress_error_message": text,
                "progress_failed_in_run": self.env["ir.cron"]._get_progress_run(),
            }
        )
        if is_told:
            self.activity_search([kind]).note = text
        else:
            self.activity_schedule(
                kind, note=text, user_id=self.user_id.id or self.env.uid
            )

    def _clear_billing_error(self):
        """Forget earlier failures of projects that were billed."""
        failed = self.filtered("progress_error_message")
        failed.sudo().progress_error_message = False
        failed.activity_unlink(["progress_billing.mail_activity_billing_failed"])

    # === MANY PROJECTS === #

    def action_open_billing_run(self):
        """Open the preview of a billing run over the projects."""
        self._check_billing_access()
        run = self.env["progress.billing.run"].create(
            {"source": "budget", "project_ids": [fields.Command.set(self.ids)]}
        )
        return run._get_action()

    def _get_run_obstacle(self, date, automatic):
        """Return why a run leaves the project, whatever is pending: a key, or False.

        :param date: the day of the run.
        :param bool automatic: whether it is the scheduled job's.
        """
        self.ensure_one()
        # Asked of the user: the project itself may be read in sudo mode.
        may_invoice = self.sudo(False)._may_create_invoices()
        if not self.progress_create_proforma and not may_invoice:
            return "rights"
        if automatic and self.progress_period == "on_demand":
            return "manual"
        if automatic and not self.filtered_domain(self._get_due_billing_domain(date)):
            return "not_due"
        return False

    # === PERIODIC PROJECTS === #

    @api.model
    def _get_automatic_batches(self, job_start):
        """Return the due projects one by one, pairs of what bills them and their ids.

        Those that failed before come last, so that they keep nobody waiting.

        :param int job_start: see `_get_progress_job_start`.
        """
        projects = self._get_due_billing_projects().filtered(
            lambda project: project.progress_failed_in_run < job_start
        )
        projects = projects.sorted(
            lambda project: (
                bool(project.progress_error_message),
                project.progress_next_date,
                project.id,
            )
        )
        return [(self._bill_batch, project.ids) for project in projects]

    @api.model
    def _bill_batch(self, project_ids):
        self.browse(project_ids)._bill_period()

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
        _made, failures = bill_in_parts(project, ProjectProject._bill_today)
        for failed, text in explain(failures).items():
            failed._note_failure(text)

    def _bill_today(self):
        """Bill the project in its company's day; the company may post and send."""
        date = self._get_billing_company()._get_progress_today()
        _proformas, moves = self._run_billing(date)
        moves._progress_post_and_send()
