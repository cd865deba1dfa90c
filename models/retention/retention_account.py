"""The retention account as of a day: what is held of which invoice, and if it ties."""

from dataclasses import dataclass

from odoo.models import BaseModel


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
        # In sudo mode because whoever reads the ledger need not see every journal.
        Item = company.env["account.move.line"].sudo()
        domain = [
            ("company_id", "=", company.id),
            ("parent_state", "=", "posted"),
            ("date", "<=", date),
        ]
        linked = Item.search([*domain, ("retention_order_id", "!=", False)])
        accounts = linked.account_id | company.sudo().retention_account_id
        items = Item.search([*domain, ("account_id", "in", accounts.ids)])
        self._rows = {}
        for item in linked:
            self._count(item)
        keys = self._get_exchange_keys(items - linked)
        for item, key in keys.items():
            self._rows[key].balance += item.balance
        self.others = items - linked - Item.union(*keys)
        self.rows = self._get_rows(company)
        self.balance = company.currency_id.round(sum(items.mapped("balance")))

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

    def _get_exchange_keys(self, items):
        """Return item -> key of its row, of those that are exchange differences."""
        partials = (
            items.env["account.partial.reconcile"]
            .sudo()
            .search([("exchange_move_id", "in", items.move_id.ids)])
        )
        keys = {}
        for partial in partials:
            origin = (
                partial.debit_move_id
                if partial.debit_move_id.retention_order_id
                else partial.credit_move_id
            )
            key = self._get_key(origin)
            if key in self._rows:
                for item in items & partial.exchange_move_id.line_ids:
                    keys[item] = key
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
