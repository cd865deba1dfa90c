"""What is measured. A scenario is a function (registry, orders, lines) -> rows."""

from functools import partial

from odoo.fields import Command

from . import consolidated, projects
from .meter import Row, both, by_turns, measure
from .world import Bench

# === WHO DOES IT === #


def _host_each(bench, ids, row, calls, create):
    """Do it as a person would: order by order, a request for creating, one to post."""
    for order_id in ids:
        with bench.cursor() as env, measure(env.cr, row, calls=calls):
            move_ids = create(env, order_id).ids
            env.cr.precommit.run()
            env.flush_all()
        with bench.cursor() as env, measure(env.cr, row, calls=calls):
            env["account.move"].browse(move_ids).action_post()
            env.cr.precommit.run()
            env.flush_all()


def _host_deposit(env, order_id):
    order = env["sale.order"].browse(order_id)
    wizard = (
        env["sale.advance.payment.inv"]
        .with_context(active_model="sale.order", active_ids=order.ids)
        .create({"advance_payment_method": "percentage", "amount": 30})
    )
    return wizard._create_invoices(order)


def _host_final(env, order_id):
    order = env["sale.order"].browse(order_id)
    wizard = (
        env["sale.advance.payment.inv"]
        .with_context(active_model="sale.order", active_ids=order.ids)
        .create({"advance_payment_method": "delivered"})
    )
    return wizard._create_invoices(order)


def _batch(bench, ids, row, calls, create):
    """Do it as the scheduled job does: create and post in one transaction of 50."""
    for start in range(0, len(ids), 50):
        with bench.cursor() as env, measure(env.cr, row, calls=calls):
            create(env, ids[start : start + 50]).action_post()
            env.cr.precommit.run()
            env.flush_all()


def _our_deposit(env, ids):
    lines = env["progress.billing.line"].browse(ids)
    return lines._create_progress_invoices()


def _our_final(env, ids):
    return env["sale.order"].browse(ids)._create_final_invoices()


def _floor(lines):
    def create(env, ids):
        product = env["product.product"].search([], limit=1)
        partner = env["res.partner"].search([], limit=1)
        tax = env["account.tax"].search([("type_tax_use", "=", "sale")], limit=1)
        line = Command.create(
            {
                "product_id": product.id,
                "price_unit": 100.0,
                "tax_ids": [Command.set(tax.ids)],
            }
        )
        return env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_line_ids": [line] * lines,
                }
                for _id in ids
            ]
        )

    return create


# === SCENARIOS === #


def deposit(registry, orders, lines):
    """Deposits of 30 % of N orders, created and posted."""
    bench = Bench(registry)
    return [
        both(
            bench,
            Row("deposit", "host", orders),
            lambda n: bench.orders(n, lines),
            lambda *args: _host_each(*args, _host_deposit),
        ),
        both(
            bench,
            Row("deposit", "addon", orders),
            lambda n: bench.plans(bench.orders(n, lines), 30.0),
            lambda *args: _batch(*args, _our_deposit),
        ),
        both(
            bench,
            Row("deposit", "floor", orders),
            lambda n: list(range(n)),
            lambda *args: _batch(*args, _floor(1)),
        ),
    ]


def final(registry, orders, lines):
    """Final invoices of N orders with one posted deposit of 30 %."""
    bench = Bench(registry)

    def with_host_deposit(count):
        ids = bench.orders(count, lines)
        for order_id in ids:
            with bench.cursor() as env:
                _host_deposit(env, order_id).action_post()
        return ids

    def with_our_deposit(count):
        ids = bench.orders(count, lines)
        line_ids = bench.plans(ids, 30.0)
        with bench.cursor() as env:
            _our_deposit(env, line_ids).action_post()
        return ids

    return [
        both(
            bench,
            Row("final", "host", orders),
            with_host_deposit,
            lambda *args: _host_each(*args, _host_final),
        ),
        both(
            bench,
            Row("final", "addon", orders),
            with_our_deposit,
            lambda *args: _batch(*args, _our_final),
        ),
        both(
            bench,
            Row("final", "floor", orders),
            lambda n: list(range(n)),
            lambda *args: _batch(*args, _floor(lines + 1)),
        ),
    ]


def currency(registry, orders, lines):
    """Final invoices in a foreign currency, with 1, 5 and 20 deposits each.

    "steady" are the same orders at one unchanging rate: nothing to adjust. What the
    rows beside them cost more is what adjusting costs.
    """
    bench = Bench(registry)
    rows = []
    for deposits, count in ((1, orders), (5, orders // 2), (20, orders // 5)):
        jobs = [
            (
                Row(f"final EUR, {deposits} deposits", who, max(count, 2)),
                partial(_foreign_orders, bench, lines, deposits, moving),
            )
            for who, moving in (("addon", True), ("steady", False))
        ]
        rows += by_turns(bench, jobs, partial(_batch, create=_our_final))
    return rows


def _foreign_orders(bench, lines, deposits, moving, count):
    """Return ids of orders with posted deposits; the rate then moves on if told."""
    pricelist_id = bench.foreign_pricelist(1.1)
    ids = bench.orders(count, lines, pricelist_id=pricelist_id)
    line_ids = bench.plans(ids, *[60.0 / deposits] * deposits)
    for start in range(0, len(line_ids), 50):
        with bench.cursor() as env:
            _our_deposit(env, line_ids[start : start + 50]).action_post()
    bench.foreign_pricelist(1.2 if moving else 1.1)
    return ids


SCENARIOS = {
    "deposit": deposit,
    "final": final,
    "currency": currency,
    "consolidated": consolidated.run_wizard,
    "projects": projects.run_billing,
    "percentages": projects.save_percentages,
}
