"""Two people release a pro forma: it is invoiced once."""

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
proforma = env["progress.billing.proforma"].search([("state", "=", "draft")], limit=1)
proforma.read()
{before}
def release():
    proforma.action_release()
    env.flush_all()
    {after}
retrying(release, env)
env.cr.commit()
"""


@tagged("post_install", "-at_install")
class TestProformas(ProcessCase):
    prepare = """
product = env["product.product"].create({
    "name": "Planning", "type": "service", "service_tracking": "task_in_project"})
for order in make_orders(2, progress_method="revenue"):
    order.project_id.progress_create_proforma = True
    order.order_line.completed_percent = 50.0
    order.project_id._run_billing()
"""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def _release(self, before="", after=""):
        """Return a process that reads a pro forma that is not released, and does it."""
        return self._start(
            RELEASE.format(folder=self.folder, before=before, after=after)
        )

    def assertReleasedOnce(self):
        rows = self._query(
            self.name,
            "SELECT proforma.state, count(move.id), sum(move.amount_untaxed) "
            "FROM progress_billing_proforma proforma "
            "LEFT JOIN account_move move ON move.progress_proforma_id = proforma.id "
            "GROUP BY proforma.id HAVING count(move.id) > 0",
        )
        rows = [(state, count, float(amount)) for state, count, amount in rows]
        self.assertEqual(set(rows), {("released", 1, 50.0)})

    def test_second_click_while_the_first_is_at_work_is_refused(self):
        first = self._release(after="say('released'); wait_for('refused')")
        second = self._release(before="wait_for('released')")
        self._wait(second, fails=True)
        (self.folder / "refused").touch()
        self._wait(first)
        self.assertReleasedOnce()

    def test_click_on_what_somebody_released_meanwhile_makes_nothing(self):
        second = self._release(before="say('read'); wait_for('committed')")
        first = self._release(before="wait_for('read')")
        self._wait(first)
        (self.folder / "committed").touch()
        self._wait(second)
        self.assertReleasedOnce()
