"""The machine of any actions, with retention, milestones, and all that pages show."""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from odoo.fields import Command
from odoo.tools import mute_logger

from ...models.retention.retention_account import RetentionAccount
from .machine import COMPLETED, DAY, INDEX, PERCENT, ROLE, SHARE, BillingMachine

MODULE = "progress_billing"
TERMS = st.fixed_dictionaries(
    {
        "retention_percent": st.sampled_from([0.0, 3.7, 5.0, 33.33]),
        "retention_base": st.sampled_from(["total", "untaxed"]),
        "retention_cap_percent": st.sampled_from([0.0, 0.0, 4.0]),
        "retention_release": st.sampled_from(["manual", "months", "milestone"]),
    }
)
REPORTS = st.sampled_from(
    [
        "progress.deposit.ledger",
        "progress.retention.ledger",
        "progress.earned.report",
        "progress.cash.forecast",
        "progress.billing.history",
    ]
)


class WholeMachine(BillingMachine):
    """What the other rooms add to the actions of plan, budget and settlement."""

    def releases(self):
        moves = self.orders.sudo().retention_item_ids.move_id
        moves |= moves.reversal_move_ids
        return moves.filtered("is_retention_release").with_env(self.env)

    def moves(self, *states, types=("out_invoice", "out_refund")):
        """Return what is invoiced of the orders, and the releases of what they hold."""
        releases = self.releases().filtered(
            lambda move: move.state in states and move.move_type in types
        )
        return (super().moves(*states, types=types) | releases).sorted("id")

    def as_(self, role, records):
        return records.with_user(self.user(role))

    # === PLANNED LINES === #

    @rule(
        index=INDEX,
        method=st.sampled_from(["action_hold", "action_release", "action_release"]),
        role=ROLE,
    )
    def flag_line(self, index, method, role):
        self.current_rule = f"line {method}"
        line = self.pick(self.lines(), index)
        if line:
            self.attempt(getattr(self.as_(role, line), method))

    @rule(role=ROLE)
    def bill_lines(self, role):
        """Each line that may be billed is, or says why not."""
        self.current_rule = "action_bill"
        lines = self.lines("planned").filtered("is_billable")

        def bill():
            self.as_(role, lines).action_bill()
            left = lines.filtered(lambda line: line.state == "planned")
            self.case.assertTrue(all(left.mapped("error_message")), "no reason")

        if lines:
            self.attempt(bill)

    @rule(
        index=INDEX,
        method=st.sampled_from(
            [
                *("action_bill_next", "action_bill_next"),
                *("action_plan_30_40_30", "action_plan_instalments"),
            ]
        ),
        role=ROLE,
    )
    def order_button(self, index, method, role):
        self.current_rule = f"order {method}"
        self.attempt(getattr(self.as_(role, self.order(index)), method))

    @rule(
        index=INDEX,
        every=st.sampled_from([-1, 1, 2]),
        unit=st.sampled_from(["day", "week", "month"]),
        role=ROLE,
    )
    def postpone(self, index, role, **values):
        self.current_rule = "action_postpone"
        line = self.pick(self.lines(), index)
        wizards = self.as_(role, self.env["progress.billing.postpone"])

        def postpone():
            wizard = wizards.create({"line_ids": [Command.set(line.ids)], **values})
            wizard.action_postpone()

        if line:
            self.attempt(postpone)

    @rule(index=INDEX, percent=PERCENT, role=ROLE)
    def plan_on_milestone(self, index, percent, role):
        self.current_rule = "plan_on_milestone"
        order = self.order(index)
        self.attempt(
            self.as_(role, self.env["progress.billing.line"]).create,
            {
                "order_id": order.id,
                "name": "When reached",
                "percent": percent,
                "milestone_id": order.sudo().project_id.milestone_ids[:1].id,
            },
        )

    @rule(index=INDEX, is_reached=st.booleans())
    def reach_milestone(self, index, is_reached):
        self.current_rule = "reach_milestone"
        milestones = self.as_("manager", self.order(index).project_id.milestone_ids)
        self.attempt(milestones.write, {"is_reached": is_reached})

    # === BUDGET === #

    @rule(
        index=INDEX,
        method=st.sampled_from(["action_accept_billed", "action_keep_pending"]),
        role=ROLE,
    )
    def answer_what_is_left(self, index, method, role):
        self.current_rule = method
        lines = self.as_(role, self.order(index)._get_progress_contract_lines())
        self.attempt(getattr(lines, method))

    @rule(index=INDEX, role=ROLE)
    def copy_last(self, index, role):
        self.current_rule = "action_copy_last"
        project = self.order(index).project_id
        self.attempt(self.as_(role, project).action_copy_last)

    @rule(index=INDEX, role=ROLE)
    def delete_proforma(self, index, role):
        self.current_rule = "delete_proforma"
        proforma = self.pick(self.proformas("draft", "cancel", "released"), index)
        if proforma:
            self.attempt(self.as_(role, proforma).unlink)

    @rule(index=INDEX, percent=COMPLETED, role=ROLE)
    def change_pending(self, index, percent, role):
        """Say what is pending, instead of how much is completed."""
        self.current_rule = "change_pending"
        line = self.pick(self.budget(), index)
        amount = line.currency_id.round(line.budget_amount * percent / 100.0)
        self.attempt(self.as_(role, line).write, {"pending_amount": amount})

    # === RETENTION === #

    @rule(index=INDEX, terms=TERMS, role=ROLE)
    def change_retention(self, index, terms, role):
        self.current_rule = "change_retention"
        order = self.order(index)
        if terms["retention_release"] == "milestone":
            milestone = order.sudo().project_id.milestone_ids[:1]
            terms = terms | {"retention_milestone_id": milestone.id}
        self.attempt(self.as_(role, order).write, terms)

    @rule(
        index=st.one_of(st.none(), INDEX),
        share=st.one_of(st.just(1.0), SHARE),
        consolidated=st.booleans(),
        day=DAY,
        post=st.booleans(),
        role=ROLE,
    )
    def release_retention(self, index, share, consolidated, day, post, role):
        """Release as the wizard does; what it makes is what it shows."""
        self.current_rule = "release_retention"
        orders = self.orders if index is None else self.order(index)
        wizards = self.as_(role, self.env["progress.retention.release"])

        def release():
            wizard = wizards.create(
                {
                    "order_ids": [Command.set(orders.ids)],
                    "date": day,
                    "amount_type": "percent",
                    "percent": share * 100.0,
                    "consolidated": consolidated,
                }
            )
            shown = sum(wizard.line_ids.mapped("amount"))
            before = self.releases()
            wizard.action_release()
            made = self.releases() - before
            items = made.line_ids.filtered("retention_order_id")
            released = -sum(items.mapped("amount_currency"))
            self.case.assertAlmostEqual(released, shown, 6, "released as shown")
            if post:
                made.action_post()

        self.attempt(release)

    @rule(index=INDEX, is_given=st.sampled_from([True, False, False]))
    def guarantee(self, index, is_given):
        self.current_rule = "guarantee"
        reference = "G-1" if is_given else False
        self.attempt(
            self.order(index).write, {"retention_guarantee_reference": reference}
        )

    @rule()
    def release_job(self):
        self.current_rule = "release_job"
        with self.case.enter_registry_test_mode(), mute_logger("odoo.addons"):
            self.case.release_cron.method_direct_trigger()
        self.env.invalidate_all()
        BillingMachine.done["release_job"] += 1

    @invariant()
    def retention_is_on_its_account(self):
        """What orders say is held is what the account has, invoice by invoice."""
        case = self.case
        account = RetentionAccount(case.company, "2100-01-01")
        case.assertFalse(account.others)
        balance = sum(row.balance for row in account.rows)
        case.assertAlmostEqual(balance, account.balance, 6, "retention account")
        for order in self.orders:
            case.currency = order.currency_id
            held = sum(row.open for row in account.rows if row.order == order)
            case.assertMoney(held, order.retention_held_amount, "retention held")
            if order.amount_untaxed >= 0.0:
                for move, amount in order._get_retention_open()[order].items():
                    case.assertGreaterEqual(amount, 0.0, move.display_name)

    def check_complete(self, order):
        """Where taxes wait for the release, invoices are less than the order."""
        if order.retention_tax == "release" and order.retention_item_ids:
            self.case.assertMoney(order.progress_deposit_balance, 0.0)
            return
        super().check_complete(order)

    # === WHAT PAGES SHOW === #

    @rule(report=REPORTS, day=DAY, role=ROLE)
    def look_at_report(self, report, day, role):
        """A report opens for whoever may, and is the accounts."""
        self.current_rule = f"look {report}"
        values = {"date": day}
        if report == "progress.billing.history":
            values["order_ids"] = [Command.set(self.orders.ids)]
        reports = self.as_(role, self.env[report])

        def look():
            # What a refusal of a report would hide is a defect; who may not has none.
            if reports.has_access("create"):
                opened = reports.create(values)
                opened.line_ids.mapped("display_name")
                if "is_tied" in opened._fields:
                    self.case.assertTrue(opened.is_tied, report)

        look()
        self.env.invalidate_all()

    @rule(index=INDEX)
    def look_at_documents(self, index):
        """Every field of ours can be read, and each posted statement ties."""
        order = self.order(index)
        records = (order, order.order_line, order.progress_line_ids, order.project_id)
        moves = order.order_line.invoice_lines.move_id | self.releases()
        for each in (*records, moves, moves.line_ids):
            names = [
                name for name, field in each._fields.items() if MODULE in field._modules
            ]
            each.read(names)
        for move in moves.filtered(lambda move: move.state == "posted"):
            for tie in move._get_progress_tie_out():
                # An order that was cut is billed beyond, which the page says.
                if "beyond" not in tie["name"]:
                    self.case.assertTrue(tie["is_equal"], (move.name, tie))
