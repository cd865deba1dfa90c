"""The overview's cards of what customers hold back."""

from odoo.tests import tagged

from ..common_retention import RetentionCommon


@tagged("post_install", "-at_install")
class TestOverviewRetention(RetentionCommon):
    def _cards(self):
        cards = self.env["progress.billing.overview"].get_overview()["cards"]
        return {card["key"]: card for card in cards}

    def test_cards_say_what_is_held_and_what_is_due_of_it(self):
        self.assertNotIn("retention", self._cards())
        order, done = self._retained(), self._retained(retention_release="months")
        self._progress(order, 40.0)
        self._progress(done, 100.0)
        cards = self._cards()
        for key, count, amount, orders in (
            ("retention", 2, 4200.0, order | done),
            ("retention_due", 1, 3000.0, done),
        ):
            card = cards[key]
            self.assertEqual((card["count"], card["amount"]), (count, amount))
            self.assertEqual(
                self.env["sale.order"].search(card["action"]["domain"]), orders
            )

    def test_queries_do_not_grow_with_the_orders(self):
        def count(number):
            for _number in range(number):
                self._progress(self._retained(retention_release="months"), 100.0)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["progress.billing.overview"]._get_retention_cards()
            return self.cr.sql_log_count - before

        count(1)
        self.assertEqual(count(1), count(4))
