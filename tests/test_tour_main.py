"""The main job in the browser: plan, create, let the job run, finish, post."""

from odoo.tests import HttpCase, freeze_time, tagged

from .common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestTourMain(ProgressBillingCommon, HttpCase):
    def test_main_job_in_the_browser(self):
        self.env.user.write({"login": "accountman", "tz": "UTC"})
        self.env.user.group_ids += self.env.ref("base.group_user")
        order = self._order(10000.0)
        url = f"/odoo/sale.order/{order.id}"
        self.start_tour(url, "progress_billing_plan", login="accountman")
        lines = order.progress_line_ids
        self.assertEqual(lines.mapped("state"), ["posted", "planned", "planned"])
        with freeze_time("2026-12-01"), self.enter_registry_test_mode():
            self.env.ref("progress_billing.ir_cron_generate").method_direct_trigger()
        self.env.invalidate_all()
        lines[1].move_id.action_post()
        self.start_tour(url, "progress_billing_finish", login="accountman")
        self.assertSettled(order)
