"""Any actions in any order for as long as one likes: `make soak`.

It is no part of the suite: its name hides it from the runners.
"""

import os
import sys
import time
import traceback

from hypothesis import settings

from odoo.tests import tagged

from ..property_case import PHASES
from .machine import BillingMachine
from .machine_case import MachineCase

SECONDS = int(os.environ.get("PROGRESS_SECONDS", "3600"))
SEED = int(os.environ.get("PROGRESS_SEED") or time.time())
#: A seed's first example is the simplest there is; the others are what one wants.
SETTINGS = settings(max_examples=8, stateful_step_count=40, phases=PHASES)


@tagged("post_install", "-at_install")
class TestSoak(MachineCase):
    def test_soak(self):
        failures = []
        started, number = os.times().elapsed, SEED
        while os.times().elapsed < started + SECONDS:
            try:
                self._run_machine(number, SETTINGS)
            except Exception as error:
                failures.append(number)
                text = "".join(traceback.format_exception(error, limit=-6))
                sys.stdout.write(f"\nseed {number} found:\n{text}")
            number += 1
            self._report(number - SEED, len(failures))
        for name in ("done", "refused"):
            counts = getattr(BillingMachine, name).most_common()
            sys.stdout.write(f"{name}: {dict(counts)}\n")
        self.assertFalse(failures, "seeds that found something")

    def _report(self, seeds, failures):
        steps = BillingMachine.done.total() + BillingMachine.refused.total()
        sys.stdout.write(
            f"seeds {SEED} to {SEED + seeds - 1}: {steps} steps, "
            f"{BillingMachine.refused.total()} of them refused, {failures} failures\n"
        )
        sys.stdout.flush()
