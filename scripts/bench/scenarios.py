"""What is measured. A scenario is a function (registry, orders, lines) -> rows."""

from functools import partial

from odoo.api import Environment
from odoo.fields import Command, Date

from .meter import Row, measure

CALLS_SAMPLE = 20


class Bench:
    """One database: a company with a deposit account and a 15 % tax, and orders."""

    def __init__(self, registry):
        self.registry = registry
        with self.cursor() as env:
            account = env["account.account"].search([("code", "=", "PBENCH")])
            if not account:
                if not env.company.chart_template:
                    env["account.chart.template"].try_loading(
                        "generic_coa", env.company, install_demo=False
                    )
                account = env["account.account"].create(
                    {
                        "name": "Deposits",
                        "code": "PBENCH",
                        "account_type": "liability_current",
                        "reconcile": True,
                    }
                )
                env.company.downpayment_account_id = account
            tax = env["account.tax"].search(
                [("type_tax_use", "=", "sale"), ("amount", "=", 15)], limit=1
            )
            product = env["product.product"].create(
                {
                    "name": "Bench service",
                    "type": "service",
                    "invoice_policy": "order",
                    "taxes_id": [Command.set(tax.ids)],
                }
            )
            self.product_id, self.tax_id = product.id, tax.id

    def cursor(self):
        """Return a context manager: a new environment, committed at its end."""
        return _Work(self.registry)

    def orders(self, count, lines, **values):
        """Return the ids of `count` new confirmed orders of `lines` lines."""
        with self.cursor() as env:
            partners = env["res.partner"].create(
                [{"name": f"Bench customer {n}"} for n in range(max(count // 10, 1))]
            )
            orders = env["sale.order"].create(
                [
                    {
                        "partner_id": partners[n % len(partners)].id,
                        "order_line": [
                            Command.create(
                                {
                                    "product_id": self.product_id,
                                    "price_unit": 100.0 + n + line / 3,
                                    "product_uom_qty": 1 + line,
                                    "tax_ids": [Command.set([self.tax_id])],
                                }
                            )
                            for line in range(lines)
                        ],
                        **values,
                    }
                    for n in range(count)
                ]
            )
            orders.action_confirm()
            return orders.ids

    def plans(self, order_ids, *percents):
        """Return the ids of planned lines, one per order and percentage."""
        with self.cursor() as env:
            return (
                env["progress.billing.line"]
                .create(
                    [
                        {
                            "order_id": order_id,
                            "name": f"Part {number}",
                            "date": "2026-01-01",
                            "percent": percent,
                        }
                        for order_id in order_ids
                        for number, percent in enumerate(percents)
                    ]
                )
                .ids
            )

    def foreign_pricelist(self, rate):
        """Return the id of a EUR pricelist, with that many dollars to the euro today."""
        with self.cursor() as env:
            euro = env.ref("base.EUR")
            euro.active = True
            rates = env["res.currency.rate"]
            rates.search([("currency_id", "=", euro.id)]).unlink()
            rates.create(
                {
                    "currency_id": euro.id,
                    "name": Date.today(),
                    "rate": 1 / rate,
                    "company_id": env.company.id,
                }
            )
            name = "Bench EUR"
            pricelist = env["product.pricelist"].search([("name", "=", name)])
            return (
                pricelist or pricelist.create({"name": name, "currency_id": euro.id})
            ).id


class _Work:
    def __init__(self, registry):
        self.registry = registry

    def __enter__(self):
        self.cr = self.registry.cursor()
        return Environment(self.cr, 2, {})

    def __exit__(self, failure, *_):
        if not failure:
            self.cr.commit()
        self.cr.close()


def _both(bench, row, prepare, work):
    """Measure time and queries on one set of records, calls on a smaller one."""
    for calls in (False, True):
        count = min(row.count, CALLS_SAMPLE) if calls else row.count
        ids = prepare(count)
        sized = row if count == row.count else Row("", "", count)
        work(bench, ids, sized, calls)
        if sized is not row:
            row.kcalls = sized.kcalls
    return row


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
        _both(
            bench,
            Row("deposit", "host", orders),
            lambda n: bench.orders(n, lines),
            lambda *args: _host_each(*args, _host_deposit),
        ),
        _both(
            bench,
            Row("deposit", "addon", orders),
            lambda n: bench.plans(bench.orders(n, lines), 30.0),
            lambda *args: _batch(*args, _our_deposit),
        ),
        _both(
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
        _both(
            bench,
            Row("final", "host", orders),
            with_host_deposit,
            lambda *args: _host_each(*args, _host_final),
        ),
        _both(
            bench,
            Row("final", "addon", orders),
            with_our_deposit,
            lambda *args: _batch(*args, _our_final),
        ),
        _both(
            bench,
            Row("final", "floor", orders),
            lambda n: list(range(n)),
            lambda *args: _batch(*args, _floor(lines + 1)),
        ),
    ]


def currency(registry, orders, lines):
    """Final invoices in a foreign currency, with 1, 5 and 20 deposits each.

    "steady" are the same orders at one unchanging rate: nothing to adjust. The row
    above it less this one is what adjusting costs.
    """
    bench = Bench(registry)
    rows = []
    for deposits, count in ((1, orders), (5, orders // 2), (20, orders // 5)):
        for who, moving in (("addon", True), ("steady", False)):
            rows.append(
                _both(
                    bench,
                    Row(f"final EUR, {deposits} deposits", who, max(count, 2)),
                    partial(_foreign_orders, bench, lines, deposits, moving),
                    lambda *args: _batch(*args, _our_final),
                )
            )
    return rows


def _foreign_orders(bench, lines, deposits, moving, count):
    """Return ids of orders with posted deposits; the rate moves on afterwards if told."""
    pricelist_id = bench.foreign_pricelist(1.1)
    ids = bench.orders(count, lines, pricelist_id=pricelist_id)
    line_ids = bench.plans(ids, *[60.0 / deposits] * deposits)
    for start in range(0, len(line_ids), 50):
        with bench.cursor() as env:
            _our_deposit(env, line_ids[start : start + 50]).action_post()
    bench.foreign_pricelist(1.2 if moving else 1.1)
    return ids


SCENARIOS = {"deposit": deposit, "final": final, "currency": currency}
