"""The morning screen: each figure is what its list holds, in one currency."""

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-02 10:00:00")
class TestOverview(ProgressBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Overview = cls.env["progress.billing.overview"]

    def _cards(self):
        cards = self.Overview.get_overview()["cards"]
        return {card["key"]: (card["count"], card["amount"]) for card in cards}

    def _deposits(self):
        (deposits,) = self.Overview.get_overview()["deposits"]
        return deposits

    def test_each_figure_is_what_its_list_holds(self):
        order = self._order(10000.0)
        lines = self._plan(order, 10.0, 10.0, 10.0, 10.0, 10.0)
        lines[1].date = "2026-04-10"
        lines[2].invoice_flag = "no"
        lines[3]._note_failure("because")
        lines[4].action_create_invoice()
        self.assertEqual(
            self._cards(),
            {
                "due": (2, 2000.0),
                "failed": (1, 1000.0),
                "drafts": (1, 1000.0),
                "approval": (0, 0.0),
                "overdue": (0, 0.0),
            },
        )
        for card in self.Overview.get_overview()["cards"]:
            action = card["action"]
            found = self.env[action["res_model"]].search_count(action["domain"])
            self.assertEqual(found, card["count"], card["key"])

    def test_unpaid_invoices_are_overdue_after_their_day(self):
        move = self._bill(self._plan(self._order(10000.0), 30.0, date="2026-02-01"))
        move.invoice_date_due = "2026-03-02"
        self.assertEqual(self._cards()["overdue"], (0, 0.0))
        with freeze_time("2026-03-03 10:00:00"):
            self.assertEqual(self._cards()["overdue"], (1, 3450.0))

    def test_currencies_are_converted_before_they_are_added(self):
        currency = self._currency()
        self._plan(self._order(1000.0), 10.0)
        foreign = self._order(1000.0, confirm=False)
        foreign.currency_id = currency
        foreign.action_confirm()
        self._plan(foreign, 10.0)
        self.assertEqual(foreign.progress_line_ids.currency_id, currency)
        self.assertEqual(self._cards()["due"], (2, 100.0 + 50.0))

    def _currency(self):
        """Return a currency of which two make one of the company's."""
        return self.env["res.currency"].create(
            {
                "name": "TWO",
                "symbol": "2",
                "rate_ids": [
                    Command.create({"name": "2020-01-01", "rate": 2.0}),
                ],
            }
        )

    def test_the_months_ahead_say_who_bills(self):
        order = self._order(10000.0)
        lines = self._plan(order, 10.0, 20.0, 30.0, 5.0)
        lines[0].date = "2026-03-02"
        lines[1].write({"date": "2026-04-30", "invoice_flag": "yes"})
        lines[2].write({"date": "2026-04-01", "invoice_flag": "no"})
        lines[3].date = "2026-12-01"
        months = self.Overview.get_overview()["months"]
        self.assertEqual(
            [month["label"] for month in months],
            ["Mar 2026", "Apr 2026", "May 2026"],
        )
        amounts = [month["amounts"] for month in months]
        self.assertEqual(amounts[0], {"auto": 1000.0, "yes": 0.0, "no": 0.0})
        self.assertEqual(amounts[1], {"auto": 0.0, "yes": 2000.0, "no": 3000.0})
        found = self.env["progress.billing.line"].search(months[1]["action"]["domain"])
        self.assertEqual(found, lines[1] + lines[2])

    def test_orders_are_ready_when_only_the_final_invoice_is_missing(self):
        order = self._order(10000.0)
        lines = self._plan(order, 30.0, 20.0)
        ready = self.env["sale.order"].search([("is_progress_final_ready", "=", True)])
        self.assertNotIn(order, ready)
        self._bill(lines[0])
        before = self.Overview.get_overview()["finals"]["count"]
        lines[1].unlink()
        self.assertTrue(order.is_progress_final_ready)
        finals = self.Overview.get_overview()["finals"]
        self.assertEqual(finals["count"], before + 1)
        self.assertIn(order, self.env["sale.order"].search(finals["action"]["domain"]))
        self._final(order)
        order.invalidate_recordset(["is_progress_final_ready"])
        self.assertFalse(order.is_progress_final_ready)

    # === DEPOSITS AND THEIR ACCOUNT === #

    def test_open_deposits_are_what_their_account_holds(self):
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0, 20.0))
        deposits = self._deposits()
        self.assertEqual((deposits["open"], deposits["held"]), (5000.0, 5000.0))
        self.assertTrue(deposits["is_equal"])
        self.assertEqual(deposits["accounts"], "PBDEP")
        self._final(order)
        deposits = self._deposits()
        self.assertEqual((deposits["open"], deposits["held"]), (0.0, 0.0))

    def test_what_else_is_on_the_account_is_shown(self):
        self._bill(self._plan(self._order(10000.0), 30.0))
        entry = self.env["account.move"].create(
            {
                "line_ids": [
                    Command.create(
                        {"account_id": self.deposit_account.id, "credit": 70.0}
                    ),
                    Command.create(
                        {
                            "account_id": self.company_data[
                                "default_account_revenue"
                            ].id,
                            "debit": 70.0,
                        }
                    ),
                ]
            }
        )
        entry.action_post()
        deposits = self._deposits()
        self.assertFalse(deposits["is_equal"])
        self.assertEqual((deposits["open"], deposits["held"]), (3000.0, 3070.0))
        items = self.env["account.move.line"].search(deposits["items_action"]["domain"])
        self.assertEqual(items.move_id, entry)

    # === SET-UP, ROLES, SIZE === #

    def test_the_set_up_goes_away_when_it_is_done(self):
        self.company.downpayment_account_id = False
        steps = self.Overview.get_overview()["steps"]
        undone = {step["key"] for step in steps if not step["is_done"]}
        self.assertIn("account", undone)
        self.company.downpayment_account_id = self.deposit_account
        self._plan(self._order(10000.0), 30.0)
        self.env["progress.billing.template"].create(
            {
                "name": "Half",
                "line_ids": [Command.create({"name": "Half", "percent": 50.0})],
            }
        )
        self.assertFalse(self.Overview.get_overview()["steps"])

    def test_each_role_sees_it_and_nobody_else(self):
        self._bill(self._plan(self._order(10000.0), 30.0))
        for number, group in enumerate(
            (
                "sales_team.group_sale_salesman",
                "account.group_account_invoice",
                "account.group_account_readonly",
                "project.group_project_manager",
            )
        ):
            user = new_test_user(
                self.env, f"overview{number}", f"base.group_user,{group}"
            )
            overview = self.Overview.with_user(user).get_overview()
            self.assertIn("due", [card["key"] for card in overview["cards"]], group)
            self.Overview.with_user(user).get_to_bill()
        user = new_test_user(self.env, "overview_nobody", "base.group_user")
        with self.assertRaises(AccessError):
            self.Overview.with_user(user).get_overview()

    def test_accounts_are_named_as_their_company_numbers_them(self):
        company = self.setup_other_company(name="Second")["company"]
        self.env.user.company_ids |= company
        company.downpayment_account_id = self.env["account.account"].create(
            {
                "name": "Deposits",
                "code": "PBDEP2",
                "account_type": "liability_current",
                "company_ids": [Command.set(company.ids)],
            }
        )
        overview = self.Overview.with_context(
            allowed_company_ids=(self.company | company).ids
        )
        self.assertEqual(
            [each["accounts"] for each in overview.get_overview()["deposits"]],
            ["PBDEP", "PBDEP2"],
        )

    def test_nothing_is_to_bill_of_a_cancelled_order(self):
        def get_figures():
            overview = self.Overview.get_overview()
            chips = self.Overview.get_to_bill()["chips"]
            return overview["cards"], overview["months"], chips

        before = get_figures()
        order = self._order(10000.0)
        ahead, held, failed = self._plan(order, 10.0, 20.0, 30.0)
        ahead.date = "2026-03-10"
        held.invoice_flag = "no"
        failed._note_failure("because")
        order._action_cancel()
        self.assertEqual(get_figures(), before)

    def test_queries_do_not_grow_with_the_book(self):
        counts = []
        for size in (2, 12):
            for _number in range(size):
                lines = self._plan(self._order(10000.0), 10.0, 20.0, 30.0)
                lines[1].date = "2026-04-10"
                self._bill(lines[0])
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.Overview.get_overview()
            self.Overview.get_to_bill()
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])
