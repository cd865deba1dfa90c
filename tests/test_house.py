"""The addon as it is delivered: what its manifest names is there, and it opens."""

import os
from pathlib import Path
from unittest.mock import patch

import polib

from odoo.modules.module import Manifest
from odoo.tests import HttpCase, TransactionCase, loader, tagged
from odoo.tools import translate

FOLDER = Path(Manifest.for_addon("progress_billing").path)
#: Folders of tests that need other modules, so nothing imports them by itself.
APART = {"stock", "queue", "charts", "faults"}
walk = os.walk


def walk_addons(path, **kwargs):
    """Walk as the export of terms does, without the link that leads into itself."""
    for root, folders, files in walk(path, followlinks=True):
        folders[:] = [x for x in folders if x[0] != "." and x != "scripts"]
        yield root, folders, files


@tagged("post_install", "-at_install")
class TestManifest(TransactionCase):
    def test_named_files_exist(self):
        manifest = Manifest.for_addon("progress_billing")
        missing = [
            name
            for name in [*manifest["data"], *manifest["demo"]]
            if not (FOLDER / name).is_file()
        ]
        self.assertFalse(missing)


@tagged("post_install", "-at_install")
class TestTests(TransactionCase):
    def test_own_runner_of_the_host_finds_every_test(self):
        """It only runs modules named test_… that tests/__init__.py imports by name."""
        folder = FOLDER / "tests"
        files = {path.relative_to(folder) for path in folder.rglob("test_*.py")}
        modules = loader.get_test_modules("progress_billing")
        found = {Path(module.__file__).relative_to(folder) for module in modules}
        self.assertEqual({x for x in files if x.parts[0] not in APART}, found)


@tagged("post_install", "-at_install")
class TestTerms(TransactionCase):
    def test_list_of_terms_is_current(self):
        """After a change of words: make pot."""
        with patch.object(translate.os, "walk", walk_addons):
            rows = list(
                translate.TranslationModuleReader(
                    self.env.cr, modules=["progress_billing"]
                )
            )
        terms = {source for _m, _type, _name, _id, source, *_rest in rows}
        listed = polib.pofile(str(FOLDER / "i18n/progress_billing.pot"))
        self.assertEqual({entry.msgid for entry in listed}, terms)


@tagged("post_install", "-at_install")
class TestEmptyRecords(TransactionCase):
    def test_fields_of_nothing_can_be_read(self):
        """Forms make and remove records that belong to nothing: combo lines, rows."""
        for name, model in self.env.items():
            if model._abstract:
                continue
            ours = [
                field
                for field, value in model._fields.items()
                if name.startswith("progress.billing")
                or "progress_billing" in value._modules
            ]
            record = model.new({}) if ours else model
            for field in ours:
                with self.subTest(model=name, field=field):
                    record[field]


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
