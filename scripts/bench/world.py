"""The database that is measured: a company, a product, orders and plans."""

from contextlib import contextmanager

from odoo.api import Environment
from odoo.fields import Command, Date


class Bench:
    """One database: a company with a deposit account and a 15 % tax, and orders."""

    def __init__(self, registry):
        self.registry = registry
        with self.cursor() as env:
            if not env["account.account"].search([("code", "=", "PBENCH")]):
                self._set_up(env)
            self.tax_id = self._tax(env).id
            self.product_id = (
                env["product.product"]
                .create(
                    {
                        "name": "Bench service",
                        "type": "service",
                        "invoice_policy": "order",
                        "taxes_id": [Command.set([self.tax_id])],
                    }
                )
                .id
            )

    @contextmanager
    def cursor(self):
        """Yield a new environment, committed at the end."""
        with self.registry.cursor() as cr:
            yield Environment(cr, 2, {})

    def _set_up(self, env):
        if not env.company.chart_template:
            charts = env["account.chart.template"]
            charts.try_loading("generic_coa", env.company, install_demo=False)
        values = {"name": "Deposits", "code": "PBENCH", "reconcile": True}
        values["account_type"] = "liability_current"
        env.company.downpayment_account_id = env["account.account"].create(values)

    def _tax(self, env):
        domain = [("type_tax_use", "=", "sale"), ("amount", "=", 15)]
        return env["account.tax"].search(domain, limit=1)

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
                        "order_line": [self._line(n, line) for line in range(lines)],
                        **values,
                    }
                    for n in range(count)
                ]
            )
            orders.action_confirm()
            return orders.ids

    def _line(self, number, line):
        return Command.create(
            {
                "product_id": self.product_id,
                "price_unit": 100.0 + number + line / 3,
                "product_uom_qty": 1 + line,
                "tax_ids": [Command.set([self.tax_id])],
            }
        )

    def plans(self, order_ids, *percents):
        """Return the ids of planned lines, one per order and percentage."""
        lines = [
            {
                "order_id": order_id,
                "name": f"Part {number}",
                "date": "2026-01-01",
                "percent": percent,
            }
            for order_id in order_ids
            for number, percent in enumerate(percents)
        ]
        with self.cursor() as env:
            return env["progress.billing.line"].create(lines).ids

    def foreign_pricelist(self, rate):
        """Return the id of a EUR pricelist, at so many dollars a euro today."""
        with self.cursor() as env:
            euro = env.ref("base.EUR")
            euro.active = True
            rates = env["res.currency.rate"]
            rates.search([("currency_id", "=", euro.id)]).unlink()
            values = {"currency_id": euro.id, "company_id": env.company.id}
            rates.create({**values, "name": Date.today(), "rate": 1 / rate})
            pricelist = env["product.pricelist"].search([("name", "=", "Bench EUR")])
            values = {"name": "Bench EUR", "currency_id": euro.id}
            return (pricelist or pricelist.create(values)).id
