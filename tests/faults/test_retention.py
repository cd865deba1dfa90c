"""Two people release, or credit, the same retention: it goes back once."""

import tempfile
from pathlib import Path

from odoo.tests import tagged

from .processes import ProcessCase

RELEASE = """
import pathlib, time
from odoo.service.model import retrying
def wait_for(name):
    while not pathlib.Path("{folder}", name).exists():
        time.sleep(0.1)
def say(name):
    pathlib.Path("{folder}", name).touch()
orders = env["sale.order"].search([("has_retention", "=", True)], order="id")
order = orders.filtered("retention_held_amount")[0]
order.read()
{before}
def work():
    {work}
    env.flush_all()
    {after}
retrying(work, env)
env.cr.commit()
"""
BY_RELEASE = "order._create_retention_releases().action_post()"
BY_CREDIT = (
    "order.invoice_ids.filtered(lambda m: m.move_type == 'out_invoice')"
    "._reverse_moves(cancel=True)"
)
#: As the scheduled job does with a batch of what it found to be due.
BY_JOB = "order._release_due_retention()"


@tagged("post_install", "-at_install")
class TestRetention(ProcessCase):
    prepare = """
company.retention_account_id = env["account.account"].create({
    "name": "Retention", "code": "PBRET", "account_type": "asset_current",
    "reconcile": True,
})
company.retention_journal_id = env["account.journal"].create(
    {"name": "Releases", "code": "RET", "type": "sale"})
for order in make_orders(4, 1000.0, progress_method="revenue", retention_percent=10.0,
        retention_base="untaxed"):
    env["progress.billing.line"].create(
        {"order_id": order.id, "name": "All", "percent": 100.0}
    )._create_progress_invoices().action_post()
"""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def _work(self, work, before="", after=""):
        return self._start(
            RELEASE.format(folder=self.folder, work=work, before=before, after=after)
        )

    def assertGivenBackOnce(self):
        """Assert that nothing is held of released orders, each released once."""
        rows = self._query(
            self.name,
            "SELECT sum(line.amount_currency), count(DISTINCT move.id) "
            "FILTER (WHERE move.is_retention_release) "
            "FROM account_move_line line JOIN account_move move "
            "ON move.id = line.move_id WHERE line.retention_order_id IS NOT NULL "
            "AND line.parent_state = 'posted' GROUP BY line.retention_order_id "
            "HAVING bool_or(move.is_retention_release)",
        )
        rows = [(float(held), releases) for held, releases in rows]
        self.assertEqual(set(rows), {(0.0, 1)})

    def test_what_somebody_released_meanwhile_is_not_released_again(self):
        second = self._work(BY_RELEASE, before="say('read'); wait_for('committed')")
        first = self._work(BY_RELEASE, before="wait_for('read')")
        self._wait(first)
        (self.folder / "committed").touch()
        self._wait(second, fails=True)
        self.assertGivenBackOnce()

    def test_job_does_not_release_again_what_somebody_released_meanwhile(self):
        """It takes up what is due, a person releases it, and it finds nothing left."""
        job = self._work(BY_JOB, before="say('read'); wait_for('committed')")
        person = self._work(BY_RELEASE, before="wait_for('read')")
        self._wait(person)
        (self.folder / "committed").touch()
        self._wait(job)
        self.assertGivenBackOnce()

    def test_job_leaves_what_somebody_is_releasing_and_tells_nobody(self):
        query = "SELECT count(*) FROM mail_activity WHERE res_model = 'sale.order'"
        told = self._query(self.name, query)
        person = self._work(BY_RELEASE, after="say('held'); wait_for('tried')")
        job = self._work(BY_JOB, before="wait_for('held')")
        self._wait(job)
        (self.folder / "tried").touch()
        self._wait(person)
        self.assertGivenBackOnce()
        self.assertEqual(self._query(self.name, query), told)

    def test_credit_of_what_somebody_released_meanwhile_gives_nothing_back(self):
        second = self._work(BY_CREDIT, before="say('read'); wait_for('committed')")
        first = self._work(BY_RELEASE, before="wait_for('read')")
        self._wait(first)
        (self.folder / "committed").touch()
        self._wait(second)
        self.assertGivenBackOnce()
