"""What new invoices say of themselves, and to whom, is what the host's own say."""

import re

from odoo.tests import new_test_user, tagged

from odoo.addons.base.tests.common import DISABLED_MAIL_CONTEXT

from ..common import ProgressBillingCommon


@tagged("post_install", "-at_install")
class TestChatter(ProgressBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(
            context={
                key: value
                for key, value in cls.env.context.items()
                if key not in DISABLED_MAIL_CONTEXT
            }
        )
        cls.seller = new_test_user(
            cls.env, "chatter_seller", "sales_team.group_sale_salesman"
        )

    def _sold(self):
        return self._order(10000.0, user_id=self.seller.id)

    def _by_hand(self, order, method="percentage"):
        """Invoice an order with the host's own wizard."""
        return (
            self.env["sale.advance.payment.inv"]
            .with_context(active_model="sale.order", active_ids=order.ids)
            .create({"advance_payment_method": method, "amount": 30.0})
            ._create_invoices(order)
        )

    def _told(self, move):
        """Return all that the messages and followers of an invoice are."""
        order = move.line_ids.sale_line_ids.order_id
        messages = move.sudo().message_ids.sorted("id")
        told = [
            {
                "body": re.sub(
                    rf"{order.name}|(?<=data-oe-id=.){order.id}\b|{move.id}\b",
                    "…",
                    message.body,
                ),
                "subject": (message.subject or "").replace(order.name, "…"),
                "parent": message.parent_id in messages
                and messages.ids.index(message.parent_id.id),
                "notified": message.notified_partner_ids,
                "replies": message.reply_to,
                **{
                    name: message[name]
                    for name in (
                        "subtype_id",
                        "author_id",
                        "email_from",
                        "email_add_signature",
                        "message_type",
                        "is_internal",
                        "record_alias_domain_id",
                        "record_company_id",
                    )
                },
            }
            for message in messages
        ]
        followers = {
            (follower.partner_id, follower.subtype_ids)
            for follower in move.sudo().message_follower_ids
        }
        return told, followers

    def assertToldAlike(self, ours, hosts):
        self.env.flush_all()
        (ours, ours_follow), (hosts, hosts_follow) = map(self._told, (ours, hosts))
        self.assertGreater(len(hosts), 1)
        self.assertEqual(ours, hosts)
        self.assertEqual(ours_follow, hosts_follow)

    def test_deposit_is_told_as_by_hand(self):
        deposit = self._bill(self._plan(self._sold(), 30.0), post=False)
        self.assertToldAlike(deposit, self._by_hand(self._sold()))

    def test_final_invoice_is_told_as_by_hand(self):
        order, other = self._sold(), self._sold()
        self._bill(self._plan(order, 30.0))
        self._by_hand(other).action_post()
        final = self._final(order, post=False)
        self.assertToldAlike(final, self._by_hand(other, "delivered"))

    def test_who_follows_new_invoices_is_notified_as_by_hand(self):
        self.env.ref("account.mt_invoice_created").default = True
        deposit = self._bill(self._plan(self._sold(), 30.0), post=False)
        self.assertIn(
            self.seller.partner_id, deposit.sudo().message_ids.notified_partner_ids
        )
        self.assertToldAlike(deposit, self._by_hand(self._sold()))

    def test_several_invoices_are_told_each(self):
        orders = self._sold() | self._sold()
        lines = self.env["progress.billing.line"].union(
            *(self._plan(order, 30.0) for order in orders)
        )
        told = [self._told(move) for move in lines._create_progress_invoices()]
        self.assertEqual(told[0], told[1])

    def test_nothing_is_told_where_the_caller_wants_it_so(self):
        lines = self._plan(self._sold(), 30.0).with_context(mail_create_nolog=True)
        move = lines._create_progress_invoices()
        self.assertNotIn(
            self.env.ref("account.mt_invoice_created"), move.message_ids.subtype_id
        )
