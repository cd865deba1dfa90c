"""Web assets carried from one database to the next: building them takes long.

Installing any addon changes the order of the others in the bundles, so a template's
assets would not fit. Those of an earlier database with our addon do, as long as no
file in them changed: Odoo finds them by their checksum, and builds only the others.
"""

import shutil
import subprocess

from . import steps

PREGENERATE = "env['ir.qweb']._pregenerate_assets_bundles()\nenv.cr.commit()"
ASSETS = "FROM ir_attachment WHERE url LIKE '/web/assets/%'"
COLUMNS = (
    "SELECT string_agg(quote_ident(column_name::text), ',' ORDER BY column_name) "
    "FROM information_schema.columns "
    "WHERE table_name = 'ir_attachment' AND column_name <> 'id'"
)


def donor(databases, name, template):
    """Return a complete database whose assets may fit, or None.

    :param name: the database about to be made anew, the best donor if it is there
    :param template: the template that both must come from
    """
    others = [other for other in databases.names() if other != name]
    for candidate in (name, *others):
        if (databases.note(candidate) or {}).get("template") == template:
            return candidate
    return None


def carry(databases, source, target):
    """Replace the assets of ``target`` by those of ``source``."""
    columns = databases.query(COLUMNS, source)[0][0]
    if columns != databases.query(COLUMNS, target)[0][0]:
        return
    databases.query(f"DELETE {ASSETS}", target)
    psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"]
    rows = subprocess.run(
        [*psql, "-d", source, "-c", f"COPY (SELECT {columns} {ASSETS}) TO STDOUT"],
        env=databases.env,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    subprocess.run(
        [*psql, "-d", target, "-c", f"COPY ir_attachment ({columns}) FROM STDIN"],
        env=databases.env,
        input=rows,
        check=True,
    )
    for row in databases.query(f"SELECT store_fname {ASSETS}", source):
        if row[0]:
            _share(databases.filestore(source), databases.filestore(target), row[0])


def _share(source, target, name):
    """Copy one file of a filestore, as a hard link where possible."""
    (target / name).parent.mkdir(parents=True, exist_ok=True)
    if (source / name).exists() and not (target / name).exists():
        try:
            (target / name).hardlink_to(source / name)
        except OSError:
            shutil.copy2(source / name, target / name)


def build(odoo, name, addons):
    """Build the missing web assets of the database ``name`` for good."""
    with steps.step(f"web assets of {name}"):
        odoo.script(name, PREGENERATE, what="build the web assets", addons=addons)
