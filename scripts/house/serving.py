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

CLICKS = """\
  1. Sales > Orders > Orders: open {order}. Its tab Billing shows the plan above.
  2. Smart button Invoices: the deposit invoices and the final invoice.
  3. Sales > Orders: the other demo orders still wait for you. Press Create on a line
     of the tab Billing, then Create Final Invoice.
"""


def _prepare(args):
    """Return odoo, the database and the port that ``args`` name, and other words."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--port", type=int, default=8069)
    parser.add_argument("--database", default="dev")
    own, args = parser.parse_known_args(args)
    odoo, name = profiles.ready(), own.database
    if name == "dev":
        name = _development(odoo)
    elif name in profiles.PROFILES:
        name = profiles.database(profiles.PROFILES[name], odoo)
    return odoo, name, own.port, args


def _development(odoo, update=False):
    """Return the development database; its data is kept across code changes."""
    profile, now = profiles.PROFILES["dev"], places.addon_digest()
    name = profile.database()
    note = odoo.notes().get(name)
    if not note:
        return profiles.database(profile, odoo)
    if update or note["addon"] != now:
        profiles.install(profile, odoo, name, option="-u")
        odoo.set_note(name, **note | {"addon": now})
    return name


def update(args):
    """Bring the development database up to date with the code."""
    _development(profiles.ready(), update=True)


def shell(args):
    """Open a Python shell on the development database."""
    odoo, name, _port, args = _prepare(args)
    _become(odoo, odoo.tool("odoo", "shell", "-d", name, "--no-http", *args))


def serve(args):
    """Serve the development database (``--port``, ``--database demo``)."""
    odoo, name, port, args = _prepare(args)
    print(f"http://localhost:{port}  login admin, password admin  ({name})", flush=True)
    _become(odoo, [*_server(odoo, name, port), *args])


def serve_demo(args):
    """Run the main job on demo data, print what happened, and serve it.

    :param args: ``--no-serve`` stops after the table; ``--port`` chooses the port
    """
    odoo, name, _port, _args = _prepare(["--database", "demo"])
    table = demo.run(odoo, name)
    print(table)
    if "--no-serve" not in args:
        print(CLICKS.format(order=table.split("Order ", 1)[-1].split()[0]))
        port = ["--port", _free_port(8069)]
        serve(["--database", "demo", *map(str, port), "--log-level=warn", *args])


def _server(odoo, name, port):
    words = ("-d", name, f"--db-filter=^{name}$", f"--http-port={port}")
    return odoo.tool("odoo", *words)


def _become(odoo, command):
    """Become ``command``, so that signals and the terminal reach it."""
    os.chdir(places.ROOT)
    os.execvpe(command[0], command, odoo.env)


def _free_port(wanted=0):
    """Return the port ``wanted``, or another one when somebody has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def _running(odoo, name):
    """Serve the database ``name`` for a while and yield its address."""
    port, log = _free_port(), places.BUILD / "server.log"
    command = [*_server(odoo, name, port), "--max-cron-threads=0", "--log-level=warn"]
    with log.open("w") as out:
        process = subprocess.Popen(
            command, env=odoo.env, stdout=out, stderr=out, start_new_session=True
        )
    address, end = f"http://localhost:{port}", time.monotonic() + 60
    try:
        while not _answers(f"{address}/web/login"):
            if process.poll() is not None or time.monotonic() > end:
                raise steps.Failure(f"The server did not start:\n{log.read_text()}")
            time.sleep(0.1)
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _answers(address):
    try:
        urllib.request.urlopen(address, timeout=60).close()
    except OSError:
        return False
    return True


def screenshot(args):
    """Take a picture of a running server, or of one started for it."""
    testing.need_browser()
    if "--server" in args:
        return _pictures(profiles.ready(), args)
    odoo, name, _port, args = _prepare(args)
    with _running(odoo, name) as address:
        return _pictures(odoo, [*args, "--server", address])


def screenshots(args):
    """Take the pictures of README and manual again; words choose some by name."""
    testing.need_browser()
    odoo, source, _port, args = _prepare(["--database", "demo", *args])
    name = f"pb_{places.checkout_id()}_pictures"
    odoo.copy(source, name)
    demo.run(odoo, name, final=False)
    with _running(odoo, name) as address:
        code = _pictures(odoo, ["--named", *args, "--server", address])
    odoo.drop(name)
    return code


def _pictures(odoo, args):
    command = odoo.tool("python", places.SCRIPTS / "pictures.py", *args)
    return subprocess.run(command, env=odoo.env, check=False).returncode
