"""The storm with the job queue and its real runner: the same must hold."""

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from odoo.tests import tagged

from ..faults.processes import get_free_port
from ..faults.storm import test_storm

#: The scheduled job, which only hands its batches to the queue.
JOB = """
from odoo.addons.progress_billing.models.run import progress_billing_line
progress_billing_line.BATCH_SIZE = 5
env["progress.billing.line"]._cron_generate()
env.cr.commit()
"""
WAITING = "('wait_dependencies', 'pending', 'enqueued', 'started')"
LEFT = "SELECT count(*) FROM progress_billing_line WHERE state = 'planned' "
LEFT += "AND error_message IS NULL"


@tagged("post_install", "-at_install")
class TestStormOnQueue(test_storm.TestStorm):
    """Processes of a server do the jobs; they are killed, and so is PostgreSQL."""

    def setUp(self):
        super().setUp()
        self.servers = self.enterContext(ExitStack())
        self.is_serving = False

    def _start_workers(self):
        """Start the server once; hand out what is due when no job is left."""
        if not self.is_serving:
            self.is_serving = True
            words = ["--workers=2", "--max-cron-threads=0", "--log-level=critical"]
            words += ["--load=base,web,queue_job", f"--gevent-port={get_free_port()}"]
            channels = {"ODOO_QUEUE_JOB_CHANNELS": "root:2"}
            self.servers.enter_context(patch.dict(os.environ, channels))
            self.servers.enter_context(self._server(*words))
        if not self._get_jobs(WAITING):
            self._wait(self._start(JOB))

    def _get_jobs(self, states):
        """Return the process of each job that is in some states."""
        query = f"SELECT worker_pid FROM queue_job WHERE state IN {states}"
        return [pid for (pid,) in self._query(self.name, query)]

    def _kill_one(self):
        """Kill a process in the middle of a job."""
        deadline = time.monotonic() + 300.0
        while time.monotonic() < deadline:
            time.sleep(self.random.random())
            for pid in filter(self._is_ours, self._get_jobs("('started')")):
                os.kill(pid, signal.SIGKILL)
                return
            if not self._get_jobs(WAITING):
                self._start_workers()
        self.fail("No process came to work within five minutes.")

    def _stop_database(self, hard):
        """Stop PostgreSQL, and the server: the runner does not come back by itself."""
        res = super()._stop_database(hard)
        self.servers.close()
        self.is_serving = False
        return res

    def _is_ours(self, pid):
        """Return whether a process that a job names is one of the server's still."""
        try:
            return self.name.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False

    def _let_finish(self):
        """Let the jobs bill what is left, and hand out again what is left then."""
        deadline = time.monotonic() + self.limit
        while self._get_jobs(WAITING) or self._query(self.name, LEFT) != [(0,)]:
            if time.monotonic() > deadline:
                query = "SELECT state, retry, left(exc_info, 500) FROM queue_job "
                query += "WHERE state != 'done'"
                self.fail(f"Jobs are left: {self._query(self.name, query)}")
            self._start_workers()
            time.sleep(0.5)
        self.servers.close()
