"""The retention account as of a day: what is held of which invoice, and if it ties."""

from dataclasses import dataclass

from odoo.fields import Domain
from odoo.models import BaseModel

from ..ledger.account_reader import AccountReader


@dataclass
class Row:
    """What is held of one invoice: amounts in the currency of the order.

    :ivar order: the sale order.
    :ivar invoice: the invoice of which it is held.
    :ivar held: what invoices held back, less what they gave back.
    :ivar released: what releases billed, less their credit notes.
    :ivar balance: what the account holds of it, in company currency, exchange
        differences included.
    """

    order: BaseModel
    invoice: BaseModel
    held: float = 0.0
    released: float = 0.0
    balance: float = 0.0

    @property
    def open(self):
        """Return what is held and not released."""
        return self.order.currency_id.round(self.held - self.released)


class RetentionAccount:
    """The items on the retention accounts of a company, up to a day.

    :ivar rows: `Row`s, by customer, order and invoice.
    :ivar balance: what the accounts hold.
    :ivar others: items on the accounts that belong to no order.

    :param company: whose account it is.
    :param date: the last day that counts.
    """

    def __init__(self, company, date):
        reader = AccountReader(
            company,
            date,
            Domain("retention_order_id", "!=", False),
            company.sudo().retention_account_id,
        )
        self._rows = {}
        for item in reader.linked:
            self._count(item)
        rest = reader.items - reader.linked
        keys = self._get_exchange_keys(reader.get_exchange_origins(rest))
        for item, key in keys.items():
            self._rows[key].balance += item.balance
        self.others = reader.get_unreversed(rest - rest.browse().union(*keys))
        self.rows = self._get_rows(company)
        self.balance = reader.balance

    @staticmethod
    def _get_key(item):
        return (item.retention_order_id, item._get_retained_move())

    def _count(self, item):
        row = self._rows.setdefault(self._get_key(item), Row(*self._get_key(item)))
        row.balance += item.balance
        if item._get_retention_document().is_retention_release:
            row.released -= item.amount_currency
        else:
            row.held += item.amount_currency

    def _get_exchange_keys(self, origins):
        """Return item -> key of its row, of those that are exchange differences.

        :param origins: item -> items that it is the exchange difference of.
        """
        keys = {}
        for item, pair in origins.items():
            origin = pair.filtered("retention_order_id")[:1]
            if origin and self._get_key(origin) in self._rows:
                keys[item] = self._get_key(origin)
        return keys

    def _get_rows(self, company):
        for row in self._rows.values():
            currency = row.order.currency_id
            row.held = currency.round(row.held)
            row.released = currency.round(row.released)
            row.balance = company.currency_id.round(row.balance)
        return sorted(
            (row for row in self._rows.values() if row.held or row.released),
            key=lambda row: (
                row.order.partner_invoice_id.display_name or "",
                row.order.id,
                row.invoice.id,
            ),
        )
