"""Debian packages: installed when allowed, or downloaded with private lists.

Nothing is added to the system's sources: the mirror that the machine already uses
is asked for another suite, through a source list and package lists of our own.
"""

import os
import platform
import shutil
import subprocess
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
    out = steps.run(
        ["apt-get", "indextargets", "--format", "$(RELEASE) $(SITE) $(COMPONENT)"],
        what="read this machine's package sources",
    )
    for line in out.splitlines():
        release, site, component = [*line.split(), "", "", ""][:3]
        if component == "main" and release in (own_suite(), "stable"):
            return site
    raise steps.Failure("This machine's package sources name no Debian mirror.")


def download(suite, packages, folder):
    """Download ``packages`` of ``suite`` into ``folder``, with lists of our own."""
    home = places.cache() / "apt" / suite
    for name in ("lists/partial", "cache/archives/partial"):
        (home / name).mkdir(parents=True, exist_ok=True)
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    source = home / "source.list"
    source.write_text(f"deb {signed}{_mirror()} {suite} main\n")
    apt = [
        *("apt-get", "-o", f"Dir::Etc::sourcelist={source}"),
        *("-o", "Dir::Etc::sourceparts=/dev/null"),
        *("-o", f"Dir::State::Lists={home / 'lists'}"),
        *("-o", f"Dir::Cache={home / 'cache'}", "-o", "Acquire::Retries=3"),
        *("-o", "Acquire::Languages=none", "-o", "APT::Sandbox::User=root"),
    ]
    what = f"read the package lists of Debian {suite}"
    steps.run([*apt, "update"], what=what, hint=HINT)
    what = f"download {', '.join(packages)} of Debian {suite}"
    steps.run([*apt, "download", *packages], what=what, hint=HINT, cwd=folder)


def install(package, provides):
    """Install a system package when this user may; say what to do otherwise."""
    advice = f"  Install {provides} by hand (Debian: apt-get install {package})."
    sudo = [] if steps.is_root() else ["sudo", "-n"]
    if not shutil.which("apt-get") or sudo and not shutil.which("sudo"):
        raise steps.Failure(f"{provides} is missing on this machine.\n{advice}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = [*sudo, "apt-get"]
    with steps.lock("apt-install"), steps.step(f"installing {package} with apt-get"):
        subprocess.run([*apt, "update"], capture_output=True, check=False)
        command = [*apt, "install", "-y", "--no-install-recommends", package]
        steps.run(command, what=f"install {package}", hint=advice, env=env)
