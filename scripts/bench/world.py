"""The database that is measured: a company, a product, orders and plans."""

from odoo.api import Environment
from odoo.fields import Command, Date


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
        """Return the id of a EUR pricelist, at so many dollars a euro today."""
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
