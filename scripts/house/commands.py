"""One function per command of ``scripts/dev.py``."""

import os
import shlex
import shutil
import subprocess

from . import places, postgres, profiles, testing, venv


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


def _replace_by(odoo, command):
    """Become ``command``, so that signals and the terminal reach it."""
    os.chdir(places.ROOT)
    os.execvpe(command[0], [str(word) for word in command], odoo.env)


def _dev_database(odoo, update=False):
    """Return the development database; its data is kept across code changes."""
    profile = profiles.PROFILES["dev"]
    name = profile.database()
    if not odoo.databases.note(name):
        return profiles.database(profile, odoo)
    if update or odoo.databases.note(name)["addon"] != places.addon_digest():
        profiles.update(profile, odoo, name)
    return name


def serve(args):
    """Serve the web client on the development database (``--port 8069``)."""
    odoo = profiles.ready()
    name = _dev_database(odoo)
    port = "8069"
    if "--port" in args:
        at = args.index("--port")
        port = args[at + 1]
        args = args[:at] + args[at + 2 :]
    print(f"http://localhost:{port}  login admin, password admin  (database {name})")
    _replace_by(odoo, odoo.command(*_serve_words(name, port), *args))


def _serve_words(name, port):
    return ["-d", name, f"--db-filter=^{name}$", f"--http-port={port}"]


def shell(args):
    """Open a Python shell on the development database."""
    odoo = profiles.ready()
    name = _dev_database(odoo)
    _replace_by(odoo, odoo.command("shell", "-d", name, "--no-http", *args))


def update(args):
    """Bring the development database up to date with the code."""
    _dev_database(profiles.ready(), update=True)


def lint(args):
    """Run ruff and pylint-odoo; return the first exit code that is not 0."""
    folder = venv.ensure()
    env = venv.environment(folder)
    places.export(places.BUILD / "lint", without=("scripts",))
    pylint = [folder / "bin/python", "-m", "pylint"]
    pylint += [f"--rcfile={places.ROOT / 'pyproject.toml'}", places.ADDON]
    print("ruff check", flush=True)
    ruff = subprocess.run(
        [folder / "bin/ruff", "check"], cwd=places.ROOT, env=env, check=False
    )
    print("pylint with pylint-odoo", flush=True)
    odoo = subprocess.run(pylint, cwd=places.BUILD / "lint", env=env, check=False)
    return ruff.returncode or odoo.returncode


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


COMMANDS = {
    "setup": setup,
    "test": testing.test,
    "lint": lint,
    "serve": serve,
    "shell": shell,
    "update": update,
    "env": env,
    "clean": clean,
    "stop": stop,
}
