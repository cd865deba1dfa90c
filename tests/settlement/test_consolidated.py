"""Several orders on one invoice."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ...models.invoicing.invoice_values import InvoiceValues
from ..common import ProgressBillingCommon
from ..common_project import ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestConsolidated(ProgressBillingCommon):
    def setUp(self):
        super().setUp()
        self.orders = self._order(1000.0, client_order_ref="A") | self._order(
            2000.0, client_order_ref="B"
        )
        self.lines = self.env["progress.billing.line"]
        for order in self.orders:
            self.lines |= self._plan(order, 50.0)

    def _rows(self, move):
        return [
            (line.display_type, line.price_subtotal)
            for line in move.invoice_line_ids.sorted("sequence")
        ]

    def test_one_progress_invoice_with_a_section_per_order(self):
        move = self.lines._create_progress_invoices(consolidated=True)
        self.assertEqual(
            self._rows(move),
            [
                ("line_section", 0.0),
                ("product", 500.0),
                ("line_section", 0.0),
                ("product", 1000.0),
            ],
        )
        self.assertEqual(self.lines.move_id, move)
        move.action_post()
        self.assertEqual(set(self.lines.mapped("state")), {"posted"})

    def test_other_dates_customers_and_addresses_stay_apart(self):
        address = self.env["res.partner"].create(
            {"name": "Site", "parent_id": self.partner_a.id, "type": "delivery"}
        )
        other = self._order(partner_shipping_id=address.id)
        late = self._order()
        lines = self.lines | self._plan(other, 10.0)
        lines |= self._plan(late, 10.0, date="2099-01-01")
        moves = lines._create_progress_invoices(consolidated=True)
        self.assertEqual(len(moves), 3)

    def test_each_order_has_its_section_with_its_own_deposits(self):
        self._bill(self.lines)
        final = self._final(self.orders, consolidated=True)
        self.assertEqual(
            self._rows(final),
            [
                ("line_section", 0.0),
                ("product", 1000.0),
                ("line_subsection", 0.0),
                ("product", -500.0),
                ("line_section", 0.0),
                ("product", 2000.0),
                ("line_subsection", 0.0),
                ("product", -1000.0),
            ],
        )
        sections = final.invoice_line_ids.filtered(
            lambda line: line.display_type == "line_section"
        )
        for order, section in zip(
            self.orders, sections.sorted("sequence"), strict=True
        ):
            self.assertIn(order.name, section.name)
            self.assertIn(f"({order.client_order_ref})", section.name)
            self.assertSettled_on(order, final)
        self.assertEqual(self._balance(self.deposit_account), 0.0)

    def assertSettled_on(self, order, final):
        self.assertEqual(order.progress_final_invoice_ids, final)
        self.assertEqual(order.progress_deposit_balance, 0.0)
        self.assertEqual(order.progress_line_ids.state, "settled")

    def test_sections_of_an_order_become_subsections(self):
        self.orders[0].write(
            {
                "order_line": [
                    Command.create(
                        {"display_type": "line_section", "name": "Works", "sequence": 1}
                    )
                ]
            }
        )
        self.env.invalidate_all()
        self._bill(self.lines)
        final = self._final(self.orders, consolidated=True)
        self.assertEqual(
            [kind for kind, _amount in self._rows(final)][:3],
            ["line_section", "line_subsection", "product"],
        )

    def test_a_single_order_needs_no_section(self):
        self._bill(self.lines)
        final = self._final(self.orders[0], consolidated=True)
        self.assertEqual(
            [kind for kind, _amount in self._rows(final)],
            ["product", "line_section", "product"],
        )
        self.assertSettled(self.orders[0])

    def test_crediting_the_final_reopens_all_its_orders(self):
        self._bill(self.lines)
        final = self._final(self.orders, consolidated=True)
        self._credit(final)
        self.assertEqual(set(self.lines.mapped("state")), {"posted"})
        self._final(self.orders, consolidated=True)
        self.assertEqual(set(self.lines.mapped("state")), {"settled"})
        self.assertEqual(self.orders.mapped("progress_deposit_balance"), [0.0, 0.0])

    def test_crediting_one_order_of_the_final_leaves_the_other_finished(self):
        self._bill(self.lines)
        final = self._final(self.orders, consolidated=True)
        first, second = self.orders
        credit = self._credit(final, post=False)
        items = credit.invoice_line_ids
        own = items.filtered(lambda item: item.sale_line_ids.order_id == first)
        (items - own).unlink()
        credit.action_post()
        self.assertEqual(self.orders.mapped("has_progress_final_due"), [True, False])
        self.assertEqual(
            [order._has_progress_final() for order in self.orders], [False, True]
        )
        self.assertGreater(first.progress_deposit_balance, 0.0)
        again = self._final(first)
        self.assertTrue(first._has_progress_final())
        self.assertEqual(first.progress_deposit_balance, 0.0)
        self.assertEqual(first.progress_billed_amount, first.amount_untaxed)
        with self.assertRaises(UserError):
            credit.button_draft()
        again.button_draft()
        again.unlink()
        credit.button_draft()
        self.assertEqual(second.progress_deposit_balance, 0.0)

    def test_sections_are_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.partner_a.lang = "de_DE"
        move = self.lines._create_progress_invoices(consolidated=True)
        sections = move.invoice_line_ids.filtered(
            lambda item: item.display_type == "line_section"
        )
        self.assertEqual(
            sections.mapped("name"),
            [
                f"Auftrag {order.name} ({ref})"
                for order, ref in zip(self.orders, "AB", strict=True)
            ],
        )

    def test_interim_invoices_of_several_orders_stay_apart_by_section(self):
        self._bill(self.lines)
        move = self.orders._create_interim_invoices(consolidated=True)
        self.assertEqual(len(move), 1)
        self.assertEqual(move.amount_untaxed, 1500.0)
        self.assertEqual([k for k, _a in self._rows(move)].count("line_section"), 2)

    def test_orders_are_rounded_apart(self):
        """No cent of one order is billed to another, whatever the odd prices."""
        included = self._tax(21.0, name="incl.", price_include_override="tax_included")
        orders = self.env["sale.order"]
        for number in range(6):
            lines = [
                (100.0 + number + part * 0.37, 1.0 + part / 3.0, {})
                for part in range(4)
            ]
            lines[2][2]["tax_ids"] = [Command.set(included.ids)]
            lines[3][2]["tax_ids"] = [Command.clear()]
            orders |= self._order(*lines, client_order_ref=str(number))
        for order in orders:
            self._bill(self._plan(order, 30.0))
        final = self._final(orders, consolidated=True)
        self.assertEqual(len(final), 1)
        for order in orders:
            self.assertMoney(order.progress_billed_amount, order.amount_untaxed)
            self.assertMoney(order.progress_remaining_amount, 0.0)
            self.assertMoney(order.progress_deposit_balance, 0.0)
        moves = orders.order_line.invoice_lines.move_id
        self.assertMoney(
            sum(moves.mapped("amount_total_signed")), sum(orders.mapped("amount_total"))
        )

    def test_lines_of_no_order_keep_their_amounts(self):
        """Another addon may add lines to what the host is about to create."""
        orders = self._order((33.33, 1.0)) | self._order((66.67, 1.0))
        foreign = {"name": "Postage", "quantity": 1.0, "price_unit": 5.0}
        (values,) = orders._prepare_final_invoices(consolidated=True)
        values["invoice_line_ids"].append(Command.create(foreign))
        InvoiceValues(self.env, values).round_orders_apart()
        self.assertEqual(
            values["invoice_line_ids"][-1],
            Command.create({"name": "Postage", "quantity": 1.0, "price_unit": 5.0}),
        )
        fixed = [
            line.get("extra_tax_data")
            for _code, _id, line in values["invoice_line_ids"]
            if line.get("display_type", "product") == "product"
        ]
        self.assertEqual(list(map(bool, fixed)), [True, True, False])

    def assertMoney(self, first, second):
        self.assertEqual(self.company.currency_id.compare_amounts(first, second), 0)


@tagged("post_install", "-at_install")
class TestConsolidatedBudgets(ProjectBillingCommon):
    """Orders whose deposits came from their revenue budgets alone."""

    def setUp(self):
        super().setUp()
        self.orders = self.env["sale.order"]
        for number in range(2):
            order = self._project_order(
                (33.33 + number, 1.0),
                (66.67 + number, 1.0),
                method="deposit",
                client_order_ref=str(number),
            )
            self._complete(order.order_line, 50.0, 50.0)
            self._run(order.project_id, post=True)
            self.orders |= order

    def test_final_has_a_section_per_order_rounded_apart(self):
        final = self._final(self.orders, consolidated=True)
        kinds = final.invoice_line_ids.mapped("display_type")
        self.assertEqual((len(final), kinds.count("line_section")), (1, 2))
        for order in self.orders:
            self.assertEqual(order.progress_billed_amount, order.amount_untaxed)
            self.assertEqual(order.progress_deposit_balance, 0.0)

    def test_interim_has_a_section_per_order_and_locks_them(self):
        self.env.flush_all()
        with self.assertLogs("odoo.sql_db", "DEBUG") as queries:
            move = self.orders._create_interim_invoices(consolidated=True)
        kinds = move.invoice_line_ids.mapped("display_type")
        self.assertEqual((len(move), kinds.count("line_section")), (1, 2))
        locks = [
            query
            for query in queries.output
            if "FOR NO KEY UPDATE" in query and '"sale_order"' in query
        ]
        self.assertTrue(locks)

    def test_the_hosts_wizard_offers_to_take_back_their_deposits(self):
        wizard = self.env["sale.advance.payment.inv"].create(
            {"sale_order_ids": self.orders.ids}
        )
        self.assertTrue(wizard.progress_has_deposits)
