"""Debian packages: installed when allowed, or downloaded with private lists.

Nothing is added to the system's sources: the mirror that the machine already uses
is asked for another suite, through a source list and package lists of our own.
"""

import os
import shutil
import subprocess
from pathlib import Path

from . import places, steps

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def own_suite():
    """Return the code name of this machine's Debian, or None elsewhere."""
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return None
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    if values.get("ID", "").strip('"') != "debian" or not shutil.which("apt-get"):
        return None
    return values.get("VERSION_CODENAME", "").strip('"') or None


def mirror():
    """Return the address of the mirror in the machine's own configuration."""
    out = steps.run(
        ["apt-get", "indextargets", "--format", "$(RELEASE)|$(SITE)|$(COMPONENT)"],
        what="read this machine's package sources",
    )
    for line in out.splitlines():
        release, _, rest = line.partition("|")
        site, _, component = rest.partition("|")
        if component == "main" and release in (own_suite(), "stable"):
            return site
    raise steps.Failure("This machine's package sources name no Debian mirror.")


def download(suite, packages, folder):
    """Download ``packages`` of ``suite`` into ``folder``; return the files."""
    options = _private_options(suite)
    hint = (
        "  Check that this machine reaches its Debian mirror (apt-get update), "
        "or use an Odoo\n  of your own: PROGRESS_BILLING_ODOO=/folder/of/odoo"
    )
    steps.run(
        ["apt-get", *options, "update"],
        what=f"read the package lists of Debian {suite}",
        hint=hint,
    )
    before = set(folder.glob("*.deb"))
    steps.run(
        ["apt-get", *options, "download", *packages],
        what=f"download {', '.join(packages)} of Debian {suite}",
        hint=hint,
        cwd=folder,
    )
    return sorted(set(folder.glob("*.deb")) - before)


def _private_options(suite):
    """Return apt options for a source list and lists of our own, one per suite."""
    home = places.cache() / "apt" / suite
    for name in ("lists/partial", "cache/archives/partial"):
        (home / name).mkdir(parents=True, exist_ok=True)
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    source = home / "source.list"
    source.write_text(f"deb {signed}{mirror()} {suite} main\n")
    options = {
        "Dir::Etc::sourcelist": source,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::Lists": home / "lists",
        "Dir::Cache": home / "cache",
        "Acquire::Languages": "none",
        "Acquire::Retries": 3,
        "APT::Sandbox::User": "root",
    }
    pairs = (("-o", f"{name}={value}") for name, value in options.items())
    return [word for pair in pairs for word in pair]


def install(package, provides):
    """Install a system package when this user may; say what to do otherwise."""
    advice = f"  Install {provides} by hand (Debian: apt-get install {package})."
    if not shutil.which("apt-get"):
        raise steps.Failure(f"{provides} is missing on this machine.\n{advice}")
    prefix = [] if steps.is_root() else ["sudo", "-n"]
    if prefix and not _sudo_works():
        raise steps.Failure(f"{provides} is missing and sudo is refused.\n{advice}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with steps.lock("apt-install"), steps.step(f"installing {package} with apt-get"):
        update = [*prefix, "apt-get", "update"]
        subprocess.run(update, capture_output=True, check=False)
        command = ["apt-get", "install", "-y", "--no-install-recommends", package]
        steps.run([*prefix, *command], what=f"install {package}", hint=advice, env=env)


def _sudo_works():
    if not shutil.which("sudo"):
        return False
    result = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return result.returncode == 0
