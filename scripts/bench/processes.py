"""The job queue with a real runner: what a second process brings."""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager

WAITING = ("wait_dependencies", "pending", "enqueued", "started")
BATCH = 25
#: One in so many lines is billed before: each process has read then what stays read,
#: and each customer was billed once (his first invoice writes to him, the next do not).
WARM_UP = 10


def queue(bench, orders, lines):
    """Bill and post a line of each of N orders by jobs: one process, two; journals.

    Seconds are a clock's: on a machine with other work they say little.
    """
    if "queue.job" not in bench.registry:
        raise SystemExit("This needs OCA queue_job: make bench ARGS='--only queue'")
    for journals in (1, 2):
        times = [
            _measure(bench, orders, lines, journals, processes) for processes in (1, 2)
        ]
        print(
            f"{orders} lines, journals: {journals}, one process {times[0]:.1f} s, "
            f"two {times[1]:.1f} s: {times[0] / times[1]:.2f} times as fast",
            flush=True,
        )
    return []


def _measure(bench, orders, lines, journals, processes):
    """Return the seconds that it takes until no job is left."""
    journal_ids = _get_journals(bench, journals)
    line_ids = []
    for journal_id in journal_ids:
        count = orders // journals
        ids = bench.orders(count, lines, journal_id=journal_id)
        line_ids.append(bench.plans(ids, 30.0))
    first, then = zip(*[_part(ids) for ids in line_ids], strict=True)
    with bench.cursor() as env:
        env.company.progress_auto_post = True
        _enqueue(env, first, 1)
    with _server(bench.registry.db_name, processes):
        _wait(bench)
        started = time.monotonic()
        with bench.cursor() as env:
            _enqueue(env, then, BATCH)
        _wait(bench)
        seconds = time.monotonic() - started
    _check(bench, line_ids)
    return seconds


def _part(ids):
    """Return the ids that warm up, and the others."""
    count = -(-len(ids) // WARM_UP)
    return ids[:count], ids[count:]


def _get_journals(bench, count):
    """Return the ids of so many sales journals."""
    with bench.cursor() as env:
        journals = env["account.journal"].search([("type", "=", "sale")])
        for number in range(len(journals), count):
            values = {"name": f"Bench {number}", "code": f"BEN{number}", "type": "sale"}
            journals |= journals.create(values)
        return journals[:count].ids


def _enqueue(env, line_ids, size):
    """Hand the lines to the queue, an order of each journal by turns."""
    ids = [line_id for turn in zip(*line_ids, strict=True) for line_id in turn]
    env["progress.billing.line"].browse(ids)._enqueue_run(size=size)


def _wait(bench):
    while True:
        with bench.cursor() as env:
            domain = [("state", "in", WAITING)]
            if not env["queue.job"].search_count(domain):
                return
        time.sleep(0.2)


def _check(bench, line_ids):
    """Raise unless each line is posted once, and numbers are without gap."""
    with bench.cursor() as env:
        lines = env["progress.billing.line"].browse(sum(line_ids, []))
        moves = env["account.move"].search([("move_type", "=", "out_invoice")])
        numbers = moves.grouped(lambda move: (move.journal_id, move.sequence_prefix))
        gaps = [
            key
            for key, group in numbers.items()
            if sorted(group.mapped("sequence_number")) != [*range(1, len(group) + 1)]
        ]
        if set(lines.mapped("state")) != {"posted"} or gaps:
            raise AssertionError(f"Not each line is posted once, or gaps: {gaps}")


def _get_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def _server(database, processes):
    """Run a server whose runner gives work to so many processes."""
    server = subprocess.Popen(
        [
            # A file, not code: the server starts itself once more for its bus.
            *(shutil.which("odoo"), "server"),
            *("-d", database, f"--db-filter=^{database}$", "--workers=2"),
            *(f"--http-port={_get_port()}", f"--gevent-port={_get_port()}"),
            *("--load=base,web,queue_job", "--max-cron-threads=0"),
            *("--http-interface=127.0.0.1", "--log-level=error"),
        ],
        env=os.environ | {"ODOO_QUEUE_JOB_CHANNELS": f"root:{processes}"},
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)
