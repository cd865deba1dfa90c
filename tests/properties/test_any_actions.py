"""Every action in any order: the books hold after each. For an hour: `make soak`."""

import inspect
import os

from hypothesis import settings

from odoo.tests import tagged

from ..property_case import PHASES
from ..test_rpc import RIGHTS
from . import machine, machine_case, whole_machine

SEED = int(os.environ.get("PROGRESS_SEED") or 1)
SETTINGS = settings(
    max_examples=int(os.environ.get("PROGRESS_EXAMPLES", "3")),
    stateful_step_count=int(os.environ.get("PROGRESS_STEPS", "20")),
    phases=PHASES,
)
#: Methods that only show something, or open the wizard whose action is driven.
SHOWING = ("action_view_", "action_open", "action_print_", "action_export", "get_")
SHOWING += ("action_preview", "action_send", "action_force_register_payment")
SHOWING += ("action_print", "action_create_final_invoice", "action_generate_progress")
SHOWING += ("action_create_interim_invoice", "action_plan_milestones")
SHOWING += ("action_release_retention",)
#: What sets up a company, before anything is billed.
SETTING_UP = ("action_choose", "action_create_account", "action_set_up_")


@tagged("post_install", "-at_install")
class TestAnyActions(machine_case.MachineCase):
    def test_books_hold_whatever_is_done(self):
        self._run_machine(SEED, SETTINGS)

    def test_every_public_action_is_among_what_is_done(self):
        """The table of rights names them all, from the registry."""
        code = inspect.getsource(machine) + inspect.getsource(whole_machine)
        actions = {name for methods in RIGHTS.values() for name in methods}
        acting = {name for name in actions if not name.startswith(SHOWING + SETTING_UP)}
        self.assertEqual({name for name in acting if name not in code}, set())
