from odoo.fields import Command

from odoo.addons.sale.tests.common import TestSaleCommon


class ProgressBillingCommon(TestSaleCommon):
    """USD company, one 15 % tax, a reconcilable deposit account, and builders."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.tax = cls._tax(15.0)
        cls.deposit_account = cls.env["account.account"].create(
            {
                "name": "Customer Deposits",
                "code": "PBDEP",
                "account_type": "liability_current",
                "reconcile": True,
            }
        )
        cls.company.downpayment_account_id = cls.deposit_account
        cls.service = cls.env["product.product"].create(
            {
                "name": "Engineering",
                "type": "service",
                "invoice_policy": "order",
                "list_price": 100.0,
                "taxes_id": [Command.set(cls.tax.ids)],
                "property_account_income_id": cls.company_data[
                    "default_account_revenue"
                ].id,
            }
        )

    def execute_example(self, example):
        """Run one example of hypothesis and forget what it wrote."""
        savepoint = self.cr.savepoint()
        try:
            result = example()
            self.env.flush_all()
            return result
        finally:
            savepoint.close(rollback=True)

    @classmethod
    def _tax(cls, amount, **values):
        """Return a sale tax of a percentage, booked on the default tax account."""
        account = cls.company_data["default_account_tax_sale"]
        repartition = [
            Command.create({"repartition_type": "base"}),
            Command.create({"repartition_type": "tax", "account_id": account.id}),
        ]
        return cls.env["account.tax"].create(
            {
                "name": f"{amount} % {values.get('name', '')}",
                "amount": amount,
                "type_tax_use": "sale",
                "invoice_repartition_line_ids": repartition,
                "refund_repartition_line_ids": repartition,
                **{key: value for key, value in values.items() if key != "name"},
            }
        )

    @classmethod
    def _taxes(cls):
        """Return the taxes of random orders: by name, alone and included in prices."""
        included = {"price_include_override": "tax_included"}
        return {
            "fifteen": cls.tax,
            "five": cls._tax(5.5),
            "seven": cls._tax(7.25),
            "included": cls._tax(21.0, name="incl.", **included),
            "included_five": cls._tax(5.0, name="incl.", **included),
        }

    @classmethod
    def _order(cls, *lines, confirm=True, **values):
        """Return an order with lines given as (price, quantity, dict) or as prices."""
        commands = []
        for line in lines or (10000.0,):
            price, quantity, extra = (
                (*line, *(1.0, {})[len(line) - 1 :])
                if isinstance(line, tuple)
                else (line, 1.0, {})
            )
            commands.append(
                Command.create(
                    {
                        "product_id": cls.service.id,
                        "price_unit": price,
                        "product_uom_qty": quantity,
                        "tax_ids": [Command.set(cls.tax.ids)],
                        **extra,
                    }
                )
            )
        order = cls.env["sale.order"].create(
            {"partner_id": cls.partner_a.id, "order_line": commands, **values}
        )
        if confirm:
            order.action_confirm()
        return order

    @classmethod
    def _plan(cls, order, *shares, **values):
        """Return planned lines: percentages, or amounts written as ("amount", x)."""
        return cls.env["progress.billing.line"].create(
            [
                {
                    "order_id": order.id,
                    "name": f"Part {number}",
                    "date": "2026-03-01",
                    "sequence": number,
                    **(
                        {"amount_type": "amount", "amount": share[1]}
                        if isinstance(share, tuple)
                        else {"percent": share}
                    ),
                    **values,
                }
                for number, share in enumerate(shares, 1)
            ]
        )

    @classmethod
    def _bill(cls, lines, post=True):
        """Return the (posted) invoices of planned lines."""
        moves = lines._create_progress_invoices()
        if post:
            moves.action_post()
        return moves

    @classmethod
    def _final(cls, order, post=True, **values):
        """Return the (posted) final invoice of orders."""
        moves = order._create_final_invoices(**values)
        if post:
            moves.action_post()
        return moves

    @classmethod
    def _credit(cls, move, amount=None, post=True):
        """Return a credit note of a whole invoice, or of an untaxed amount of it."""
        credit = move._reverse_moves(
            [{"invoice_date": move.invoice_date, "date": move.date}]
        )
        if amount is not None:
            credit.invoice_line_ids.write({"price_unit": amount})
        if post:
            credit.action_post()
        return credit

    def _balance(self, account, order=None):
        """Return the posted balance of an account, of one order's invoices if given."""
        domain = [("account_id", "=", account.id), ("parent_state", "=", "posted")]
        if order:
            moves = order.order_line.invoice_lines.move_id
            domain.append(("move_id", "in", moves.ids))
        return sum(self.env["account.move.line"].search(domain).mapped("balance"))

    def assertSettled(self, order):
        """Assert that the order is billed exactly, and holds no deposit."""
        revenue = self.company_data["default_account_revenue"]
        tax = self.company_data["default_account_tax_sale"]
        self.assertAlmostEqual(self._balance(self.deposit_account, order), 0.0, 9)
        self.assertAlmostEqual(-self._balance(revenue, order), order.amount_untaxed)
        self.assertAlmostEqual(-self._balance(tax, order), order.amount_tax)
        self.assertRecordValues(
            order,
            [
                {
                    "progress_deposit_balance": 0.0,
                    "progress_billed_amount": order.amount_untaxed,
                    "progress_remaining_amount": 0.0,
                }
            ],
        )
