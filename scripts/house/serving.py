"""A web server on one of our databases: for a person, or for a picture."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from . import places, profiles, steps, testing

LOGIN = "login admin, password admin"


def development_database(odoo, update=False):
    """Return the development database; its data is kept across code changes."""
    profile = profiles.PROFILES["dev"]
    name = profile.database()
    note = odoo.databases.note(name)
    if not note:
        return profiles.database(profile, odoo)
    if update or note["addon"] != places.addon_digest():
        profiles.update(profile, odoo, name)
    return name


def take_option(args, name, default=None):
    """Return the value of the option ``name`` and the words without it."""
    if name not in args:
        return default, list(args)
    at = args.index(name)
    if at + 1 == len(args):
        raise steps.Failure(f"{name} needs a value.")
    return args[at + 1], [*args[:at], *args[at + 2 :]]


def words(name, port):
    """Return the options with which ``odoo`` serves the database ``name``."""
    return ["-d", name, f"--db-filter=^{name}$", f"--http-port={port}"]


def serve(args):
    """Serve the development database (``--port``, ``--database demo``)."""
    odoo = profiles.ready()
    port, args = take_option(args, "--port", "8069")
    name, args = _database(odoo, args)
    print(f"http://localhost:{port}  {LOGIN}  (database {name})", flush=True)
    replace(odoo, odoo.command(*words(name, port), *args))


def _database(odoo, args):
    """Return the database that ``--database`` names, and the other words."""
    chosen, args = take_option(args, "--database", "dev")
    if chosen == "dev":
        return development_database(odoo), args
    if chosen in profiles.PROFILES:
        return profiles.database(profiles.PROFILES[chosen], odoo), args
    return chosen, args


def replace(odoo, command):
    """Become ``command``, so that signals and the terminal reach it."""
    os.chdir(places.ROOT)
    os.execvpe(command[0], [str(word) for word in command], odoo.env)


def shell(args):
    """Open a Python shell on the development database."""
    odoo = profiles.ready()
    name, args = _database(odoo, args)
    replace(odoo, odoo.command("shell", "-d", name, "--no-http", *args))


def update(args):
    """Bring the development database up to date with the code."""
    development_database(profiles.ready(), update=True)


def screenshot(args):
    """Take a picture of a running server, or of one started for it."""
    testing.need_browser()
    odoo = profiles.ready()
    script = [odoo.venv / "bin/python", places.SCRIPTS / "screenshot.py"]
    if "--server" in args:
        command = [*script, *args]
        return subprocess.run(command, env=odoo.env, check=False).returncode
    name, args = _database(odoo, args)
    with running(odoo, name) as address:
        command = [*script, *args, "--server", address]
        return subprocess.run(command, env=odoo.env, check=False).returncode


def free_port():
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(odoo, name):
    """Serve the database ``name`` for a while and yield its address."""
    port = free_port()
    log = places.BUILD / "server.log"
    options = [*words(name, port), "--max-cron-threads=0", "--log-level=warn"]
    with log.open("w") as out:
        process = subprocess.Popen(
            odoo.command(*options),
            env=odoo.env,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    address = f"http://localhost:{port}"
    try:
        _wait_for(f"{address}/web/login", process, log)
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _wait_for(address, process, log):
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=60).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise steps.Failure(f"The server did not start:\n{log.read_text()[-3000:]}")
