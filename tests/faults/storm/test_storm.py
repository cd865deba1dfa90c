"""Everything goes wrong at once, and each due line is billed once or says why not."""

import os
import random
import signal
import sys
import tempfile
import threading
import time
import xmlrpc.client
from contextlib import ExitStack
from pathlib import Path

from odoo.tests import tagged

from ..processes import ProcessCase, get_size

WORKERS = 4
KILLS = get_size("KILLS", 1)
LINES = get_size("LINES", 100)
#: How a line that cannot be billed is made so; one in ten lines is such a one.
WAYS = 10
DUE = f"""
from odoo.fields import Command
company.progress_auto_post = True
env["ir.cron"].search([]).active = False
def plan(order, name, **values):
    return env["progress.billing.line"].create({{
        "order_id": order.id, "name": name, "percent": 100.0, "date": "2026-01-01",
        **values}})
for order in make_orders({LINES} * 9 // 40):
    for number in range(4):
        plan(order, "good", percent=25.0)
cr = env.cr
def archive(record):
    # As somebody did who found no warning in his way.
    env.flush_all()
    cr.execute(
        f"UPDATE {{record._table}} SET active = false WHERE id = %s", [record.id])
    env.invalidate_all()
def copy_account(number, account):
    return account.copy({{"code": f"PBX{{number}}"}})
receivable = env["account.account"].search(
    [("account_type", "=", "asset_receivable")], limit=1)
income = env["account.account"].search([("account_type", "=", "income")], limit=1)
archived = copy_account(1, receivable), copy_account(2, income)
journal = env["account.journal"].create(
    {{"name": "Gone", "code": "GONE", "type": "sale"}})
euro = env.ref("base.EUR")
euro.active = True
pricelist = env["product.pricelist"].create({{"name": "E", "currency_id": euro.id}})
other = env["res.company"].create({{"name": "Other"}})
def partner_of(number):
    return env["res.partner"].create({{"name": f"Way {{number}}"}})
partners = [partner_of(number) for number in range({WAYS})]
for number in range({LINES} // 10):
    way = number % {WAYS}
    values = {{"partner_id": partners[way].id}}
    if way == 4:
        values["pricelist_id"] = pricelist.id
    if way == 5:
        values["journal_id"] = journal.id
    if way == 3:
        values["progress_method"] = "revenue"
    order = make_orders(1, **values)
    line = plan(order, f"bad {{way}}")
    env.flush_all()
    if way in (0, 1):
        cr.execute(
            "UPDATE progress_billing_line SET amount_type = 'amount', amount = 999.0, "
            "sale_line_id = %s WHERE id = %s",
            [order.order_line.id if way else None, line.id])
    if way == 2:
        partners[2].property_account_receivable_id = archived[0]
    if way == 3:
        unsellable = env["product.product"].create({{"name": "Old", "type": "service",
            "property_account_income_id": archived[1].id}})
        cr.execute("UPDATE sale_order_line SET product_id = %s WHERE id = %s",
            [unsellable.id, order.order_line.id])
    env.invalidate_all()
cr.execute("UPDATE res_partner SET company_id = %s WHERE id = %s",
    [other.id, partners[9].id])
for record in (*archived, journal, euro):
    archive(record)
# What only the database finds, and what it wants to be tried again.
cr.execute('''
CREATE FUNCTION storm() RETURNS trigger AS $$ BEGIN
    IF NEW.partner_id = {{0}} THEN RAISE EXCEPTION 'the database refuses it'; END IF;
    IF NEW.partner_id = {{1}} THEN PERFORM 1 / 0; END IF;
    IF NEW.partner_id = {{2}} THEN
        RAISE unique_violation USING MESSAGE = 'it is there already'; END IF;
    IF random() < 0.01 THEN RAISE serialization_failure; END IF;
    IF random() < 0.005 THEN RAISE deadlock_detected; END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER storm BEFORE INSERT ON account_move
FOR EACH ROW EXECUTE FUNCTION storm();
'''.format(*(partners[way].id for way in (6, 7, 8))))
"""
#: A process that bills what is due until nothing is left but what says why, and nobody
#: is killed any more.
WORKER = """
import os, pathlib, random, time
from psycopg2 import OperationalError
from odoo.exceptions import ConcurrencyError
from odoo.addons.progress_billing.models.run import progress_billing_line
progress_billing_line.BATCH_SIZE = 5
Line = env["progress.billing.line"]
folder = pathlib.Path("{folder}")
ready, over = folder / str(os.getpid()), folder / "over"
ready.touch()
left = True
while left or not over.exists():
    try:
        Line._cron_generate()
        env.cr.commit()
        left = Line.search_count(
            [("state", "=", "planned"), ("error_message", "=", False)])
    except (OperationalError, ConcurrencyError):
        env.cr.rollback()
    env.cr.rollback()
    env.invalidate_all()
    time.sleep(random.random() / 5)
ready.unlink()
"""
#: Deposits of the moves that belong to a line.
BOOKED = """
SELECT line.id, count(DISTINCT move.id), count(DISTINCT item.id),
       coalesce(-sum(item.balance), 0), min(move.state)
  FROM progress_billing_line line
  LEFT JOIN account_move_line item ON item.progress_line_id = line.id
  LEFT JOIN account_move move ON move.id = item.move_id
 WHERE line.name {condition} 'bad%'
 GROUP BY line.id
"""


class User(threading.Thread):
    """Somebody who clicks on lines in the web client, as long as it lasts."""

    def __init__(self, database, port, ids, seed):
        super().__init__(daemon=True)
        self.database, self.ids = database, ids
        self.url = f"http://127.0.0.1:{port}/xmlrpc/2/object"
        self.random, self.is_over = random.Random(seed), threading.Event()
        self.answers = []

    def run(self):
        while not self.is_over.wait(self.random.random()):
            ids = self.random.sample(self.ids, 3)
            method = self.random.choice(["action_bill", "action_create_invoice"])
            try:
                proxy = xmlrpc.client.ServerProxy(self.url, allow_none=True)
                words = ("progress.billing.line", method, [ids])
                proxy.execute_kw(self.database, 2, "admin", *words)
                self.answers.append(("billed", ""))
            except xmlrpc.client.Fault as fault:
                self.answers.append(("refused", fault.faultString))
            except (OSError, xmlrpc.client.Error) as error:
                self.answers.append(("lost", str(error)))


@tagged("post_install", "-at_install")
class TestStorm(ProcessCase):
    prepare = DUE
    limit = 600 + 2 * LINES

    @classmethod
    def setUpClass(cls):
        if not os.environ.get("PROGRESS_CLUSTER"):
            cls.skipTest(cls, "expected: `make` brings a PostgreSQL to be killed")
        from house.postgres import Cluster

        cls.cluster = Cluster(os.environ["PROGRESS_CLUSTER"])
        super().setUpClass()

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.random = random.Random(get_size("SEED", 1))
        self.workers = []
        self.addCleanup(lambda: [worker.kill() for worker in self.workers])

    def _start_workers(self):
        """Start as many as are missing; return how many ended by themselves."""
        running = [worker for worker in self.workers if worker.poll() is None]
        ended = [worker for worker in self.workers if worker not in running]
        for worker in ended:
            worker.stdout.close()
        code = WORKER.format(folder=self.folder)
        started = [self._start(code) for _n in range(WORKERS - len(running))]
        self.workers = running + started
        return len(ended)

    def _kill_one(self):
        """Kill one process in the middle of its work."""
        deadline = time.monotonic() + 300.0
        # Spread over the work, not all at its beginning.
        time.sleep(self.random.uniform(0.0, 0.05 * LINES / KILLS))
        while time.monotonic() < deadline:
            time.sleep(self.random.random())
            at_work = [
                worker
                for worker in self.workers
                if worker.poll() is None and (self.folder / str(worker.pid)).exists()
            ]
            if at_work:
                victim = self.random.choice(at_work)
                victim.send_signal(signal.SIGKILL)
                victim.wait()
                return
        self.fail("No process came to work within five minutes.")

    def _stop_database(self, hard):
        """Stop PostgreSQL under everybody, and start it again."""
        if hard:
            self.cluster.kill()
        else:
            self.cluster.stop("immediate")
        self.cluster.start()

    def test_each_line_is_billed_once_or_says_why_whatever_breaks(self):
        ids = [
            row[0] for row in self._query(self.name, BOOKED.format(condition="LIKE"))
        ]
        good = BOOKED.format(condition="NOT LIKE")
        ids += [row[0] for row in self._query(self.name, good)]
        words = ("--workers=0", "--max-cron-threads=0", "--log-level=critical")
        with ExitStack() as stack:
            port, _log = stack.enter_context(self._server(*words))
            user = User(self.name, port, ids, self.random.random())
            user.start()
            stack.callback(user.join, 60)
            stack.callback(user.is_over.set)
            self._start_workers()
            for number in range(KILLS):
                self._kill_one()
                if number in (KILLS // 3, 2 * KILLS // 3):
                    self._stop_database(hard=number == KILLS // 3)
                self._start_workers()
            self._let_finish()
        answers = self._count_answers(user)
        sys.stdout.write(f"clicks: {len(user.answers)}, {answers}\n")
        self._check_good_lines()
        self._check_bad_lines()
        self._check_books()
        self._check_nothing_is_locked()

    def _let_finish(self):
        """Let the processes bill what is left; none of them may fail."""
        (self.folder / "over").touch()
        for worker in self.workers:
            worker.wait()
            out = worker.stdout.read()
            if "DONE" not in out:
                # The one that lost its connection when PostgreSQL stopped.
                self.assertRegex(out, "connection|terminat|closed|starting up")
        self._wait(self._start(WORKER.format(folder=self.folder)))

    def _count_answers(self, user):
        kinds = [kind for kind, _text in user.answers]
        return {kind: kinds.count(kind) for kind in sorted(set(kinds))}

    def _check_good_lines(self):
        """Assert that each is billed once, with its whole amount, and posted."""
        rows = self._query(self.name, BOOKED.format(condition="NOT LIKE"))
        self.assertEqual(len(rows), LINES * 9 // 40 * 4)
        for line, moves, items, amount, state in rows:
            found = (moves, items, float(amount), state)
            self.assertEqual(found, (1, 1, 25.0, "posted"), f"line {line}")

    def _check_bad_lines(self):
        """Assert that each says why, has left nothing, and was told of once."""
        for row in self._query(self.name, BOOKED.format(condition="LIKE")):
            self.assertEqual(row[1:3], (0, 0), f"line {row[0]}")
        reasons = self._query(
            self.name,
            "SELECT name, state, error_message FROM progress_billing_line "
            "WHERE name LIKE 'bad%' ORDER BY name",
        )
        self.assertEqual(len(reasons), LINES // 10)
        for name, state, reason in reasons:
            self.assertEqual(state, "planned", name)
            self.assertGreater(len(reason or ""), 10, name)
        for name, _state, reason in sorted({(n, s, r[:150]) for n, s, r in reasons}):
            sys.stdout.write(f"{name}: {reason}\n")
        told = self._query(
            self.name,
            "SELECT res_id, count(*) FROM mail_activity "
            "WHERE res_model = 'sale.order' GROUP BY res_id",
        )
        self.assertEqual({count for _order, count in told}, {1})
        self.assertEqual(len(told), LINES // 10)

    def _check_books(self):
        """Assert that numbers have no gap and each posted move and order adds up."""
        numbers = self._query(
            self.name,
            "SELECT count(*), count(DISTINCT sequence_number), min(sequence_number), "
            "max(sequence_number) FROM account_move WHERE state = 'posted' "
            "GROUP BY journal_id, sequence_prefix",
        )
        for count, different, first, last in numbers:
            self.assertEqual((count, different, first), (last, last, 1))
        unbalanced = self._query(
            self.name,
            "SELECT move_id FROM account_move_line GROUP BY move_id "
            "HAVING sum(balance) != 0",
        )
        self.assertEqual(unbalanced, [])
        stray = self._query(
            self.name,
            "SELECT id FROM account_move WHERE state != 'posted' OR NOT EXISTS (SELECT "
            "FROM account_move_line item WHERE item.move_id = account_move.id "
            "AND item.progress_line_id IS NOT NULL)",
        )
        self.assertEqual(stray, [])

    def _check_nothing_is_locked(self):
        """Assert that nobody holds a row or a transaction any more."""
        open_ones = self._query(
            self.name,
            "SELECT pid, state, query FROM pg_stat_activity WHERE pid != "
            "pg_backend_pid() AND datname = current_database() "
            "AND xact_start IS NOT NULL AND backend_type = 'client backend'",
        )
        self.assertEqual(open_ones, [])
        for table in ("sale_order", "progress_billing_line", "account_move"):
            self._query(self.name, f"SELECT id FROM {table} FOR UPDATE NOWAIT")
