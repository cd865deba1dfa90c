"""What retention costs: nothing without it, and little with it."""

from functools import partial
from unittest.mock import patch

from odoo.fields import Command

from .meter import Row, both, by_turns
from .scenarios import _our_deposits, at_once, in_batches

#: Steps of retention in the moments of the host, by model; done by nobody in the row
#: that "no retention" is compared with.
HOOKS = {
    "account.move": (
        "_get_retained_documents",
        "_check_retention_posting",
        "_hold_retention",
        "_hide_retention_payments",
        "_correct_retention_payment_state",
    ),
    "sale.order": (
        "_add_retention_lines",
        "_check_retention_write",
        "_get_retention_guaranteed",
    ),
    "sale.order.line": ("_check_retention_write",),
}
_patches = []


def _nothing(records, *_args):
    return records.browse()


def _still_hooks(bench, is_still):
    """Let the steps of retention be done, or by nobody."""
    while _patches:
        _patches.pop().stop()
    for model, names in HOOKS.items() if is_still else ():
        for name in names:
            _patches.append(patch.object(bench.registry[model], name, _nothing))
            _patches[-1].start()


def _plans(bench, lines, values, is_still, count):
    """Return planned lines of 30 % of orders that bill revenue."""
    _still_hooks(bench, False)
    ids = bench.orders(count, lines, progress_method="revenue", **values)
    line_ids = bench.plans(ids, 30.0)
    _still_hooks(bench, is_still)
    return line_ids


def _set_up(bench):
    with bench.cursor() as env:
        if not env.company.retention_account_id:
            values = {"name": "Retention", "code": "PBENCHR", "reconcile": True}
            values["account_type"] = "asset_current"
            values["company_ids"] = [Command.set(env.company.ids)]
            env.company.retention_account_id = env["account.account"].create(values)


def retention(bench, orders, lines):
    """Invoices of 30 % of N orders: without retention beside no hooks, and with it."""
    _set_up(bench)
    prepare = partial(_plans, bench, lines)
    held = {"retention_percent": 5.0}
    rows = []
    for name, ways in (
        ("no retention", (("steady", {}, True), ("addon", {}, False))),
        ("with retention", (("steady", {}, False), ("addon", held, False))),
    ):
        jobs = [
            (Row(name, who, orders), partial(prepare, values, is_still))
            for who, values, is_still in ways
        ]
        rows += by_turns(bench, jobs, in_batches(_our_deposits))
    _still_hooks(bench, False)
    return rows


def _held(bench, lines, count):
    """Return ids of orders that hold 5 % of an invoice of 30 %."""
    line_ids = _plans(bench, lines, {"retention_percent": 5.0}, False, count)
    for start in range(0, count, 50):
        with bench.cursor() as env:
            moves = _our_deposits(env, line_ids[start : start + 50])
            moves.action_post()
    with bench.cursor() as env:
        lines = env["progress.billing.line"].browse(line_ids)
        return lines.order_id.ids


def _releases(env, ids):
    return env["sale.order"].browse(ids)._create_retention_releases()


def release(bench, orders, lines):
    """What N orders hold is released at once; beside ten times fewer of them."""
    _set_up(bench)
    with bench.cursor() as env:
        if not env.company.retention_journal_id:
            values = {"name": "Releases", "code": "PBREL", "type": "sale"}
            env.company.retention_journal_id = env["account.journal"].create(values)
    jobs = (("steady", max(orders // 10, 1)), ("addon", orders))
    return [
        both(
            bench,
            Row("release", who, count),
            partial(_held, bench, lines),
            at_once(_releases),
        )
        for who, count in jobs
    ]
