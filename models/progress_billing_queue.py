from hashlib import sha256

from odoo import models


class ProgressBillingLine(models.Model):
    """The batches of a run as jobs of OCA `queue_job`, where that is installed.

    A job never commits itself; that the same line is not billed twice lies in the
    data: a batch bills what it can lock and what is still planned.
    """

    _inherit = "progress.billing.line"

    def _has_job_queue(self):
        """Return whether runs can be handed to a job queue."""
        return "queue.job" in self.env

    def _enqueue_run(self, consolidated=False, size=50):
        """Hand the lines to the job queue, one job for each batch.

        A batch that waits in the queue already is not added again.

        :return: the number of batches.
        """
        batches = self._get_batches(consolidated, size)
        for batch in batches:
            batch.with_delay(
                description=self.env._("Bill %(count)s lines", count=len(batch)),
                identity_key=batch._get_job_key(consolidated),
            )._generate_batch(consolidated)
        return len(batches)

    def _get_job_key(self, consolidated):
        """Return a key that is the same for the same batch."""
        words = f"{consolidated}:{','.join(map(str, sorted(self.ids)))}"
        return f"progress_billing:{sha256(words.encode()).hexdigest()}"
