from .common import ProgressBillingCommon


class UndoCase(ProgressBillingCommon):
    """An order of 10,000 with two planned deposits, and what holds after each step."""

    def setUp(self):
        super().setUp()
        self.order = self._order(10000.0)
        self.lines = self._plan(self.order, 30.0, 20.0)

    @classmethod
    def _correct(cls, move, **values):
        """Return the copy that the host's *Reverse and Create Invoice* makes."""
        wizard = (
            cls.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, **values})
        )
        return cls.env["account.move"].browse(wizard.modify_moves()["res_id"])

    def assertStands(self, *states, billed, deposits):
        """Assert the lines' states, and order, lines and ledger on the deposits."""
        self.assertEqual(tuple(self.lines.mapped("state")), states)
        self.assertAlmostEqual(self.order.progress_billed_amount, billed)
        self.assertAlmostEqual(self.order.progress_remaining_amount, 10000.0 - billed)
        self.assertAlmostEqual(self.order.progress_deposit_balance, deposits)
        self.assertAlmostEqual(sum(self.lines.mapped("amount_open")), deposits)
        ledger = self._balance(self.deposit_account, self.order)
        self.assertAlmostEqual(-ledger, deposits)
