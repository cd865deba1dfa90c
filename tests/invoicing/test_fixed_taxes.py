"""Fixed taxes, so much a unit: billed once, whatever the parts."""

from odoo.fields import Command
from odoo.tests import tagged

from ..common_project import ProjectBillingCommon


class FixedTaxCase(ProjectBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.levy = cls._tax(2.5, amount_type="fixed", name="levy")
        cls.vat = cls._tax(10.0)

    def _levied(self, method, price=50.0, taxes=None, **values):
        """Return an order of 8 units: 400 + 20 levy + 40 VAT."""
        taxes = self.levy | self.vat if taxes is None else taxes
        extra = {"tax_ids": [Command.set(taxes.ids)], **values}
        return self._project_order((price, 8.0, "amount", extra), method=method)

    def _totals(self, moves):
        return moves.sorted("id").mapped("amount_total")

    def assertBilledAsOrdered(self, order):
        """Assert that all posted invoices are the order's totals, tax by tax."""
        moves = order.order_line.invoice_lines.move_id
        signed = [(move, -move.direction_sign) for move in moves]
        for name in ("amount_untaxed", "amount_tax", "amount_total"):
            billed = sum(sign * move[name] for move, sign in signed)
            self.assertAlmostEqual(billed, order[name], 2, name)
        bare = order.copy({"progress_line_ids": False})
        bare.action_confirm()
        twin = bare._create_invoices(final=True)
        twin.action_post()
        for tax in twin.line_ids.tax_line_id:
            booked, expected = (
                sum(
                    items.filtered(
                        lambda item, tax=tax: item.tax_line_id == tax
                    ).mapped("balance")
                )
                for items in (moves.line_ids, twin.line_ids)
            )
            self.assertAlmostEqual(booked, expected, 2, tax.name)


@tagged("post_install", "-at_install")
class TestFixedTaxesAsRevenue(FixedTaxCase):
    def test_whole_order_as_revenue_is_its_total(self):
        order = self._levied("revenue")
        self.assertEqual(order.amount_total, 460.0)
        moves = self._bill(self._plan(order, 100.0))
        self.assertEqual(self._totals(moves), [460.0])
        self.assertBilledAsOrdered(order)

    def test_halves_as_revenue(self):
        order = self._levied("revenue")
        moves = self._bill(self._plan(order, 50.0, 50.0))
        self.assertEqual(self._totals(moves), [230.0, 230.0])
        self.assertBilledAsOrdered(order)

    def test_thirds_of_a_line_as_revenue(self):
        order = self._levied("revenue")
        line = order.order_line
        moves = self._bill(
            self._plan(order, 33.333333, 33.333333, 33.333334, sale_line_id=line.id)
        )
        self.assertEqual(self._totals(moves), [153.33, 153.34, 153.33])
        self.assertBilledAsOrdered(order)

    def test_final_after_a_part_as_revenue(self):
        order = self._levied("revenue")
        moves = self._bill(self._plan(order, 30.0))
        moves |= self._final(order)
        self.assertEqual(self._totals(moves), [138.0, 322.0])
        self.assertBilledAsOrdered(order)

    def test_budget_by_quantity(self):
        order = self._levied("revenue", progress_basis="quantity")
        self._complete(order.order_line, 50.0)
        moves = self._run(order.project_id, post=True)[1]
        self._complete(order.order_line, 100.0)
        moves |= self._run(order.project_id, post=True)[1]
        self.assertEqual(self._totals(moves), [230.0, 230.0])
        self.assertEqual(order.order_line.qty_invoiced, 8.0)
        self.assertBilledAsOrdered(order)

    def test_budget_by_amount(self):
        order = self._levied("revenue")
        self._complete(order.order_line, 50.0)
        moves = self._run(order.project_id, post=True)[1]
        self._complete(order.order_line, 100.0)
        moves |= self._run(order.project_id, post=True)[1]
        self.assertEqual(self._totals(moves), [230.0, 230.0])
        self.assertBilledAsOrdered(order)

    def test_fixed_tax_included_in_the_price(self):
        """8 x 16.25 = 130, of which 20 are the levy."""
        included = {"price_include_override": "tax_included"}
        levy = self._tax(2.5, amount_type="fixed", name="levy incl.", **included)
        for shares, totals in (((100.0,), [130.0]), ((50.0, 50.0), [65.0, 65.0])):
            with self.subTest(shares=shares):
                order = self._levied("revenue", price=16.25, taxes=levy)
                self.assertEqual((order.amount_total, order.amount_tax), (130.0, 20.0))
                moves = self._bill(self._plan(order, *shares))
                self.assertEqual(self._totals(moves), totals)
                self.assertBilledAsOrdered(order)

    def test_fixed_tax_alone(self):
        order = self._levied("revenue", taxes=self.levy)
        moves = self._bill(self._plan(order, 50.0, 50.0))
        self.assertEqual(self._totals(moves), [210.0, 210.0])
        self.assertBilledAsOrdered(order)


@tagged("post_install", "-at_install")
class TestFixedTaxesAsDeposit(FixedTaxCase):
    def test_deposit_of_the_order_and_final(self):
        order = self._levied("deposit")
        moves = self._bill(self._plan(order, 30.0, 70.0))
        self.assertEqual(self._totals(moves), [138.0, 322.0])
        self.assertEqual(self._final(order).amount_total, 0.0)
        self.assertBilledAsOrdered(order)

    def test_deposit_of_a_line_bills_its_fixed_taxes(self):
        order = self._levied("deposit")
        line = order.order_line
        moves = self._bill(self._plan(order, 30.0, 70.0, sale_line_id=line.id))
        self.assertEqual(self._totals(moves), [138.0, 322.0])
        self.assertEqual(self._final(order).amount_total, 0.0)
        self.assertBilledAsOrdered(order)

    def test_nothing_more_than_a_line_and_its_fixed_taxes(self):
        order = self._levied("deposit")
        line = order.order_line
        plan = self._plan(order, 100.0, ("amount", 0.01), sale_line_id=line.id)
        self._bill(plan[0])
        with self.assertRaisesRegex(Exception, "420.00"):
            self._bill(plan[1])

    def test_budget_in_deposit_mode(self):
        for basis in ("amount", "quantity"):
            with self.subTest(basis=basis):
                order = self._levied("deposit", progress_basis=basis)
                line = order.order_line
                self._complete(line, 50.0)
                moves = self._run(order.project_id, post=True)[1]
                self.assertEqual(
                    (line.pending_amount, line.actual_amount), (0.0, 200.0)
                )
                self._complete(line, 100.0)
                moves |= self._run(order.project_id, post=True)[1]
                self.assertEqual(
                    (line.pending_amount, line.actual_amount), (0.0, 400.0)
                )
                self.assertEqual(self._totals(moves), [230.0, 230.0])
                self.assertEqual(self._final(order).amount_total, 0.0)
                self.assertEqual(
                    (line.pending_amount, line.actual_amount), (0.0, 400.0)
                )
                self.assertBilledAsOrdered(order)

    def test_fixed_taxes_against_the_order_take_no_room_away(self):
        """Those of a discount are negative: 1,000 - 10, and 2.50 less of the levy."""
        vat = [Command.set(self.tax.ids)]
        order = self._order(
            (100.0, 10.0, {"tax_ids": vat}),
            (-10.0, 1.0, {"tax_ids": [Command.set(self.levy.ids)]}),
        )
        self.assertEqual(self._final(order).amount_untaxed, 990.0)

    def test_fixed_taxes_that_come_to_nothing_leave_deposits_possible(self):
        """2.50 above and 2.50 below zero, on lines with an analytic distribution."""
        plan = self.env["account.analytic.plan"].create({"name": "Sites"})
        site = self.env["account.analytic.account"].create(
            {"name": "Site", "plan_id": plan.id}
        )
        levied = {
            "tax_ids": [Command.set((self.levy | self.vat).ids)],
            "analytic_distribution": {str(site.id): 100.0},
        }
        order = self._order((96.4, 1.0, levied), (50.0, -1.0, levied), 1000.0)
        deposit = self._bill(self._plan(order, 30.0))
        self.assertAlmostEqual(deposit.amount_untaxed, 313.92)
        self._final(order)
        self.assertAlmostEqual(order.progress_deposit_balance, 0.0)
        self.assertBilledAsOrdered(order)
