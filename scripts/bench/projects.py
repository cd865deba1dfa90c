"""Billing projects by progress, beside the host's regular invoices of the same."""

from .meter import Row, both, measure
from .world import Bench

BUDGET_LINES = 20


def run_billing(registry, orders, _lines):
    """Run Billing over N projects of 20 budget lines, half of each completed."""
    bench = Bench(registry)
    return [
        both(
            bench,
            Row("run billing", "host", orders),
            lambda count: _delivered_orders(bench, count),
            _host_regular,
        ),
        both(
            bench,
            Row("run billing", "addon", orders),
            lambda count: _completed_projects(bench, count),
            _our_runs,
        ),
    ]


def save_percentages(registry, _orders, _lines):
    """Save completed percentages of 50 and of 500 budget lines at once."""
    bench = Bench(registry)
    rows = []
    for count in (50, 500):
        with bench.cursor() as env:
            line_ids = _budget_lines(env, bench.orders(count // 10, 10)).ids
        row = Row(f"save {count} percentages", "addon", count)
        with bench.cursor() as env:
            lines = env["sale.order.line"].browse(line_ids)
            with measure(env.cr, row):
                lines.web_save_multi(
                    [{"completed_percent": 10.0 + n % 7} for n in range(count)], {}
                )
                env.flush_all()
        rows.append(row)
    return rows


def _budget_lines(env, order_ids):
    lines = env["sale.order"].browse(order_ids).order_line
    return lines.filtered(lambda line: not line.display_type)


def _delivered_orders(bench, count):
    ids = bench.orders(count, BUDGET_LINES)
    with bench.cursor() as env:
        for line in _budget_lines(env, ids):
            line.product_uom_qty *= 2
            line.qty_delivered = line.product_uom_qty / 2
    return ids


def _completed_projects(bench, count):
    ids = bench.orders(count, BUDGET_LINES)
    with bench.cursor() as env:
        orders = env["sale.order"].browse(ids)
        orders.progress_method = "revenue"
        projects = env["project.project"].create(
            [
                {
                    "name": f"Bench {order.name}",
                    "partner_id": order.partner_id.id,
                    "allow_billable": True,
                }
                for order in orders
            ]
        )
        for order, project in zip(orders, projects, strict=True):
            order.project_id = project
        _budget_lines(env, ids).completed_percent = 50.0
        return projects.ids


def _host_regular(bench, ids, row, calls):
    """Make and post the regular invoice of each order, as a person would."""
    for order_id in ids:
        with bench.cursor() as env, measure(env.cr, row, calls=calls):
            order = env["sale.order"].browse(order_id)
            move_ids = order._create_invoices().ids
            env.cr.precommit.run()
            env.flush_all()
        with bench.cursor() as env, measure(env.cr, row, calls=calls):
            env["account.move"].browse(move_ids).action_post()
            env.cr.precommit.run()
            env.flush_all()


def _our_runs(bench, ids, row, calls):
    """Run Billing over batches of 50 projects, and post what it made."""
    for start in range(0, len(ids), 50):
        with bench.cursor() as env, measure(env.cr, row, calls=calls):
            projects = env["project.project"].browse(ids[start : start + 50])
            _proformas, moves = projects._run_billing()
            moves.action_post()
            env.cr.precommit.run()
            env.flush_all()
