from .common import ProgressBillingCommon


class RetentionCommon(ProgressBillingCommon):
    """A contract of 50,000 untaxed, 60,000 with 20 % tax, of which 5 % are held."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls._tax(20.0)
        cls.service.taxes_id = cls.tax
        cls.retention_account = cls.env["account.account"].create(
            {
                "name": "Retention Receivable",
                "code": "PBRET",
                "account_type": "asset_current",
                "reconcile": True,
            }
        )
        cls.retention_journal = cls.env["account.journal"].create(
            {"name": "Retention Releases", "code": "RET", "type": "sale"}
        )
        cls.company.retention_account_id = cls.retention_account
        cls.company.retention_journal_id = cls.retention_journal
        cls.receivable = cls.company_data["default_account_receivable"]

    @classmethod
    def _retained(cls, *lines, percent=5.0, method="revenue", **values):
        """Return a confirmed order with terms of retention, 50,000 if untold."""
        return cls._order(
            *(lines or (50000.0,)),
            progress_method=method,
            retention_percent=percent,
            **values,
        )

    @classmethod
    def _progress(cls, order, *percents, post=True):
        """Return the (posted) invoices of parts of an order, one by one."""
        moves = cls.env["account.move"]
        for line in cls._plan(order, *percents):
            moves |= cls._bill(line, post=post)
        return moves

    def _held(self, order=None):
        """Return what the retention account holds, of an order if given."""
        domain = [
            ("account_id", "=", self.retention_account.id),
            ("parent_state", "=", "posted"),
        ]
        if order:
            domain.append(("retention_order_id", "=", order.id))
        items = self.env["account.move.line"].search(domain)
        return round(sum(items.mapped("balance")), 6)
