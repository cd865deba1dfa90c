"""A web server on one of our databases: for a person, or for a picture."""

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request

from . import demo, places, profiles, steps, testing

LOGIN = "login admin, password admin"
CLICKS = """\
  1. Sales > Orders > Orders: open {order}. Its tab Billing shows the plan above.
  2. Smart button Invoices: the deposit invoices and the final invoice.
  3. Sales > Orders: the other demo orders still wait for you. Press Create on a line
     of the tab Billing, then Create Final Invoice.
"""


def options(args):
    """Return the options of our own, ``port`` and ``database``, and other words."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--port", type=int)
    parser.add_argument("--database", default="dev")
    return parser.parse_known_args(args)


def database(odoo, chosen):
    """Return the name of the database that ``--database`` means, up to date."""
    if chosen == "dev":
        return _development(odoo)
    if chosen in profiles.PROFILES:
        return profiles.database(profiles.PROFILES[chosen], odoo)
    return chosen


def _development(odoo, update=False):
    """Return the development database; its data is kept across code changes."""
    profile = profiles.PROFILES["dev"]
    name = profile.database()
    note = odoo.note(name)
    if not note:
        return profiles.database(profile, odoo)
    if update or note["addon"] != places.addon_digest():
        profiles.install(profile, odoo, name, option="-u")
        odoo.set_note(name, **note | {"addon": places.addon_digest()})
    return name


def update(args):
    """Bring the development database up to date with the code."""
    _development(profiles.ready(), update=True)


def shell(args):
    """Open a Python shell on the development database."""
    odoo = profiles.ready()
    own, args = options(args)
    name = database(odoo, own.database)
    _become(odoo, odoo.command("shell", "-d", name, "--no-http", *args))


def serve(args):
    """Serve the development database (``--port``, ``--database demo``)."""
    odoo = profiles.ready()
    own, args = options(args)
    serve_forever(odoo, database(odoo, own.database), own.port or 8069, args)


def serve_forever(odoo, name, port, args):
    """Become a server of the database ``name``."""
    print(f"http://localhost:{port}  {LOGIN}  (database {name})", flush=True)
    _become(odoo, odoo.command(*_words(name, port), *args))


def serve_demo(args):
    """Run the main job on demo data, print what happened, and serve it.

    :param args: ``--no-serve`` stops after the table; ``--port`` chooses the port
    """
    own, args = options(args)
    odoo = profiles.ready()
    name = database(odoo, "demo")
    table = demo.run(odoo, name)
    print(table)
    if "--no-serve" not in args:
        print(CLICKS.format(order=table.split("Order ", 1)[-1].split()[0]))
        port = own.port or free_port(8069)
        serve_forever(odoo, name, port, ["--log-level=warn", *args])


def _words(name, port):
    return ["-d", name, f"--db-filter=^{name}$", f"--http-port={port}"]


def _become(odoo, command):
    """Become ``command``, so that signals and the terminal reach it."""
    os.chdir(places.ROOT)
    os.execvpe(command[0], command, odoo.env)


def free_port(wanted=0):
    """Return the port ``wanted``, or another one when somebody has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return free_port()
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(odoo, name):
    """Serve the database ``name`` for a while and yield its address."""
    port = free_port()
    log = places.BUILD / "server.log"
    quiet = ("--max-cron-threads=0", "--log-level=warn")
    with log.open("w") as out:
        process = subprocess.Popen(
            odoo.command(*_words(name, port), *quiet),
            env=odoo.env,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        _wait_for(f"http://localhost:{port}/web/login", process, log)
        yield f"http://localhost:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _wait_for(address, process, log):
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(address, timeout=60).close()
        time.sleep(0.1)
    raise steps.Failure(f"The server did not start:\n{log.read_text()[-3000:]}")


def screenshot(args):
    """Take a picture of a running server, or of one started for it."""
    testing.need_browser()
    odoo = profiles.ready()
    if "--server" in args:
        return _pictures(odoo, args)
    own, args = options(args)
    with running(odoo, database(odoo, own.database)) as address:
        return _pictures(odoo, [*args, "--server", address])


def screenshots(args):
    """Take the pictures of README and manual again; words choose some by name."""
    testing.need_browser()
    odoo = profiles.ready()
    name = f"pb_{places.checkout_id()}_pictures"
    odoo.copy(database(odoo, "demo"), name)
    demo.run(odoo, name)
    with running(odoo, name) as address:
        code = _pictures(odoo, ["--named", *args, "--server", address])
    odoo.drop(name)
    return code


def _pictures(odoo, args):
    command = odoo.tool("python", places.SCRIPTS / "pictures.py", *args)
    return subprocess.run(command, env=odoo.env, check=False).returncode
