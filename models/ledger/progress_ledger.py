from odoo import api, fields, models
from odoo.fields import Command


class ProgressLedger(models.AbstractModel):
    """A report of an account: its rows are what the account holds, or it says why not.

    What inherits it reads the account in `_get_account`: an object with `rows`,
    `balance`, and the items of the account that are in no row, `others`.
    """

    _name = "progress.ledger"
    _inherit = "progress.report"
    _description = "Ledger of Progress Billing"

    amount_ledger = fields.Monetary(
        string="Held by this Ledger", compute="_compute_ledger", store=True
    )
    amount_account = fields.Monetary(
        string="Balance of the Account", compute="_compute_ledger", store=True
    )
    is_tied = fields.Boolean(compute="_compute_ledger", store=True)
    other_item_ids = fields.Many2many(
        comodel_name="account.move.line",
        string="Items of No Order",
        compute="_compute_ledger",
        store=True,
    )

    @api.depends(lambda self: self._get_parameters())
    def _compute_ledger(self):
        for ledger in self:
            account = ledger._get_account()
            lines = [
                Command.create(ledger._prepare_line(row))
                for row in account.rows
                if ledger._is_shown(row)
            ]
            ledger.line_ids = [Command.clear(), *lines]
            ledger.amount_ledger = sum(map(ledger._get_row_balance, account.rows))
            ledger.amount_account = account.balance
            ledger.is_tied = not ledger.currency_id.compare_amounts(
                ledger.amount_ledger, account.balance
            )
            ledger.other_item_ids = account.others.sudo(self.env.su)

    # === WHAT A LEDGER SAYS === #

    def _get_account(self):
        """Return what is on the account as of the date, in a company one works in."""
        raise NotImplementedError

    def _get_row_balance(self, row):
        """Return what of the account a row explains, in company currency."""
        raise NotImplementedError

    def _prepare_line(self, row):
        """Return the values of the line that shows a row."""
        raise NotImplementedError

    def _is_shown(self, row):
        """Return whether a row has a line."""
        raise NotImplementedError

    def _get_facts(self):
        is_tied = self.env._("✓ The ledger ties to the account.")
        lacks = self.env._("The account holds items that belong to no order.")
        return [
            *super()._get_facts(),
            (self.env._("Held by this Ledger"), self._format_money(self.amount_ledger)),
            (
                self.env._("Balance of the Account"),
                self._format_money(self.amount_account),
            ),
            ("", is_tied if self.is_tied else lacks),
        ]
