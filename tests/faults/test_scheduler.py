"""The scheduled job in Odoo's own scheduler, which stops a job after ten seconds."""

import re
import time

from odoo.tests import tagged

from .processes import ProcessCase, get_size

#: Lines that can be billed, on orders older than those that cannot but due later.
GOOD = get_size("LINES", 320)
BAD = 120
#: Lines above the contract value, and projects billed by month.
DUE = f"""
env["ir.cron"].search([]).active = False
cron = env.ref("progress_billing.ir_cron_generate")
cron.write({{"active": True, "nextcall": "2099-01-01"}})
env["progress.billing.line"].create([
    {{"order_id": order.id, "name": f"good {{number}}", "percent": 25.0,
      "date": "2026-01-02"}}
    for order in make_orders({GOOD} // 4) for number in range(4)
])
bad = env["progress.billing.line"].create([
    {{"order_id": order.id, "name": "bad", "percent": 50.0, "date": "2026-01-01"}}
    for order in make_orders({BAD})
])
env.flush_all()
env.cr.execute(
    "UPDATE progress_billing_line SET amount_type = 'amount', amount = 999.0 "
    "WHERE id IN %s", [tuple(bad.ids)])
env.invalidate_all()
product = env["product.product"].create({{
    "name": "Planning", "type": "service", "service_tracking": "task_in_project"}})
for order in make_orders(2, progress_method="revenue"):
    order.order_line.completed_percent = 50.0
    order.project_id.write({{
        "progress_period": "month", "progress_first_date": "2026-01-01"}})
"""
START = """
env.ref("progress_billing.ir_cron_generate")._trigger()
env.cr.commit()
"""


@tagged("post_install", "-at_install")
class TestScheduler(ProcessCase):
    prepare = DUE

    def _run_job(self):
        """Let the scheduler work until the job is done; return its log."""
        self._wait(self._start(START))
        words = ("--workers=0", "--max-cron-threads=1")
        with self._server(*words) as (_port, log):
            deadline = time.monotonic() + 300.0 + GOOD
            while self._is_waiting():
                if time.monotonic() > deadline:
                    self.fail(f"The job does not end: {log.read()}")
                # Odoo looks once a minute, or when somebody wakes it.
                self._query(
                    "postgres", f"SELECT pg_notify('cron_trigger', '{self.name}')"
                )
                time.sleep(0.5)
            return log.read()

    def _is_waiting(self):
        """Return whether the job is running or to be run again."""
        return bool(
            self._query(
                self.name,
                # The scheduler removes a trigger when it has done what it asked for.
                "SELECT 1 FROM ir_cron_trigger trigger "
                "JOIN ir_cron cron ON cron.id = trigger.cron_id AND cron.active",
            )
        )

    def _count(self, table, condition):
        return self._query(
            self.name, f"SELECT count(*) FROM {table} WHERE {condition}"
        )[0][0]

    def assertTriedOnce(self, log):
        """Assert that the job tried each line that fails, and none of them twice."""
        tried = re.findall(r"(\S+): bad was not billed", log)
        self.assertEqual(len(tried), BAD)
        self.assertEqual(len(set(tried)), BAD)

    def test_job_goes_on_to_the_end_after_its_slice(self):
        log = self._run_job()
        slices = re.findall(r"partially done \(#loop", log)
        self.assertTrue(slices, f"More lines are needed to fill a slice: {log}")
        lines = "progress_billing_line"
        self.assertEqual(self._count(lines, "name != 'bad' AND state = 'draft'"), GOOD)
        self.assertEqual(self._count(lines, "name = 'bad' AND state = 'planned'"), BAD)
        self.assertTriedOnce(log)
        self.assertEqual(
            self._count("project_project", "progress_last_date IS NOT NULL"), 2
        )
        # The next night: what failed is tried again, once.
        self.assertTriedOnce(self._run_job())
