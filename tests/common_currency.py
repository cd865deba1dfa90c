from contextlib import contextmanager

from freezegun import freeze_time

from odoo.fields import Command

from .common import ProgressBillingCommon

DEPOSIT_DAY = "2026-03-01"
SECOND_DAY = "2026-04-01"
FINAL_DAY = "2026-05-01"


class ProgressCurrencyCommon(ProgressBillingCommon):
    """USD company, orders in EUR: 1.10 USD/EUR on deposit day, 1.20 on final day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls._currency(
            "EUR", {DEPOSIT_DAY: 1.10, SECOND_DAY: 1.15, FINAL_DAY: 1.20}
        )
        cls.company.tax_exigibility = True
        cls.tags = cls.env["account.account.tag"].create(
            [
                {"name": name, "applicability": "taxes", "country_id": country.id}
                for country in cls.company.account_fiscal_country_id
                for name in ("PB base", "PB tax")
            ]
        )
        cls._set_grids(cls.tax)
        cls.loss = cls.company.expense_currency_exchange_account_id
        cls.gain = cls.company.income_currency_exchange_account_id
        cls.tax_account = cls.company_data["default_account_tax_sale"]
        cls.revenue = cls.company_data["default_account_revenue"]

    @classmethod
    def _currency(cls, name, rates, rounding=None):
        """Return a currency with rates (company currency per unit) by date."""
        currency = cls.env["res.currency"].with_context(active_test=False)
        currency = currency.search([("name", "=", name)])
        currency.active = True
        if rounding:
            currency.rounding = rounding
        currency.rate_ids.unlink()
        cls.env["res.currency.rate"].create(
            [
                {
                    "currency_id": currency.id,
                    "company_id": cls.company.id,
                    "name": date,
                    "inverse_company_rate": rate,
                }
                for date, rate in rates.items()
            ]
        )
        return currency

    @classmethod
    def _set_grids(cls, tax):
        """Put the test's two tax grids on a tax, on invoices and credit notes alike."""
        for line in tax.invoice_repartition_line_ids | tax.refund_repartition_line_ids:
            is_base = line.repartition_type == "base"
            line.tag_ids = [Command.set(cls.tags[0 if is_base else 1].ids)]

    @classmethod
    def _euro_order(cls, *lines, **values):
        pricelist = cls.env["product.pricelist"].create(
            {"name": "Foreign", "currency_id": values.pop("currency", cls.euro).id}
        )
        return cls._order(*lines, pricelist_id=pricelist.id, **values)

    @contextmanager
    def _on(self, date):
        with freeze_time(date):
            yield

    def _deposit_on(self, date, order, *shares, **values):
        """Return the posted deposits of an order, made and dated on a day."""
        with self._on(date):
            return self._bill(self._plan(order, *shares, date=date, **values))

    def _final_on(self, date, order, post=True, **values):
        """Return the (posted) final invoice of orders, made and dated on a day."""
        with self._on(date):
            return self._final(order, post=post, date=date, **values)

    def _get_rows(self, lines):
        """Return {account: balance} of journal items, without zeros."""
        rows = {}
        for line in lines:
            rows[line.account_id] = rows.get(line.account_id, 0.0) + line.balance
        return {
            account: round(balance, 6)
            for account, balance in rows.items()
            if round(balance, 6)
        }

    def _get_grids(self):
        """Return the tax report: (base grid, tax grid) of all posted items."""
        return tuple(
            round(
                sum(
                    self.env["account.move.line"]
                    .search(
                        [
                            ("tax_tag_ids", "in", tag.ids),
                            ("parent_state", "=", "posted"),
                        ]
                    )
                    .mapped("balance")
                ),
                6,
            )
            for tag in self.tags
        )

    def assertNoDeposit(self, orders):
        """Assert that the deposit account is empty in both currencies."""
        items = self.env["account.move.line"].search(
            [
                ("account_id", "=", self.deposit_account.id),
                ("parent_state", "=", "posted"),
            ]
        )
        self.assertAlmostEqual(sum(items.mapped("balance")), 0.0, 9)
        self.assertAlmostEqual(sum(items.mapped("amount_currency")), 0.0, 9)
        open_items = items.filtered(lambda item: not item.reconciled)
        self.assertFalse(open_items.filtered("sale_line_ids"))

    def _get_preview(self, move):
        """Return sorted (account, amount) of what posting books besides `move`."""
        _own, *further = move._get_progress_transactions()
        return sorted(
            (row["account"].code, round(row["amount"], 6))
            for group in further
            for row in group["rows"]
        )

    def _get_posted(self, entries):
        """Return the sorted (account, balance) of the items of posted entries."""
        return sorted(
            (item.account_id.code, round(item.balance, 6)) for item in entries.line_ids
        )
