"""Planning on the order's Billing tab."""

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestPlanning(ProgressBillingCommon):
    # === P1 TO P4: WHAT IS ENTERED, AND WHAT BECOMES OF IT === #

    def test_totals_move_while_one_types(self):
        order = self._order(10000.0)
        with Form(order) as form:
            with form.progress_line_ids.new() as line:
                line.name = "Kick-off"
                line.date = "2026-03-01"
                line.percent = 30.0
                self.assertAlmostEqual(line.amount_untaxed, 3000.0)
                self.assertAlmostEqual(line.amount_total, 3450.0)
            self.assertAlmostEqual(form.progress_planned_amount, 3000.0)
            with form.progress_line_ids.new() as line:
                line.name = "Mid-term"
                line.amount_type = "amount"
                line.amount = 500.0
            self.assertAlmostEqual(form.progress_planned_amount, 3500.0)
            with form.progress_line_ids.edit(0) as line:
                line.percent = 40.0
            self.assertAlmostEqual(form.progress_planned_amount, 4500.0)
            form.progress_line_ids.remove(1)
            self.assertAlmostEqual(form.progress_planned_amount, 4000.0)
        self.assertRecordValues(
            order.progress_line_ids,
            [{"name": "Kick-off", "amount_untaxed": 4000.0, "state": "planned"}],
        )
        self.assertAlmostEqual(order.progress_planned_amount, 4000.0)

    def test_plan_on_a_new_quotation(self):
        with Form(self.env["sale.order"]) as form:
            form.partner_id = self.partner_a
            with form.order_line.new() as line:
                line.product_id = self.service
                line.price_unit = 1000.0
            with form.progress_line_ids.new() as line:
                line.name = "Down payment"
                line.percent = 25.0
            self.assertAlmostEqual(form.progress_planned_amount, 250.0)
        self.assertAlmostEqual(form.record.progress_line_ids.amount_untaxed, 250.0)

    @freeze_time("2026-02-01")
    def test_date_title_and_texts_reach_the_invoice(self):
        order = self._order(10000.0)
        move = self._bill(
            self._plan(
                order,
                30.0,
                name="Kick-off",
                date="2026-03-01",
                description="Payable within ten days.",
                item_description="As agreed on the phone",
            )
        )
        self.assertEqual(str(move.invoice_date), "2026-03-01")
        self.assertIn("Payable within ten days.", str(move.narration))
        text = move.invoice_line_ids.name
        for words in ("30", "%", "Kick-off", "As agreed on the phone"):
            self.assertIn(words, text)

    @freeze_time("2026-04-15")
    def test_invoice_is_never_dated_before_the_day_it_is_made(self):
        order = self._order(10000.0)
        move = self._bill(self._plan(order, 30.0, date="2026-03-01"))
        self.assertEqual(str(move.invoice_date), "2026-04-15")

    def test_amounts_are_billed_to_the_cent(self):
        order = self._order(10000.0)
        lines = self._plan(order, ("amount", 1234.56), ("amount", 0.01))
        moves = self._bill(lines)
        self.assertEqual(moves.mapped("amount_untaxed"), [1234.56, 0.01])

    def test_amounts_entered_with_taxes(self):
        self.company.progress_amount_tax_included = True
        order = self._order(10000.0)
        line = self._plan(order, ("amount", 1150.0))
        self.assertAlmostEqual(line.amount_untaxed, 1000.0)
        self.assertAlmostEqual(self._bill(line).amount_total, 1150.0)

    def test_impossible_figures_are_refused_and_their_line_is_named(self):
        order = self._order(10000.0)
        for share in (0.0, -5.0, 100.5, ("amount", 0.0), ("amount", -1.0)):
            with self.subTest(share=share):
                with self.assertRaisesRegex(ValidationError, "for Part 1 because"):
                    self._plan(order, share)
        line = self._plan(order, 10.0)
        with self.assertRaisesRegex(ValidationError, "120 % for Part 1"):
            line.percent = 120.0

    def test_create_opens_the_invoice_and_its_line_says_the_share(self):
        order = self._order(10000.0)
        lines = self._plan(order, 12.5, ("amount", 1000.0))
        action = lines[0].action_create_invoice()
        self.assertEqual(action["res_id"], lines[0].move_id.id)
        self.assertIn("12.5\N{NO-BREAK SPACE}%", lines[0].invoice_line_ids.name)
        lines[1].action_create_invoice()
        self.assertIn("1,000.00", lines[1].invoice_line_ids.name)

    def test_create_on_several_selected_lines(self):
        orders = self._order(10000.0) + self._order(500.0)
        lines = self._plan(orders[0], 10.0, 20.0) + self._plan(orders[1], 50.0)
        lines.action_create_invoice()
        self.assertEqual(set(lines.mapped("state")), {"draft"})
        self.assertEqual(len(lines.move_id), 3)

    # === P5: SEVERAL LINES FOR EACH ORDER LINE === #

    def test_lines_of_order_lines(self):
        order = self._order(1000.0, 9000.0)
        first, second = order.order_line
        lines = self._plan(order, 50.0, 50.0, sale_line_id=first.id)
        lines += self._plan(order, 10.0, sale_line_id=second.id)
        self.assertEqual(lines.mapped("amount_untaxed"), [500.0, 500.0, 900.0])
        self._bill(lines[0])
        later = self._plan(order, ("amount", 100.0), sale_line_id=second.id)
        self._bill(lines[1:] + later)
        self.assertAlmostEqual(first.progress_remaining_amount, 0.0)
        self.assertAlmostEqual(second.progress_remaining_amount, 8000.0)
        self._final(order)
        self.assertSettled(order)

    def test_planned_lines_change_and_go(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0, 20.0)
        lines[0].write({"percent": 35.0, "name": "Later", "date": "2026-05-01"})
        self.assertAlmostEqual(lines[0].amount_untaxed, 3500.0)
        lines[1].unlink()
        self.assertAlmostEqual(order.progress_planned_amount, 3500.0)

    def test_issued_lines_are_read_only(self):
        order = self._order(10000.0)
        line = self._plan(order, 30.0)
        for prepare in (lambda: self._bill(line, post=False), line.move_id.browse):
            prepare()
        for values in ({"percent": 40.0}, {"name": "X"}, {"date": "2027-01-01"}):
            with self.subTest(**values):
                with self.assertRaisesRegex(UserError, "bills it"):
                    line.write(values)
        with self.assertRaisesRegex(UserError, "3,450.00"):
            line.unlink()
        line.write({"percent": 30.0})
        line.move_id.action_post()
        with self.assertRaises(UserError):
            line.percent = 40.0

    def test_line_of_another_order_is_refused(self):
        order, other = self._order(1000.0), self._order(1000.0)
        with self.assertRaises(ValidationError):
            self._plan(order, 30.0, sale_line_id=other.order_line[0].id)

    # === P7: THE INVOICE FLAG === #

    def test_line_on_hold_is_not_billed(self):
        order = self._order(10000.0)
        line = self._plan(order, 30.0, invoice_flag="no")
        with self.assertRaisesRegex(UserError, "hold"):
            line._create_progress_invoices()
        line.invoice_flag = "yes"
        self._bill(line)

    def test_cancelled_line_is_not_billed_and_can_return(self):
        order = self._order(10000.0)
        line = self._plan(order, 30.0)
        line.action_cancel()
        self.assertEqual(line.state, "cancel")
        self.assertAlmostEqual(order.progress_planned_amount, 0.0)
        with self.assertRaisesRegex(UserError, "cancelled"):
            line._create_progress_invoices()
        line.action_replan()
        self._bill(line)

    def test_line_is_never_billed_twice(self):
        order = self._order(10000.0)
        line = self._plan(order, 30.0)
        self._bill(line, post=False)
        with self.assertRaisesRegex(UserError, "draft invoice"):
            line._create_progress_invoices()

    def test_vouchered_line_can_go_but_not_be_billed(self):
        """Its order line was invoiced the ordinary way first."""
        order = self._order(1000.0)
        order._create_invoices().action_post()
        lines = self._plan(order, 50.0, 50.0, sale_line_id=order.order_line[0].id)
        with self.assertRaises(UserError):
            lines[0]._create_progress_invoices()
        lines[0].action_cancel()
        lines[1].unlink()
        self.assertEqual(lines.exists().state, "cancel")

    def test_shares_are_written_as_the_customer_reads_numbers(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.partner_a.lang = "de_DE"
        lines = self._plan(self._order(10000.0), ("amount", 1000.0), 33.333333)
        texts = self._bill(lines).invoice_line_ids.mapped("name")
        self.assertIn("1.000,00", texts[0])
        self.assertIn("33,333333\N{NO-BREAK SPACE}%", texts[1])
        # Who plans reads their own.
        self.assertEqual(lines[1]._get_label(), "33.333333\N{NO-BREAK SPACE}%")
