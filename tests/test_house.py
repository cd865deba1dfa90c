"""The addon as it is delivered: what its manifest names is there, and it opens."""

from pathlib import Path

from odoo.modules.module import Manifest
from odoo.tests import HttpCase, TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestManifest(TransactionCase):
    def test_named_files_exist(self):
        manifest = Manifest.for_addon("progress_billing")
        folder = Path(manifest.path)
        missing = [
            name
            for name in [*manifest["data"], *manifest["demo"]]
            if not (folder / name).is_file()
        ]
        self.assertFalse(missing)


@tagged("post_install", "-at_install")
class TestWebClient(HttpCase):
    def test_web_client_opens_a_sale_order(self):
        order = self.env["sale.order"].create(
            {"partner_id": self.env.ref("base.partner_admin").id}
        )
        self.browser_js(
            f"/odoo/sale.order/{order.id}",
            "console.log('test successful')",
            "Boolean(document.querySelector('.o_form_view .o_statusbar_status'))",
            login="admin",
        )
