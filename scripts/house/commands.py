"""One function per command of ``scripts/dev.py``."""

import argparse
import shlex
import shutil
import subprocess
import tempfile

from . import (
    faults,
    hosttests,
    places,
    postgres,
    profiles,
    runs,
    serving,
    steps,
    testing,
    upgrade,
    venv,
)

POT = f"i18n/{places.ADDON}.pot"
#: All of pylint-odoo; whether a model's classes should be one is asked room by room.
MERGING = "consider-merging-classes-inherited"
PYLINT = ("--disable=all", "--enable=odoolint", f"--disable={MERGING}")
PYLINT_ROOM = ("--disable=all", f"--enable={MERGING}")


def main(words):
    """Run the command named by the first word; return the exit code."""
    command = COMMANDS.get(words[0]) if words else None
    if not command:
        print("commands:", ", ".join(COMMANDS))
        return 2
    return command(words[1:]) or 0


def setup(args):
    """Bring the host, the environment, PostgreSQL and the test database."""
    odoo = profiles.ready()
    profiles.database(profiles.PROFILES["test"], odoo)
    print(f"ready: {odoo.venv}")


def env(args):
    """Print the shell variables with which odoo, psql and pytest work here."""
    odoo = profiles.ready()
    for name, value in odoo.env.items():
        if name.startswith(("ODOO_", "PG")) or name in ("PATH", "VIRTUAL_ENV"):
            print(f"export {name}={shlex.quote(value)}")
    print("unset PYTHONDONTWRITEBYTECODE")


def lint(args):
    """Run ruff, check and format, and pylint-odoo; return the first failure."""
    folder = venv.ensure()
    rules = f"--rcfile={places.ROOT / 'pyproject.toml'}"
    copy = places.export(places.BUILD / "lint")
    checks = (
        (places.ROOT, ["ruff", "check"]),
        (places.ROOT, ["ruff", "format", "--check"]),
        (copy.parent, ["pylint", *PYLINT, rules, places.ADDON]),
        *(
            (copy.parent, ["pylint", *PYLINT_ROOM, rules, str(room)])
            for room in sorted((copy / "models").iterdir())
            if room.is_dir()
        ),
    )
    code = 0
    for cwd, command in checks:
        print(*command[:2], flush=True)
        env = venv.environment(folder)
        code = subprocess.run(command, cwd=cwd, env=env, check=False).returncode or code
    return code


def pot(args):
    """Export the addon's terms to ``i18n/progress_billing.pot``, update the languages.

    From a copy: the export follows links, and ours leads back into itself.
    """
    odoo = profiles.ready()
    name = profiles.database(profiles.PROFILES["test"], odoo)
    copy = places.export(places.BUILD / "export")
    for language in (copy / "i18n").glob("*.po"):
        language.unlink()  # the export would ask gettext, which may be missing
    odoo.env["ODOO_ADDONS_PATH"] = str(copy.parent)
    with steps.step(f"exporting the terms of {places.ADDON}"):
        words = ("-d", name, "--addons-dir", copy.parent, "-m", places.ADDON)
        odoo.run("click-odoo-makepot", *words, what="export the terms")
    shutil.copy2(copy / POT, places.ROOT / POT)
    python = [odoo.venv / "bin/python", places.SCRIPTS / "house/languages.py"]
    print(steps.run([*python, places.ROOT / POT], what="update the languages"), end="")
    subprocess.run(["git", "diff", "--stat", "i18n"], cwd=places.ROOT, check=False)


def dist(args):
    """Build ``dist/odoo_addon_progress_billing-*.whl``."""
    folder = venv.ensure()
    target = places.ROOT / "dist"
    shutil.rmtree(target, ignore_errors=True)
    pip = [folder / "bin/python", "-m", "pip", "wheel", "--quiet", "--no-deps"]
    pip += ["--no-build-isolation", "-w", target]
    with tempfile.TemporaryDirectory() as tmp, steps.step("building the wheel"):
        command = [*pip, places.export(tmp)]
        steps.run(command, what="build the wheel", env=venv.environment(folder))
    print(*(wheel.relative_to(places.ROOT) for wheel in target.glob("*.whl")))


def clean(args):
    """Drop this checkout's databases; with ``--all`` those of every checkout."""
    odoo = profiles.ready()
    mine = f"pb_{places.checkout_id()}_"
    for name in odoo.notes():
        if name.startswith(mine) or "--all" in args:
            print(f"  dropping {name}")
            odoo.drop(name)
    shutil.rmtree(places.BUILD, ignore_errors=True)


def stop(args):
    """Stop the private PostgreSQL."""
    postgres.stop()


def bench(args):
    """Run ``scripts/bench.py`` in a fresh database; it gets ``args``."""
    odoo = profiles.ready()
    # One scenario needs the job queue, which the others do without.
    profile = "queue" if "queue" in args else "bench"
    name = profiles.database(profiles.PROFILES[profile], odoo)
    working = f"{name}_run"
    odoo.copy(name, working)
    command = odoo.tool("python", places.SCRIPTS / "bench.py", working, *args)
    code = subprocess.run(command, cwd=places.ROOT, env=odoo.env, check=False)
    odoo.drop(working)
    return code.returncode


def soak(args):
    """Do anything in any order for an hour, or as long as ``args`` say."""
    parser = argparse.ArgumentParser(prog="soak", description=soak.__doc__)
    parser.add_argument("--seconds", default="3600")
    parser.add_argument("--seed", default="", help="the first; else the time is")
    options = parser.parse_args(args)
    odoo = profiles.ready()
    odoo.env["PROGRESS_SECONDS"] = options.seconds
    odoo.env["PROGRESS_SEED"] = options.seed
    name = profiles.database(profiles.PROFILES["test"], odoo)
    working = f"{name}_soak"
    odoo.copy(name, working)
    words = [f"{runs.LINKED}/tests/properties/soak.py", "-n0", "-s", "-q"]
    code = runs.run(odoo, working, words)
    odoo.drop(working)
    return code


COMMANDS = {
    "setup": setup,
    "test": testing.test,
    "lint": lint,
    "demo": serving.serve_demo,
    "serve": serving.serve,
    "shell": serving.shell,
    "update": serving.update,
    "screenshot": serving.screenshot,
    "screenshots": serving.screenshots,
    "bench": bench,
    "soak": soak,
    "faults": faults.faults,
    "upgrade": upgrade.upgrade,
    "host-tests": hosttests.host_tests,
    "pot": pot,
    "dist": dist,
    "env": env,
    "clean": clean,
    "stop": stop,
}
