"""Rewards of loyalty programs on orders billed in parts, beside the bare host."""

import os

from hypothesis import given, note, settings
from hypothesis import strategies as st

from odoo.fields import Command
from odoo.tests import tagged

from ..properties.twin_case import ORDERS, STEPS, TERMS, Line, Step, Terms, TwinCase
from ..property_case import PHASES

EXAMPLES = int(os.environ.get("PROGRESS_EXAMPLES", "20"))
DISCOUNT = {"reward_type": "discount", "discount_applicability": "order"}
#: Programs by their names: type of program, and values of its reward.
PROGRAMS = {
    "percent": ("promotion", {**DISCOUNT, "discount": 12.5}),
    "at_most": (
        "promotion",
        {**DISCOUNT, "discount": 40.0, "discount_max_amount": 9.99},
    ),
    "amount": (
        "promotion",
        {**DISCOUNT, "discount_mode": "per_order", "discount": 7.77},
    ),
    "cheapest": (
        "promotion",
        {**DISCOUNT, "discount_applicability": "cheapest", "discount": 33.33},
    ),
    "specific": (
        "promotion",
        {**DISCOUNT, "discount_applicability": "specific", "discount": 15.0},
    ),
    "free": ("promotion", {"reward_type": "product", "reward_product_qty": 2}),
    "gift_card": (
        "gift_card",
        {**DISCOUNT, "discount_mode": "per_point", "discount": 1.0},
    ),
    "wallet": ("ewallet", {**DISCOUNT, "discount_mode": "per_point", "discount": 1.0}),
}
NAMES = st.sampled_from(sorted(PROGRAMS))
REWARDS = st.lists(NAMES, min_size=1, max_size=2)
LATER = st.lists(NAMES, max_size=1)


@tagged("post_install", "-at_install")
class TestLoyalty(TwinCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["loyalty.program"].sudo().search([]).active = False
        cls.accessory = cls.env["product.product"].create(
            {
                "name": "Accessory",
                "type": "service",
                "list_price": 14.95,
                "taxes_id": [Command.set(cls.taxes["fixed_vat"].ids)],
            }
        )

    def _reward(self, order, name):
        """Give an order a reward as its customer gets it; return its lines."""
        kind, values = PROGRAMS[name]
        values = dict(values)
        if values["reward_type"] == "product":
            values["reward_product_id"] = self.accessory.id
        if values.get("discount_applicability") == "specific":
            values["discount_product_ids"] = [Command.set(self.service.ids)]
        program = (
            self.env["loyalty.program"]
            .sudo()
            .create(
                {
                    "name": name,
                    "program_type": kind,
                    "applies_on": "current" if kind == "promotion" else "future",
                    "trigger": "with_code" if kind == "gift_card" else "auto",
                    "rule_ids": [Command.clear(), Command.create({})],
                    "reward_ids": [Command.clear(), Command.create(values)],
                }
            )
        )
        if kind == "promotion":
            order._update_programs_and_rewards()
            cards = order.coupon_point_ids.coupon_id
        else:
            cards = self.env["loyalty.card"].sudo()
            cards = cards.create(
                {
                    "program_id": program.id,
                    "points": 8.88,
                    "partner_id": order.partner_id.id,
                }
            )
            order.applied_coupon_ids += cards
        claimable = order.sudo()._get_claimable_rewards(cards)
        for card, rewards in claimable.items():
            for reward in rewards & program.reward_ids:
                order.sudo()._apply_program_reward(reward, card)
        return order.order_line.filtered(lambda x: x.reward_id in program.reward_ids)

    def _copy_confirmed(self, order):
        """Copy rewards by hand: the host gives a copy of an order none."""
        twin = super()._copy_confirmed(order)
        for line in order.order_line.filtered("reward_id"):
            line.sudo().copy({"order_id": twin.id})
        return twin

    def _step_reward(self, order, _step, _terms, detail):
        self._reward(order, detail)

    @settings(max_examples=EXAMPLES, phases=PHASES)
    @given(lines=ORDERS, terms=TERMS, rewards=REWARDS, steps=STEPS, later=LATER)
    def test_parts_of_a_rewarded_order_are_the_hosts_invoice(
        self, lines, terms, rewards, steps, later
    ):
        order = self._twin_quotation(lines, terms)
        for name in rewards:
            note(f"{name}: {self._reward(order, name)}")
        order.action_confirm()
        steps.extend(Step(f"reward_{name}") for name in later)
        self.assertPartsAreTheTwin(order, terms, steps)

    def test_each_reward_makes_lines_that_parts_come_to(self):
        """1,000.00 @15 %, 240 x 28.85 otherwise taxed, a reward, two deposits."""
        for name in PROGRAMS:
            with self.subTest(name):
                order = self._twin_quotation(
                    [Line(1000.0), Line(28.85, 240.0, taxes="several")], Terms()
                )
                self.assertTrue(self._reward(order, name))
                order.action_confirm()
                steps = [Step("percent", 30.0), Step("percent", 33.333333)]
                self.assertPartsAreTheTwin(order, Terms(), steps)
                self.assertEqual(order.progress_final_invoice_ids.state, "posted")
