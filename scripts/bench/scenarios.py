"""What is measured. A scenario is a function (bench, orders, lines) -> rows."""

from functools import partial

from odoo.fields import Command

from .meter import Row, both, by_turns, measure

BUDGET_LINES = 20

# === WHO DOES IT === #


def one_by_one(create):
    """Do it as a person would: order by order, a request for creating, one to post."""

    def work(bench, ids, row, calls):
        for order_id in ids:
            with bench.cursor() as env, measure(env, row, calls=calls):
                move_ids = create(env, [order_id]).ids
            with bench.cursor() as env, measure(env, row, calls=calls):
                env["account.move"].browse(move_ids).action_post()

    return work


def in_batches(create, size=50):
    """Do it as the scheduled job does: create and post in one transaction of 50."""

    def work(bench, ids, row, calls):
        for start in range(0, len(ids), size):
            with bench.cursor() as env, measure(env, row, calls=calls):
                create(env, ids[start : start + size]).action_post()

    return work


at_once = partial(in_batches, size=10**6)

# === THE INVOICES === #


def _host_invoices(env, ids, method="delivered", **values):
    orders = env["sale.order"].browse(ids)
    wizards = env["sale.advance.payment.inv"].with_context(
        active_model="sale.order", active_ids=ids
    )
    wizard = wizards.create({"advance_payment_method": method, **values})
    return wizard._create_invoices(orders)


_host_deposits = partial(_host_invoices, method="percentage", amount=30)


def _our_deposits(env, line_ids):
    return env["progress.billing.line"].browse(line_ids)._create_progress_invoices()


def _our_finals(env, ids, **options):
    return env["sale.order"].browse(ids)._create_final_invoices(**options)


def _floor(lines, env, ids):
    """Make equal invoices without orders."""
    tax = env["account.tax"].search([("type_tax_use", "=", "sale")], limit=1)
    values = {
        "product_id": env["product.product"].search([], limit=1).id,
        "price_unit": 100.0,
        "tax_ids": [Command.set(tax.ids)],
    }
    move = {
        "move_type": "out_invoice",
        "partner_id": env["res.partner"].search([], limit=1).id,
        "invoice_line_ids": [Command.create(values)] * lines,
    }
    return env["account.move"].create([{**move} for _id in ids])


def _wizard_run(env, ids):
    values = {"consolidated": True, "order_from_id": ids[0], "order_to_id": ids[-1]}
    wizard = env["progress.billing.run"].create(values)
    wizard.action_run()
    return wizard.move_ids


def _host_regular(env, ids):
    return env["sale.order"].browse(ids)._create_invoices()


def _project_run(env, ids):
    _proformas, moves = env["project.project"].browse(ids)._run_billing()
    return moves


# === WHAT IS THERE BEFORE === #


def _plans(bench, lines, count):
    return bench.plans(bench.orders(count, lines), 30.0)


def _planned(bench, lines, count):
    ids = bench.orders(count, lines)
    bench.plans(ids, 30.0)
    return ids


def _host_deposited(bench, lines, count):
    ids = bench.orders(count, lines)
    for order_id in ids:
        with bench.cursor() as env:
            _host_deposits(env, [order_id]).action_post()
    return ids


def _deposited(bench, lines, count, percents=(30.0,), **values):
    ids = bench.orders(count, lines, **values)
    line_ids = bench.plans(ids, *percents)
    for start in range(0, len(line_ids), 50):
        with bench.cursor() as env:
            _our_deposits(env, line_ids[start : start + 50]).action_post()
    return ids


def _foreign(bench, lines, percents, moving, count):
    """Return ids of orders with posted deposits; the rate then moves on if told."""
    pricelist_id = bench.foreign_pricelist(1.1)
    ids = _deposited(bench, lines, count, percents, pricelist_id=pricelist_id)
    bench.foreign_pricelist(1.2 if moving else 1.1)
    return ids


def _budget_lines(env, order_ids):
    lines = env["sale.order"].browse(order_ids).order_line
    return lines.filtered(lambda line: not line.display_type)


def _half_delivered(bench, count):
    ids = bench.orders(count, BUDGET_LINES)
    with bench.cursor() as env:
        for line in _budget_lines(env, ids):
            line.product_uom_qty *= 2
            line.qty_delivered = line.product_uom_qty / 2
    return ids


def _half_completed(bench, count):
    """Return ids of projects, each with an order of which half is completed."""
    ids = bench.orders(count, BUDGET_LINES)
    project_ids = []
    with bench.cursor() as env:
        orders = env["sale.order"].browse(ids)
        orders.progress_method = "revenue"
        for order in orders:
            values = {"name": f"Bench {order.name}", "allow_billable": True}
            values["partner_id"] = order.partner_id.id
            order.project_id = env["project.project"].create(values)
            project_ids.append(order.project_id.id)
        _budget_lines(env, ids).completed_percent = 50.0
    return project_ids


# === SCENARIOS === #


def _compare(bench, name, count, *ways):
    """Return a row of each (who, what prepares a number of records, what does it)."""
    return [both(bench, Row(name, who, count), *way) for who, *way in ways]


def deposit(bench, orders, lines):
    """Deposits of 30 % of N orders, created and posted."""
    return _compare(
        bench,
        "deposit",
        orders,
        ("host", partial(bench.orders, lines=lines), one_by_one(_host_deposits)),
        ("addon", partial(_plans, bench, lines), in_batches(_our_deposits)),
        ("floor", range, in_batches(partial(_floor, 1))),
    )


def final(bench, orders, lines):
    """Final invoices of N orders with one posted deposit of 30 %."""
    return _compare(
        bench,
        "final",
        orders,
        ("host", partial(_host_deposited, bench, lines), one_by_one(_host_invoices)),
        ("addon", partial(_deposited, bench, lines), in_batches(_our_finals)),
        ("floor", range, in_batches(partial(_floor, lines + 1))),
    )


def further(bench, orders, lines):
    """Final invoices of 1 and 5 deposits, and of twice the lines."""
    rows = []
    for count, percents in (
        (lines, (60.0,)),
        (lines, (12.0,) * 5),
        (2 * lines, (60.0,)),
    ):
        prepare = partial(_deposited, bench, count, percents=percents)
        name = f"final {count} + {len(percents)}"
        way = ("addon", prepare, in_batches(_our_finals))
        rows += _compare(bench, name, orders, way)
    return rows


def _rates(bench, name, count, lines, percents, work):
    """Measure finals of orders whose rate moved, beside those whose rate stood still.

    What the former cost more is what adjusting costs.
    """
    jobs = [
        (Row(name, who, count), partial(_foreign, bench, lines, percents, moving))
        for who, moving in (("addon", True), ("steady", False))
    ]
    return by_turns(bench, jobs, work)


def currency(bench, orders, lines):
    """Final invoices in a foreign currency, with 1, 5 and 20 deposits each."""
    rows = []
    for deposits, count in ((1, orders), (5, orders // 2), (20, orders // 5)):
        name, percents = f"final EUR, {deposits} deposits", [60.0 / deposits] * deposits
        work = in_batches(_our_finals)
        rows += _rates(bench, name, max(count, 2), lines, percents, work)
    return rows


def consolidated(bench, orders, lines):
    """Bill N orders at once, one invoice per customer; figures are per order.

    The host consolidates regular invoices only, so the finals are beside its own; the
    last two rows are finals in a foreign currency.
    """
    count = max(orders, 10)
    host = at_once(partial(_host_invoices, consolidated_billing=True))
    ours = at_once(partial(_our_finals, consolidated=True))
    run = ("addon", partial(_planned, bench, lines), at_once(_wizard_run))
    finals = (
        ("host", partial(_host_deposited, bench, lines), host),
        ("addon", partial(_deposited, bench, lines), ours),
    )
    return [
        *_compare(bench, "consolidated run", count, run),
        *_compare(bench, "consolidated final", count, *finals),
        *_rates(bench, "consolidated EUR", count, lines, [30.0], ours),
    ]


def projects(bench, orders, _lines):
    """Run Billing over N projects of 20 budget lines, half of each completed."""
    return _compare(
        bench,
        "run billing",
        orders,
        ("host", partial(_half_delivered, bench), one_by_one(_host_regular)),
        ("addon", partial(_half_completed, bench), in_batches(_project_run)),
    )


def percentages(bench, _orders, _lines):
    """Save completed percentages of 50 and of 500 budget lines at once."""
    rows = []
    for count in (50, 500):
        order_ids = bench.orders(count // 10, 10)
        row = Row(f"save {count} percentages", "addon", count)
        with bench.cursor() as env:
            lines = env["sale.order.line"].browse(_budget_lines(env, order_ids).ids)
            values = [{"completed_percent": 10.0 + n % 7} for n in range(count)]
            with measure(env, row):
                lines.web_save_multi(values, {})
        rows.append(row)
    return rows


SCENARIOS = {
    each.__name__: each
    for each in (
        deposit,
        final,
        further,
        currency,
        consolidated,
        projects,
        percentages,
    )
}
