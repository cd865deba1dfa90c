"""Two people finish, bill, post or credit one order at once: it is billed once."""

import itertools
import json
import tempfile
from pathlib import Path

from odoo.tests import tagged

from .processes import ProcessCase

#: What somebody does with an order of 1,000 whose deposit of 300 is posted.
ACTIONS = {
    "final": "order._create_final_invoices()",
    "host": """
env["sale.advance.payment.inv"].with_context(
    active_model="sale.order", active_ids=order.ids
).create({"advance_payment_method": "delivered"}).create_invoices()""",
    "bill": "order.progress_line_ids.filtered("
    "lambda line: line.state == 'planned')._create_progress_invoices()",
    "post": "get_moves(order, 'draft').action_post()",
    "credit": "order.progress_line_ids.move_id.filtered("
    "lambda move: move.state == 'posted')._reverse_moves(cancel=True)",
}
#: Pairs of (what is there besides, what the first does, what the second does).
PAIRS = [
    ("", "final", "final"),
    ("", "final", "host"),
    ("", "host", "final"),
    ("", "final", "credit"),
    ("", "credit", "final"),
    ("", "host", "credit"),
    ("", "credit", "host"),
    ("planned", "final", "bill"),
    ("planned", "bill", "final"),
    ("planned", "bill", "host"),
    ("draft", "post", "final"),
    ("draft", "final", "post"),
    ("draft", "post", "host"),
    ("drafted final", "post", "credit"),
    ("drafted final", "credit", "post"),
    ("drafted final", "post", "final"),
    ("drafted final", "post", "post"),
]
#: Whether the second has read before the first commits, or works at the same time.
MODES = ("read before", "at once")
CASES = [(*pair, mode) for pair, mode in itertools.product(PAIRS, MODES)]
ORDERS = f"""
from odoo.fields import Command
cases = {CASES!r}
env["ir.cron"].search([]).active = False
def plan(order, percent):
    return env["progress.billing.line"].create(
        {{"order_id": order.id, "name": f"{{percent}}", "percent": percent}})
for number, (state, *_rest) in enumerate(cases):
    order = make_orders(1, 1000.0, client_order_ref=str(number))
    plan(order, 30.0)._create_progress_invoices().action_post()
    if state in ("planned", "draft"):
        line = plan(order, 20.0)
        if state == "draft":
            line._create_progress_invoices()
    if state == "drafted final":
        order._create_final_invoices()
"""
TOOLS = f"""
import pathlib, time, traceback
from odoo.exceptions import UserError
from odoo.service.model import retrying
cases, actions = {CASES!r}, {ACTIONS!r}
folder = pathlib.Path("{{folder}}")
def say(name, text=""):
    (folder / name).write_text(text)
def wait_for(name, seconds=300.0):
    until = time.monotonic() + seconds
    while not (folder / name).exists() and time.monotonic() < until:
        time.sleep(0.02)
def get_order(number):
    env.cr.rollback()
    env.invalidate_all()
    return env["sale.order"].search([("client_order_ref", "=", str(number))])
def get_moves(order, state):
    return order.invoice_ids.filtered(lambda move: move.state == state)
"""
#: Both go through the cases side by side; each does its own part of them.
PERSON = """
def act(number, action, after=lambda: None):
    order = env["sale.order"].search([("client_order_ref", "=", str(number))])
    def work():
        exec(actions[action], globals() | dict(order=order))
        env.flush_all()
        after()
    try:
        retrying(work, env)
        return "done"
    except UserError as error:
        env.cr.rollback()
        return "refused: " + str(error)
def first(number, action, mode):
    get_order(number)
    if mode == "read before":
        wait_for(f"{number} read")
        answer = act(number, action)
        say(f"{number} committed")
    else:
        def hold():
            say(f"{number} worked")
            # The second waits for the locked rows, or is through before.
            wait_for(f"{number} over", 1.5)
        answer = act(number, action, hold)
        say(f"{number} worked")
    wait_for(f"{number} over")
    return answer
def second(number, action, mode):
    order = get_order(number)
    if mode == "read before":
        (order.read(), order.order_line.read(), order.invoice_ids.line_ids.read())
        order.progress_line_ids.read()
        say(f"{number} read")
        wait_for(f"{number} committed")
    else:
        wait_for(f"{number} worked")
    answer = act(number, action)
    say(f"{number} over")
    return answer
for number, (_state, *pair, mode) in enumerate(cases):
    answer = {who}(number, pair[{index}], mode)
    say(f"{number} {who}", answer)
"""
#: Somebody comes after and finishes each order.
FINISH = """
import json
def get_sum(items):
    return round(-sum(items.mapped("balance")), 2)
def get_billed(order):
    lines = order.order_line.filtered(
        lambda line: not line.is_downpayment and not line.display_type)
    return get_sum(lines.invoice_lines.filtered(
        lambda item: item.parent_state != "cancel"))
def finish(order):
    for move in get_moves(order, "draft"):
        try:
            with env.cr.savepoint():
                move.action_post()
        except UserError as error:
            texts.append(str(error))
            move.unlink()
    planned = order.progress_line_ids.filtered(lambda line: line.state == "planned")
    planned.action_cancel()
    if not get_moves(order, "posted") & order.progress_final_invoice_ids:
        order._create_final_invoices().action_post()
results = []
for number, case in enumerate(cases):
    order, texts = get_order(number), []
    before = get_billed(order)
    try:
        finish(order)
    except UserError as error:
        texts.append("not finished: " + str(error))
    items = order.invoice_ids.line_ids.filtered(
        lambda item: item.parent_state == "posted")
    results.append(dict(
        at_once=before,
        billed=get_billed(order),
        deposits=get_sum(items.filtered(
            lambda item: item.account_id == company.downpayment_account_id)),
        untaxed=sum(get_moves(order, "posted").mapped("amount_untaxed_signed")),
        texts=texts,
    ))
    env.cr.commit()
say("results", json.dumps(results))
"""


@tagged("post_install", "-at_install")
class TestFinals(ProcessCase):
    prepare = ORDERS

    def test_order_that_two_finish_bill_post_or_credit_at_once_is_billed_once(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            tools = TOOLS.replace("{folder}", name)
            people = [
                self._start(
                    tools + PERSON.replace("{who}", who).replace("{index}", str(index))
                )
                for index, who in enumerate(("first", "second"))
            ]
            for person in people:
                self._wait(person)
            self._wait(self._start(f"company = env.company\n{tools}{FINISH}"))
            results = json.loads((folder / "results").read_text())
            for number, (case, result) in enumerate(zip(CASES, results, strict=True)):
                answers = [
                    (folder / f"{number} {who}").read_text()
                    for who in ("first", "second")
                ]
                with self.subTest(case=case, answers=answers, texts=result["texts"]):
                    self._check(result)
                    self._check_told(case, *answers)

    def _check_told(self, case, first, second):
        """Assert that who comes while another works is told so, and does not wait.

        A credit note is written before it is posted, which is when orders are locked.
        """
        *_rest, action, mode = case
        if mode == "at once" and first == "done" and action != "credit":
            self.assertIn("somebody else", second)

    def _check(self, result):
        """Assert that an order was never billed twice, and is finished to the cent."""
        self.assertLessEqual(result["at_once"], 1000.0)
        self.assertEqual(result["billed"], 1000.0)
        self.assertEqual(result["untaxed"], 1000.0)
        self.assertEqual(result["deposits"], 0.0)
