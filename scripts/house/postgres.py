"""PostgreSQL: a private cluster of ours, or an existing server named by PGHOST."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import apt, places, steps

ROLE = "progress"
PORT = "5432"
#: A cache can be made again, so speed goes before surviving a power cut.
SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 300
shared_buffers = 512MB
work_mem = 16MB
maintenance_work_mem = 128MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
autovacuum_naptime = 5min
"""


def ensure():
    """Return the PG* variables of a running server, starting ours if needed."""
    if os.environ.get("PGHOST"):
        if not shutil.which("psql"):
            apt.install("postgresql-client", "PostgreSQL's psql")
        return {}
    home = _home()
    with steps.lock("postgres"):
        binaries = _binaries()
        if not _ready().exists():
            _create(home, binaries)
        if not _running(home, binaries):
            _start(home, binaries)
    return {
        "PGHOST": str(_sockets(home)),
        "PGPORT": PORT,
        "PGUSER": ROLE,
        "PATH": f"{os.environ['PATH']}{os.pathsep}{binaries}",
    }


def stop():
    """Stop the private cluster, if it runs."""
    home, binaries = _home(), _binaries()
    if _running(home, binaries):
        command = [binaries / "pg_ctl", "-D", home / "data", "-m", "fast", "stop"]
        steps.run(command, what="stop PostgreSQL", **_as_owner(home))


def _home():
    """Return the cluster's folder: the cache, or one that its owner can reach.

    The server refuses to run as root, and root's home is closed to other users.
    """
    cache = places.cache()
    there = [path for path in (cache, *cache.parents) if path.exists()]
    if not steps.is_root() or all(path.stat().st_mode & 0o001 for path in there):
        return cache / "postgres"
    return Path("/var/lib") / f"{places.ADDON}-{places.digest(cache, length=8)}"


def _ready():
    """Return the mark of a complete cluster: emptying the cache removes it too."""
    return places.cache() / "postgres.ready"


def _sockets(home):
    """Return the folder of the socket; a socket's path has at most 107 bytes."""
    folder = home / "sockets"
    if len(str(folder)) < 80:
        return folder
    return Path(tempfile.gettempdir()) / f"pb-{places.digest(home)}"


def _as_owner(home):
    """Return the arguments for a subprocess that may run the server."""
    if not steps.is_root():
        return {"cwd": home}
    owner = _owner()
    ids = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    return {"cwd": home, **ids}


def _owner():
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise steps.Failure("No unprivileged user to run PostgreSQL (postgres, nobody).")


def _binaries():
    """Return the folder of the server's programs, installing it if we may."""
    if not (found := _find_binaries()):
        apt.install("postgresql", "PostgreSQL")
        found = _find_binaries()
    if not found:
        raise steps.Failure("PostgreSQL's initdb is nowhere to be found.")
    return found


def _find_binaries():
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = sorted(debian, key=lambda path: float(path.parts[4]))
    if on_path := shutil.which("initdb"):
        found.insert(0, Path(on_path).resolve())
    return found[-1].parent if found else None


def _create(home, binaries):
    with steps.step("creating a private PostgreSQL cluster"):
        _make_folders(home)
        stop()
        shutil.rmtree(home / "data", ignore_errors=True)
        steps.run(
            [
                *(binaries / "initdb", "--no-sync", "-D", home / "data"),
                *("-U", ROLE, "-E", "UTF8", "--locale=C.UTF-8"),
                *("--auth-local=trust", "--auth-host=reject"),
            ],
            what="create a PostgreSQL cluster",
            **_as_owner(home),
        )
        with (home / "data/postgresql.conf").open("a") as conf:
            conf.write(SETTINGS)
        _ready().touch()


def _make_folders(home):
    for folder in (home, _sockets(home)):
        folder.mkdir(parents=True, exist_ok=True)
        if steps.is_root():
            os.chown(folder, _owner().pw_uid, _owner().pw_gid)


def _running(home, binaries):
    """Tell whether our server answers on its socket."""
    probe = [binaries / "pg_isready", "-q", "-h", _sockets(home), "-p", PORT]
    return subprocess.run(probe, check=False).returncode == 0


def _start(home, binaries):
    with steps.step("starting the private PostgreSQL"):
        _make_folders(home)
        options = f"-k {_sockets(home)} -p {PORT}"
        steps.run(
            [
                *(binaries / "pg_ctl", "-D", home / "data", "-w", "-t", "120"),
                *("-l", home / "log", "-o", options, "start"),
            ],
            what="start PostgreSQL",
            hint=f"  Its log is {home / 'log'}. To begin again: remove {home}.",
            **_as_owner(home),
        )
