"""A database of the first version: updated, uninstalled from, installed in again."""

import json
import tarfile

from . import places, profiles, steps

#: What the version was called, and what its manifest said.
FIRST, MANIFEST = "19.0.1.0.0", "__manifest__.py"


def upgrade(args):
    """Update a database of the first version, with data in every state; then remove us.

    After each step the amounts are what they were, and the host works.
    """
    odoo = profiles.ready()
    demo = profiles.PROFILES["demo"]
    source = profiles.template(demo, odoo)
    now, name = odoo.env["ODOO_ADDONS_PATH"], f"{demo.database()}_upgrade"
    odoo.copy(source, name)
    try:
        odoo.env["ODOO_ADDONS_PATH"] = str(_export_first())
        profiles.install(demo, odoo, name)
        before = _run(odoo, name, "fill")
        odoo.env["ODOO_ADDONS_PATH"] = now
        profiles.install(demo, odoo, name, option="-u")
        after = _run(odoo, name, "read")
        _compare("the update", before, after)
        _run(odoo, name, "finish")
        _run(odoo, name, "leave_open")
        books = _run(odoo, name, "read_books")
        _run(odoo, name, "uninstall")
        _compare("uninstalling", books, _run(odoo, name, "read_books"))
        _run(odoo, name, "use_host")
        books = _run(odoo, name, "read_books")
        profiles.install(demo, odoo, name)
        _compare("installing again", books, _run(odoo, name, "read_books"))
        _run(odoo, name, "finish_open")
        print("updated, uninstalled, installed again: all amounts are what they were")
    finally:
        odoo.drop(name)


def _export_first():
    """Return a folder of addons with the addon's first version, from git."""
    git = ("git", "-C", places.ROOT)
    words = ("log", "--format=%H", "-S", f'"{FIRST}"', "--", MANIFEST)
    commits = steps.run([*git, *words], what="read the history").split()
    # The newest of them took the number away.
    version = f"{commits[0]}^" if len(commits) > 1 else commits[0]
    target = places.BUILD / "upgrade"
    with steps.fresh_folder(target) as tmp:
        tar = tmp.parent / "first.tar"
        archive = [*git, "archive", "-o", tar, version]
        steps.run(archive, what="export the first version")
        with tarfile.open(tar) as file:
            file.extractall(tmp / places.ADDON, filter="data")
        tar.unlink()
    return target


def _run(odoo, name, function):
    """Run a function of `upgraded` in the database; return its answer."""
    path = f"import sys; sys.path.insert(0, {str(places.SCRIPTS)!r})"
    code = f"{path}\nimport json\nfrom house import upgraded\n"
    code += f"print('ANSWER', json.dumps(upgraded.{function}(env)))"
    with steps.step(function.replace("_", " ")):
        out = odoo.script(name, code, what=function.replace("_", " "))
    return json.loads(out.split("ANSWER ")[-1])


def _compare(what, before, after):
    """Fail with what is not as it was."""
    changed = [
        f"  {key}: {before[key]} -> {after.get(key)}"
        for key in before
        if before[key] != after.get(key)
    ]
    if changed:
        raise steps.Failure("\n".join([f"Changed by {what}:", *changed[:40]]))
