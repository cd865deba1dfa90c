"""An invoice of ours beside the same one of the host's: whatever can be seen is equal.

Field by field, from the registry: what differs is listed here, with its reason.
"""

import re

from odoo.fields import Command
from odoo.models import MAGIC_COLUMNS
from odoo.tests import freeze_time, new_test_user, tagged

from ..common import ProgressBillingCommon

#: What belongs to the one document: its number, its key, where it stands in a list.
OWN = {
    *MAGIC_COLUMNS,
    *("name", "display_name", "sequence_number", "highest_name", "payment_reference"),
    *("access_token", "access_url", "access_warning", "made_sequence_gap"),
    *("name_placeholder", "move_name", "ref", "matching_number", "full_reconcile_id"),
}
#: What is nothing but a note between two computations, in memory.
NOTES = {"needed_terms_dirty", "epd_dirty", "discount_allocation_dirty"}
#: Field -> why that of a deposit differs.
DEPOSIT = {
    "extra_tax_data": "taxes of a part are what cumulates to the order's, to the cent",
    "price_unit": "the untaxed amount itself; the host's is worked back from taxes",
    "sequence": "the host counts the order's lines before it",
}
#: Field -> why that of a final invoice differs.
RECONCILED = "deposits are reconciled with what takes them back; the host's stay open"
FINAL = {
    "extra_tax_data": DEPOSIT["extra_tax_data"],
    "price_unit": DEPOSIT["price_unit"],
    **dict.fromkeys(
        [
            *("has_reconciled_entries", "reconciled", "matched_credit_ids"),
            *("amount_residual", "amount_residual_currency", "reconciled_lines_ids"),
            "reconciled_lines_excluding_exchange_diff_ids",
        ],
        RECONCILED,
    ),
}
#: Field -> why that of a part of the revenue differs.
PART = {
    "extra_tax_data": DEPOSIT["extra_tax_data"],
    **dict.fromkeys(("quantity", "price_unit", "discount"), "parts are amounts"),
}
#: Records that belong to one document: only their number is compared.
PARTS = re.compile(
    r"^(account\.(move|analytic\.line|partial|full)|sale\.order|mail\.|bus)"
)


@tagged("post_install", "-at_install")
@freeze_time("2026-03-02 10:00:00")
class TestAsByHand(ProgressBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        plan = cls.env["account.analytic.plan"].create({"name": "Sites"})
        cls.site = cls.env["account.analytic.account"].create(
            {"name": "North", "plan_id": plan.id}
        )
        cls.seller = new_test_user(
            cls.env(su=True),
            login="by_hand",
            groups="sales_team.group_sale_salesman_all_leads,"
            "account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def _make_order(self):
        """Return an order on a site, sold by somebody who then invoices it."""
        site = {"analytic_distribution": {str(self.site.id): 100.0}}
        order = self._order(
            (1000.0, 2.0, site),
            (333.33, 3.0, {**site, "discount": 10.0}),
            user_id=self.seller.id,
            client_order_ref="PO 7",
            note="As agreed.",
        )
        return order.with_user(self.seller).sudo(False)

    def _by_hand(self, order, method="delivered", **values):
        """Return what the host's wizard makes, posted."""
        wizards = self.env["sale.advance.payment.inv"].with_user(self.seller)
        wizard = wizards.sudo(False).with_context(
            active_model="sale.order", active_ids=order.ids
        )
        wizard = wizard.create({"advance_payment_method": method, **values})
        return self._post(wizard._create_invoices(order))

    def _post(self, moves):
        moves.action_post()
        # Tracking is written when a transaction ends.
        self.env.flush_all()
        self.env.cr.precommit.run()
        return moves

    def _bill_parts(self, order, percent):
        lines = self._plan(order, percent).with_user(self.seller).sudo(False)
        return self._post(lines._create_progress_invoices())

    # === WHAT IS SEEN OF A RECORD === #

    def _see(self, record, order):
        """Return field -> value of a record, without what belongs to one document."""
        return {
            name: self._tell(record[name], field, order)
            for name, field in record.sudo()._fields.items()
            if name not in OWN | NOTES
            and "progress_billing" not in field._modules
            and field.type != "binary"
        }

    def _tell(self, value, field, order):
        """Return a value as it would be if both were invoices of the same order."""
        if field.relational:
            comodel = field.comodel_name
            return len(value) if PARTS.match(comodel) else sorted(value.ids)
        if field.type in ("char", "text", "html") and value:
            numbers = [order.name, *order.invoice_ids.mapped("name")]
            return re.sub("|".join(map(re.escape, numbers)), "NUMBER", str(value))
        return value

    def _tell_chatter(self, move):
        """Return what followers read, with its tracking, and who they are."""
        move = move.sudo()
        messages = [
            (
                message.message_type,
                message.subtype_id.id,
                message.author_id.id,
                re.sub(r"\d+", "", str(message.body)),
                [
                    (value.field_id.name, value.old_value_char, value.new_value_char)
                    for value in message.tracking_value_ids
                    if value.field_id.name != "name"
                ],
            )
            for message in move.message_ids.sorted("id")
        ]
        followers = [
            (follower.partner_id.id, sorted(follower.subtype_ids.ids))
            for follower in move.message_follower_ids.sorted("partner_id")
        ]
        activities = [
            (each.activity_type_id.id, each.user_id.id, each.summary)
            for each in move.activity_ids
        ]
        return messages, followers, activities

    def assertAsByHand(self, ours, our_order, theirs, their_order, differences):
        """Assert that two invoices differ in nothing but what is listed."""
        self.assertEqual(len(ours), 1)
        with self.subTest("invoice"):
            self._compare(
                self._see(ours, our_order),
                self._see(theirs, their_order),
                differences,
            )
        with self.subTest("chatter"):
            self.assertEqual(self._tell_chatter(ours), self._tell_chatter(theirs))
        self.assertEqual(len(ours.line_ids), len(theirs.line_ids))
        for our_item, item in zip(
            self._sort_items(ours), self._sort_items(theirs), strict=True
        ):
            with self.subTest(item=item.name or item.account_id.name):
                self._compare(
                    self._see(our_item, our_order),
                    self._see(item, their_order),
                    differences,
                )
                self.assertEqual(
                    self._get_analytic(our_item, differences),
                    self._get_analytic(item, differences),
                )

    def _sort_items(self, move):
        return move.line_ids.sorted(
            lambda item: (item.display_type, item.account_id.id, item.balance)
        )

    def _get_analytic(self, item, differences):
        column = self.site.plan_id._column_name()
        quantity = 1.0 if "quantity" in differences else None
        return sorted(
            (line[column].id, line.amount, quantity or line.unit_amount)
            for line in item.sudo().analytic_line_ids
        )

    def _compare(self, ours, theirs, differences):
        found = {
            name: (ours[name], theirs[name])
            for name in ours
            if ours[name] != theirs[name] and name not in differences
        }
        self.assertEqual(found, {})

    # === THE INVOICES === #

    def test_deposit_is_as_by_hand(self):
        ours, theirs = self._make_order(), self._make_order()
        move = self._bill_parts(ours, 30.0)
        hand = self._by_hand(theirs, "percentage", amount=30.0)
        self.assertAsByHand(move, ours, hand, theirs, DEPOSIT)

    def test_final_invoice_is_as_by_hand(self):
        ours, theirs = self._make_order(), self._make_order()
        self._bill_parts(ours, 30.0)
        self._by_hand(theirs, "percentage", amount=30.0)
        move = self._post(ours._create_final_invoices())
        self.assertAsByHand(move, ours, self._by_hand(theirs), theirs, FINAL)

    def test_invoice_of_a_whole_order_is_as_by_hand(self):
        ours, theirs = self._make_order(), self._make_order()
        ours.progress_method = "revenue"
        move = self._bill_parts(ours, 100.0)
        self.assertAsByHand(move, ours, self._by_hand(theirs), theirs, PART)
