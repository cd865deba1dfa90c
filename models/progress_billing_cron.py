import logging
from contextlib import closing

from psycopg2 import OperationalError

from odoo import api, models

from .progress_billing_line_run import BILLING_ERRORS

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
        goes through, and the host does not call the job again for it. With a job queue
        the batches run there.
        """
        lines = self._get_automatic_lines()
        if self._has_job_queue():
            lines._enqueue_run(size=BATCH_SIZE)
            return
        line_ids = lines.ids
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
        return self.search(self._get_run_domain(automatic=True))

    def _generate_batch(self, consolidated=False):
        """Bill a batch of due lines; group by group, then one by one, where it fails.

        Locked lines and lines of locked orders are left to whoever holds them.

        :param bool consolidated: orders of one customer share an invoice.
        :return: the created `account.move` records.
        """
        return self._try_lock_billing()._bill_in_parts(consolidated)

    def _bill_in_parts(self, consolidated):
        """Bill the lines together, or else in smaller parts; return the invoices."""
        moves, error = self._try_billing(consolidated)
        if not error:
            return moves
        if len(self) == 1:
            self._record_billing_error(error)
            return moves
        _logger.info("Progress billing goes on in smaller parts: %s", error)
        parts = self._get_parts_to_try(consolidated)
        return moves.union(*(part._bill_in_parts(consolidated) for part in parts))

    def _get_parts_to_try(self, consolidated):
        """Return what to bill instead of all at once, as a list of recordsets.

        Of the lines that share an invoice, those that fail are left alone and the rest
        still shares one.
        """
        if not consolidated:
            return list(self)
        groups = self._get_consolidation_groups()
        if len(groups) > 1:
            return groups
        billable = self._find_billable()
        if not billable or billable == self:
            return list(self)
        return [billable, *(self - billable)]

    def _find_billable(self):
        """Return the lines that can be billed one after the other; nothing stays."""
        billable = self.browse()
        with closing(self.env.cr.savepoint()):
            for line in self.sorted(lambda line: line._get_billing_order()):
                if not line._try_billing()[1]:
                    billable |= line
        return billable

    def _try_billing(self, consolidated=False):
        """Bill the lines together, or undo it all.

        :return: tuple of (the created `account.move` records, the exception or None).
        """
        moves = self.env["account.move"]
        if not self:
            return moves, None
        try:
            with self.env.cr.savepoint():
                created = self._create_progress_invoices(consolidated)
                self._clear_billing_error()
            return created, None
        except OperationalError:
            # The database asks for another attempt; the host makes it.
            raise
        except Exception as error:  # noqa: BLE001
            # Whatever it is, it must not keep the other lines from being billed.
            self.env.invalidate_all()
            return moves, error

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
        is_refusal = isinstance(error, BILLING_ERRORS)
        _logger.warning(
            "%s was not billed: %s",
            self.display_name,
            error,
            # A refusal explains itself; anything else is a defect to be traced.
            exc_info=None if is_refusal else error,
        )
        self.error_message = str(error.args[0] if error.args else error)

    def _clear_billing_error(self):
        """Forget earlier failures of lines that were billed."""
        self.filtered("error_message").error_message = False
