"""One function per command of ``scripts/dev.py``."""

import shlex
import shutil
import subprocess

from . import (
    demo,
    hosttests,
    packaging,
    places,
    postgres,
    profiles,
    serving,
    testing,
    venv,
)

#: All of pylint-odoo, but several files may extend the same model.
PYLINT = (
    "--disable=all",
    "--enable=odoolint",
    "--disable=consider-merging-classes-inherited",
)


def main(words):
    """Run the command named by the first word; return the exit code."""
    name, args = (words[0], words[1:]) if words else ("help", [])
    command = COMMANDS.get(name)
    if not command:
        print("commands:", ", ".join(COMMANDS))
        return 2
    return command(args) or 0


def setup(args):
    """Bring the host, the environment, PostgreSQL and the test database."""
    odoo = profiles.ready()
    profiles.database(profiles.PROFILES["test"], odoo)
    print(f"ready: {odoo.venv}")


def env(args):
    """Print the shell variables with which odoo, psql and pytest work here."""
    odoo = profiles.ready()
    for name in ("PATH", "ODOO_RC", "PGHOST", "PGPORT", "PGUSER", "VIRTUAL_ENV"):
        if name in odoo.env:
            print(f"export {name}={shlex.quote(odoo.env[name])}")
    print("unset PYTHONDONTWRITEBYTECODE")


def lint(args):
    """Run ruff, check and format, and pylint-odoo; return the first failure."""
    folder = venv.ensure()
    env = venv.environment(folder)
    places.export(places.BUILD / "lint", without=("scripts",))
    pylint = [folder / "bin/python", "-m", "pylint", *PYLINT]
    pylint += [f"--rcfile={places.ROOT / 'pyproject.toml'}", places.ADDON]
    ruff = folder / "bin/ruff"
    code = 0
    for title, command, cwd in (
        ("ruff check", [ruff, "check"], places.ROOT),
        ("ruff format", [ruff, "format", "--check"], places.ROOT),
        ("pylint with pylint-odoo", pylint, places.BUILD / "lint"),
    ):
        print(title, flush=True)
        result = subprocess.run(command, cwd=cwd, env=env, check=False)
        code = code or result.returncode
    return code


def clean(args):
    """Drop this checkout's databases; with ``--all`` those of every checkout."""
    odoo = profiles.ready()
    mine = f"pb_{places.checkout_id()}_"
    for name in odoo.databases.names():
        if name.startswith(mine) or "--all" in args:
            print(f"  dropping {name}")
            odoo.databases.drop(name)
    shutil.rmtree(places.BUILD, ignore_errors=True)


def stop(args):
    """Stop the private PostgreSQL."""
    postgres.stop()


def bench(args):
    """Run ``scripts/bench.py`` in a fresh database; it gets ``args``."""
    odoo = profiles.ready()
    profile = profiles.PROFILES["bench"]
    name = profiles.database(profile, odoo)
    working = f"{name}_run"
    odoo.databases.copy(name, working)
    command = [odoo.venv / "bin/python", places.SCRIPTS / "bench.py", working, *args]
    code = subprocess.run(command, cwd=places.ROOT, env=odoo.env, check=False)
    odoo.databases.drop(working)
    return code.returncode


COMMANDS = {
    "setup": setup,
    "test": testing.test,
    "lint": lint,
    "demo": demo.demo,
    "serve": serving.serve,
    "shell": serving.shell,
    "update": serving.update,
    "screenshot": serving.screenshot,
    "bench": bench,
    "host-tests": hosttests.host_tests,
    "pot": packaging.pot,
    "dist": packaging.dist,
    "env": env,
    "clean": clean,
    "stop": stop,
}
