"""Measure what invoices cost: `make bench`.

On one database, in one go: deposits and final invoices of N orders of L lines by this
addon, by the host's own wizard order by order, and the floor (one batched create and
post of equal invoices without orders). Prints CPU, Python calls, queries and memory
per invoice, and the ratios. Milliseconds compare only within one run; calls and queries
hold.

    python scripts/bench.py DATABASE [--orders 100] [--lines 5] [--only deposit,final]
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from bench.meter import report
from bench.processes import queue
from bench.retention import release, retention
from bench.scale import scale
from bench.scenarios import SCENARIOS
from bench.world import Bench

import odoo

SCENARIOS = {**SCENARIOS, "retention": retention, "release": release}
#: What takes long, and is measured when it is named.
NAMED = {"scale": scale, "queue": queue}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("database")
    parser.add_argument("--orders", type=int, default=100)
    parser.add_argument("--lines", type=int, default=5)
    parser.add_argument("--only", default=",".join(SCENARIOS))
    options = parser.parse_args()
    odoo.tools.config.parse_config(["-d", options.database, "--log-level=error"])
    registry = odoo.modules.registry.Registry(options.database)
    rows = []
    for name in options.only.split(","):
        print(f"… {name}", flush=True)
        rows += (SCENARIOS | NAMED)[name](
            Bench(registry), options.orders, options.lines
        )
    if rows:
        report(rows)


if __name__ == "__main__":
    main()
