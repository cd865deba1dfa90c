import logging

from odoo import api, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

_logger = logging.getLogger(__name__)

BATCH_SIZE = 50


class ProgressBillingLine(models.Model):
    """The loop of the scheduled job. Nothing else in the addon commits."""

    _inherit = "progress.billing.line"

    @api.model
    def _cron_generate(self):
        """Bill the due automatic lines, company by company, batch by batch.

        Progress is committed with every batch, so that a killed run resumes where it
        stood. A line that fails is noted on itself and counts as processed: the rest
        goes through, and the host does not call the job again for it.
        """
        line_ids = self._get_automatic_lines().ids
        remaining_time = self.env["ir.cron"]._commit_progress(remaining=len(line_ids))
        for start in range(0, len(line_ids), BATCH_SIZE):
            if not remaining_time:
                break
            # Browsed anew: a batch must not hold the records of the ones before.
            self.env.invalidate_all()
            batch = self.browse(line_ids[start : start + BATCH_SIZE])
            batch._generate_batch()
            remaining_time = self.env["ir.cron"]._commit_progress(len(batch))

    @api.model
    def _get_automatic_lines(self):
        """Return the lines that the scheduled job bills now, in each company's day."""
        lines = self.browse()
        for company in self.env["res.company"].search([]):
            domain = Domain(self._get_due_domain(company._get_progress_today()))
            lines |= self.search(
                domain
                & Domain("invoice_flag", "=", "auto")
                & Domain("company_id", "=", company.id)
            )
        return lines

    def _generate_batch(self):
        """Bill a batch of due lines; one by one where it fails as a whole.

        Locked lines and lines of locked orders are left to whoever holds them.
        """
        lines = self._try_lock_billing()
        if not lines:
            return
        try:
            with self.env.cr.savepoint():
                lines._create_progress_invoices()
                lines._clear_billing_error()
            return
        except (UserError, ValidationError) as error:
            _logger.info("Progress billing goes line by line: %s", error)
        self.env.invalidate_all()
        for line in lines:
            try:
                with self.env.cr.savepoint():
                    line._create_progress_invoices()
                    line._clear_billing_error()
            except (UserError, ValidationError) as error:
                self.env.invalidate_all()
                line._record_billing_error(error)

    def _try_lock_billing(self):
        """Return the lines that are ours alone and still planned."""
        orders = self.order_id.try_lock_for_update(allow_referencing=True)
        lines = self.filtered(lambda line: line.order_id in orders)
        return lines.try_lock_for_update(allow_referencing=True).filtered(
            lambda line: line.state == "planned"
        )

    # === FAILURES ARE SEEN === #

    def _record_billing_error(self, error):
        """Note on the line why it failed, and tell the salesperson once.

        :param error: the exception; its text is shown as it is.
        """
        self.ensure_one()
        _logger.warning("%s was not billed: %s", self.display_name, error)
        self.error_message = str(error)
        self.order_id._update_billing_error_activity()

    def _clear_billing_error(self):
        """Forget earlier failures of lines that were billed."""
        failed = self.filtered("error_message")
        failed.error_message = False
        failed.order_id._update_billing_error_activity()
