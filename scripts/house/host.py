"""Odoo 19 itself: an existing one, Debian's package, or a clone of upstream."""

import os
import re
import shutil
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
#: Debian removed it as non-free, but the backend lists it: the blur of video calls.
NON_FREE = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
THREE_WAYS = """\
  Three ways to bring Odoo 19 Community to this machine:
  1. an existing one: PROGRESS_BILLING_ODOO=/folder/of/odoo;
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
        current.unlink(missing_ok=True)
        current.symlink_to(home)
    return home


def version(home):
    """Return what the databases made with the host at ``home`` depend on."""
    release = (home / "odoo" / "release.py").read_text()
    found = re.search(r"^version_info = \((.*?)\)", release, re.MULTILINE)
    return f"{home}:{found.group(1) if found else ''}"


def _checked(home):
    if ":19, 0," not in version(home):
        raise steps.Failure(f"The Odoo in {home} is not version 19.0.")
    return home


def _bring(hosts):
    """Try Debian's package, then upstream; fail with the three ways."""
    reasons = []
    for bring in (_debian, _upstream):
        try:
            return _checked(bring(hosts))
        except steps.Failure as failure:
            reasons.append(str(failure))
            print(f"  {failure}", flush=True)
    raise steps.Failure("\n".join(["Odoo 19 could not be brought.", THREE_WAYS]))


def _existing(named):
    """Return the folder of the ``odoo`` package that is already on the machine."""
    path = Path(named).expanduser().resolve()
    for home in (path, path / PACKAGE_HOME, path.parent):
        if (home / "odoo" / "release.py").is_file():
            return _alone(_checked(home))
    raise steps.Failure(f"PROGRESS_BILLING_ODOO={named} is no folder of Odoo.")


def _alone(home):
    """Return a folder with nothing but Odoo, so no other package comes with it."""
    others = [x for x in home.iterdir() if (x / "__init__.py").is_file()]
    if len(others) < 2 or (home / "addons").is_dir():
        return home
    shim = places.cache() / "hosts" / f"existing-{places.digest(home)}"
    shim.mkdir(parents=True, exist_ok=True)
    if not (shim / "odoo").exists():
        (shim / "odoo").unlink(missing_ok=True)
        (shim / "odoo").symlink_to(home / "odoo")
    return shim


def _debian(hosts):
    """Download Debian's package and what it links to, and unpack them."""
    suite = apt.own_suite()
    if not suite:
        raise steps.Failure("Not a Debian machine: no package of Odoo 19 from it.")
    downloads = places.cache() / "downloads"
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir(parents=True)
    with steps.step("downloading Odoo 19 from Debian sid (about 125 MB)"):
        apt.download("sid", ["odoo-19", "fonts-montserrat"], downloads)
    with steps.step(f"downloading its fonts and scripts from Debian {suite}"):
        apt.download(suite, OWN_SUITE, downloads)
    found = next(downloads.glob("odoo-19_*")).name.split("_")[1]
    if found != TESTED:
        print(f"  NOTE: Debian has Odoo {found} now; tested with {TESTED}.")
    target = hosts / f"debian-{found}"
    with steps.step("unpacking Odoo 19 (1.2 GB)"), steps.fresh_folder(target) as tmp:
        for file in sorted(downloads.glob("*.deb")):
            steps.run(["dpkg-deb", "-x", file, tmp], what=f"unpack {file.name}")
        stub = tmp / PACKAGE_HOME / NON_FREE
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text("/* left out by Debian: the blur of a video call */\n")
    shutil.rmtree(downloads, ignore_errors=True)
    return target / PACKAGE_HOME


def _upstream(hosts):
    """Clone the upstream branch, without its history."""
    address = os.environ.get("PROGRESS_BILLING_ODOO_GIT", UPSTREAM)
    target = hosts / "upstream-19.0"
    with steps.step(f"cloning Odoo 19.0 from {address}"):
        with steps.fresh_folder(target) as tmp:
            steps.run(
                ["git", "clone", "--depth=1", "--branch=19.0", address, tmp / "src"],
                what=f"clone {address}",
                env=os.environ | {"GIT_TERMINAL_PROMPT": "0"},
            )
    return target / "src"
