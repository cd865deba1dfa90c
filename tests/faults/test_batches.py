"""Several processes at once: nothing is billed twice."""

from odoo.tests import tagged

from .processes import ProcessCase

ORDERS = """
env["progress.billing.line"].create([
    {"order_id": order.id, "name": name, "percent": 50.0, "date": "2026-01-01",
     "invoice_flag": "yes"}
    for order in make_orders(12) for name in ("first", "second")
])
"""
JOB = """
from odoo.addons.progress_billing.models.run import progress_billing_line
progress_billing_line.BATCH_SIZE = 2
print("READY", flush=True)
Line = env["progress.billing.line"]
Line._cron_generate()
env.cr.commit()
"""
KILLED = """
import os, signal
Model = env.registry["progress.billing.line"]
generate, batches = Model._generate_batch, []
def generate_and_die(self, *args):
    moves = generate(self, *args)
    batches.append(1)
    if len(batches) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return moves
Model._generate_batch = generate_and_die
"""
PERSON = """
import time
lines = env["progress.billing.line"].search([("state", "=", "planned")], limit=3)
lines._create_progress_invoices()
env.flush_all()
print("READY", flush=True)
time.sleep(6)
env.cr.commit()
"""


@tagged("post_install", "-at_install")
class TestBatches(ProcessCase):
    prepare = ORDERS

    def setUp(self):
        super().setUp()
        # Each test bills four orders anew, both lines of each.
        self._query(
            self.name,
            "UPDATE progress_billing_line SET invoice_flag = 'auto' WHERE order_id IN ("
            "SELECT order_id FROM progress_billing_line WHERE state = 'planned' "
            "AND invoice_flag = 'yes' GROUP BY order_id ORDER BY order_id LIMIT 4)",
        )

    def assertBilledOnce(self):
        rows = self._query(
            self.name,
            "SELECT line.id, line.state, count(item.id), sum(item.price_subtotal) "
            "FROM progress_billing_line line "
            "LEFT JOIN account_move_line item ON item.progress_line_id = line.id "
            "WHERE line.invoice_flag = 'auto' GROUP BY line.id",
        )
        self.assertTrue(rows)
        for _line, state, count, amount in rows:
            self.assertEqual((state, count, float(amount or 0)), ("draft", 1, 50.0))

    def test_two_workers_at_once_bill_every_line_once(self):
        workers = [self._start(JOB), self._start(JOB)]
        for worker in workers:
            self._wait(worker)
        # What one left because the other held it, the next run takes.
        self._wait(self._start(JOB))
        self.assertBilledOnce()

    def test_killed_run_resumes_where_it_stood(self):
        self._wait(self._start(KILLED + JOB), fails=True)
        billed = self._query(
            self.name,
            "SELECT count(*) FROM progress_billing_line "
            "WHERE invoice_flag = 'auto' AND state = 'planned'",
        )
        self.assertEqual(billed, [(4,)])
        self._wait(self._start(JOB))
        self.assertBilledOnce()

    def test_worker_and_person_bill_every_line_once(self):
        person = self._start(PERSON)
        while "READY" not in person.stdout.readline():
            self.assertIsNone(person.poll())
        self._wait(self._start(JOB))
        self._wait(person)
        self._query(
            self.name,
            "UPDATE progress_billing_line SET invoice_flag = 'auto' "
            "WHERE state = 'draft'",
        )
        self._wait(self._start(JOB))
        self.assertBilledOnce()
