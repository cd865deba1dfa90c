"""Where things are: the checkout, the cache, and the names derived from them."""

import ast
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

ADDON = "progress_billing"
ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
BUILD = ROOT / ".build"
REQUIREMENTS = SCRIPTS / "requirements.txt"

#: Top-level entries of the checkout that are no part of an installed addon.
NOT_PACKED = {"scripts", "doc", ".ci", ".gitignore", "Makefile"}


def cache():
    """Return the folder, outside the checkout, that every set-up shares."""
    named = os.environ.get("PROGRESS_BILLING_CACHE")
    if named:
        return Path(named).expanduser().resolve()
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home).resolve() / ADDON


def digest(*parts, length=10):
    """Return a short name for the given texts."""
    joined = "\0".join(str(part) for part in parts)
    return hashlib.sha256(joined.encode()).hexdigest()[:length]


def checkout_id():
    """Return a short name for this checkout's path, so worktrees never clash."""
    return digest(ROOT, length=8)


def addon_digest():
    """Return a digest of all that a database gets from the addon."""
    total = hashlib.sha256()
    for name in _files(without={*NOT_PACKED, "tests", "LICENSE"}):
        if not name.endswith((".md", ".toml", ".pot")):
            content = (ROOT / name).read_bytes()
            code = name.startswith(("models/", "wizards/", "controllers/"))
            if code and name.endswith(".py"):
                content = _get_declarations(content)
            total.update(f"{name}\0".encode() + content + b"\0")
    return total.hexdigest()[:16]


def _get_declarations(source):
    """Return what a Python file declares: fields, constraints, names; no bodies.

    A method's body is read from the file each time; no database holds it.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name not in {
            "init",
            "_auto_init",
        }:
            node.body = []
    return ast.dump(tree).encode()


def _files(without):
    """Return the names of the checkout's files, but for top-level entries."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    names = sorted({*listed.decode().split("\0")} - {""})
    names = (name for name in names if name.split("/")[0] not in without)
    return [name for name in names if (ROOT / name).is_file()]


def link_addon():
    """Link the checkout as ``.build/addons/progress_billing``; return the folder.

    Odoo takes an addon's name from its folder; the checkout may have any name.
    """
    addons = BUILD / "addons"
    addons.mkdir(parents=True, exist_ok=True)
    link = addons / ADDON
    if not link.is_symlink() or os.readlink(link) != "../..":
        link.unlink(missing_ok=True)
        link.symlink_to("../..")
    return addons


def export(folder):
    """Copy the addon as it is packed into ``folder``; return the copy.

    Some tools take an addon's name from its real folder: a link is no help there.
    """
    copy = Path(folder) / ADDON
    shutil.rmtree(copy, ignore_errors=True)
    for file in _files(without=NOT_PACKED):
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, copy / file)
    return copy
