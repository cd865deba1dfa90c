"""The addon as it is delivered: what its manifest names is there, and it opens."""

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import polib
from lxml import html

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
class TestDelivery(TransactionCase):
    def test_what_the_store_and_oca_ask_for_is_there(self):
        manifest = Manifest.for_addon("progress_billing")
        self.assertRegex(manifest["version"], r"^19\.0\.\d+\.\d+\.\d+$")
        self.assertEqual(manifest["license"], "LGPL-3")
        self.assertIn(manifest["development_status"], ("Beta", "Production/Stable"))
        for key in ("name", "summary", "author", "category"):
            self.assertTrue(manifest[key], key)
        for name in ("README.md", "LICENSE", "static/description/icon.png"):
            self.assertTrue((FOLDER / name).is_file(), name)
        page = html.parse(FOLDER / "static/description/index.html")
        pictures = page.xpath("//img/@src")
        self.assertTrue(pictures)
        self.assertTrue(all(page.xpath("//img/@alt")))
        images = [f"static/description/{name}" for name in pictures]
        for name in [*images, *manifest["images"]]:
            self.assertTrue((FOLDER / name).is_file(), name)

    def test_a_wheel_holds_what_a_folder_shows(self):
        if not importlib.util.find_spec("whool"):
            self.skipTest("expected: nothing here builds wheels")
        no_part = (".*", "__pycache__", "scripts", "doc", "dist", "build", "tests")
        with TemporaryDirectory() as folder:
            copy = Path(folder, "progress_billing")
            shutil.copytree(
                FOLDER.resolve(), copy, ignore=shutil.ignore_patterns(*no_part)
            )
            files = {
                str(path.relative_to(copy))
                for path in copy.rglob("*")
                if path.is_file()
            }
            code = f"from whool.buildapi import build_wheel; build_wheel({folder!r})"
            subprocess.run(
                [sys.executable, "-c", code], cwd=copy, check=True, capture_output=True
            )
            (wheel,) = Path(folder).glob("*.whl")
            start = "odoo/addons/progress_billing/"
            packed = {
                name.removeprefix(start)
                for name in zipfile.ZipFile(wheel).namelist()
                if name.startswith(start)
            }
        # What only building needs.
        self.assertFalse(files - packed - {"pyproject.toml"})


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
