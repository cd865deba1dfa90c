"""The virtual environment: Odoo's requirements, the test tools, the host itself."""

import os
import re
import shutil
import sys
from pathlib import Path

from . import host, places, steps

LAUNCHER = """\
#!{python}
import sys

import odoo.cli

if __name__ == "__main__":
    sys.exit(odoo.cli.main())
"""


def ensure():
    """Return the folder of a virtual environment in which ``odoo`` runs."""
    home = host.ensure()
    python = ".".join(map(str, sys.version_info[:2]))
    key = places.digest(places.REQUIREMENTS.read_text(), python, home)
    target = places.cache() / "venvs" / key
    if not (target / "ready").exists():
        with steps.lock(f"venv-{key}"):
            if not (target / "ready").exists():
                _create(target, home)
    return target


def _create(target, home):
    """Create the environment at its final place: a venv cannot be moved."""
    shutil.rmtree(target, ignore_errors=True)
    with steps.step("creating the virtual environment"):
        steps.run(
            [sys.executable, "-m", "venv", target],
            what="create a virtual environment",
            hint="  Debian: apt-get install python3-venv",
        )
    with steps.step("installing the Python requirements"):
        steps.run(
            [
                target / "bin/python",
                *("-m", "pip", "install", "--disable-pip-version-check"),
                *("--quiet", "-r", places.REQUIREMENTS),
            ],
            what="install the requirements of Odoo with pip",
            hint="  Check that pip reaches its index (pip download passlib), "
            "then run this again.",
        )
    _add_host(target, home)
    (target / "ready").touch()


def _add_host(target, home):
    """Put the host on the path, with a launcher, and the patched wkhtmltopdf."""
    site = next((target / "lib").glob("python3.*/site-packages"))
    (site / "odoo_host.pth").write_text(f"{home}\n")
    launcher = target / "bin/odoo"
    launcher.write_text(LAUNCHER.format(python=target / "bin/python"))
    launcher.chmod(0o755)
    pack = target / "bin/wkhtmltopdf-pack"
    if pack.exists():
        (target / "bin/wkhtmltopdf").symlink_to(pack.name)


def requirement(name):
    """Return the frozen requirement line of one package."""
    lines = places.REQUIREMENTS.read_text().splitlines()
    pattern = re.compile(rf"{re.escape(name)}\s*==", re.IGNORECASE)
    return next(line for line in lines if pattern.match(line))


def environment(venv):
    """Return the variables with which Odoo and pytest run from ``venv``."""
    env = dict(os.environ)
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "ODOO_RC"):
        env.pop(name, None)
    env["VIRTUAL_ENV"] = str(venv)
    env["PATH"] = f"{Path(venv) / 'bin'}{os.pathsep}{env['PATH']}"
    return env
