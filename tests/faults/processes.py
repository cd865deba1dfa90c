"""Real processes on a committed copy of the database."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid

import psycopg2

from odoo.sql_db import connection_info_for
from odoo.tests import BaseCase, get_db_name
from odoo.tools import config

#: A company that bills deposits, a product and a customer.
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
def make_orders(count, price=100.0, **values):
    orders = env["sale.order"].create([
        {"partner_id": partner.id, **values, "order_line": [
            (0, 0, {"product_id": product.id, "price_unit": price}),
        ]}
        for number in range(count)
    ])
    orders.action_confirm()
    return orders
"""


def get_size(name, default):
    """Return how large a test is: what `make faults` says, or a short form."""
    return int(os.environ.get(f"PROGRESS_{name}", default))


def get_free_port():
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ProcessCase(BaseCase):
    """The tests run on a copy of a database of their own; its original serves here."""

    #: Python that fills the database after `PREPARE`.
    prepare = ""
    #: Seconds after which a process that hangs says where, and ends.
    limit = 600

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source, copied = re.subn(r"-gw\d+$", "", get_db_name())
        if not copied:
            cls.skipTest(cls, "expected: only where tests run on a copy")
        cls.name = f"{cls.source}_{uuid.uuid4().hex[:6]}"
        cls._query("postgres", f'CREATE DATABASE "{cls.name}" TEMPLATE "{cls.source}"')
        cls.addClassCleanup(
            cls._query, "postgres", f'DROP DATABASE "{cls.name}" WITH (FORCE)'
        )
        cls._wait(cls._start(f"{PREPARE}{cls.prepare}\nenv.cr.commit()"))

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
        """Return a process of its own that runs code in the database.

        It writes to a file: a pipe that nobody reads yet would stop it once it is full.
        """
        command = [
            *(sys.executable, "-c", "import odoo.cli; odoo.cli.main()"),
            *("shell", "-d", cls.name, "--no-http", "--log-level=error"),
            *("--shell-interface=python", "--max-cron-threads=0"),
            f"--addons-path={','.join(config['addons_path'])}",
            f"--data-dir={config['data_dir']}",
        ]
        with tempfile.NamedTemporaryFile("w") as out:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
            )
            process.stdout = open(out.name)
        process.stdin.write(
            "import faulthandler\n"
            f"faulthandler.dump_traceback_later({cls.limit}, exit=True)\n"
            f"{code}\nprint('DONE')\n"
        )
        process.stdin.close()
        return process

    @classmethod
    @contextlib.contextmanager
    def _server(cls, *words):
        """Run a web server; yield its port and the file of its log."""
        port = get_free_port()
        command = [
            # A file, not code: with workers it starts itself once more, for its bus.
            *(shutil.which("odoo"), "server"),
            *("-d", cls.name, f"--db-filter=^{cls.name}$"),
            *(f"--http-port={port}", "--http-interface=127.0.0.1", *words),
            f"--addons-path={','.join(config['addons_path'])}",
            f"--data-dir={config['data_dir']}",
        ]
        with tempfile.NamedTemporaryFile("r") as log, open(log.name, "w") as out:
            server = subprocess.Popen(
                command, stdout=out, stderr=out, start_new_session=True
            )
            try:
                yield port, log
            finally:
                os.killpg(server.pid, signal.SIGTERM)
                server.wait(30)

    @classmethod
    def _wait(cls, process, fails=False):
        process.wait()
        out = process.stdout.read()
        process.stdout.close()
        if ("DONE" in out) == fails:
            raise AssertionError(out)
