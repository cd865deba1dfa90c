"""Databases, copied by PostgreSQL itself: attachments lie in them, not in files."""

import json
import os
from pathlib import Path

from . import places, steps

#: What a log must not hold: Odoo only warns when demo data does not load.
ERRORS = (" ERROR ", " CRITICAL ", "demo data failed")
#: How many characters of a name stand for its checkout.
PREFIX = len(f"pb_{places.checkout_id()}_")
#: Web assets; building them takes long.
ASSETS = "FROM ir_attachment WHERE url LIKE '/web/assets/%'"
PREGENERATE = "env['ir.qweb']._pregenerate_assets_bundles()\nenv.cr.commit()"
COLUMNS = (
    "SELECT string_agg(quote_ident(column_name::text), ',') "
    "FROM information_schema.columns "
    "WHERE table_name = 'ir_attachment' AND column_name <> 'id'"
)


class Odoo:
    """Runs the host's commands on the databases of one PostgreSQL server.

    :param venv: the virtual environment with the host
    :param env: the variables for it, those by which PostgreSQL is found included
    """

    def __init__(self, venv, env):
        data = places.cache() / "odoo-data"
        data.mkdir(parents=True, exist_ok=True)
        self.venv = venv
        self.env = env | {
            "ODOO_RC": os.devnull,  # no settings of somebody else
            "ODOO_ADDONS_PATH": str(places.link_addon()),
            "ODOO_DATA_DIR": str(data),
            "ODOO_HTTP_INTERFACE": "127.0.0.1",
            "ODOO_LIST_DB": "False",
        }

    def tool(self, program, *args):
        """Return the command line of a program of the virtual environment."""
        return [str(self.venv / "bin" / program), *map(str, args)]

    def run(self, *command, what):
        """Run a command of Odoo quietly; an error in its log is a failure too."""
        out = steps.run(self.tool(*command), what=what, env=self.env)
        errors = [x for x in out.splitlines() if any(word in x for word in ERRORS)]
        if errors:
            shown = out[out.index(errors[0]) :][:6000]
            raise steps.Failure(f"Could not {what}: its log has errors.\n{shown}")

    def script(self, database, code, *, what):
        """Run Python ``code`` in ``odoo shell`` and return what it printed.

        A shell's exit code does not tell an exception: the last line does.
        """
        options = ("-d", database, "--no-http", "--log-level=warn")
        code += "\n\nprint('HOUSE-OK')\n"
        command = self.tool("odoo", "shell", *options)
        out = steps.run(command, input=code, what=what, env=self.env)
        printed, good, _rest = out.partition("HOUSE-OK")
        if not good:
            raise steps.Failure(f"Could not {what}.\n{out}")
        return printed

    def postgres(self, *command):
        """Run a client program of PostgreSQL and return its output."""
        hint = "  With PGHOST set, PGUSER and PGPASSWORD must fit that server."
        return steps.run(command, what="talk to PostgreSQL", hint=hint, env=self.env)

    def query(self, sql, database="postgres"):
        """Run ``sql`` and return its rows, as texts."""
        psql = ("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1")
        return self.postgres(*psql, "-d", database, "-c", sql).splitlines()

    def notes(self):
        """Return what was noted on each of our databases; nothing if incomplete."""
        note = "coalesce(shobj_description(oid, 'pg_database'), '{}')"
        where = "FROM pg_database WHERE datname LIKE 'pb\\_%' ORDER BY 1"
        rows = self.query(f"SELECT datname, {note} {where}")
        pairs = (row.split("|", 1) for row in rows)
        return {name: json.loads(text) for name, text in pairs}

    def set_note(self, name, **values):
        """Note ``values`` on a database, which marks it as complete."""
        text = json.dumps(values).replace("'", "''")
        self.query(f"COMMENT ON DATABASE \"{name}\" IS '{text}'")

    def drop(self, name):
        """Drop a database, whoever is connected to it."""
        self.postgres("dropdb", "--if-exists", "--force", name)

    def copy(self, source, name):
        """Copy a database over another, whoever is connected to them."""
        self.drop(name)
        self._disconnect(source)
        self.postgres("createdb", "-T", source, name)

    def replace(self, name, by):
        """Put one database in the place of another."""
        self.drop(name)
        self._disconnect(by)
        self.query(f'ALTER DATABASE "{by}" RENAME TO "{name}"')

    def _disconnect(self, name):
        self.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        )

    def drop_orphans(self):
        """Drop the databases of checkouts that are no longer there."""
        notes = self.notes()
        paths = {name: note.get("checkout") for name, note in notes.items()}
        gone = {x[:PREFIX] for x, y in paths.items() if y and not Path(y).is_dir()}
        for name in notes:
            if name[:PREFIX] in gone:
                print(f"  dropping {name}: its checkout is gone")
                self.drop(name)

    def build_assets(self, name, donor=None):
        """Build the web assets of a database for good.

        Those of ``donor`` are carried over first: Odoo finds by their checksum the ones
        that did not change. A template's would not fit, as any addon that is installed
        changes the order of the others in the bundles.
        """
        if donor:
            columns = self.query(COLUMNS, name)[0]
            self.query(f"DELETE {ASSETS}", name)
            out = f'psql -Xqd {donor} -c "COPY (SELECT {columns} {ASSETS}) TO STDOUT"'
            into = f'psql -Xqd {name} -c "COPY ir_attachment ({columns}) FROM STDIN"'
            self.postgres("sh", "-c", f"{out} | {into}")
        with steps.step(f"web assets of {name}"):
            self.script(name, PREGENERATE, what="build the web assets")
