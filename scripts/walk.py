"""Walk one planned line to its posted final invoice: make shell < scripts/walk.py

Runs in Odoo's shell on the demo data, prints which functions of the addon ran, in the
order of their first calls, and undoes everything.
"""

import sys
from pathlib import Path

from odoo import fields

FOLDER = "/addons/progress_billing/"
STEPS = {}


def trace(step, call):
    """Note the addon's functions that a call runs, as (file, function) in order."""
    calls = STEPS.setdefault(step, [])

    def note(frame, event, _arg):
        code = frame.f_code
        _host, own, file = code.co_filename.rpartition(FOLDER)
        if event == "call" and own and file.endswith(".py") and code.co_name[0] != "<":
            calls.append((file, code.co_name))

    sys.setprofile(note)
    try:
        return call()
    finally:
        sys.setprofile(None)


def undo_demo(line, date):
    """Plan the line again that the demo billed, and let its rate move on ``date``."""
    line.move_id.button_draft()
    line.move_id.button_cancel()
    env.ref("progress_billing.res_currency_rate_final_demo").name = date  # noqa: F821


def walk():
    """Bill, post, make the final invoice at another rate, and post that."""
    line = env.ref("progress_billing.progress_billing_line_currency_demo_1")  # noqa: F821
    order = line.order_id
    date = fields.Date.add(fields.Date.today(), days=30)
    undo_demo(line, date)
    trace("Create", line.action_create_invoice)
    deposit = line.move_id
    trace("Post the deposit", deposit.action_post)
    final = trace(
        "Create the final invoice", lambda: order._create_final_invoices(date)
    )
    trace("Post the final invoice", final.action_post)


def show():
    """Print the functions of each step, and how many functions and files it took."""
    seen, files, changes, last = set(), set(), 0, None
    for step, calls in STEPS.items():
        print(f"\n{step}")
        for file, function in calls:
            if (file, function) not in seen:
                changes += file != last
                last = file
                print(f"  {Path(file)}: {function}")
            seen.add((file, function))
            files.add(file)
    print(f"\n{len(seen)} functions, {len(files)} files, {changes} changes of file")


walk()
show()
env.cr.rollback()  # noqa: F821
