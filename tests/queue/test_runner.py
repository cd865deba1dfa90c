"""A real server with a real runner of OCA queue_job: each line is billed once."""

import contextlib
import os
import signal
import time
from unittest.mock import patch

import psycopg2

from odoo.sql_db import connection_info_for
from odoo.tests import tagged

from ..faults.processes import ProcessCase, get_free_port, get_size

ORDERS = get_size("LINES", 80) // 4
BAD = ORDERS // 4
#: Four lines an order on four days, so that days are in other batches than orders; and
#: lines above what their order is worth.
DUE = f"""
company.progress_auto_post = True
env["ir.cron"].search([]).active = False
Line = env["progress.billing.line"]
Line.create([
    {{"order_id": order.id, "name": "good", "percent": 25.0,
      "date": f"2026-01-0{{day}}"}}
    for order in make_orders({ORDERS}) for day in range(1, 5)
])
bad = Line.create([
    {{"order_id": order.id, "name": "bad", "percent": 50.0, "date": "2026-01-02"}}
    for order in make_orders({BAD})
])
env.flush_all()
env.cr.execute(
    "UPDATE progress_billing_line SET amount_type = 'amount', amount = 999.0 "
    "WHERE id IN %s", [tuple(bad.ids)])
env.cr.execute('''
CREATE FUNCTION storm() RETURNS trigger AS $$ BEGIN
    IF random() < 0.02 THEN RAISE serialization_failure; END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER storm BEFORE INSERT ON account_move
FOR EACH ROW EXECUTE FUNCTION storm();
''')
env.invalidate_all()
"""
#: The scheduled job, which only hands its batches to the queue.
JOB = """
from odoo.addons.progress_billing.models.run import progress_billing_line
progress_billing_line.BATCH_SIZE = 10
env["progress.billing.line"]._cron_generate()
env.cr.commit()
"""
WAITING = "('wait_dependencies', 'pending', 'enqueued', 'started')"


@tagged("post_install", "-at_install")
class TestRunner(ProcessCase):
    prepare = DUE

    def test_two_processes_of_the_queue_bill_each_line_once_though_one_is_killed(self):
        """While somebody holds an order, whose batch a later job comes back to."""
        self._wait(self._start(JOB))
        jobs = self._count("queue_job", f"state IN {WAITING}")
        self.assertGreater(jobs, 5)
        with self._hold_order() as person:
            self._bill(jobs, person)
        self.assertEqual(self._count("queue_job", "state = 'done'"), jobs + 1)
        self.assertBilledOnce()

    @contextlib.contextmanager
    def _hold_order(self):
        """Yield a connection that holds an order of a line that is due."""
        _name, info = connection_info_for(self.name)
        with contextlib.closing(psycopg2.connect(**info)) as person:
            with person.cursor() as cursor:
                cursor.execute(
                    "SELECT id FROM sale_order WHERE id = (SELECT max(order_id) FROM "
                    "progress_billing_line WHERE name = 'good') FOR UPDATE"
                )
            yield person

    def _bill(self, jobs, person):
        """Let a server's two processes do the jobs; one of them is killed at work.

        The person lets go when there is one job more.
        """
        words = ["--workers=2", "--max-cron-threads=0", "--load=base,web,queue_job"]
        words += [f"--gevent-port={get_free_port()}", "--log-level=warn"]
        deadline, is_killed = time.monotonic() + 600.0, False
        with (
            patch.dict(os.environ, ODOO_QUEUE_JOB_CHANNELS="root:2"),
            self._server(*words) as (_port, log),
        ):
            while self._count("queue_job", f"state IN {WAITING}"):
                if time.monotonic() > deadline:
                    self.fail(f"Jobs are left: {self._get_left()} {log.read()}")
                is_killed = is_killed or self._kill_one()
                if self._count("queue_job", "true") > jobs:
                    person.rollback()
                time.sleep(0.1)
        self.assertTrue(is_killed)

    def _kill_one(self):
        """Kill a process that does a job, after some are done; return whether."""
        if not self._count("queue_job", "state = 'done'"):
            return False
        pids = self._query(
            self.name, "SELECT worker_pid FROM queue_job WHERE state = 'started'"
        )
        for (pid,) in pids[:1]:
            os.kill(pid, signal.SIGKILL)
        return bool(pids)

    def _count(self, table, condition):
        return self._query(
            self.name, f"SELECT count(*) FROM {table} WHERE {condition}"
        )[0][0]

    def _get_left(self):
        return self._query(
            self.name,
            f"SELECT state, retry, exc_info FROM queue_job WHERE state IN {WAITING}",
        )

    def assertBilledOnce(self):
        rows = self._query(
            self.name,
            "SELECT line.state, count(item.id), sum(item.price_subtotal), count(*) "
            "FROM progress_billing_line line "
            "LEFT JOIN account_move_line item ON item.progress_line_id = line.id "
            "WHERE line.name = 'good' GROUP BY line.id",
        )
        self.assertEqual(len(rows), ORDERS * 4)
        for state, items, amount, _rows in rows:
            self.assertEqual(
                (state, items, amount and float(amount)), ("posted", 1, 25)
            )
        bad = "name = 'bad' AND state = 'planned' AND error_message IS NOT NULL"
        self.assertEqual(self._count("progress_billing_line", bad), BAD)
        numbers = self._query(
            self.name,
            "SELECT count(*), count(DISTINCT sequence_number), max(sequence_number) "
            "FROM account_move GROUP BY journal_id, sequence_prefix",
        )
        self.assertEqual(numbers, [(ORDERS * 4,) * 3])
