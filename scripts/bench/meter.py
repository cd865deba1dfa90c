"""Count CPU, calls, queries and memory of a piece of work."""

import cProfile
import gc
import os
import resource
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace

#: How many invoices are made to count calls: they hold for any number.
CALLS_SAMPLE = 20


@dataclass
class Row:
    """Figures of one piece of work, per invoice; `growth` is MB for the whole of it."""

    scenario: str
    who: str
    count: int
    python_ms: float = 0.0
    postgres_ms: float = 0.0
    queries: float = 0.0
    kcalls: float = 0.0
    growth: float = 0.0

    @property
    def cpu(self):
        """Return milliseconds of CPU, Python's and PostgreSQL's."""
        return self.python_ms + self.postgres_ms


def _backend_seconds(cr):
    """Return the CPU seconds of the connection's PostgreSQL process, 0 if unknown."""
    cr.execute("SELECT pg_backend_pid()")
    # Nanoseconds that it ran; the ticks of `stat` are too coarse for one invoice.
    path = f"/proc/{cr.fetchone()[0]}/schedstat"
    if not os.path.exists(path):
        return 0.0
    with open(path, encoding="ascii") as schedstat:
        return int(schedstat.read().split()[0]) / 1e9


def _resident_mb():
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 2**20


@contextmanager
def measure(cr, row, *, calls=False):
    """Add the cost of the block to `row`; count calls instead of time if told so.

    Counting calls slows Python down, so time and calls are never taken together.
    """
    gc.collect()
    profile = cProfile.Profile() if calls else None
    backend, queries, memory = _backend_seconds(cr), cr.sql_log_count, _resident_mb()
    start = time.process_time()
    if profile:
        profile.enable()
    yield
    if profile:
        profile.disable()
        profile.create_stats()
        total = sum(stat[1] for stat in profile.stats.values())
        row.kcalls += total / 1000 / row.count
        return
    row.python_ms += (time.process_time() - start) * 1000 / row.count
    row.queries += (cr.sql_log_count - queries) / row.count
    row.postgres_ms += (_backend_seconds(cr) - backend) * 1000 / row.count
    row.growth += _resident_mb() - memory


def both(bench, row, prepare, work):
    """Measure time and queries on one set of records, calls on a smaller one."""
    for calls in (False, True):
        count = min(row.count, CALLS_SAMPLE) if calls else row.count
        ids = prepare(count)
        sized = row if count == row.count else Row("", "", count)
        work(bench, ids, sized, calls)
        if sized is not row:
            row.kcalls = sized.kcalls
    return row


def by_turns(bench, jobs, work, rounds=5):
    """Measure rows by turns and keep the best of each, for ratios between them.

    A machine's speed may change by half within minutes.

    :param jobs: list of (row, callable that prepares records for a count).
    """
    for row, prepare in jobs:
        best = both(bench, replace(row), prepare, work)
        vars(row).update(vars(best))
    for _round in range(1, rounds):
        for row, prepare in jobs:
            again = replace(
                row, python_ms=0.0, postgres_ms=0.0, queries=0.0, growth=0.0
            )
            work(bench, prepare(row.count), again, False)
            if again.cpu < row.cpu:
                vars(row).update(vars(again))
    return [row for row, _prepare in jobs]


def report(rows):
    """Print one line a row and its ratios to the row that its scenario compares with.

    That is the host's, or the one of orders whose rate did not move.
    """
    hosts = {row.scenario: row for row in rows if row.who in ("host", "steady")}
    print(
        f"\n{'scenario':<23}{'who':<7}{'n':>5}{'python ms':>11}{'pg ms':>8}"
        f"{'kcalls':>9}{'queries':>9}{'MB':>7}   CPU/base calls/base"
    )
    for row in rows:
        host = hosts.get(row.scenario)
        ratios = ""
        if host and host is not row:
            calls = row.kcalls / host.kcalls if host.kcalls else 0.0
            ratios = f"{row.cpu / host.cpu:>11.2f}{calls:>11.2f}"
        print(
            f"{row.scenario:<23}{row.who:<7}{row.count:>5}{row.python_ms:>11.1f}"
            f"{row.postgres_ms:>8.1f}{row.kcalls:>9.1f}{row.queries:>9.1f}"
            f"{row.growth:>7.1f}{ratios}"
        )
