from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..common_project import ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestBudget(ProjectBillingCommon):
    """The revenue budget on order lines."""

    def test_original_and_revised(self):
        """Original at confirmation; revised as the line stands after a change."""
        order = self._project_order((22.0, 480.0, "quantity"))
        line = order.order_line
        self.assertRecordValues(
            line,
            [
                {
                    "budget_original_quantity": 480.0,
                    "budget_original_amount": 10560.0,
                    "budget_quantity": 480.0,
                    "budget_amount": 10560.0,
                    "budget_unit_rate": 22.0,
                }
            ],
        )
        line.write({"product_uom_qty": 500.0, "price_unit": 22.0})
        self.assertEqual(line.budget_original_amount, 10560.0)
        self.assertEqual(line.budget_amount, 11000.0)
        self.assertEqual(line.budget_quantity, 500.0)

    def test_line_added_later_has_no_original(self):
        order = self._project_order((100.0, 1.0))
        order.order_line.copy({"order_id": order.id})
        added = order.order_line[-1]
        self.assertEqual(added.budget_original_amount, 0.0)
        self.assertEqual(added.budget_amount, 100.0)
        self.assertEqual(added.progress_basis, "amount")
        self.assertEqual(added.progress_project_id, order.project_id)

    def test_by_amount_quantities_stay_0(self):
        line = self._project_order((4800.0, 2.0)).order_line
        line.pending_amount = 2400.0
        self.assertEqual(line.completed_percent, 25.0)
        self._run(line.progress_project_id, post=True)
        self.assertBudget(line, (0.0, 0.0, 2400.0))
        self.assertEqual(line.actual_quantity, 0.0)

    def test_negative_amounts(self):
        """A lower completion makes a credit note; so does a negative pending amount."""
        order = self._project_order((1000.0, 1.0), (-100.0, 1.0))
        line, discount = order.order_line
        self._complete(order.order_line, 80.0, 50.0)
        self.assertEqual(discount.pending_amount, -50.0)
        self._run(order.project_id, post=True)
        line.pending_amount = -300.0
        self.assertEqual(line.completed_percent, 50.0)
        _none, credit = self._run(order.project_id, post=True)
        self.assertEqual(credit.move_type, "out_refund")
        self.assertBudget(order.order_line, (0.0, 0.0, 500.0), (0.0, 0.0, -50.0))

    def test_pending_follows_completed(self):
        for basis, quantity, expected in (
            ("amount", 0.0, 5280.0),
            ("quantity", 240.0, 5280.0),
        ):
            with self.subTest(basis=basis):
                line = self._project_order((22.0, 480.0, basis)).order_line
                line.completed_percent = 50.0
                self.assertEqual(line.pending_quantity, quantity)
                self.assertEqual(line.pending_amount, expected)

    def test_completed_follows_pending(self):
        line = self._project_order((22.0, 480.0, "quantity")).order_line
        line.pending_quantity = 240.0
        self.assertEqual(line.completed_percent, 50.0)
        self.assertEqual(line.pending_amount, 5280.0)
        line.pending_amount = 2640.0
        self.assertEqual(line.completed_percent, 25.0)
        self.assertEqual(line.pending_quantity, 120.0)

    def test_typed_pending_comes_back(self):
        line = self._project_order((700.0, 1.0)).order_line
        line.pending_amount = 333.33
        line.invalidate_recordset()
        self.assertEqual(line.pending_amount, 333.33)
        self._run(line.progress_project_id)
        self.assertBudget(line, (0.0, 333.33, 0.0))

    def test_form_moves_the_figures(self):
        order = self._project_order((22.0, 480.0, "quantity"), (4800.0, 1.0))
        by_hour, by_amount = order.order_line
        view = "progress_billing.sale_order_line_view_form_budget"
        with Form(by_hour, view) as line:
            line.pending_quantity = 240.0
            self.assertEqual(line.completed_percent, 50.0)
            self.assertEqual(line.pending_amount, 5280.0)
            self.assertEqual(line.progress_balance_amount, 5280.0)
        with Form(by_amount, view) as line:
            line.pending_amount = 2400.0
            self.assertEqual(line.completed_percent, 50.0)
        self.assertEqual(order.project_id.pending_amount_total, 7680.0)

    def test_by_quantity_rate_after_discount_and_tax_included(self):
        included = self._tax(15.0, name="incl", price_include_override="tax_included")
        line = self._project_order(
            (115.0, 10.0, "quantity", {"discount": 10.0, "tax_ids": included.ids})
        ).order_line
        line.pending_quantity = 4.0
        self.assertEqual(line.budget_unit_rate, 90.0)
        self.assertEqual(line.pending_amount, 360.0)
        _none, move = self._run(line.progress_project_id, post=True)
        self.assertRecordValues(
            move.invoice_line_ids,
            [{"quantity": 4.0, "price_unit": 115.0, "discount": 10.0}],
        )
        self.assertEqual(move.amount_untaxed, 360.0)
        self.assertEqual(move.amount_tax, 54.0)
        self.assertBudget(line, (0.0, 0.0, 360.0))

    def test_over_completion_refused(self):
        line = self._project_order((1000.0, 1.0)).order_line
        with self.assertRaisesRegex(ValidationError, "1,000.00"):
            line.completed_percent = 101.0
        self.company.progress_overbilling_tolerance = 5.0
        line.completed_percent = 104.0
        self.assertEqual(line.pending_amount, 1040.0)

    def test_pending_quantity_needs_basis_quantity(self):
        line = self._project_order((1000.0, 1.0)).order_line
        with self.assertRaisesRegex(UserError, "billed by amount"):
            line.pending_quantity = 1.0

    def test_draft_and_actual_follow_the_invoice(self):
        """Through draft, posted, reset, cancelled, deleted and credited."""
        order = self._project_order((1000.0, 1.0))
        line = order.order_line
        self._complete(line, 40.0)
        self.assertBudget(line, (400.0, 0.0, 0.0))
        _none, move = self._run(order.project_id)
        self.assertBudget(line, (0.0, 400.0, 0.0))
        move.action_post()
        self.assertBudget(line, (0.0, 0.0, 400.0))
        move.button_draft()
        self.assertBudget(line, (0.0, 400.0, 0.0))
        move.button_cancel()
        self.assertBudget(line, (400.0, 0.0, 0.0))
        _none, move = self._run(order.project_id)
        move.unlink()
        self.assertBudget(line, (400.0, 0.0, 0.0))
        _none, move = self._run(order.project_id, post=True)
        credit = self._credit(move, post=False)
        self.assertBudget(line, (400.0, -400.0, 400.0))
        credit.action_post()
        self.assertBudget(line, (400.0, 0.0, 0.0))
        self.assertEqual(line.completed_percent, 40.0)

    def test_partial_credit(self):
        order = self._project_order((1000.0, 1.0))
        self._complete(order.order_line, 40.0)
        _none, move = self._run(order.project_id, post=True)
        self._credit(move, amount=100.0)
        self.assertBudget(order.order_line, (100.0, 0.0, 300.0))

    def test_manual_invoices_are_not_counted(self):
        order = self._project_order((1000.0, 1.0))
        self._complete(order.order_line, 40.0)
        move = self.init_invoice(
            "out_invoice", partner=self.partner_a, products=self.hourly, post=True
        )
        move.line_ids.analytic_distribution = order.order_line.analytic_distribution
        regular = self._project_order((500.0, 1.0))
        self._complete(regular.order_line, 0.0)
        regular._create_invoices().action_post()
        self.assertBudget(order.order_line, (400.0, 0.0, 0.0))
        self.assertBudget(regular.order_line, (0.0, 0.0, 0.0))

    def test_by_amount_without_harm_to_quantities(self):
        """A third of 7 pieces by amount counts as a third; 100 % as exactly 7."""
        order = self._project_order((14.29, 7.0))
        line = order.order_line
        for percent, quantity in ((33.0, 2.31), (66.5, 4.66), (100.0, 7.0)):
            self._complete(line, percent)
            self._run(order.project_id, post=True)
            self.assertAlmostEqual(line.qty_invoiced, quantity, 2)
        self.assertEqual(line.qty_invoiced, 7.0)
        self.assertEqual(line.invoice_status, "invoiced")
        self.assertEqual(line.untaxed_amount_to_invoice, 0.0)
        self.assertEqual(order.invoice_status, "invoiced")

    def test_what_a_rounded_quantity_hides_is_pending_as_an_amount(self):
        """99.9 % of one piece are one piece to two decimals; 1.00 is still to bill."""
        order = self._project_order((1000.0, 1.0, "quantity"))
        line = order.order_line
        self._plan(order, 99.9).action_create_invoice()
        order.progress_line_ids.move_id.action_post()
        self.assertEqual((line.actual_amount, line.actual_quantity), (999.0, 1.0))
        line.completed_percent = 100.0
        self.assertEqual((line.pending_quantity, line.pending_amount), (0.0, 1.0))
        _proformas, moves = self._run(line.progress_project_id, post=True)
        self.assertEqual(moves.amount_untaxed, 1.0)
        self.assertBudget(line, (0.0, 0.0, 1000.0))

    def test_saving_many_percentages_costs_no_query_a_line(self):
        """500 lines or 20: the number of queries is the same."""
        counts = []
        for size in (20, 120):
            order = self._project_order(*[(10.0, 1.0)] * size)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            order.project_id.write(
                {
                    "budget_line_ids": [
                        command
                        for number, line in enumerate(order.order_line)
                        for command in self._commands(
                            line, completed_percent=number / 10
                        )
                    ]
                }
            )
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2, counts)
        self.assertLessEqual(counts[0], 40)

    def test_line_of_no_order_is_worth_nothing(self):
        """As one that a form removes while somebody chooses another combo."""
        line = self.env["sale.order.line"].new({})
        self.assertEqual(line.draft_amount + line.pending_amount, 0.0)
        self.assertEqual(line.qty_invoiced, 0.0)

    def test_cent_of_an_order_rounded_as_a_whole_is_billed(self):
        """The journal item has a cent more than its line shows, which counts."""
        self.env.company.tax_calculation_rounding_method = "round_globally"
        order = self._project_order(
            (713.0, 12.0),
            (157.06, 3.0, "amount", {"discount": 12.5}),
            (57709.07, 0.33, "quantity", {"tax_ids": [Command.clear()]}),
        )
        final = self._final(order)
        items = final.invoice_line_ids.filtered("quantity")
        shown, posted = (
            sum(items.mapped("price_subtotal")),
            -sum(items.mapped("balance")),
        )
        self.assertAlmostEqual(posted - shown, 0.01)
        lines = order.order_line
        self.assertAlmostEqual(posted, sum(lines.mapped("budget_amount")))
        self.assertEqual(lines.mapped("actual_amount"), lines.mapped("budget_amount"))

    def test_final_invoice_closes_lines_that_it_does_not_bill(self):
        """Nothing is pending while it stands, and all that was when it is gone."""
        order = self._project_order((1000.0, 1.0), (500.0, 1.0))
        _open, billed = order.order_line
        self._bill(self._plan(order, 100.0, sale_line_id=billed.id))
        self._complete(order.order_line, 50.0, 0.0)
        pending = order.order_line.mapped("pending_amount")
        self.assertEqual(pending, [500.0, -500.0])

        def assertPending(*amounts):
            self.env.flush_all()
            self.env.invalidate_all()
            self.assertEqual(order.order_line.mapped("pending_amount"), [*amounts])

        final = self._final(order, post=False)
        assertPending(0.0, 0.0)
        final.button_cancel()
        assertPending(500.0, -500.0)
        final.button_draft()
        assertPending(0.0, 0.0)
        final.action_post()
        credit = self._credit(final)
        assertPending(500.0, -500.0)
        credit.button_draft()
        assertPending(0.0, 0.0)
        credit.unlink()
        final.button_draft()
        final.unlink()
        assertPending(500.0, -500.0)
