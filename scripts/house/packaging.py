"""What is made from the addon for others: a wheel, and the list of its terms."""

import re
import shutil
import tempfile

from . import places, profiles, steps, venv

NOT_PACKED = ("scripts", ".ci", "Makefile", ".gitignore")


def dist(args):
    """Build ``dist/odoo_addon_progress_billing-*.whl``."""
    folder = venv.ensure()
    target = places.ROOT / "dist"
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory() as tmp, steps.step("building the wheel"):
        addon = places.export(tmp, without=NOT_PACKED)
        steps.run(
            [
                *(folder / "bin/python", "-m", "pip", "wheel", "--quiet"),
                *("--no-deps", "--no-build-isolation", "-w", target, addon),
            ],
            what="build the wheel",
            env=venv.environment(folder),
        )
    for wheel in target.glob("*.whl"):
        print(wheel.relative_to(places.ROOT))


def pot(args):
    """Export the addon's terms to ``i18n/progress_billing.pot``.

    From a copy: the export follows links, and ours leads back into itself.
    """
    odoo = profiles.ready()
    name = profiles.database(profiles.PROFILES["test"], odoo)
    target = places.ROOT / "i18n" / f"{places.ADDON}.pot"
    target.parent.mkdir(exist_ok=True)
    before = target.read_text() if target.exists() else ""
    with steps.step(f"exporting the terms of {places.ADDON}"):
        copy = places.export(places.BUILD / "export", without=NOT_PACKED)
        odoo.run(
            *(f"--addons-path={copy.parent}", "i18n", "export"),
            *("-d", name, "-o", target, places.ADDON),
            what="export the terms",
        )
    after = target.read_text()
    if _without_dates(before) == _without_dates(after):
        target.write_text(before)
        print("i18n is up to date")
    else:
        print(f"{target.relative_to(places.ROOT)} changed")


def _without_dates(text):
    return re.sub(r'"PO(T-Creation|-Revision)-Date: .*\n', "", text)
