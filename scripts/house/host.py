"""Odoo 19 itself: an existing one, Debian's package, or a clone of upstream."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import apt, places, steps

TESTED = "19.0.0+dfsg-1"
UPSTREAM = "https://github.com/odoo/odoo.git"
PACKAGE_HOME = "usr/lib/python3/dist-packages"
#: Fonts and scripts that Odoo's package links to, from the machine's own suite:
#: sid's Font Awesome is a later one, without the files that Odoo names.
OWN_SUITE = (
    "fonts-font-awesome fonts-roboto-unhinted fonts-glyphicons-halflings "
    "fonts-inconsolata fonts-ocr-b libjs-jquery libjs-jquery-form libjs-underscore"
).split()
THREE_WAYS = """\
  Three ways to bring Odoo 19 Community to this machine:
  1. an existing one: PROGRESS_BILLING_ODOO=/folder/of/odoo, or the path of an
     `odoo` command;
  2. a Debian machine whose mirror has the package odoo-19 in the suite sid;
  3. a network that reaches the upstream repository (git clone, branch 19.0);
     PROGRESS_BILLING_ODOO_GIT names another address of it."""


def ensure():
    """Return the folder that holds the ``odoo`` package, bringing it if needed."""
    named = os.environ.get("PROGRESS_BILLING_ODOO")
    if named:
        return _existing(named)
    hosts = places.cache() / "hosts"
    with steps.lock("host"):
        current = hosts / "current"
        if current.exists():
            return Path(os.readlink(current))
        home = _bring(hosts)
        partial = hosts / ".current"
        partial.unlink(missing_ok=True)
        partial.symlink_to(home)
        partial.rename(current)
    return home


def version(home):
    """Return what the databases made with the host at ``home`` depend on."""
    release = (home / "odoo" / "release.py").read_text()
    found = re.search(r"^version_info = \((.*?)\)", release, re.MULTILINE)
    return f"{home}:{found.group(1) if found else ''}"


def _bring(hosts):
    """Try Debian's package, then upstream; fail with the three ways."""
    reasons = []
    for bring in (_debian, _upstream):
        try:
            return bring(hosts)
        except steps.Failure as failure:
            reasons.append(str(failure))
            print(f"  {failure}", flush=True)
    raise steps.Failure("\n".join(["Odoo 19 could not be brought.", THREE_WAYS]))


def _existing(named):
    """Return the package's folder of an Odoo that is already on the machine."""
    path = Path(shutil.which(named) or named).expanduser().resolve()
    tries = [path, path / PACKAGE_HOME, path / "odoo"]
    if path.is_file():
        tries.append(path.parent)
        tries.append(_package_of_command(path))
    for home in tries:
        if home and (home / "odoo" / "release.py").is_file():
            return _checked(_alone(home))
    raise steps.Failure(
        f"PROGRESS_BILLING_ODOO={named} is neither a folder of Odoo nor a command."
    )


def _package_of_command(command):
    """Ask the command's own interpreter where its ``odoo`` package is."""
    first = command.read_bytes().split(b"\n", 1)[0].decode(errors="replace")
    if not first.startswith("#!"):
        return None
    code = "import odoo, os; print(os.path.dirname(list(odoo.__path__)[0]))"
    interpreter = first[2:].split()
    result = subprocess.run(
        [*interpreter, "-c", code], capture_output=True, text=True, check=False
    )
    return Path(result.stdout.strip()) if result.returncode == 0 else None


def _alone(home):
    """Return a folder with nothing but Odoo, so no other package comes with it."""
    others = [x for x in home.iterdir() if (x / "__init__.py").is_file()]
    if len(others) < 2 or (home / "addons").is_dir():
        return home
    shim = places.cache() / "hosts" / f"existing-{places.digest(home)}"
    shim.mkdir(parents=True, exist_ok=True)
    link = shim / "odoo"
    if not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(home / "odoo")
    return shim


def _checked(home):
    release = (home / "odoo" / "release.py").read_text()
    if not re.search(r"version_info = \(19, 0,", release):
        raise steps.Failure(f"The Odoo in {home} is not version 19.0.")
    return home


def _debian(hosts):
    """Download Debian's package and what it links to, and unpack them."""
    suite = apt.own_suite()
    if not suite:
        raise steps.Failure("Not a Debian machine: no package of Odoo 19 from it.")
    downloads = places.cache() / "downloads"
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir(parents=True)
    with steps.step("downloading Odoo 19 from Debian sid (about 125 MB)"):
        files = apt.download("sid", ["odoo-19", "fonts-montserrat"], downloads)
    with steps.step(f"downloading its fonts and scripts from Debian {suite}"):
        files += apt.download(suite, OWN_SUITE, downloads)
    found = next(x for x in files if x.name.startswith("odoo-19_")).name.split("_")[1]
    if found != TESTED:
        print(f"  NOTE: Debian has Odoo {found} now; tested with {TESTED}.")
    target = hosts / f"debian-{found}"
    with steps.step("unpacking Odoo 19 (1.2 GB)"), steps.fresh_folder(target) as tmp:
        for file in files:
            steps.run(["dpkg-deb", "-x", file, tmp], what=f"unpack {file.name}")
        _mend(tmp / PACKAGE_HOME / "odoo")
    shutil.rmtree(downloads, ignore_errors=True)
    return _checked(target / PACKAGE_HOME)


def _mend(package):
    """Add the file that Debian removed as non-free but the backend lists."""
    lib = package / "addons/mail/static/lib/selfie_segmentation"
    stub = lib / "selfie_segmentation.js"
    if not stub.exists():
        lib.mkdir(parents=True, exist_ok=True)
        stub.write_text("/* left out by Debian: the blur of a video call */\n")


def _upstream(hosts):
    """Clone the upstream branch, without its history."""
    address = os.environ.get("PROGRESS_BILLING_ODOO_GIT", UPSTREAM)
    target = hosts / "upstream-19.0"
    with steps.step(f"cloning Odoo 19.0 from {address}"):
        with steps.fresh_folder(target) as tmp:
            steps.run(
                ["git", "clone", "--depth=1", "--branch=19.0", address, tmp / "src"],
                what=f"clone {address}",
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
            )
    return _checked(target / "src")
