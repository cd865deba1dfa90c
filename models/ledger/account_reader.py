"""What some accounts of a company hold up to a day, and what is adjusted there."""

from odoo.fields import Domain


class AccountReader:
    """The posted items on accounts, and which of them are exchange differences.

    In sudo mode because whoever reads a ledger need not see every journal.

    :ivar items: the items on the accounts, the oldest first.
    :ivar balance: what the accounts hold, in company currency.

    :param company: whose items count.
    :param date: the last day that counts.
    :param linked: domain of the items that the ledger explains; the accounts that
        they are on are read.
    :param accounts: those that are read whatever is on them.
    """

    def __init__(self, company, date, linked, accounts):
        Item = company.env["account.move.line"].sudo()
        posted = (
            Domain("company_id", "=", company.id)
            & Domain("parent_state", "=", "posted")
            & Domain("date", "<=", date)
        )
        groups = Item._read_group(posted & linked, ["account_id"])
        self.accounts = accounts.union(*(account for (account,) in groups))
        booked = posted & Domain("account_id", "in", self.accounts.ids)
        self.items = Item.search(booked, order="date, id")
        self.linked = Item.search(booked & linked, order="date, id")
        self.balance = company.currency_id.round(sum(self.items.mapped("balance")))

    def get_exchange_origins(self, items):
        """Return item -> items that it is the exchange difference of, for those."""
        partials = items.env["account.partial.reconcile"].search(
            [("exchange_move_id", "in", items.move_id.ids)]
        )
        origins = {}
        for partial in partials:
            pair = partial.debit_move_id | partial.credit_move_id
            for item in items & partial.exchange_move_id.line_ids:
                origins[item] = origins.get(item, items.browse()) | pair
        return origins

    def get_unreversed(self, items):
        """Return some items without entries that were reversed and their reversals.

        :param items: items of the reader that the ledger does not explain.
        """
        unreversed = items
        for move in items.move_id.filtered("reversed_entry_id"):
            family = items.filtered(
                lambda item, move=move: item.move_id in (move | move.reversed_entry_id)
            )
            if not move.company_currency_id.round(sum(family.mapped("balance"))):
                unreversed -= family
        return unreversed
