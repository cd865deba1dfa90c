"""Where things are: the checkout, the cache, and the names derived from them."""

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

#: Top-level entries of the checkout that do not change an installed addon.
NOT_THE_ADDON = {"scripts", "tests", "dist", "build", "LICENSE", "Makefile"}


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
    """Return a digest of all files that matter to an installed addon."""
    total = hashlib.sha256()
    for path in _addon_files():
        total.update(str(path.relative_to(ROOT)).encode() + b"\0")
        total.update(path.read_bytes() + b"\0")
    return total.hexdigest()[:16]


def _addon_files():
    for top in sorted(ROOT.iterdir()):
        if top.name.startswith(".") or top.name in NOT_THE_ADDON:
            continue
        if top.is_file():
            if top.suffix not in (".md", ".toml"):
                yield top
            continue
        for path in sorted(top.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


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


def export(folder, without=()):
    """Copy the addon's files into ``folder`` under the addon's own name.

    Some tools take an addon's name from its real folder: a link is no help there.

    :param without: top-level entries to leave out
    :return: the new folder
    """
    target = Path(folder) / ADDON
    shutil.rmtree(target, ignore_errors=True)
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        source = ROOT / name
        if name.split("/")[0] in without or not source.is_file():
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target / name)
    return target
