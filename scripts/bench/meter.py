"""Count CPU, calls, queries and memory of a piece of work."""

import cProfile
import gc
import resource
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

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
    path = Path(f"/proc/{cr.fetchone()[0]}/schedstat")
    return int(path.read_text().split()[0]) / 1e9 if path.exists() else 0.0


def _resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


@contextmanager
def measure(env, row, *, calls=False):
    """Add the cost of the block, written to the database, to `row`.

    Counting calls slows Python down, so time and calls are never taken together.

    :param calls: count calls instead of time
    """
    cr = env.cr
    gc.collect()
    profile = cProfile.Profile()
    backend, queries, memory = _backend_seconds(cr), cr.sql_log_count, _resident_mb()
    start = time.process_time()
    if calls:
        profile.enable()
    yield
    cr.precommit.run()
    env.flush_all()
    if calls:
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
    work(bench, prepare(row.count), row, False)
    sample = Row("", "", min(row.count, CALLS_SAMPLE))
    work(bench, prepare(sample.count), sample, True)
    row.kcalls = sample.kcalls
    return row


def by_turns(bench, jobs, work, rounds=5):
    """Measure rows by turns and keep the best of each, for ratios between them.

    A machine's speed may change by half within minutes.

    :param jobs: list of (row, callable that prepares records for a count).
    """
    best = [both(bench, replace(row), prepare, work) for row, prepare in jobs]
    for _round in range(1, rounds):
        for at, (row, prepare) in enumerate(jobs):
            again = replace(row, kcalls=best[at].kcalls)
            work(bench, prepare(row.count), again, False)
            best[at] = min(best[at], again, key=lambda each: each.cpu)
    return best


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
