"""Every action in any order: the books hold after each. For an hour: `make soak`."""

import os

from hypothesis import settings

from odoo.tests import tagged

from ..property_case import PHASES
from .machine_case import MachineCase

SEED = int(os.environ.get("PROGRESS_SEED") or 1)
SETTINGS = settings(
    max_examples=int(os.environ.get("PROGRESS_EXAMPLES", "3")),
    stateful_step_count=int(os.environ.get("PROGRESS_STEPS", "20")),
    phases=PHASES,
)


@tagged("post_install", "-at_install")
class TestAnyActions(MachineCase):
    def test_books_hold_whatever_is_done(self):
        self._run_machine(SEED, SETTINGS)
