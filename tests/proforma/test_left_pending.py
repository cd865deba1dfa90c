from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from ..common_project import ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestLeftPending(ProjectBillingCommon):
    """What a pro forma leaves pending is asked about, not billed again unseen."""

    def _shortened(self, amount=300.0):
        """Return a line of 1,000 completed by half, and the pro forma of some of it."""
        order = self._project_order(1000.0)
        proforma = self._proforma(order, 50.0)
        proforma.line_ids.amount_to_invoice = amount
        return order.order_line, proforma

    def test_no_run_bills_what_a_shortened_pro_forma_left(self):
        line, proforma = self._shortened()
        project = line.progress_project_id
        proforma.action_release()
        self.assertBudget(line, (200.0, 300.0, 0.0))
        self.assertFalse(project._run_billing()[0])
        with self.assertRaisesRegex(UserError, f"{proforma.name} left amounts pending"):
            project.action_run_billing()
        question = project.get_progress_summary()["questions"]
        self.assertEqual(
            question,
            [{"proforma": proforma.name, "line_ids": line.ids, "amount": 200.0}],
        )
        wizard = self.env["progress.billing.run"].browse(
            project.action_open_billing_run()["res_id"]
        )
        self.assertEqual(wizard.budget_ids.mapped("obstacle"), ["left"])

    def test_accept_what_was_billed(self):
        line, _proforma = self._shortened()
        line.action_accept_billed()
        self.assertBudget(line, (0.0, 300.0, 0.0))
        self.assertEqual(line.completed_percent, 30.0)
        self.assertFalse(line.progress_left_by)

    def test_accept_what_was_billed_by_quantity(self):
        order = self._project_order((22.0, 480.0, "quantity"))
        proforma = self._proforma(order, 50.0)
        proforma.line_ids.quantity = 100.0
        order.order_line.action_accept_billed()
        self.assertBudget(order.order_line, (0.0, 2200.0, 0.0))
        self.assertEqual(order.order_line.pending_quantity, 0.0)

    def test_keep_pending(self):
        line, _proforma = self._shortened()
        line.action_keep_pending()
        self._run(line.progress_project_id)
        self.assertBudget(line, (0.0, 500.0, 0.0))

    def test_typing_a_percentage_answers(self):
        line, _proforma = self._shortened()
        line.completed_percent = 60.0
        self.assertFalse(line.progress_left_by)
        self._run(line.progress_project_id)
        self.assertBudget(line, (0.0, 600.0, 0.0))

    def test_amount_put_back_asks_nothing(self):
        line, proforma = self._shortened()
        proforma.line_ids.amount_to_invoice = 500.0
        self.assertFalse(line.progress_left_by)

    def test_line_taken_off_a_pro_forma_asks(self):
        line, proforma = self._shortened(500.0)
        proforma.line_ids.unlink()
        self.assertEqual(line.progress_left_by, proforma.name)
        self.assertFalse(line._get_lines_to_bill())

    def test_declined_and_given_up_asks(self):
        for undo in ("unlink", "action_cancel"):
            with self.subTest(undo=undo):
                line, proforma = self._shortened(500.0)
                name = proforma.name
                proforma._set_state("sent", ("draft",))
                proforma._decline("Too much")
                getattr(proforma, undo)()
                self.assertBudget(line, (500.0, 0.0, 0.0))
                self.assertEqual(line.progress_left_by, name)
                self.assertFalse(line._get_lines_to_bill())

    def test_given_up_by_ourselves_is_pending_again(self):
        line, proforma = self._shortened(500.0)
        proforma.action_cancel()
        self.assertFalse(line.progress_left_by)
        self.assertEqual(line._get_lines_to_bill(), line)

    def test_reason_of_the_customer_stays_until_it_is_sent_again(self):
        line, proforma = self._shortened(500.0)
        project = line.progress_project_id
        proforma._set_state("sent", ("draft",))
        proforma._decline("Too much")
        self.assertEqual(proforma.decline_reason, "Too much")
        self.assertEqual(
            project.get_progress_summary()["declined"],
            [{"id": proforma.id, "name": proforma.name, "reason": "Too much"}],
        )
        proforma.action_draft()
        self.assertEqual(proforma.decline_reason, "Too much")
        proforma._set_state("sent", ("draft",))
        self.assertFalse(proforma.decline_reason)

    def test_project_manager_answers(self):
        line, _proforma = self._shortened()
        manager = new_test_user(self.env, "pm", groups="project.group_project_manager")
        line.with_user(manager).action_accept_billed()
        self.assertBudget(line, (0.0, 300.0, 0.0))


@tagged("post_install", "-at_install")
class TestBudgetScreen(ProjectBillingCommon):
    """What stands above a project's revenue budget, and beside its lines."""

    def test_figures_add_up_to_the_contract(self):
        order = self._project_order(1000.0, 3000.0)
        self._complete(order.order_line, 50.0, 0.0)
        self._run(order.project_id, post=True)
        self._complete(order.order_line, 80.0, 10.0)
        figures = order.project_id.get_progress_summary()["figures"]
        self.assertEqual(
            {figure["key"]: figure["amount"] for figure in figures},
            {
                "contract": 4000.0,
                "posted": 500.0,
                "draft": 0.0,
                "pending": 600.0,
                "rest": 2900.0,
            },
        )
        self.assertRecordValues(
            order.order_line,
            [
                {
                    "progress_before_amount": 500.0,
                    "progress_to_date_amount": 800.0,
                    "progress_balance_amount": 200.0,
                },
                {
                    "progress_before_amount": 0.0,
                    "progress_to_date_amount": 300.0,
                    "progress_balance_amount": 2700.0,
                },
            ],
        )

    def test_copy_last_bills_the_same_again_up_to_the_balance(self):
        order = self._project_order(1000.0, (22.0, 100.0, "quantity"), 500.0)
        project = order.project_id
        self._complete(order.order_line, 60.0, 30.0, 0.0)
        self._run(project, post=True)
        project.action_copy_last()
        self.assertEqual(order.order_line.mapped("pending_amount"), [400.0, 660.0, 0.0])
        self.assertEqual(order.order_line[1].pending_quantity, 30.0)
        order.order_line[0].completed_percent = 70.0
        project.action_copy_last()
        self.assertEqual(order.order_line[0].pending_amount, 100.0)

    def test_history_tells_who_completed_how_far_and_why(self):
        line = self._project_order(1000.0).order_line
        manager = new_test_user(self.env, "pm", groups="project.group_project_manager")
        line.with_user(manager).write(
            {"completed_percent": 30.0, "progress_note": "Walls stand"}
        )
        line.with_user(manager).completed_percent = 40.0
        self.env.cr.precommit.run()
        line.with_user(manager).pending_amount = 500.0
        self.env.cr.precommit.run()
        self.assertRecordValues(
            line.progress_completion_ids,
            [
                {
                    "user_id": manager.id,
                    "previous_percent": before,
                    "percent": percent,
                    "note": "Walls stand",
                }
                for before, percent in ((40.0, 50.0), (0.0, 40.0))
            ],
        )

    def test_project_manager_attaches_what_others_read(self):
        line = self._project_order(1000.0).order_line
        manager = new_test_user(self.env, "pm", groups="project.group_project_manager")
        biller = new_test_user(
            self.env, "biller", groups="account.group_account_invoice"
        )
        attachment = (
            self.env["ir.attachment"]
            .with_user(manager)
            .create(
                {
                    "name": "Walls.png",
                    "raw": b"picture",
                    "res_model": line._name,
                    "res_id": line.id,
                }
            )
        )
        line.with_user(manager).progress_attachment_ids = attachment
        line.invalidate_recordset()
        read = line.with_user(biller).progress_attachment_ids
        self.assertEqual(read.raw, b"picture")
        self.assertEqual(line.with_user(biller).progress_attachment_count, 1)

    def test_a_draft_final_invoice_is_not_posted_yet(self):
        order = self._project_order((4800.0,), (1200.0,))
        self._complete(order.order_line, 50.0, 0.0)
        self._run(order.project_id, post=True)
        final = self._final(order, post=False)

        def get_figures():
            figures = order.project_id.get_progress_summary()["figures"]
            return [figure["amount"] for figure in figures]

        self.assertEqual(get_figures(), [6000.0, 2400.0, 3600.0, 0.0, 0.0])
        final.action_post()
        self.assertEqual(get_figures(), [6000.0, 6000.0, 0.0, 0.0, 0.0])
