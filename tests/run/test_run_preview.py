"""What a run shows before it bills, and that it bills just that."""

from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..property_case import BOUNDS, PropertyCase


@tagged("post_install", "-at_install")
@freeze_time("2026-03-02 10:00:00")
class TestRunPreview(PropertyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["progress.billing.line"].search([]).unlink()

    def _wizard(self, **values):
        return self.env["progress.billing.run"].create(values)

    def _obstacles(self, wizard):
        lines = self._as_shown(wizard, wizard.left_line_ids)
        return {line.name: line.run_obstacle for line in lines}

    def _as_shown(self, wizard, lines):
        """Return lines in the context in which the wizard's form shows them."""
        return lines.with_context(
            progress_run=(
                wizard.date,
                wizard.automatic_only,
                wizard.line_domain,
            ),
        )

    def test_client_that_names_a_run_asks_with_its_own_rights(self):
        """A line that is left out would tell of what its reader may not read."""
        seller = new_test_user(
            self.env(su=True),
            login="asks",
            groups="sales_team.group_sale_salesman",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        line = self._plan(self._order(1000.0, user_id=seller.id), 10.0)
        domain = [("order_id.partner_id.credit_limit", "=", 0.0)]
        asked = line.with_user(seller).with_context(
            progress_run=[False, False, repr(domain)]
        )
        with self.assertRaises(AccessError):
            asked.read(["run_obstacle"])

    def test_nonsense_of_a_client_is_no_run(self):
        line = self._plan(self._order(1000.0), 10.0, date="2026-03-09")
        for run in (
            *(5, "x", [1], ["soon", False, "[]"], [None, False, "x("]),
            *([None, False, 5], [None, False, "[('nothing', '=', 1)]"]),
        ):
            with self.subTest(run=run):
                shown = line.with_context(progress_run=run)
                self.assertEqual(shown.run_obstacle, "not_due")

    def test_preview_shows_what_is_taken_and_why_not(self):
        order = self._order(10000.0)
        due = self._plan(order, 10.0, name="due")
        self._plan(order, 10.0, name="hold", invoice_flag="no")
        manual = self._plan(order, 10.0, name="manual", invoice_flag="yes")
        self._plan(order, 10.0, name="later", date="2026-03-03")
        self._plan(order, 70.0, name="most", date="2026-03-02", sequence=8)
        self._plan(order, 20.0, name="over", date="2026-03-02", sequence=9)
        self._plan(self._order(confirm=False), 10.0, name="quotation")
        wizard = self._wizard()
        self.assertEqual(set(wizard.line_ids.mapped("name")), {"due", "manual", "most"})
        self.assertEqual(
            self._obstacles(wizard),
            {
                "hold": "hold",
                "later": "not_due",
                "over": "contract",
                "quotation": "unconfirmed",
            },
        )
        wizard.automatic_only = True
        self.assertNotIn(manual, wizard.line_ids)
        self.assertEqual(self._obstacles(wizard)["manual"], "manual")
        self.assertIn(due, wizard.line_ids)

    def test_preview_names_a_missing_account(self):
        line = self._plan(self._order(), 10.0)
        self.company.downpayment_account_id = False
        wizard = self._wizard()
        self.assertFalse(wizard.line_ids)
        self.assertEqual(self._obstacles(wizard), {line.name: "account"})

    def test_preview_names_a_line_with_nothing_left(self):
        order = self._order()
        line = self._plan(order, 100.0, sale_line_id=order.order_line.id)
        order.progress_line_ids.invoice_flag = "no"
        order._create_invoices().action_post()
        line.invoice_flag = "auto"
        self.assertEqual(self._obstacles(self._wizard()), {line.name: "nothing"})

    def test_preview_follows_the_filters_in_the_form(self):
        line = self._plan(self._order(1000.0), 10.0)
        held = self._plan(self._order(1000.0), 10.0, invoice_flag="no")
        wizard = self._wizard()
        spec = {"fields": {"amount_untaxed": {}, "run_obstacle": {}}, "limit": 40}
        fields = {"automatic_only": {}, "line_ids": spec, "left_line_ids": spec}
        result = wizard.onchange({"automatic_only": True}, ["automatic_only"], fields)
        rows = {
            command[1]: command[2]
            for name in ("line_ids", "left_line_ids")
            for command in result["value"].get(name, [])
            if command[0] in (1, 4) and len(command) > 2 and command[2]
        }
        for billing_line in line | held:
            if billing_line.id in rows:
                self.assertEqual(rows[billing_line.id]["amount_untaxed"], 100.0)

    # === THE PREVIEW IS WHAT IS BILLED === #

    def test_a_line_beyond_the_filters_uses_up_nothing(self):
        order = self._order(1000.0)
        project = self.env["project.project"].sudo().create({"name": "Bridge"})
        elsewhere = self._plan(order, 80.0, date="2026-02-01")
        line = self._plan(order, 60.0, project_id=project.id)
        self.assertEqual(self._wizard().line_ids, elsewhere)
        wizard = self._wizard(project_ids=project.ids)
        self.assertEqual(wizard.line_ids, line)
        self.assertFalse(wizard.left_line_ids)
        wizard.action_run()
        self.assertEqual((line.state, elsewhere.state), ("draft", "planned"))

    def test_a_line_too_much_leaves_room_for_smaller_ones(self):
        lines = self._plan(self._order(1000.0), 70.0, 40.0, 30.0)
        wizard = self._wizard()
        self.assertEqual(wizard.line_ids, lines[0] | lines[2])
        self.assertEqual(self._obstacles(wizard), {lines[1].name: "contract"})

    def test_draft_credit_notes_make_no_room(self):
        order = self._order(1000.0)
        move = self._bill(self._plan(order, 100.0))
        line = self._plan(order, 50.0, date="2026-03-02")
        credit = self._credit(move, post=False)
        self.assertEqual(self._obstacles(self._wizard()), {line.name: "contract"})
        credit.action_post()
        self.assertEqual(self._wizard().line_ids, line)

    def test_regular_invoices_are_left_beside_a_draft_credit_note(self):
        order = self._order(1000.0, progress_method="revenue")
        self._bill(self._plan(order, 30.0))
        credit = self._credit(self._final(order), post=False)
        wizard = self._wizard(invoice_type="regular")
        self.assertNotIn(order, wizard.order_ids)
        self.assertIn(credit.display_name, wizard.order_obstacles)
        wizard.action_run()
        self.assertFalse(wizard.move_ids)

    def test_regular_invoices_stay_within_the_contract_with_drafts(self):
        order = self._order(1000.0)
        self._bill(self._plan(order, 50.0))
        self._final(order)
        order.order_line = [
            Command.create({"product_id": self.service.id, "price_unit": 500.0})
        ]
        draft = self._bill(self._plan(order, ("amount", 250.0)), post=False)
        self.assertEqual(order.progress_billed_amount, 1250.0)
        wizard = self._wizard(invoice_type="regular")
        self.assertNotIn(order, wizard.order_ids)
        self.assertIn("250.00", wizard.order_obstacles)
        with self.assertRaisesRegex(UserError, "1,250.00"), self.cr.savepoint():
            order._create_invoices()
        wizard.action_run()
        self.assertFalse(wizard.move_ids)
        draft.unlink()
        order.progress_line_ids.filtered(lambda line: line.state == "planned").unlink()
        wizard = self._wizard(invoice_type="regular")
        self.assertIn(order, wizard.order_ids)
        self.assertFalse(wizard.order_obstacles)

    def test_amounts_shown_are_billed_where_a_line_is_left(self):
        # 50 % of 100.01 is 50.01 for the first who asks, 50.00 for the second.
        order = self._order(100.01)
        held = self._plan(order, 50.0, invoice_flag="no", sequence=1)
        line = self._plan(order, 50.0, sequence=2)
        wizard = self._wizard()
        shown = self._as_shown(wizard, line).run_amount_untaxed
        self.assertEqual((line.amount_untaxed, shown), (50.0, 50.01))
        wizard.action_run()
        self.assertEqual(line.amount_untaxed, shown)
        self.assertEqual(held.amount_untaxed, 50.0)

    @BOUNDS
    @given(
        prices=st.lists(st.integers(1, 99_999), min_size=1, max_size=3),
        specs=st.lists(
            st.tuples(
                st.sampled_from([5.0, 12.5, 33.333333, 40.0, 60.0, 100.0]),
                st.sampled_from(["auto", "auto", "auto", "yes", "no"]),
                st.integers(1, 6),
                st.one_of(st.none(), st.none(), st.integers(0, 2)),
                st.booleans(),
            ),
            min_size=2,
            max_size=6,
        ),
        day=st.integers(1, 6),
        automatic=st.booleans(),
        by_project=st.booleans(),
        consolidated=st.booleans(),
        method=st.sampled_from(["deposit", "deposit", "revenue"]),
    )
    def test_what_is_shown_is_what_is_billed(
        self, prices, specs, day, automatic, by_project, consolidated, method
    ):
        project = self.env["project.project"].sudo().create({"name": "Bridge"})
        taxes = [self.tax, self.tax | self.taxes["seven"], self.tax.browse()]
        order = self._order(
            *(
                (price / 100, 1.0, {"tax_ids": [Command.set(some.ids)]})
                for price, some in zip(prices, taxes, strict=False)
            ),
            progress_method=method,
        )
        for percent, flag, date, position, in_project in specs:
            item = order.order_line[position % len(prices)] if position else None
            self._plan(
                order,
                percent,
                invoice_flag=flag,
                date=f"2026-03-{date:02d}",
                sale_line_id=item.id if item else False,
                project_id=project.id if in_project else False,
            )
        wizard = self._wizard(
            date=f"2026-03-{day:02d}",
            automatic_only=automatic,
            consolidated=consolidated,
            project_ids=project.ids if by_project else False,
        )
        lines, left = wizard.line_ids, wizard.left_line_ids
        self.assertTrue(all(self._obstacles(wizard).values()))
        shown = {
            line: (line.run_amount_untaxed, line.run_amount_total, line.run_obstacle)
            for line in self._as_shown(wizard, lines)
        }
        wizard.action_run()
        self.assertFalse(wizard.failed_line_ids)
        self.assertEqual(set(lines.mapped("state")) - {"draft"}, set())
        self.assertEqual(set(left.mapped("state")) - {"planned"}, set())
        self.assertEqual(
            {line: (line.amount_untaxed, line.amount_total, False) for line in lines},
            shown,
        )

    # === COST === #

    def _many(self, number):
        """Return planned lines of many orders, made at once: two on each."""
        item = {"product_id": self.service.id, "price_unit": 500.0}
        values = {"partner_id": self.partner_a.id, "state": "sale"}
        orders = self.env["sale.order"].create(
            [{**values, "order_line": [Command.create(item)] * 2}] * (number // 2)
        )
        return self.env["progress.billing.line"].create(
            [
                {"order_id": line.order_id.id, "sale_line_id": line.id, **plan}
                for line in orders.order_line
                for plan in [{"name": "Part", "percent": 30.0, "date": "2026-03-01"}]
            ]
        )

    def _count_queries(self):
        """Return how many queries a preview takes to open."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        names = {"order_id": {"fields": {"display_name": {}}}, "run_amount_untaxed": {}}
        spec = {"fields": names, "limit": 40}
        self._wizard().web_read({"line_ids": spec, "left_line_ids": spec})
        return self.env.cr.sql_log_count - before

    def test_preview_queries_do_not_grow_with_the_lines(self):
        self._many(2)
        self._count_queries()
        # More than the host reads ahead at once, which is a thousand.
        few = self._many(100) and self._count_queries()
        many = self._many(1100) and self._count_queries()
        self.assertLessEqual(many, few)

    def test_preview_queries_do_not_grow_without_an_account(self):
        self._many(100)
        self.company.downpayment_account_id = False
        few = self._count_queries()
        self.company.downpayment_account_id = self.deposit_account
        self._many(200)
        self.company.downpayment_account_id = False
        self.assertLessEqual(self._count_queries(), few)
