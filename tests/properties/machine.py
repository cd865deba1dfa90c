"""Every action, in any order, and what must hold after each: a state machine."""

from collections import Counter, defaultdict
from math import inf

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import mute_logger

from ..common_project import PIXEL
from .twin_case import REFUSALS, Line

DAYS = ("2026-03-02", "2026-04-01", "2026-05-01", "2026-06-01")
#: What is not done or not asked because it is known to go wrong; each is to be mended.
OPEN: set[str] = set()
#: Which documents an action may leave with more than is ordered.
NOTHING, DRAFTS, ALL = (), ("draft",), ("draft", "posted")
INDEX = st.integers(0, 11)
DAY = st.sampled_from(DAYS)
SHARE = st.sampled_from([0.1, 1 / 3, 0.5, 0.77])
PERCENT = st.sampled_from([0.7, 10.0, 30.0, 33.333333, 50.0, 60.0, 100.0])
COMPLETED = st.sampled_from([0.0, 10.0, 33.333333, 45.0, 60.0, 99.9, 100.0])
ROLE = st.sampled_from(
    ["accountant", "accountant", "accountant", "salesman", "biller", "manager"]
)
TAXES = st.sampled_from(
    ["plain", "plain", "several", "none", "included", "split", "fixed", "fixed_vat"]
)
LINE = st.builds(
    Line,
    st.sampled_from([1000.0, 100.0, 96.4, 59.79, 28.85, 0.03, 12870.59]),
    st.sampled_from([1.0, 1.0, 3.0, 4.0, 7.5]),
    st.sampled_from([0.0, 0.0, 15.0, 33.33]),
    TAXES,
    st.just("unit"),
    st.sampled_from(
        ["order"] if "delivered lines" in OPEN else ["order", "order", "delivery"]
    ),
)
DEDUCTION = st.builds(
    Line,
    st.sampled_from([-50.0, -10.0, -0.01]),
    st.just(1.0),
    st.just(0.0),
    TAXES,
    st.just("unit"),
    st.just("order"),
)
ORDER = st.fixed_dictionaries(
    {
        "lines": st.lists(LINE, min_size=1, max_size=3),
        "deductions": st.lists(DEDUCTION, max_size=int("deductions" not in OPEN)),
        "method": st.sampled_from(["deposit", "deposit", "revenue"]),
        "currency": st.sampled_from(["USD", "EUR"]),
        "basis": st.sampled_from(["amount", "quantity"]),
        "retention": st.one_of(
            st.just({}),
            st.fixed_dictionaries(
                {
                    "retention_percent": st.sampled_from([3.7, 5.0, 33.33]),
                    "retention_base": st.sampled_from(["total", "untaxed"]),
                    "retention_cap_percent": st.sampled_from([0.0, 0.0, 4.0]),
                    "retention_tax": st.sampled_from(["invoice", "invoice", "release"]),
                }
            ),
        ),
    }
)
SETTINGS = st.fixed_dictionaries(
    {
        "tax_calculation_rounding_method": st.sampled_from(
            ["round_globally", "round_per_line"]
        ),
        "progress_amount_tax_included": st.sampled_from([False, False, True]),
        "progress_auto_post": st.sampled_from([False, False, True]),
        "progress_fx_policy": st.sampled_from(["final_rate", "historical"]),
        "progress_milestone_completion": st.booleans(),
    }
)


class BillingMachine(RuleBasedStateMachine):
    """Drives the public actions of the roles over two orders and their project.

    :cvar case: the test case that lends its records and its assertions.
    """

    case = None
    #: What was done, and what was refused, by the name of the rule.
    done: Counter = Counter()
    refused: Counter = Counter()

    def __init__(self):
        super().__init__()
        self.savepoint = self.case.cr.savepoint()
        self.orders = self.case.env["sale.order"]
        self.beyond = defaultdict(float)
        self.edited = NOTHING

    def teardown(self):
        self.case.env.flush_all()
        self.savepoint.close(rollback=True)
        self.case.env.invalidate_all()

    # === MEANS === #

    @property
    def env(self):
        return self.case.env

    def attempt(self, action, *args, edits=NOTHING):
        """Let an action happen; a refusal is fine, and leaves nothing behind.

        :param edits: the states in which it may leave more billed than is ordered:
            who changes the order may do so in all, who writes drafts by hand in theirs,
            as posting them is where the contract is asked for.
        :return: whether it happened.
        """
        name = self.current_rule
        if name in OPEN:
            return False
        self.edited = edits
        try:
            with self.case.cr.savepoint():
                action(*args)
                self.env.flush_all()
        except REFUSALS:
            self.env.invalidate_all()
            BillingMachine.refused[name] += 1
            return False
        BillingMachine.done[name] += 1
        return True

    def pick(self, records, index):
        return records[index % len(records)] if records else records

    def order(self, index):
        return self.pick(self.orders, index)

    def lines(self, *states):
        lines = self.orders.progress_line_ids.sorted("id")
        return lines.filtered(lambda line: line.state in states) if states else lines

    def moves(self, *states, types=("out_invoice", "out_refund")):
        moves = self.orders.order_line.invoice_lines.move_id.sorted("id")
        return moves.filtered(
            lambda move: move.state in states and move.move_type in types
        )

    def budget(self):
        return self.orders._get_progress_contract_lines()

    def proformas(self, *states):
        proformas = self.budget().progress_proforma_line_ids.proforma_id.sorted("id")
        return proformas.filtered(lambda proforma: proforma.state in states)

    def user(self, role):
        return self.case.users[role]

    # === START === #

    @initialize(specs=st.tuples(ORDER, ORDER), company=SETTINGS)
    def start(self, specs, company):
        self.current_rule = "start"
        self.case.company.write(company)
        for spec in specs:
            self.orders |= self.case._machine_order(**spec)

    # === PLAN === #

    @rule(
        index=INDEX,
        percent=PERCENT,
        kind=st.sampled_from(["percent", "percent", "amount"]),
        position=st.one_of(st.none(), INDEX),
        flag=st.sampled_from(["auto", "auto", "yes", "no"]),
        day=DAY,
        role=ROLE,
    )
    def plan(self, index, percent, kind, position, flag, day, role):
        self.current_rule = "plan"
        order = self.order(index)
        contract = order._get_progress_contract_lines()
        line = self.pick(contract, position) if position is not None else None
        worth = (line or order)["price_subtotal" if line else "amount_untaxed"]
        amount = order.currency_id.round(worth * percent / 100.0)
        self.attempt(
            self.env["progress.billing.line"].with_user(self.user(role)).create,
            {
                "order_id": order.id,
                "sale_line_id": line.id if line else False,
                "name": f"Part {len(order.progress_line_ids) + 1}",
                "amount_type": kind,
                "percent": percent if kind == "percent" else 0.0,
                "amount": amount if kind == "amount" else 0.0,
                "invoice_flag": flag,
                "date": day,
            },
        )

    @rule(
        index=INDEX,
        plan=st.sampled_from(["flat", "equal"]),
        level=st.sampled_from(["order", "line"]),
        percent=PERCENT,
        of_remaining=st.booleans(),
        replace=st.booleans(),
        role=ROLE,
    )
    def generate_plan(self, index, role, **values):
        self.current_rule = "generate_plan"
        order = self.order(index).with_user(self.user(role))

        def generate():
            self.env["progress.billing.generate"].with_user(self.user(role)).create(
                {"order_ids": [Command.set(order.ids)], "date": DAYS[0], **values}
            ).action_generate()

        self.attempt(generate)

    @rule(index=INDEX, percent=PERCENT, role=ROLE)
    def change_planned_line(self, index, percent, role):
        self.current_rule = "change_planned_line"
        line = self.pick(self.lines(), index).with_user(self.user(role))
        self.attempt(line.write, {"amount_type": "percent", "percent": percent})

    @rule(
        index=INDEX,
        method=st.sampled_from(["action_cancel", "action_replan", "unlink"]),
        role=ROLE,
    )
    def undo_planned_line(self, index, method, role):
        self.current_rule = method
        line = self.pick(self.lines(), index).with_user(self.user(role))
        self.attempt(getattr(line, method))

    # === INVOICES === #

    @rule(index=INDEX, role=ROLE)
    def create_invoice(self, index, role):
        self.current_rule = "create_invoice"
        line = self.pick(self.lines("planned"), index)
        if line:
            self.attempt(line.with_user(self.user(role)).action_create_invoice)

    @rule(role=ROLE)
    def create_all(self, role):
        self.current_rule = "create_all"
        lines = self.lines("planned")
        if lines:
            self.attempt(lines.with_user(self.user(role)).action_create_invoice)

    @rule(index=INDEX)
    def post(self, index):
        self.current_rule = "post"
        self._post(self.pick(self.moves("draft"), index))

    @rule(types=st.sampled_from([("out_invoice",), ("out_invoice", "out_refund")]))
    def post_all(self, types):
        self.current_rule = "post_all"
        self._post(self.moves("draft", types=types))

    def _post(self, moves):
        # What a final invoice paid back of an order that was cut, it may have back.
        is_undoing = any(
            move.move_type == "out_invoice" and move.reversed_entry_id.is_progress_final
            for move in moves
        )
        self.attempt(moves.action_post, edits=ALL if is_undoing else NOTHING)

    @rule(index=INDEX)
    def reset(self, index):
        self.current_rule = "reset"
        move = self.pick(self.moves("posted", "cancel"), index)
        if move:
            self.attempt(move.button_draft, edits=DRAFTS)

    @rule(index=INDEX)
    def cancel(self, index):
        self.current_rule = "cancel"
        move = self.pick(self.moves("draft", "posted"), index)
        if move:
            self.attempt(move.button_cancel, edits=DRAFTS)

    @rule(index=INDEX)
    def delete(self, index):
        self.current_rule = "delete"
        move = self.pick(self.moves("draft", "cancel"), index)
        if move:
            self.attempt(move.unlink, edits=DRAFTS)

    @rule(
        index=INDEX,
        share=st.one_of(st.none(), SHARE),
        post=st.sampled_from([True, True, False]),
        day=DAY,
    )
    def credit(self, index, share, post, day):
        self.current_rule = "credit"
        move = self.pick(self.moves("posted", types=("out_invoice",)), index)
        if move:
            self.attempt(self._credit, move, share, post, day, edits=DRAFTS)

    def _credit(self, move, share, post, day):
        credit = move._reverse_moves([{"invoice_date": day, "date": day}])
        if share:
            for item in credit.invoice_line_ids:
                item.price_unit = move.currency_id.round(item.price_unit * share)
        if post:
            credit.action_post()

    @rule(index=INDEX, day=DAY, modify=st.booleans())
    def reverse(self, index, day, modify):
        self.current_rule = "reverse"
        move = self.pick(self.moves("posted", types=("out_invoice",)), index)

        def reverse():
            wizard = (
                self.env["account.move.reversal"]
                .with_context(active_model="account.move", active_ids=move.ids)
                .create({"date": day, "journal_id": move.journal_id.id})
            )
            before = self.moves("draft")
            wizard.modify_moves() if modify else wizard.reverse_moves()
            if modify:
                self.case.copies |= set((self.moves("draft") - before).ids)

        if move:
            self.attempt(reverse, edits=DRAFTS)

    @rule(index=INDEX, share=st.one_of(st.just(1.0), SHARE), day=DAY)
    def pay(self, index, share, day):
        self.current_rule = "pay"
        move = self.pick(
            self.moves("posted").filtered(lambda move: move.amount_residual > 0.0),
            index,
        )

        def pay():
            wizard = (
                self.env["account.payment.register"]
                .with_context(active_model="account.move", active_ids=move.ids)
                .create({"payment_date": day})
            )
            wizard.amount = move.currency_id.round(wizard.amount * share)
            wizard.action_create_payments()

        if move:
            self.attempt(pay)

    @rule(index=INDEX, share=SHARE)
    def change_draft(self, index, share):
        self.current_rule = "change_draft"
        move = self.pick(self.moves("draft"), index)

        def change():
            for item in move.invoice_line_ids.filtered(
                lambda item: item.display_type == "product"
            ):
                item.price_unit = move.currency_id.round(item.price_unit * share)

        if move:
            self.attempt(change, edits=DRAFTS)

    # === BUDGET AND PRO FORMAS === #

    @rule(index=INDEX, percent=COMPLETED, role=ROLE)
    def complete(self, index, percent, role):
        self.current_rule = "complete"
        line = self.pick(self.budget(), index).with_user(self.user(role))
        self.attempt(line.write, {"completed_percent": percent})

    @rule(index=INDEX, with_proforma=st.booleans(), role=ROLE)
    def run_project(self, index, with_proforma, role):
        self.current_rule = "run_project"
        project = self.order(index).project_id
        project.sudo().progress_create_proforma = with_proforma
        self.attempt(project.with_user(self.user(role)).action_run_billing)

    @rule(
        index=INDEX,
        method=st.sampled_from(
            [
                "action_release",
                "action_release",
                "action_approve",
                "action_cancel",
                "action_draft",
            ]
        ),
        role=ROLE,
    )
    def move_proforma(self, index, method, role):
        self.current_rule = f"proforma {method}"
        proforma = self.pick(
            self.proformas(
                "draft", "sent", "approved", "declined", "released", "cancel"
            ),
            index,
        )
        if proforma:
            self.attempt(getattr(proforma.with_user(self.user(role)), method))

    @rule(index=INDEX, answer=st.sampled_from(["sign", "decline"]))
    def send_proforma(self, index, answer):
        """Send it as the composer does; the customer answers."""
        self.current_rule = "send_proforma"
        proforma = self.pick(self.proformas("draft", "sent", "declined"), index)

        def send():
            proforma.with_context(mark_proforma_as_sent=True).message_post(
                body=proforma.name
            )
            if answer == "sign":
                proforma._sign("Customer", PIXEL)
            else:
                proforma._decline("No")

        if proforma:
            self.attempt(send)

    @rule(index=INDEX, percent=COMPLETED, role=ROLE)
    def change_proforma(self, index, percent, role):
        self.current_rule = "change_proforma"
        line = self.pick(self.proformas("draft", "declined").line_ids, index)
        if line:
            amount = line.currency_id.round(line.budget_amount * percent / 100.0)
            line = line.with_user(self.user(role))
            self.attempt(line.write, {"amount_to_invoice": amount})

    # === REGULAR AND FINAL INVOICES === #

    @rule(
        index=INDEX,
        share=SHARE,
        mode=st.sampled_from(["proportional", "fit", "none"]),
        post=st.booleans(),
    )
    def interim(self, index, share, mode, post):
        self.current_rule = "interim"
        order = self.order(index)

        def invoice():
            for line in order._get_progress_contract_lines():
                if line.product_id.invoice_policy == "delivery":
                    more = line.product_uom_qty * share
                    line.qty_delivered = min(
                        line.qty_delivered + more, line.product_uom_qty
                    )
            moves = order._create_interim_invoices(recoupment=mode)
            if post:
                moves.action_post()

        self.attempt(invoice)

    @rule(
        index=INDEX,
        kind=st.sampled_from(["percentage", "fixed", "delivered"]),
        percent=PERCENT,
    )
    def host_wizard(self, index, kind, percent):
        self.current_rule = f"host_wizard {kind}"
        order = self.order(index)
        wizards = self.env["sale.advance.payment.inv"]

        def invoice():
            total = order.amount_total
            wizard = wizards.create(
                {
                    "sale_order_ids": order.ids,
                    "advance_payment_method": kind,
                    "amount": percent,
                    "fixed_amount": order.currency_id.round(total * percent / 100.0),
                }
            )
            try:
                wizard.create_invoices()
            except ZeroDivisionError as error:
                # The bare host's, of analytic lines whose fixed taxes come to nothing.
                raise UserError(str(error)) from error

        self.attempt(invoice, edits=DRAFTS)

    @rule(
        index=st.one_of(st.none(), INDEX),
        consolidated=st.booleans(),
        day=DAY,
        post=st.sampled_from([True, True, False]),
        role=ROLE,
    )
    def final(self, index, consolidated, day, post, role):
        self.current_rule = "final"
        orders = self.orders if index is None else self.order(index)
        # Who sees other orders' invoices only through the order bills it all the same.
        wizard_env = self.env["progress.billing.final"].with_user(self.user(role))
        before = self.moves("draft", "posted")

        def finish():
            wizard = wizard_env.create(
                {
                    "order_ids": [Command.set(orders.ids)],
                    "date": day,
                    "consolidated": consolidated,
                }
            )
            shown = defaultdict(float)
            for row in wizard.preview_line_ids:
                shown[row.order_id.sudo(False).id] += row.amount_final
            wizard.action_create()
            made = self.moves("draft", "posted") - before
            self._check_final_as_shown(orders, made, shown)
            if post:
                (made - self.moves("posted")).action_post()

        if self.attempt(finish) and post:
            for order in orders:
                self.check_complete(order)

    def _check_final_as_shown(self, orders, made, shown):
        items = made.invoice_line_ids.filtered(lambda x: x.display_type == "product")
        for order in orders:
            mine = items.filtered(
                lambda item, order=order: (
                    order in (item.sale_line_ids.order_id | item.retention_order_id)
                )
            )
            self.case.currency = order.currency_id
            self.case.assertMoney(
                -sum(mine.mapped("amount_currency")), shown[order.id], "final as shown"
            )

    # === ORDERS === #

    @rule(index=INDEX, share=st.sampled_from([0.5, 0.9, 1.0, 1.5]), what=st.booleans())
    def change_order_line(self, index, share, what):
        self.current_rule = "change_order_line"
        line = self.pick(self.budget(), index)
        name = "price_unit" if what else "discount"
        value = line.currency_id.round(line.price_unit * share) if what else 10.0
        self.attempt(line.write, {name: value}, edits=ALL)

    @rule(index=INDEX, line=LINE if "deductions" in OPEN else LINE | DEDUCTION)
    def add_order_line(self, index, line):
        self.current_rule = "add_order_line"
        order = self.order(index)
        values = self.case._line_values(line, 1000)
        self.attempt(order.write, {"order_line": [Command.create(values)]}, edits=ALL)

    @rule(index=INDEX)
    def delete_order_line(self, index):
        self.current_rule = "delete_order_line"
        self.attempt(self.pick(self.budget(), index).unlink, edits=ALL)

    @rule(index=INDEX, percent=PERCENT, kind=st.sampled_from(["so_discount", "amount"]))
    def discount(self, index, percent, kind):
        self.current_rule = "discount"
        self.attempt(
            lambda: (
                self.env["sale.order.discount"]
                .create(
                    {
                        "sale_order_id": self.order(index).id,
                        "discount_type": kind,
                        "discount_percentage": percent / 1000.0,
                        "discount_amount": percent / 10.0,
                    }
                )
                .action_apply_discount()
            ),
            edits=ALL,
        )

    @rule(
        index=INDEX,
        method=st.sampled_from(
            [
                "action_cancel",
                "action_draft",
                "action_confirm",
                "action_confirm",
                "action_lock",
                "action_unlock",
                "action_unlock",
            ]
        ),
        role=ROLE,
    )
    def move_order(self, index, method, role):
        self.current_rule = f"order {method}"
        order = self.order(index).with_user(self.user(role))
        self.attempt(getattr(order, method))

    @rule(index=INDEX, method=st.sampled_from(["deposit", "revenue"]))
    def change_method(self, index, method):
        self.current_rule = "change_method"
        self.attempt(self.order(index).write, {"progress_method": method})

    # === RUNS === #

    @rule(
        day=DAY,
        source=st.sampled_from(["lines", "budget", "both"]),
        kind=st.sampled_from(["progress", "progress", "regular", "both"]),
        automatic=st.booleans(),
        consolidated=st.booleans(),
        role=ROLE,
    )
    def run_billing(self, day, source, kind, automatic, consolidated, role):
        self.current_rule = "run_billing"
        values = {
            "date": day,
            "source": source,
            "invoice_type": kind,
            "automatic_only": automatic,
            "consolidated": consolidated,
            "order_from_id": self.orders[0].id,
        }
        self.attempt(self._run_as_shown, values, role)

    def _run_as_shown(self, values, role):
        """Run what a preview shows, and assert that it is what is billed."""
        case, user = self.case, self.user(role)
        wizard = self.env["progress.billing.run"].with_user(user).create(values)
        shown = {
            line.id: (line.run_amount_untaxed, line.run_amount_total)
            for line in wizard.line_ids.with_context(
                progress_run=(
                    wizard.date,
                    wizard.automatic_only,
                    wizard.line_domain,
                ),
            )
        }
        left = {line.id: line.state for line in wizard.left_line_ids}
        budgets = defaultdict(float)
        for row in wizard.budget_ids.filtered(lambda row: not row.obstacle):
            budgets[row.order_id.id] += row.amount
        wizard.action_run()
        BilledLine = self.env["progress.billing.line"]
        failed = wizard.sudo().failed_line_ids.mapped("error_message")
        failed += wizard.sudo().failed_budget_ids.mapped("error_message")
        if "failures in runs" not in OPEN:
            case.assertFalse(failed, "failed in the run")
        billed = BilledLine.browse(shown)
        case.assertEqual(
            {line.id: (line.amount_untaxed, line.amount_total) for line in billed},
            shown,
        )
        case.assertLessEqual(set(billed.mapped("state")), {"draft", "posted"})
        case.assertEqual(
            {line.id: line.state for line in BilledLine.browse(left)}, left
        )
        if values["invoice_type"] == "progress":
            self._check_budgets_as_shown(wizard.sudo(), budgets)

    def _check_budgets_as_shown(self, wizard, budgets):
        made = defaultdict(float)
        for item in wizard.move_ids.invoice_line_ids.filtered(
            lambda item: item.progress_budget_line_id and not item.progress_line_id
        ):
            made[item.progress_budget_line_id.order_id.id] -= item.amount_currency
        for line in wizard.proforma_ids.line_ids:
            made[line.order_id.id] += line.amount_to_invoice
        for order in self.orders:
            self.case.currency = order.currency_id
            self.case.assertMoney(
                made[order.id], budgets[order.id], "budget as shown by the run"
            )

    @rule(method=st.sampled_from(["deposit", "revenue"]))
    def nightly_job(self, method):
        """The job runs, whatever the company books new orders by."""
        self.current_rule = "nightly_job"
        self.case.company.progress_method = method
        with self.case.enter_registry_test_mode(), mute_logger("odoo.addons"):
            self.case.cron.method_direct_trigger()
        self.env.invalidate_all()
        self.edited = NOTHING
        BillingMachine.done["nightly_job"] += 1

    # === WHAT MUST HOLD === #

    @invariant()
    def books_balance(self):
        """Debits are credits, in each entry and in all."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT move_id, SUM(balance) FROM account_move_line "
            "WHERE parent_state = 'posted' AND company_id = %s "
            "GROUP BY move_id HAVING SUM(balance) != 0",
            [self.case.company.id],
        )
        self.case.assertFalse(self.env.cr.fetchall(), "trial balance")

    @invariant()
    def tax_accounts_are_the_tax_report(self):
        """What is on a tax account has the grid of a tax that is booked there."""
        company = ("company_id", "=", self.case.company.id)
        posted = ("parent_state", "=", "posted")
        for account, tags in self.case.tax_parts.items():
            ledger, report = (
                sum(self.env["account.move.line"].search(domain).mapped("balance"))
                for domain in (
                    [company, posted, ("account_id", "=", account.id)],
                    [company, posted, ("tax_tag_ids", "in", tags.ids)],
                )
            )
            self.case.assertAlmostEqual(ledger, report, 2, account.display_name)

    @invariant()
    def orders_hold(self):
        for order in self.orders:
            self.case.currency = order.currency_id
            self.case._check_stored(order)
            self.case._check_lines(order)
            self.check_deposits(order)
            self.check_bounds(order)
            for line in order._get_progress_contract_lines():
                if line.progress_project_id and line not in line._get_closed_budget():
                    self.case.assertFormula(line)
        self.edited = NOTHING

    def check_deposits(self, order):
        """The deposit account holds what the lines and documents say is open."""
        deposits = order.order_line.filtered(
            lambda line: line.is_downpayment and not line.display_type
        )
        items = deposits.invoice_lines.filtered(
            lambda item: item.parent_state == "posted"
        )
        case = self.case
        case.assertLessEqual(items.account_id, case.deposit_account)
        ledger = -sum(items.mapped("amount_currency"))
        case.assertMoney(ledger, order.progress_deposit_balance, "deposit account")
        for deposit in deposits:
            own = items.filtered(lambda item, line=deposit: item.sale_line_ids == line)
            billed = own.filtered(
                lambda item: (
                    not item.is_progress_recall
                    # A deposit on a negative line is a credit note of its own.
                    and (
                        item.move_id.move_type == "out_invoice"
                        or not item.move_id.reversed_entry_id
                    )
                )
            )
            bound = -sum(billed.mapped("amount_currency"))
            is_open = -sum(own.mapped("amount_currency"))
            for below, above in (
                (min(bound, 0.0), is_open),
                (is_open, max(bound, 0.0)),
            ):
                case.assertLessEqual(
                    order.currency_id.compare_amounts(below, above),
                    0,
                    f"{is_open} open of {bound} of deposit {deposit.name}",
                )
        planned = items.filtered("progress_line_id")
        case.assertMoney(
            -sum(planned.mapped("amount_currency")),
            sum(order.progress_line_ids.mapped("amount_open")),
            "open amounts of the lines",
        )

    def check_bounds(self, order):
        """Nothing makes more of the excess that a changed order leaves."""
        items = order.order_line.invoice_lines
        posted = items.filtered(lambda item: item.parent_state == "posted")
        bounds = {
            ("posted", order): (
                -sum(posted.mapped("amount_currency")),
                order.amount_untaxed,
            ),
            ("draft", order): (order.progress_billed_amount, order.amount_untaxed),
        }
        for line in order._get_progress_contract_lines():
            if line.progress_billed_amount:
                bounds["draft", line] = (
                    line.progress_billed_amount,
                    line.budget_amount,
                )
        # The host bills fixed taxes as untaxed amounts on deposits.
        fixed = sum(
            tax.amount * line.product_uom_qty
            for line in order._get_progress_contract_lines()
            for tax in line.tax_ids
            if tax.amount_type == "fixed"
        )
        for (state, record), (billed, contract) in bounds.items():
            low, high = min(contract - fixed, 0.0), max(contract + fixed, 0.0)
            if state == "posted":
                # Drafts count as billed: what they bill may be credited before them.
                low, high = (-inf, high) if contract >= 0.0 else (low, inf)
            beyond = max(billed - high, low - billed, 0.0)
            if state not in self.edited and order._uses_progress_billing():
                self.case.assertLessEqual(
                    order.currency_id.compare_amounts(
                        beyond, self.beyond[state, record]
                    ),
                    0,
                    f"{state}: {billed} billed of {contract} of {record.display_name}",
                )
            self.beyond[state, record] = beyond

    def check_complete(self, order):
        """A final invoice leaves nothing, and all invoices are the order."""
        moves = order.order_line.invoice_lines.move_id
        # What orders share, with its taxes, is none of one of them.
        if (
            "draft" in moves.mapped("state")
            or moves.line_ids.sale_line_ids.order_id > order
        ):
            return
        self.case.currency = order.currency_id
        self.case._check_complete(order)
