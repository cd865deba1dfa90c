from ast import literal_eval
from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256
from itertools import zip_longest

from odoo import api, fields, models
from odoo.fields import Domain

from .batches import bill_in_parts, explain

OBSTACLES = [
    ("hold", "On hold"),
    ("manual", "Manual run only"),
    ("unconfirmed", "Order not confirmed"),
    ("not_due", "Not due"),
    ("account", "No deposit account"),
    ("nothing", "Nothing left to bill"),
    ("contract", "Over the contract value"),
]


STATUSES = [
    ("planned", "Planned"),
    ("due", "Due"),
    ("failed", "Failed"),
    ("hold", "On Hold"),
    ("closed", "Closed"),
    ("draft", "Draft Invoice"),
    ("posted", "Posted"),
    ("paid", "Paid"),
    ("settled", "Settled"),
    ("cancel", "Cancelled"),
]


@dataclass(frozen=True)
class RunPreview:
    """What a run does with a planned line.

    :ivar obstacle: why it leaves the line, a key of `OBSTACLES`; False: it bills it.
    :ivar untaxed: what it bills, untaxed, in the order's currency.
    :ivar tax: the taxes on it.
    """

    obstacle: str | bool = False
    untaxed: float = 0.0
    tax: float = 0.0


BATCH_SIZE = 50
#: Seconds after which a job of the queue comes back to what others held.
QUEUE_PAUSE = 60


class ProgressBillingLine(models.Model):
    """Bills lines in batches: what a run takes, leaves and why, and its failures.

    Job, wizard and preview choose alike. Everything reads in sets: an order book of
    thousands of lines costs as many queries as one of ten. Only the loop of the
    scheduled job commits.
    """

    _inherit = "progress.billing.line"

    run_obstacle = fields.Selection(
        selection=OBSTACLES,
        string="Left Because",
        compute="_compute_run",
        help="Why a run on the chosen date leaves the line.",
    )
    run_amount_untaxed = fields.Monetary(
        string="Bills Untaxed",
        compute="_compute_run",
        help="What a run on the chosen date bills: the same as planned, but for the "
        "rounding where it leaves an earlier line of the order.",
    )
    run_amount_total = fields.Monetary(string="Bills in Total", compute="_compute_run")
    billing_status = fields.Selection(
        selection=STATUSES,
        string="Status",
        compute="_compute_billing_status",
        help="What is to be done with the line, or became of it. Closed: the final "
        "invoice billed what was left of the order.",
    )
    is_billable = fields.Boolean(
        compute="_compute_billing_status",
        help="An invoice of the line can be created now.",
    )
    failed_in_run = fields.Integer(
        aggregator=None,
        readonly=True,
        copy=False,
        help="Run of the scheduled job in which the line failed last.",
    )

    @api.depends(
        "state",
        "invoice_flag",
        "date",
        "amount_untaxed",
        "amount_tax",
        "order_id.state",
    )
    @api.depends_context("progress_run")
    def _compute_run(self):
        planned = self.filtered(lambda line: line.state == "planned")
        run = planned._origin._get_run_asked()
        # In sudo mode: the reason is the same for project managers, who read only those
        # lines of an order that are on projects.
        previews = planned._origin.sudo()._preview_run(*run)
        for line in self:
            bill = previews.get(line._origin.id, RunPreview())
            line.run_obstacle = bill.obstacle
            line.run_amount_untaxed = bill.untaxed
            line.run_amount_total = bill.untaxed + bill.tax

    def _get_run_asked(self):
        """Return day, automatic and domain of the run that a wizard's view tells of.

        A client may say anything: what is no run is none, and lines are looked for
        with the rights of who asks.
        """
        run = self.env.context.get("progress_run")
        if not run:
            return None, False, ()
        try:
            date, automatic, domain = run
            domain = Domain(literal_eval(domain or "[]"))
            lines = self.search(domain & Domain("order_id", "in", self.order_id.ids))
            run = fields.Date.to_date(date), bool(automatic)
        except (SyntaxError, TypeError, ValueError):
            return None, False, ()
        return *run, Domain("id", "in", lines.ids)

    @api.depends(
        "state",
        "payment_state",
        "error_message",
        "invoice_flag",
        "date",
        "milestone_id.is_reached",
        "amount_total",
        "order_id.state",
    )
    def _compute_billing_status(self):
        for line in self:
            line.billing_status = status = line._get_billing_status()
            line.is_billable = status in ("planned", "due", "failed") and (
                line.order_id.state == "sale"
            )

    def _get_billing_status(self):
        """Return what is to be done with the line, or became of it: a key."""
        self.ensure_one()
        if self.state == "posted" and self.payment_state in ("paid", "in_payment"):
            return "paid"
        if self.state != "planned":
            return self.state
        if self._is_closed():
            return "closed"
        if self.invoice_flag == "no":
            return "hold"
        if self.error_message:
            return "failed"
        return "due" if self._is_due() else "planned"

    def _is_closed(self):
        """Return whether the final invoice left nothing for the line to bill."""
        self.ensure_one()
        return (
            bool(self._origin)
            and self.currency_id.is_zero(self.amount_total)
            and self.order_id._has_progress_final()
        )

    def _is_due(self):
        """Return whether the line is one of `_get_due_domain`, today."""
        self.ensure_one()
        if self.order_id.state != "sale":
            return False
        if self.milestone_id:
            # In sudo mode because a project may be private to others.
            return self.milestone_id.sudo().is_reached
        return bool(self.date) and self.date <= self.company_id._get_progress_today()

    # === WHAT A RUN TAKES === #

    @api.model
    def _get_run_domain(self, date=None, automatic=False):
        """Return the domain of the lines that a run bills.

        :param date: the day of the run, None for each company's today.
        :param bool automatic: only what the scheduled job takes, without the lines
            that wait for a manual run.
        """
        flags = ["auto"] if automatic else ["auto", "yes"]
        companies = self.env["res.company"].search(Domain.TRUE)
        return Domain("invoice_flag", "in", flags) & Domain.OR(
            Domain(self._get_due_domain(date or company._get_progress_today()))
            & Domain("company_id", "=", company.id)
            for company in companies
        )

    # === THE RUN === #

    def _run(self, consolidated=False, size=50):
        """Bill lines batch by batch; a line that fails is noted on itself.

        It does not commit: that is up to the scheduled job.

        :param bool consolidated: one invoice for all orders of the same customer,
            delivery address, currency and company.
        :param int size: lines in a batch.
        :return: the created `account.move` records.
        """
        moves = self.env["account.move"]
        for batch in self._get_batches(consolidated, size):
            moves |= batch._generate_batch(consolidated)
        return moves

    def _get_batches(self, consolidated, size):
        """Return recordsets of about `size` lines, none of which splits an invoice.

        None splits an order either: it is billed by one process at a time.
        """
        lines = self.sorted(lambda line: line._get_billing_order())
        key = ProgressBillingLine._get_consolidation_key if consolidated else "order_id"
        batches = [self.browse()]
        for group in lines.grouped(key).values():
            if batches[-1] and len(batches[-1]) + len(group) > size:
                batches.append(self.browse())
            batches[-1] |= group
        return [batch for batch in batches if batch]

    def _get_consolidation_key(self):
        """Return what lines have in common whose orders may share an invoice."""
        return self.order_id._get_consolidation_key()

    # === TO BILL === #

    def action_bill(self):
        """Create the invoices of the lines; one that fails does not stop the rest.

        What cannot be billed says why on itself; where that is all, it is raised.
        """
        self.check_access("write")
        lines = self.filtered("is_billable")
        moves = lines._run()
        if not moves:
            return (lines or self).action_create_invoice()
        action = self.order_id.action_view_invoice(invoices=moves)
        left = len(self) - len(moves.progress_line_ids & self)
        if not left:
            return action
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": self.env._(
                    "Lines that were not billed: %(count)s. Each says why.",
                    count=left,
                ),
                "next": action,
            },
        }

    # === PREVIEW === #

    def _preview_run(self, date=None, automatic=False, within=()):
        """Return what a run does with each planned line: bill it, or leave it and why.

        Lines of an order are billed one after the other, and each uses up the contract
        for those behind it. Only lines that the run takes do that, `self` or not.

        :param date: the day of the run, None for each company's today.
        :param bool automatic: only what the scheduled job takes.
        :param within: domain of the lines among which the run chooses, by default all.
        :return: dict of line id -> `RunPreview`.
        """
        self._fetch_for_run()
        taken = self.search_fetch(
            Domain("order_id", "in", self.order_id.ids)
            & self._get_run_domain(date, automatic)
            & Domain(within),
            self._get_run_fields(),
        )
        previews = {
            line.id: RunPreview(line._get_obstacle(automatic)) for line in self - taken
        }
        without_account = taken._get_lines_without_account()
        previews.update((line.id, RunPreview("account")) for line in without_account)
        previews.update((taken - without_account)._preview_amounts())
        return previews

    def _get_run_fields(self):
        """Return the names of the fields by which lines are previewed."""
        return [
            *("invoice_flag", "date", "sequence", "order_id", "sale_line_id"),
            *("state", "amount_untaxed", "amount_tax", "company_id", "currency_id"),
        ]

    def _fetch_for_run(self):
        """Read what a preview asks of the lines, in sets, whatever their number."""
        self.fetch(self._get_run_fields())
        self.order_id.fetch(
            ["state", "progress_method", "company_id", "currency_id"]
            + ["progress_billed_amount", "progress_contract_amount"]
            + ["progress_draft_credit_amount"]
        )
        self.sale_line_id._fetch_progress_amounts()

    def _get_obstacle(self, automatic):
        """Return why a line is none of those that a run takes."""
        self.ensure_one()
        if self.invoice_flag == "no":
            return "hold"
        if self.invoice_flag == "yes" and automatic:
            return "manual"
        return "unconfirmed" if self.order_id.state != "sale" else "not_due"

    def _get_lines_without_account(self):
        """Return the lines whose deposits have no account to go to."""
        orders = self.order_id.filtered(
            lambda order: order.progress_method == "deposit"
        )
        # A company's account settles it for all its orders; else their products do.
        by_product = orders.filtered(
            lambda order: not order.company_id.sudo().downpayment_account_id
        )
        keys = {
            order: order if order in by_product else order.company_id
            for order in orders
        }
        first = {key: order for order, key in keys.items()}
        product_ids = orders.browse().union(*first.values())._fetch_progress_products()
        usable = {
            key: order._has_progress_deposit_account(product_ids)
            for key, order in first.items()
        }
        lacking = {order for order, key in keys.items() if not usable[key]}
        return self.filtered(lambda line: line.order_id in lacking)

    # === AMOUNTS === #

    def _preview_amounts(self):
        """Return line id -> `RunPreview` of lines that a run bills, or finds too much.

        What an order's lines are planned to bill holds when they are billed in order.
        Where a run leaves an earlier one, rounding falls elsewhere: those amounts are
        worked out anew.
        """
        reordered = self._get_reordered_orders()
        previews = {}
        for order, lines in self.grouped("order_id").items():
            lines = lines.sorted(lambda line: line._get_billing_order())
            is_anew = order in reordered
            result = lines._preview_order(is_anew)
            if not is_anew and any(f.obstacle == "contract" for f in result.values()):
                result = lines._preview_order(is_anew=True)
            previews.update(result)
        return previews

    def _get_reordered_orders(self):
        """Return the orders with a planned line, not among these, before one of these.

        :return: set of orders.
        """
        planned = self.search_fetch(
            [("order_id", "in", self.order_id.ids), ("state", "=", "planned")],
            self._get_run_fields(),
        )
        last = {
            order: max(line._get_billing_order() for line in lines)
            for order, lines in self.grouped("order_id").items()
        }
        return {
            line.order_id
            for line in planned - self
            if line._get_billing_order() < last[line.order_id]
        }

    def _preview_order(self, is_anew):
        """Return line id -> `RunPreview` of one order's lines, billed as they come.

        :param bool is_anew: whether the planned amounts do not hold.
        """
        order = self.order_id
        ledger = order._get_progress_ledger(is_plan=True) if is_anew else None
        added = defaultdict(float)
        previews = {}
        for line in self:
            bill = line._preview_bill(ledger)
            pools = {None, line.sale_line_id or None}
            if order.currency_id.is_zero(bill.untaxed + bill.tax):
                previews[line.id] = RunPreview("nothing")
            elif any(
                order._get_progress_objection(bill.untaxed, pool, added[pool])
                for pool in pools
            ):
                previews[line.id] = RunPreview("contract")
            else:
                previews[line.id] = RunPreview(False, bill.untaxed, bill.tax)
                if ledger:
                    ledger.count(bill)
                for pool in pools:
                    added[pool] += bill.untaxed
        return previews

    def _preview_bill(self, ledger):
        """Return what the line bills next: untaxed amount and tax.

        :param ledger: the `OrderLedger` to work it out from, None for as planned.
        """
        if ledger:
            return self._get_next_bill(ledger)
        return RunPreview(False, self.amount_untaxed, self.amount_tax)

    def _get_run_uses(self):
        """Return what the lines, billed as a run does, use up for others behind them.

        :return: tuple of (order or order line -> untaxed amount, order -> its
            `OrderLedger` with the lines counted).
        """
        uses, ledgers = defaultdict(float), {}
        for order, lines in self.grouped("order_id").items():
            ledgers[order] = ledger = order._get_progress_ledger(is_plan=True)
            for line in lines.sorted(lambda line: line._get_billing_order()):
                bill = line._get_next_bill(ledger)
                ledger.count(bill)
                uses[order] += bill.untaxed
                for line_id, amount in bill.by_line.items():
                    uses[order.order_line.browse(line_id)] += amount
        return dict(uses), ledgers

    # === THE SCHEDULED JOB === #

    @api.model
    def _cron_generate(self):
        """Bill the due automatic lines batch by batch, then the due projects.

        One job with one count of what remains. Progress is committed with every batch,
        so that a killed run resumes where it stood. What fails is noted on itself and
        counts as processed; the job does not try it again, however often the host
        calls it to its end. With a job queue the batches of lines run there.
        """
        job_start = self.env["ir.cron"]._get_progress_job_start()
        batches = [
            *self._get_automatic_batches(job_start),
            *self.env["project.project"]._get_automatic_batches(job_start),
        ]
        remaining_time = self.env["ir.cron"]._commit_progress(
            remaining=sum(len(ids) for _bill, ids in batches)
        )
        for bill, ids in batches:
            if not remaining_time:
                break
            # Browsed anew: a batch must not hold the records of the ones before.
            self.env.invalidate_all()
            bill(ids)
            remaining_time = self.env["ir.cron"]._commit_progress(len(ids))

    @api.model
    def _get_automatic_batches(self, job_start):
        """Return the due lines in batches, pairs of what bills them and their ids.

        :param int job_start: see `_get_progress_job_start`.
        """
        lines = self._get_automatic_lines()._get_untried(job_start)
        if self._has_job_queue():
            # Once in a job: what fails in the queue is due in its later slices, too.
            if self.env["ir.cron"]._get_progress_run() <= job_start:
                lines._enqueue_run(size=BATCH_SIZE)
            return []
        return [
            (self._bill_batch, lines.ids[start : start + BATCH_SIZE])
            for start in range(0, len(lines), BATCH_SIZE)
        ]

    @api.model
    def _bill_batch(self, line_ids):
        self.browse(line_ids)._generate_batch()

    @api.model
    def _get_automatic_lines(self):
        """Return the lines that the scheduled job bills now, in each company's day.

        Orders of which a line failed before come last, so that they keep nobody
        waiting; then the oldest due first. An order's lines stay together, as they
        bill one after the other.
        """
        lines = self.search(self._get_run_domain(automatic=True))
        orders = lines.sorted(lambda line: line._get_billing_order()).grouped(
            "order_id"
        )
        return self.union(
            *sorted(
                orders.values(),
                key=lambda lines: (
                    any(line.error_message for line in lines),
                    lines[0]._get_billing_order(),
                ),
            )
        )

    def _get_untried(self, job_start):
        """Return the lines that did not fail in the running job yet."""
        return self.filtered(lambda line: line.failed_in_run < job_start)

    def _generate_batch(self, consolidated=False):
        """Bill a batch of due lines; group by group, then one by one, where it fails.

        Locked lines and lines of locked orders are left to whoever holds them.

        :param bool consolidated: orders of one customer share an invoice.
        :return: the created `account.move` records.
        """
        return self._try_lock_billing()._generate_locked(consolidated)

    def _generate_locked(self, consolidated):
        """Bill planned lines that are ours alone; see `_generate_batch`."""
        made, failures = bill_in_parts(
            self,
            lambda lines: lines._create_progress_invoices(consolidated),
            share=ProgressBillingLine._get_consolidation_key if consolidated else None,
        )
        for line, text in explain(failures).items():
            line._note_failure(text)
        return self.env["account.move"].union(*made)

    def _try_lock_billing(self):
        """Return the lines that are ours alone and still planned."""
        orders = self.order_id.try_lock_for_update(allow_referencing=True)
        lines = self.filtered(lambda line: line.order_id in orders)
        return lines.try_lock_for_update(allow_referencing=True).filtered(
            lambda line: line.state == "planned"
        )

    def _note_failure(self, text):
        """Note why the line was not billed, which tells the salesperson once."""
        run = self.env["ir.cron"]._get_progress_run()
        # In sudo mode because nobody sets the error of a line by hand.
        self.sudo().write({"error_message": text, "failed_in_run": run})

    # === THE JOB QUEUE === #

    def _has_job_queue(self):
        """Return whether runs can be handed to a job queue."""
        return "queue.job" in self.env

    def _enqueue_run(self, consolidated=False, size=50):
        """Hand the lines to the job queue, one job for each batch.

        A batch that waits in the queue already is not added again. Each is of one
        journal, unless an invoice is of several orders, and journals take turns: who
        numbers invoices keeps the others of the journal waiting.

        :return: the number of batches.
        """
        groups = self.grouped(
            lambda line: not consolidated and line.order_id.journal_id
        )
        by_journal = [x._get_batches(consolidated, size) for x in groups.values()]
        turns = zip_longest(*by_journal, fillvalue=self.browse())
        batches = [batch for turn in turns for batch in turn if batch]
        for batch in batches:
            batch._enqueue(consolidated)
        return len(batches)

    def _enqueue(self, consolidated, pause=None):
        """Add a job that bills the lines, `pause` seconds from now."""
        self.with_delay(
            eta=pause,
            description=self.env._("Bill %(count)s lines", count=len(self)),
            identity_key=self._get_job_key(consolidated),
        )._bill_in_queue(consolidated)

    def _bill_in_queue(self, consolidated=False):
        """Bill a batch as a job of the queue.

        What somebody else holds meanwhile is left to a later job: nobody would come
        back to it today.
        """
        mine = self.exists()._try_lock_billing()
        mine._generate_locked(consolidated)
        left = (self - mine).exists().filtered(lambda line: line.state == "planned")
        if left:
            left._enqueue(consolidated, QUEUE_PAUSE)

    def _get_job_key(self, consolidated):
        """Return a key that is the same for the same batch."""
        words = f"{consolidated}:{','.join(map(str, sorted(self.ids)))}"
        return f"progress_billing:{sha256(words.encode()).hexdigest()}"
