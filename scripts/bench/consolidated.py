"""Billing an order book at once, one invoice per customer. Figures are per order."""

from functools import partial

from .meter import Row, both, by_turns, measure
from .world import Bench


def run_wizard(registry, orders, lines):
    """Run the wizard, consolidated, over N orders; then their finals, consolidated.

    The host consolidates regular invoices only, so the finals are beside its own; the
    last two rows are finals in a foreign currency, at a rate that moved and at one that
    did not.
    """
    bench = Bench(registry)
    count = max(orders, 10)
    return [
        both(
            bench,
            Row("consolidated run", "addon", count),
            lambda n: _planned(bench, n, lines),
            _run,
        ),
        both(
            bench,
            Row("consolidated final", "host", count),
            lambda n: _with_host_deposits(bench, n, lines),
            partial(_together, create=_host_finals),
        ),
        both(
            bench,
            Row("consolidated final", "addon", count),
            lambda n: _with_deposits(bench, n, lines),
            partial(_together, create=_our_finals),
        ),
        *by_turns(
            bench,
            [
                (
                    Row("consolidated EUR", who, count),
                    partial(_foreign, bench, lines, moving),
                )
                for who, moving in (("addon", True), ("steady", False))
            ],
            partial(_together, create=_our_finals),
        ),
    ]


# === WHO DOES IT === #


def _run(bench, order_ids, row, calls):
    """Run the wizard over the orders and post what it made."""
    with bench.cursor() as env, measure(env.cr, row, calls=calls):
        wizard = env["progress.billing.run"].create(
            {
                "consolidated": True,
                "order_from_id": order_ids[0],
                "order_to_id": order_ids[-1],
            }
        )
        wizard.action_run()
        wizard.move_ids.action_post()
        env.cr.precommit.run()
        env.flush_all()


def _together(bench, order_ids, row, calls, *, create):
    """Make the invoices of all orders at once and post them."""
    with bench.cursor() as env, measure(env.cr, row, calls=calls):
        create(env, order_ids).action_post()
        env.cr.precommit.run()
        env.flush_all()


def _our_finals(env, order_ids):
    orders = env["sale.order"].browse(order_ids)
    return orders._create_final_invoices(consolidated=True)


def _host_finals(env, order_ids):
    orders = env["sale.order"].browse(order_ids)
    wizard = (
        env["sale.advance.payment.inv"]
        .with_context(active_model="sale.order", active_ids=orders.ids)
        .create({"advance_payment_method": "delivered", "consolidated_billing": True})
    )
    return wizard._create_invoices(orders)


# === WHAT IS THERE BEFORE === #


def _planned(bench, count, lines, **values):
    order_ids = bench.orders(count, lines, **values)
    bench.plans(order_ids, 30.0)
    return order_ids


def _with_deposits(bench, count, lines, **values):
    order_ids = _planned(bench, count, lines, **values)
    with bench.cursor() as env:
        orders = env["sale.order"].browse(order_ids)
        orders.progress_line_ids._create_progress_invoices().action_post()
    return order_ids


def _with_host_deposits(bench, count, lines):
    order_ids = bench.orders(count, lines)
    with bench.cursor() as env:
        for order in env["sale.order"].browse(order_ids):
            wizard = (
                env["sale.advance.payment.inv"]
                .with_context(active_model="sale.order", active_ids=order.ids)
                .create({"advance_payment_method": "percentage", "amount": 30})
            )
            wizard._create_invoices(order).action_post()
    return order_ids


def _foreign(bench, lines, moving, count):
    pricelist_id = bench.foreign_pricelist(1.1)
    order_ids = _with_deposits(bench, count, lines, pricelist_id=pricelist_id)
    bench.foreign_pricelist(1.2 if moving else 1.1)
    return order_ids
