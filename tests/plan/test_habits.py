"""What people expect of any plan: told in the chatter, copied, begun with a click."""

from datetime import timedelta

from openpyxl import load_workbook

from odoo import fields
from odoo.tests import tagged
from odoo.tools import file_open

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestHabits(ProgressBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": False})

    def _notes(self, order):
        """Return what the chatter of an order says, the latest first."""
        order.invalidate_recordset(["message_ids"])
        return order.message_ids.mapped("body")

    def _planned(self, *shares, **values):
        return self._plan(self._order(10000.0), *shares, **values)

    # === CHATTER === #

    def test_the_order_tells_what_was_planned_changed_held_and_billed(self):
        line = self._planned(30.0)
        order = line.order_id
        self.assertIn("Planned: Part 1, 30&nbsp;%, 03/01/2026", self._notes(order)[0])
        line.date = "2026-04-01"
        self.assertIn("Invoice Date: 03/01/2026 → 04/01/2026", self._notes(order)[0])
        line.action_hold()
        self.assertIn("Part 1: Billed By: Automatic → On hold", self._notes(order)[0])
        line.action_release()
        move = line._create_progress_invoices()
        note = self._notes(order)[0]
        self.assertIn("Billed: Part 1", note)
        self.assertIn(f'data-oe-id="{move.id}"', note)
        self.assertIn("3,000.00", note)

    def test_what_was_written_but_not_changed_is_not_told(self):
        line = self._planned(30.0)
        before = len(self._notes(line.order_id))
        line.write({"percent": 30.0, "name": "Part 1"})
        self.assertEqual(len(self._notes(line.order_id)), before)

    def test_a_plan_is_told_in_one_note_an_order(self):
        order = self._order(10000.0)
        before = len(self._notes(order))
        self._plan(order, 30.0, 40.0, 30.0)
        self.assertEqual(len(self._notes(order)), before + 1)

    def test_the_order_tells_what_left_the_plan(self):
        lines = self._planned(30.0, 40.0)
        order = lines.order_id
        lines[0].action_cancel()
        self.assertIn("Cancelled: Part 1", self._notes(order)[0])
        lines[0].action_replan()
        self.assertIn("Planned again: Part 1", self._notes(order)[0])
        lines[1].unlink()
        self.assertIn("Taken out of the plan: Part 2", self._notes(order)[0])

    # === COPIES === #

    def test_a_copied_order_plans_what_was_planned_not_what_was_billed(self):
        order = self._order(6000.0, 4000.0)
        first = order.order_line[0]
        lines = self._plan(order, 30.0, 40.0)
        share = self._plan(order, 50.0, sale_line_id=first.id, name="On a line")
        self._bill(lines[0])
        copy = order.copy()
        self.assertEqual(copy.progress_line_ids.mapped("name"), ["Part 2", "On a line"])
        self.assertEqual(set(copy.progress_line_ids.mapped("state")), {"planned"})
        self.assertEqual(copy.progress_line_ids[1].sale_line_id, copy.order_line[0])
        self.assertEqual(share.sale_line_id, first)
        self.assertEqual(copy.progress_planned_amount, 4000.0 + 3000.0)
        self.assertEqual(copy.progress_billed_amount, 0.0)

    def test_the_plan_of_a_copy_is_as_long_after_it_as_the_plan_was(self):
        order = self._order(10000.0)
        order.date_order = fields.Datetime.now() - timedelta(days=90)
        line = self._plan(order, 30.0, date=fields.Date.today() - timedelta(days=80))
        copied = order.copy().progress_line_ids
        self.assertEqual(copied.date, line.date + timedelta(days=90))

    # === IMPORT === #

    def test_planned_lines_are_imported_as_the_template_says(self):
        (template,) = self.env["progress.billing.line"].get_import_templates()
        path = template["template"].removeprefix("/")
        with file_open(path, "rb") as file:
            names, *rows = load_workbook(file).active.iter_rows(values_only=True)
        order = self._order(10000.0, name="S-IMPORT")
        rows = [[order.name, *(str(x or "") for x in row[1:])] for row in rows]
        result = self.env["progress.billing.line"].load(names, rows)
        self.assertTrue(result["ids"], result["messages"])
        self.assertRecordValues(
            order.progress_line_ids,
            [
                {"amount_untaxed": 3000.0, "invoice_flag": "auto"},
                {"amount_untaxed": 2500.0, "invoice_flag": "yes"},
            ],
        )

    # === BEGINNINGS === #

    def test_a_click_plans_thirty_forty_thirty(self):
        order = self._order(10000.0, confirm=False)
        order.action_plan_30_40_30()
        self.assertEqual(
            order.progress_line_ids.mapped("amount_untaxed"), [3000.0, 4000.0, 3000.0]
        )
        self.assertEqual(order.progress_line_ids[0].date, fields.Date.today())

    def test_a_click_plans_three_instalments_that_are_the_whole(self):
        order = self._order(10000.0)
        order.action_plan_instalments()
        self.assertEqual(
            order.progress_line_ids.mapped("amount_untaxed"),
            [3333.33, 3333.34, 3333.33],
        )

    # === THE ACCOUNT === #

    def test_the_account_is_made_and_set_where_it_is_missed(self):
        self.company.downpayment_account_id = False
        order = self._order(10000.0)
        self.assertFalse(order.has_progress_account)
        action = order.action_set_up_account()
        wizard = (
            self.env[action["res_model"]].with_context(**action["context"]).create({})
        )
        wizard.action_create_account()
        account = self.company.downpayment_account_id
        self.assertEqual(account.account_type, "liability_current")
        self.assertTrue(account.reconcile)
        order.invalidate_recordset(["has_progress_account"])
        self.assertTrue(order.has_progress_account)

    def test_only_fit_accounts_are_chosen(self):
        income = self.company_data["default_account_revenue"]
        wizard = self.env["progress.billing.account"].create({"account_id": income.id})
        with self.assertRaisesRegex(Exception, "not a current liability"):
            wizard.action_choose()
        self.assertEqual(self.company.downpayment_account_id, self.deposit_account)
