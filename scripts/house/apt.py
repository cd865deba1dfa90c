"""Debian packages: installed when allowed, or downloaded with private lists.

Nothing is added to the system's sources: the mirror that the machine already uses
is asked for another suite, through a source list and package lists of our own.
"""

import os
import platform
import shutil
from pathlib import Path

from . import places, steps

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
HINT = (
    "  Check that this machine reaches its Debian mirror (apt-get update), "
    "or use an Odoo\n  of your own: PROGRESS_BILLING_ODOO=/folder/of/odoo"
)


def own_suite():
    """Return the code name of this machine's Debian, or None elsewhere."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return None
    debian = release.get("ID") == "debian" and shutil.which("apt-get")
    return release.get("VERSION_CODENAME") if debian else None


def _mirror():
    """Return the address of the mirror in the machine's own configuration."""
    words = ("indextargets", "--format", "$(COMPONENT) $(RELEASE) $(SITE)")
    out = steps.run(["apt-get", *words], what="read this machine's package sources")
    for suite in (own_suite(), "stable"):
        for line in out.splitlines():
            if line.startswith(f"main {suite} "):
                return line.split()[2]
    raise steps.Failure("This machine's package sources name no Debian mirror.")


def download(suite, packages, folder):
    """Download ``packages`` of ``suite`` into ``folder``, with lists of our own."""
    home = places.cache() / "apt" / suite
    for name in ("lists/partial", "cache/archives/partial"):
        (home / name).mkdir(parents=True, exist_ok=True)
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    source = home / "source.list"
    source.write_text(f"deb {signed}{_mirror()} {suite} main\n")
    options = (
        *(
            f"Dir::Etc::sourcelist={home}/source.list",
            "Dir::Etc::sourceparts=/dev/null",
        ),
        *(f"Dir::State::Lists={home}/lists", f"Dir::Cache={home}/cache"),
        *("Acquire::Retries=3", "Acquire::Languages=none", "APT::Sandbox::User=root"),
    )
    apt = ["apt-get", *(word for option in options for word in ("-o", option))]
    what = f"download {', '.join(packages)} of Debian {suite}"
    steps.run([*apt, "update"], what=what, hint=HINT)
    steps.run([*apt, "download", *packages], what=what, hint=HINT, cwd=folder)


def install(package, provides):
    """Install a system package when this user may; say what to do otherwise."""
    hint = f"  Install {provides} by hand (Debian: apt-get install {package})."
    apt = [*([] if os.geteuid() == 0 else ["sudo", "-n"]), "apt-get"]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with steps.lock("apt-install"), steps.step(f"installing {package} with apt-get"):
        for words in (
            ["update"],
            ["install", "-y", "--no-install-recommends", package],
        ):
            steps.run([*apt, *words], what=f"install {package}", hint=hint, env=env)
