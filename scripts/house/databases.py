"""Databases with their filestores: made once as templates, copied from then on."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from . import places, steps

PREFIX = "pb"
#: What a log must not hold: Odoo only warns when demo data does not load.
ERRORS = (" ERROR ", " CRITICAL ", "demo data failed")


class Databases:
    """The databases of one PostgreSQL server, with the filestores in the cache.

    :param env: the variables with which psql finds the server
    """

    def __init__(self, env):
        self.env = env

    @property
    def data_dir(self):
        """The folder that Odoo calls its data directory."""
        return places.cache() / "odoo-data"

    def filestore(self, name):
        """Return the folder with the attachments of the database ``name``."""
        return self.data_dir / "filestore" / name

    def query(self, sql, database="postgres"):
        """Run ``sql`` through psql and return its rows as lists of texts."""
        out = steps.run(
            [*("psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1")]
            + ["-d", database, "-c", sql],
            what="talk to PostgreSQL",
            hint="  With PGHOST set, PGUSER and PGPASSWORD must fit that server.",
            env=self.env,
        )
        return [line.split("\t") for line in out.splitlines()]

    def note(self, name):
        """Return what was noted on a complete database, or None without one."""
        rows = self.query(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database "
            f"WHERE datname = '{name}'"
        )
        if not rows or not rows[0][0]:
            return None
        return json.loads(rows[0][0])

    def set_note(self, name, **values):
        """Note ``values`` on a database, which marks it as complete."""
        text = json.dumps(values).replace("'", "''")
        self.query(f"COMMENT ON DATABASE \"{name}\" IS '{text}'")

    def names(self):
        """Return the names of all our databases on the server."""
        rows = self.query(
            f"SELECT datname FROM pg_database WHERE datname LIKE '{PREFIX}\\_%'"
        )
        return sorted(row[0] for row in rows)

    def drop(self, name):
        """Drop a database, whoever is connected to it, and its filestore."""
        self.query(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        shutil.rmtree(self.filestore(name), ignore_errors=True)

    def copy(self, source, name):
        """Copy a database and its filestore, as hard links where possible."""
        self.drop(name)
        self.disconnect(source)
        self.query(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        if self.filestore(source).is_dir():
            shutil.copytree(
                self.filestore(source), self.filestore(name), copy_function=_link
            )

    def rename(self, source, name):
        """Rename a database and its filestore."""
        self.disconnect(source)
        self.query(f'ALTER DATABASE "{source}" RENAME TO "{name}"')
        shutil.rmtree(self.filestore(name), ignore_errors=True)
        if self.filestore(source).is_dir():
            self.filestore(source).rename(self.filestore(name))

    def disconnect(self, name):
        """End the connections to a database, so that it can be copied."""
        self.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        )

    def drop_orphans(self):
        """Drop the databases of checkouts that are no longer there."""
        names = self.names()
        for name in names:
            checkout = (self.note(name) or {}).get("checkout")
            if checkout and not Path(checkout).is_dir():
                print(f"  dropping the databases of {checkout}, which is gone")
                mine = name.rsplit("_", 1)[0]
                for other in filter(lambda x: x.startswith(f"{mine}_"), names):
                    self.drop(other)


def _link(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


class Odoo:
    """Runs the host's commands on databases.

    :param venv: the virtual environment with the host
    :param env: the variables for it, PostgreSQL's included
    """

    def __init__(self, venv, env, databases):
        self.venv = venv
        self.databases = databases
        self.env = {**env, "ODOO_RC": str(self._config())}

    def _config(self):
        """Write the configuration file of this checkout and return it."""
        path = places.BUILD / "odoo.conf"
        addons = places.link_addon()
        path.write_text(
            "[options]\n"
            f"addons_path = {addons}\n"
            f"data_dir = {self.databases.data_dir}\n"
            "http_interface = 127.0.0.1\n"
            "list_db = False\n"
        )
        self.databases.data_dir.mkdir(parents=True, exist_ok=True)
        return path

    def command(self, *args):
        """Return the command line of ``odoo`` with ``args``."""
        return [str(self.venv / "bin/odoo"), *map(str, args)]

    def run(self, *args, what):
        """Run ``odoo`` quietly; an error in its log is a failure too."""
        out = steps.run(self.command(*args), what=what, env=self.env)
        errors = [x for x in out.splitlines() if any(word in x for word in ERRORS)]
        if errors:
            start = out.index(errors[0])
            shown = out[start : start + 6000]
            raise steps.Failure(f"Could not {what}: its log has errors.\n{shown}")
        return out

    def script(self, database, code, *, what, addons=None):
        """Run Python ``code`` in ``odoo shell`` and return what it printed.

        A shell's exit code does not tell an exception: the last line does.
        """
        args = ["shell", "-d", database, "--no-http", "--log-level=warn"]
        if addons:
            args.append(f"--addons-path={addons}")
        result = subprocess.run(
            self.command(*args),
            input=f"{code}\n\nprint('HOUSE-OK')\n",
            capture_output=True,
            text=True,
            env=self.env,
            check=False,
        )
        out = result.stdout.rstrip()
        if result.returncode or not out.endswith("HOUSE-OK"):
            raise steps.Failure(f"Could not {what}.\n{out}\n{result.stderr}")
        return out.removesuffix("HOUSE-OK")
