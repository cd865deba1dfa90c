"""Real processes on a committed copy of the database: nothing is billed twice."""

import re
import subprocess
import sys
import uuid

import psycopg2

from odoo.sql_db import connection_info_for
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import config

PREPARE = """
company = env.company
if not env["account.journal"].search([("type", "=", "sale")]):
    charts = env["account.chart.template"]
    charts.try_loading("generic_coa", company, install_demo=False)
company.downpayment_account_id = env["account.account"].create({
    "name": "Deposits", "code": "PBDEP", "account_type": "liability_current",
    "reconcile": True,
})
product = env["product.product"].create({"name": "Work", "type": "service"})
partner = env["res.partner"].create({"name": "Customer"})
orders = env["sale.order"].create([
    {"partner_id": partner.id, "order_line": [
        (0, 0, {"product_id": product.id, "price_unit": 100.0}),
    ]}
    for number in range(12)
])
orders.action_confirm()
env["progress.billing.line"].create([
    {"order_id": order.id, "name": name, "percent": 50.0, "date": "2026-01-01",
     "invoice_flag": "yes"}
    for order in orders for name in ("first", "second")
])
env.cr.commit()
"""
JOB = """
from odoo.addons.progress_billing.models import progress_billing_cron
progress_billing_cron.BATCH_SIZE = 2
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
class TestFaults(BaseCase):
    """The tests run on a copy of a database of their own; its original serves here."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source, copied = re.subn(r"-gw\d+$", "", get_db_name())
        if not copied:
            cls.skipTest(cls, "expected: only where tests run on a copy")
        cls.name = f"{cls.source}_faults_{uuid.uuid4().hex[:6]}"
        cls._query("postgres", f'CREATE DATABASE "{cls.name}" TEMPLATE "{cls.source}"')
        cls.addClassCleanup(
            cls._query, "postgres", f'DROP DATABASE "{cls.name}" WITH (FORCE)'
        )
        cls._wait(cls._start(PREPARE))

    @classmethod
    def _query(cls, database, query):
        """Run one query outside any transaction and return its rows."""
        _name, info = connection_info_for(database)
        connection = psycopg2.connect(**info)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    @classmethod
    def _start(cls, code):
        """Return a process of its own that runs code in the database."""
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", "import odoo.cli; odoo.cli.main()"),
                *("shell", "-d", cls.name, "--no-http", "--log-level=error"),
                *("--shell-interface=python", "--max-cron-threads=0"),
                f"--addons-path={','.join(config['addons_path'])}",
                f"--data-dir={config['data_dir']}",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        process.stdin.write(f"{code}\nprint('DONE')\n")
        process.stdin.close()
        return process

    @classmethod
    def _wait(cls, process, fails=False):
        out = process.stdout.read()
        process.wait(timeout=120)
        process.stdout.close()
        if ("DONE" in out) == fails:
            raise AssertionError(out)

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
