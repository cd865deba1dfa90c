"""Whatever we bill in parts comes to what the bare host invoices at once."""

import os

from hypothesis import given, note, settings

from odoo.tests import tagged

from ..property_case import PHASES
from .twin_case import ORDERS, STEPS, TERMS, TwinCase

#: A long search: PROGRESS_EXAMPLES=500 make test ARGS=tests/properties
EXAMPLES = int(os.environ.get("PROGRESS_EXAMPLES", "20"))


@tagged("post_install", "-at_install")
class TestBareHost(TwinCase):
    def execute_example(self, example):
        with self.env.cr.savepoint() as savepoint:
            try:
                return example()
            finally:
                savepoint.rollback()
                self.env.invalidate_all()

    @settings(max_examples=EXAMPLES, phases=PHASES)
    @given(lines=ORDERS, terms=TERMS, steps=STEPS)
    def test_parts_and_final_are_the_hosts_invoice(self, lines, terms, steps):
        order = self._twin_order(lines, terms)
        for step in steps:
            refusal = self._apply_step(order, step, terms)
            note(f"{step.kind}: {refusal or 'done'}")
        self._finish(order, terms)
        self.assertTwins(order, terms)
