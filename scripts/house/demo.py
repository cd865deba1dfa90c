"""``make demo``: a database with demo data in which the main job runs for real."""

import socket

from . import places, profiles, serving, steps

CODE = """\
import sys
sys.path.insert(0, {scripts!r})
import demo
demo.main(env)
"""
CLICKS = """\
  1. Sales > Orders > Orders: open {order}. Its tab Billing shows the plan above.
  2. Smart button Invoices: the deposit invoices and the final invoice.
  3. Sales > Orders: the other demo orders still wait for you. Press Create on a line
     of the tab Billing, then Create Final Invoice.
"""


def demo(args):
    """Run the main job on demo data, print what happened, and serve it.

    :param args: ``--no-serve`` stops after the table; ``--port`` chooses the port
    """
    stop = "--no-serve" in args
    port, args = serving.take_option([x for x in args if x != "--no-serve"], "--port")
    odoo = profiles.ready()
    name = profiles.database(profiles.PROFILES["demo"], odoo)
    with steps.step("running the scheduled job and the final invoice"):
        code = CODE.format(scripts=str(places.SCRIPTS))
        table = odoo.script(name, code, what="run the demo")
    print(table)
    if stop:
        return
    port = port or _port()
    print(f"Serving http://localhost:{port}  {serving.LOGIN}. Ctrl+C ends it.")
    print(CLICKS.format(order=_order(table)), flush=True)
    command = odoo.command(*serving.words(name, port), "--log-level=warn", *args)
    serving.replace(odoo, command)


def _order(table):
    """Return the demo order's number, which the table names first."""
    return table.split("Order ", 1)[-1].split(" ", 1)[0].strip()


def _port():
    """Return Odoo's usual port, or a free one when it is taken."""
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", 8069)) == 0
    return serving.free_port() if taken else 8069
