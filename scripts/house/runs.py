"""One run of pytest-odoo, on copies of a database; or on a PostgreSQL of its own."""

import subprocess

from . import places, postgres, profiles

LINKED = f".build/addons/{places.ADDON}"
NOTHING_COLLECTED = 5


def run(odoo, name, words):
    """Run pytest with one copy of the database ``name`` per worker."""
    command = odoo.tool(
        *("python", "-m", "pytest", "-p", "house.plugin"),
        *(f"--odoo-database={name}", "--odoo-http"),
        *(f"--odoo-extra=db-filter=^{name}", "--odoo-extra=max-cron-threads=0"),
    )
    if not any(word.startswith(("-n", "--numprocesses")) for word in words):
        files = [word for word in words if word.startswith(LINKED)]
        single = len(files) == 1 and ".py" in files[0]
        command += ["-n", "1" if single else "2", "--dist", "loadfile"]
    env = {**odoo.env, "PYTHONPATH": str(places.SCRIPTS)}
    result = subprocess.run([*command, *words], cwd=places.ROOT, env=env, check=False)
    return 0 if result.returncode == NOTHING_COLLECTED else result.returncode


def run_apart(words, kind="faults", **settings):
    """Run pytest on a PostgreSQL that the tests may kill, and remove it.

    :param kind: name of the profile whose database the tests run on
    :param settings: what the tests read from ``PROGRESS_…``, in capitals
    """
    cluster = postgres.Cluster(f"faults-{places.checkout_id()}")
    cluster.remove()  # one that a broken run left
    try:
        odoo, name = _copy(cluster, profiles.PROFILES[kind])
        odoo.env |= {f"PROGRESS_{key}": str(value) for key, value in settings.items()}
        odoo.env["PROGRESS_CLUSTER"] = cluster.name
        return run(odoo, name, ["-n1", "-s", "-v", *words])
    finally:
        cluster.remove()


def _copy(cluster, profile):
    """Return the means to run Odoo on the cluster, with a profile's database."""
    shared = profiles.ready()
    name = profiles.database(profile, shared)
    odoo = profiles.ready(cluster)
    odoo.env["ODOO_ADDONS_PATH"] = shared.env["ODOO_ADDONS_PATH"]
    # What was committed must be there after the server was killed.
    odoo.env["PGOPTIONS"] = "-c synchronous_commit=on"
    places.BUILD.mkdir(exist_ok=True)
    dump = places.BUILD / f"{name}.dump"
    shared.postgres("pg_dump", "-Fc", "-f", dump, name)
    odoo.postgres("createdb", name)
    odoo.postgres("pg_restore", "--no-owner", "-d", name, dump)
    dump.unlink()
    return odoo, name
