"""What orders have earned as of a day, beside what they billed."""

import io
from base64 import b64decode

from openpyxl import load_workbook

from odoo.tests import freeze_time, new_test_user, tagged

from ..common_project import ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestEarnedReport(ProjectBillingCommon):
    def _report(self, date="2026-12-31", user=None):
        model = self.env["progress.earned.report"]
        return (model.with_user(user).sudo(False) if user else model).create(
            {"date": date}
        )

    def _worked(self, **values):
        """Return an order of 10,000: 40 % done and billed in March, 70 % in April."""
        with freeze_time("2026-03-01"):
            order = self._project_order(6000.0, 4000.0, **values)
            order.date_order = "2026-03-01 08:00:00"
        with freeze_time("2026-03-10"):
            self._complete(order.order_line, 50.0, 25.0)
            self.env.flush_all()
            self._run(order.project_id, post=True)
        return order

    def _set_history(self, order, day):
        """Let what was entered last have been entered on a day."""
        self.cr.precommit.run()
        self.env.flush_all()
        changes = order.order_line.progress_completion_ids
        self.cr.execute(
            "UPDATE progress_billing_completion SET create_date = %s WHERE id IN %s",
            [f"{day} 12:00:00", tuple(changes.ids)],
        )
        changes.invalidate_recordset(["create_date"])
        return changes

    def test_what_is_billed_ahead_of_the_work_is_over(self):
        order = self._worked(method="deposit")
        self._bill(self._plan(order, 20.0))
        self.assertRecordValues(
            self._report().line_ids,
            [
                {
                    "order_id": order.id,
                    "percent": 40.0,
                    "balance_contract": 10000.0,
                    "balance_earned": 4000.0,
                    "balance_billed": 6000.0,
                    "balance_difference": 2000.0,
                    "balance_left": 4000.0,
                }
            ],
        )

    def test_work_ahead_of_billing_is_under_and_an_earlier_day_says_what_it_was(self):
        order = self._worked()
        before = self._set_history(order, "2026-03-10")
        self._complete(order.order_line, 80.0, 55.0)
        self.cr.precommit.run()
        self.env.flush_all()
        later = order.order_line.progress_completion_ids - before
        self.cr.execute(
            "UPDATE progress_billing_completion SET create_date = %s WHERE id IN %s",
            ["2026-04-10 12:00:00", tuple(later.ids)],
        )
        later.invalidate_recordset(["create_date"])
        for day, earned, billed in (
            ("2026-03-09", 0.0, 0.0),
            ("2026-03-31", 4000.0, 4000.0),
            ("2026-04-30", 7000.0, 4000.0),
        ):
            line = self._report(day).line_ids
            self.assertEqual(
                (line.balance_earned, line.balance_billed), (earned, billed)
            )
        self.assertEqual(line.balance_difference, -3000.0)
        self.assertFalse(self._report("2026-02-28").line_ids)

    def test_salespeople_read_of_their_own_orders(self):
        seller = new_test_user(
            self.env(su=True),
            login="earned_seller",
            groups="sales_team.group_sale_salesman",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        own = self._worked(user_id=seller.id)
        self._worked(user_id=self.env.user.id)
        self.assertEqual(self._report(user=seller).line_ids.order_id, own)
        self.assertEqual(len(self._report().line_ids), 2)

    def test_queries_do_not_grow_with_the_orders(self):
        counts = []
        for number in (3, 12):
            for _number in range(number):
                self._worked()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._report()._get_table()
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])

    def test_a_name_is_no_formula_in_the_workbook(self):
        self.partner_a.name = "=1+1"
        self._project_order(1000.0)
        report = self.env["progress.earned.report"].create({})
        book = load_workbook(io.BytesIO(b64decode(report.workbook)))
        cells = [cell for row in book.active.iter_rows() for cell in row]
        kinds = {cell.data_type for cell in cells if cell.value == "=1+1"}
        self.assertEqual(kinds, {"s"})
