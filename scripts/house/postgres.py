"""PostgreSQL: a private cluster of ours, or an existing server named by PGHOST."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from . import apt, places, steps

ROLE, PORT = "progress", "5432"
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
SHARED = "postgres"


def ensure(cluster=None):
    """Return the PG* variables of a running server, starting ours if needed."""
    if os.environ.get("PGHOST") and not cluster:
        if not shutil.which("psql"):
            apt.install("postgresql-client", "PostgreSQL's psql")
        return {}
    with steps.lock("postgres"):
        cluster = cluster or Cluster()
        if not cluster.complete.exists():
            cluster.create()
        if not cluster.is_running():
            cluster.start()
    path = f"{os.environ['PATH']}{os.pathsep}{cluster.programs}"
    socket = {"PGHOST": str(cluster.sockets), "PGPORT": PORT}
    return {**socket, "PGUSER": ROLE, "PATH": path}


def stop():
    """Stop the private cluster, if it runs."""
    Cluster().stop()


class Cluster:
    """Our own server, with its data and its socket in a folder of its own.

    It refuses to run as root. So root lends it to another user, and as root's home is
    closed to that one, its folder lies in /var/lib then.

    :param name: of one that a command makes for itself and removes
    """

    def __init__(self, name=SHARED):
        self.name, self.programs = name, _programs()
        cache = places.cache()
        there = [path for path in (cache, *cache.parents) if path.exists()]
        self.home, self.owner = cache / name, {}
        if os.geteuid() == 0:
            user = _user()
            self.owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            if not all(path.stat().st_mode & 0o001 for path in there):
                folder = f"{places.ADDON}-{places.digest(cache, length=8)}"
                other = "" if name == SHARED else f"-{name}"
                self.home = Path("/var/lib") / f"{folder}{other}"
        # Emptying the cache removes this mark too.
        self.complete = cache / f"{name}.ready"
        self.sockets = self.home / "sockets"
        if len(str(self.sockets)) >= 80:  # a socket's path has at most 107 bytes
            self.sockets = Path(tempfile.gettempdir(), f"pb-{places.digest(self.home)}")

    def run(self, program, *args, what):
        """Run a program of the server on the cluster's data, as its owner."""
        command = [self.programs / program, "-D", self.home / "data", *args]
        hint = f"  Its log is {self.home / 'log'}. To begin again: remove {self.home}."
        steps.run(command, what=what, hint=hint, cwd=self.home, **self.owner)

    def is_running(self):
        """Tell whether the server answers on its socket."""
        program = self.programs / "pg_isready"
        probe = [program, "-q", "-h", self.sockets, "-p", PORT]
        return subprocess.run(probe, check=False).returncode == 0

    def create(self):
        """Make an empty cluster in the place of another one."""
        with steps.step("creating a private PostgreSQL cluster"):
            self._make_folders()
            self.stop()  # one whose cache was emptied
            shutil.rmtree(self.home / "data", ignore_errors=True)
            options = ("--no-sync", "-U", ROLE, "-E", "UTF8", "--locale=C.UTF-8")
            auth = ("--auth-local=trust", "--auth-host=reject")
            self.run("initdb", *options, *auth, what="create a PostgreSQL cluster")
            with (self.home / "data/postgresql.conf").open("a") as conf:
                conf.write(SETTINGS)
            self.complete.touch()

    def start(self):
        """Start the server and wait until it answers."""
        with steps.step("starting the private PostgreSQL"):
            self._make_folders()
            options = ("-w", "-t", "120", "-l", self.home / "log")
            words = (*options, "-o", f"-k {self.sockets} -p {PORT}", "start")
            self.run("pg_ctl", *words, what="start PostgreSQL")

    def stop(self, mode="fast"):
        """Stop the server, if it runs; ``immediate`` is without a checkpoint."""
        if self.is_running():
            self.run("pg_ctl", "-m", mode, "stop", what="stop PostgreSQL")

    def kill(self):
        """Kill the server's first process, as the kernel would without memory.

        Return when the others are gone too, so that it can be started again.
        """
        postmaster = int((self.home / "data/postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text()
        os.kill(postmaster, signal.SIGKILL)
        for pid in map(int, children.split()):
            while Path(f"/proc/{pid}").exists():
                time.sleep(0.05)

    def remove(self):
        """Stop the server for good and remove its folder."""
        self.stop("immediate")
        self.complete.unlink(missing_ok=True)
        shutil.rmtree(self.home, ignore_errors=True)

    def _make_folders(self):
        for folder in (self.home, self.sockets):
            folder.mkdir(parents=True, exist_ok=True)
            if self.owner:
                os.chown(folder, self.owner["user"], self.owner["group"])


def _user():
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise steps.Failure("No unprivileged user to run PostgreSQL (postgres, nobody).")


def _programs():
    """Return the folder of the server's programs, installing it if we may."""
    for attempt in (1, 2):
        found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb")]
        found.sort(key=lambda path: float(path.parts[4]))
        if on_path := shutil.which("initdb"):
            found.insert(0, Path(on_path).resolve())
        if found:
            return found[-1].parent
        if attempt == 1:
            apt.install("postgresql", "PostgreSQL")
    raise steps.Failure("PostgreSQL's initdb is nowhere to be found.")
