from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..common_project import PIXEL, ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestProforma(ProjectBillingCommon):
    """The document between budget and invoice."""

    def test_amount_adjusted(self):
        """Total Completed % follows the amount; the budget's Completed % does not."""
        order = self._project_order(1000.0)
        line = order.order_line
        proforma = self._proforma(order, 50.0)
        self.assertEqual(proforma.line_ids.total_completed_percent, 50.0)
        with Form(proforma) as form:
            with form.line_ids.edit(0) as proforma_line:
                proforma_line.amount_to_invoice = 300.0
                self.assertEqual(proforma_line.total_completed_percent, 30.0)
        self.assertEqual(line.completed_percent, 50.0)
        self.assertBudget(line, (200.0, 300.0, 0.0))

    def test_text_follows_the_amount_until_it_is_edited(self):
        proforma_line = self._proforma(self._project_order(1000.0), 50.0).line_ids
        self.assertEqual(proforma_line.name, "Planning\n50.00 % completed")
        proforma_line.amount_to_invoice = 300.0
        self.assertEqual(proforma_line.name, "Planning\n30.00 % completed")
        proforma_line.name = "Mine"
        proforma_line.amount_to_invoice = 200.0
        self.assertEqual(proforma_line.name, "Mine")

    def test_quantity_and_amount_agree(self):
        order = self._project_order((22.0, 480.0, "quantity"))
        proforma_line = self._proforma(order, 50.0).line_ids
        self.assertEqual(proforma_line.quantity, 240.0)
        proforma_line.quantity = 100.0
        self.assertEqual(proforma_line.amount_to_invoice, 2200.0)
        self.assertBudget(order.order_line, (3080.0, 2200.0, 0.0))
        proforma_line.amount_to_invoice = 1100.0
        self.assertEqual(proforma_line.quantity, 50.0)
        self.assertEqual(proforma_line.amount_to_invoice, 1100.0)
        self.assertEqual(order.order_line.draft_quantity, 50.0)
        self.assertEqual(order.order_line.pending_quantity, 190.0)

    def test_deletion_gives_back(self):
        for undo in ("unlink", "action_cancel"):
            with self.subTest(undo=undo):
                order = self._project_order(1000.0)
                proforma = self._proforma(order, 50.0)
                self.assertBudget(order.order_line, (0.0, 500.0, 0.0))
                getattr(proforma, undo)()
                self.assertBudget(order.order_line, (500.0, 0.0, 0.0))
                self.assertEqual(order.order_line.completed_percent, 50.0)

    def test_previous_and_to_date(self):
        order = self._project_order(1000.0)
        first = self._proforma(order, 30.0)
        first.action_release()
        first.move_ids.action_post()
        second = self._proforma(order, 50.0)
        third = self._proforma(order, 90.0)
        for proforma, values in (
            (first, (0.0, 300.0, 30.0)),
            (second, (300.0, 500.0, 50.0)),
            (third, (500.0, 900.0, 90.0)),
        ):
            names = ("previous_amount", "to_date_amount", "total_completed_percent")
            self.assertRecordValues(
                proforma.line_ids, [dict(zip(names, values, strict=True))]
            )
        second.line_ids.amount_to_invoice = 100.0
        self.assertEqual(third.line_ids.previous_amount, 400.0)

    def test_release_copies_the_amounts(self):
        order = self._project_order(1000.0, (22.0, 10.0, "quantity"))
        proforma = self._proforma(order, 50.0, 50.0)
        proforma.line_ids[0].amount_to_invoice = 432.1
        proforma.action_release()
        move = proforma.move_ids
        self.assertEqual(proforma.state, "released")
        self.assertRecordValues(
            move.invoice_line_ids,
            [
                {"price_subtotal": 432.1, "quantity": 1.0, "price_unit": 432.1},
                {"price_subtotal": 110.0, "quantity": 5.0, "price_unit": 22.0},
            ],
        )
        self.assertBudget(order.order_line, (67.9, 432.1, 0.0), (0.0, 110.0, 0.0))
        move.action_post()
        self.assertBudget(order.order_line, (67.9, 0.0, 432.1), (0.0, 0.0, 110.0))
        with self.assertRaisesRegex(UserError, "not open"):
            proforma.line_ids[0].amount_to_invoice = 1.0

    def test_released_twice_is_invoiced_once(self):
        order = self._project_order(1000.0)
        proforma = self._proforma(order, 50.0)
        action = proforma.action_release()
        move = proforma.move_ids
        self.assertEqual(proforma.action_release(), action)
        self.assertEqual(proforma.move_ids, move)
        self.assertBudget(order.order_line, (0.0, 500.0, 0.0))

    def test_what_an_issued_pro_forma_says_does_not_change_any_more(self):
        """Over no interface: the form shows it read-only, which keeps nobody else."""
        released = self._proforma(self._project_order(1000.0), 50.0)
        released.narration = "As agreed"
        released.action_release()
        cancelled = self._proforma(self._project_order(1000.0), 50.0)
        cancelled.narration = "As agreed"
        cancelled.action_cancel()
        values = {
            "date": "2026-03-31",
            "narration": "Otherwise",
            "reference": "Another",
        }
        for proforma, way_out in ((released, "credit"), (cancelled, "to draft")):
            for name, value in values.items():
                with self.assertRaisesRegex(UserError, way_out):
                    proforma.write({name: value})
            with self.assertRaisesRegex(UserError, "not open"):
                proforma.line_ids.name = "Otherwise"
            # What a form sends along without a change is none.
            proforma.write({"narration": "As agreed", "date": proforma.date})
            proforma.line_ids.name = proforma.line_ids.name
        cancelled.action_draft()
        cancelled.write(values)
        self.assertEqual(cancelled.narration, "Otherwise")

    def test_list_of_mixed_states_invoices_what_is_not_released_yet(self):
        first, second = self._project_order(1000.0), self._project_order(2000.0)
        proformas = self._proforma(first, 50.0)
        proformas.action_release()
        proformas |= self._proforma(second, 50.0)
        proformas.action_release()
        self.assertRecordValues(
            proformas.move_ids.sorted("amount_untaxed"),
            [{"amount_untaxed": 500.0}, {"amount_untaxed": 1000.0}],
        )

    def test_released_amounts_are_the_projects_of_both_orders(self):
        """Orders of one customer share the pro forma and the invoice."""
        order = self._project_order(1000.0)
        other = self._project_order(500.0, project_id=order.project_id.id)
        other.order_line.completed_percent = 10.0
        proforma = self._proforma(order, 50.0)
        self.assertEqual(proforma.order_ids, order | other)
        proforma.action_release()
        self.assertEqual(len(proforma.move_ids), 1)
        self.assertEqual(proforma.move_ids.amount_untaxed, 550.0)

    def test_negative_pro_forma(self):
        order = self._project_order(1000.0)
        self._proforma(order, 50.0).action_release()
        order.order_line.progress_item_ids.move_id.action_post()
        proforma = self._proforma(order, 20.0)
        self.assertEqual(proforma.amount_untaxed, -300.0)
        proforma.action_release()
        self.assertEqual(proforma.move_ids.move_type, "out_refund")
        self.assertBudget(order.order_line, (0.0, -300.0, 500.0))

    def test_deleted_invoice_reopens_its_pro_forma(self):
        order = self._project_order(1000.0)
        proforma = self._proforma(order, 50.0)
        proforma.action_release()
        with self.assertRaisesRegex(UserError, "invoices it"):
            proforma.unlink()
        proforma.move_ids.unlink()
        self.assertEqual(proforma.state, "draft")
        self.assertBudget(order.order_line, (0.0, 500.0, 0.0))
        proforma.action_release()
        proforma.move_ids.action_post()
        self.assertBudget(order.order_line, (0.0, 0.0, 500.0))

    def test_credited_invoice_gives_back(self):
        order = self._project_order(1000.0)
        proforma = self._proforma(order, 50.0)
        proforma.action_release()
        proforma.move_ids.action_post()
        self._credit(proforma.move_ids)
        self.assertBudget(order.order_line, (500.0, 0.0, 0.0))

    def test_never_above_the_contract(self):
        order = self._project_order(1000.0)
        first = self._proforma(order, 60.0)
        second = self._proforma(order, 100.0)
        self.assertEqual(second.amount_untaxed, 400.0)
        with self.assertRaisesRegex(ValidationError, "400.00"):
            second.line_ids.amount_to_invoice = 401.0
        first.action_cancel()
        second.line_ids.amount_to_invoice = 1000.0
        with self.assertRaises(ValidationError):
            first.action_draft()

    def test_number_and_taxes(self):
        proforma = self._proforma(self._project_order(1000.0), 50.0)
        self.assertRegex(proforma.name, r"^PF/\d{4}/\d{5}$")
        self.assertEqual((proforma.amount_tax, proforma.amount_total), (75.0, 575.0))
        proforma.action_release()
        self.assertEqual(proforma.move_ids.amount_total, 575.0)

    def test_sent_by_mail_with_pdf(self):
        proforma = self._proforma(self._project_order(1000.0), 50.0)
        action = proforma.action_send()
        composer = Form(
            self.env["mail.compose.message"].with_context(**action["context"])
        ).save()
        composer.action_send_mail()
        self.assertEqual(proforma.state, "sent")
        message = proforma.message_ids.sorted("id")[-1:]
        self.assertTrue(proforma.message_ids.attachment_ids)
        self.assertIn(self.partner_a, proforma.message_ids.partner_ids)
        self.assertTrue(message)

    def test_declined_stays_open_to_be_changed_and_sent_again(self):
        """The amounts stay billed on it, no invoice is made, the task goes away."""
        order = self._project_order(1000.0)
        proforma = self._proforma(order, 50.0).with_context(
            mail_activity_automation_skip=False
        )
        proforma._set_state("sent", ("draft",))
        proforma._decline("Too <b>much</b>")
        self.assertEqual(proforma.state, "declined")
        self.assertBudget(order.order_line, (0.0, 500.0, 0.0))
        with self.assertRaisesRegex(UserError, "Declined"):
            proforma.action_release()
        activity = proforma.activity_ids
        self.assertEqual(activity.user_id, proforma.user_id)
        self.assertIn("Too &lt;b&gt;much", activity.note)
        proforma.line_ids.amount_to_invoice = 300.0
        self.assertEqual(proforma.state, "draft")
        self.assertFalse(proforma.activity_ids)
        proforma._set_state("sent", ("draft",))
        proforma._decline("Still too much")
        proforma.with_context(mark_proforma_as_sent=True).message_post()
        self.assertEqual(proforma.state, "sent")
        self.assertFalse(proforma.activity_ids)
        proforma._decline("No")
        proforma.action_cancel()
        self.assertBudget(order.order_line, (500.0, 0.0, 0.0))

    def test_responsible_is_who_bills_or_the_salesperson_of_the_jobs(self):
        order = self._project_order(1000.0)
        proforma = self._proforma(order, 50.0)
        self.assertEqual(proforma.user_id, self.env.user)
        order.user_id = self.company_data["default_user_salesman"]
        self._complete(order.order_line, 60.0)
        root = self.env.ref("base.user_root")
        proforma = order.project_id.with_user(root)._run_billing()[0]
        self.assertEqual(proforma.user_id, order.user_id)

    def test_editing_withdraws_the_approval(self):
        proforma = self._proforma(self._project_order(1000.0), 50.0)
        proforma._set_state("sent", ("draft",))
        proforma._sign("Marco", PIXEL)
        self.assertEqual(proforma.state, "approved")
        proforma.line_ids.amount_to_invoice = 300.0
        self.assertEqual(proforma.state, "draft")
        self.assertFalse(proforma.signature)

    def test_report(self):
        proforma = self._proforma(
            self._project_order(1000.0, (22.0, 10.0, "quantity")), 50.0, 50.0
        )
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "progress_billing.report_proforma", proforma.ids
        )
        for text in (proforma.name, "500.00", "110.00", "50.00", "not an invoice"):
            self.assertIn(text, html.decode())

    def test_its_total_is_that_of_its_invoice(self):
        """Rounded as a whole, taxes are not those of the lines one by one."""
        for method in ("round_globally", "round_per_line"):
            self.company.tax_calculation_rounding_method = method
            for prices, percent in (
                ((10.03, 10.03), 100.0),
                ((4.33, 7.77, 0.55), 50.0),
                ((10.03, 10.03, 10.03), 33.33),
            ):
                with self.subTest((method, prices)):
                    order = self._project_order(*prices)
                    proforma = self._proforma(order, *[percent for _ in prices])
                    proforma.action_release()
                    move = proforma.move_ids
                    self.assertRecordValues(
                        proforma,
                        [
                            {
                                "amount_untaxed": move.amount_untaxed,
                                "amount_tax": move.amount_tax,
                                "amount_total": move.amount_total,
                            }
                        ],
                    )
