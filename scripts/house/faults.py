"""What is billed when processes are killed and PostgreSQL is stopped hard."""

import argparse
import time

from . import places, postgres, profiles, testing

FOLDER = "tests/faults"
#: What needs a PostgreSQL that may be killed; the others are part of ``make test``.
STORM = f"{FOLDER}/test_storm.py"


def faults(args):
    """Run the tests of faults on a PostgreSQL of their own, which they kill.

    :param args: ``--long`` for all of them, at full size; other words go to pytest
    """
    parser = argparse.ArgumentParser(prog="faults", description=faults.__doc__)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--kills", type=int, help="processes killed; 3, long: 20")
    parser.add_argument("--lines", type=int, help="due lines; 300, long: 2000")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options, words = parser.parse_known_args(args)
    kills, lines = (20, 2000) if options.long else (3, 300)
    cluster = postgres.Cluster(f"faults-{places.checkout_id()}")
    settings = {
        "PROGRESS_CLUSTER": cluster.name,
        "PROGRESS_KILLS": options.kills or kills,
        "PROGRESS_LINES": options.lines or lines,
        "PROGRESS_SEED": options.seed,
    }
    print(f"seed {options.seed}", flush=True)
    cluster.remove()  # one that a broken run left
    try:
        odoo, name = _copy(cluster)
        odoo.env |= {key: str(value) for key, value in settings.items()}
        if not any(word.startswith("tests") for word in words):
            words.append(FOLDER if options.long else STORM)
        paths = [f"{testing.LINKED}/{x}" for x in words if x.startswith("tests")]
        others = [word for word in words if not word.startswith("tests")]
        return testing.run(odoo, name, [*paths, "-n1", "-s", "-v", *others])
    finally:
        cluster.remove()


def _copy(cluster):
    """Return the means to run Odoo on the cluster, with the database of the tests."""
    shared = profiles.ready()
    name = profiles.database(profiles.PROFILES["faults"], shared)
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
