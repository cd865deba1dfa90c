"""A night's run of many due lines: whether its time is linear and its memory flat."""

import math
import resource
import time

from .meter import Row, measure

SIZES, MOST = (100, 1000), 10000
#: Planned lines of most orders, and of the one that has the most.
PARTS, MANY_PARTS = 4, 300


def scale(bench, orders, lines):
    """Bill and post N due lines by the scheduled job, in one journal: at most 10,000.

    ``--orders`` says another number, from 1,000 on.

    A tenth of them, 300 at most, are of one order. `MB` is what the process has grown
    by at its highest.
    """
    with bench.cursor() as env:
        env["progress.billing.line"].search([("state", "=", "planned")]).unlink()
        env.company.progress_auto_post = True
    sizes = (*SIZES, orders if orders > SIZES[-1] else MOST)
    rows = [_bill(bench, count, lines) for count in sizes]
    rows.append(_bill_one_order(bench, lines))
    with bench.cursor() as env:
        env.company.progress_auto_post = False
    for first, last in zip(rows, rows[1 : len(sizes)], strict=False):
        times = (row.cpu * row.count for row in (last, first))
        exponent = math.log(next(times) / next(times), last.count / first.count)
        print(f"{first.count} to {last.count} lines: time grows as n^{exponent:.3f}")
    return rows


def _plan(bench, count, lines):
    """Plan so many due lines."""
    many = min(count // 10, MANY_PARTS)
    bench.plans(bench.orders(1, lines), *[90.0 / many] * many)
    orders = (count - many) // PARTS
    # Few at a time: what planning takes must not hide what billing takes.
    for start in range(0, orders, 20):
        ids = bench.orders(min(orders - start, 20), lines)
        bench.plans(ids, *[90.0 / PARTS] * PARTS)
    return orders * PARTS + many


def _bill(bench, count, lines):
    row = Row(f"{count} due lines", "addon", _plan(bench, count, lines))
    return _run(bench, row)


def _bill_one_order(bench, lines):
    row = Row("one order's due lines", "addon", MANY_PARTS)
    bench.plans(bench.orders(1, lines), *[90.0 / MANY_PARTS] * MANY_PARTS)
    return _run(bench, row)


def _run(bench, row):
    """Measure the scheduled job; its last line is billed."""
    started, before = time.monotonic(), _peak_mb()
    with bench.cursor() as env, measure(env, row):
        env["progress.billing.line"]._cron_generate()
    row.growth = _peak_mb() - before
    print(
        f"{row.count} lines in {time.monotonic() - started:.0f} s, {row.cpu:.1f} ms of "
        f"CPU and {row.queries:.1f} queries each, {row.growth:.1f} MB more",
        flush=True,
    )
    with bench.cursor() as env:
        left = env["progress.billing.line"].search_count([("state", "=", "planned")])
        numbers = env["account.move"].search(
            [("state", "=", "posted"), ("move_type", "=", "out_invoice")]
        )
        numbers = numbers.mapped("sequence_number")
        if left or sorted(numbers) != list(range(1, len(numbers) + 1)):
            raise AssertionError(f"{left} lines are left, or numbers have gaps.")
    return row


def _peak_mb():
    """Return the most memory that the process had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
