from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ..arithmetic.claim import Part
from .batches import bill_in_parts, explain

#: Orders whose retention is released together, before progress is committed.
RELEASE_BATCH_SIZE = 100


class SaleOrder(models.Model):
    """Makes regular invoices in a run, and tells of what failed on an order."""

    _inherit = "sale.order"

    progress_next_step = fields.Selection(
        selection=[
            ("due", "Bill what is due"),
            ("later", "Bill what is due later"),
            ("draft", "Post the draft"),
            ("final", "Create the final invoice"),
        ],
        compute="_compute_progress_next",
        help="What is to be done next to bill the order.",
    )
    progress_next_label = fields.Char(compute="_compute_progress_next")
    progress_next_due = fields.Char(compute="_compute_progress_next")

    @api.depends(
        "has_progress_final_due",
        "progress_draft_amount",
        "progress_line_ids.billing_status",
        "progress_line_ids.amount_untaxed",
    )
    def _compute_progress_next(self):
        for order in self:
            line = order._get_progress_next_line()
            order.progress_next_step = order._get_progress_next_step(line)
            date = format_date(order.env, line.date)
            order.progress_next_label = order._format_progress(line.amount_untaxed)
            order.progress_next_due = date and order.env._("due %(date)s", date=date)

    def _get_progress_next_line(self):
        """Return the planned line that is to be billed next, if any."""
        self.ensure_one()
        lines = self.progress_line_ids.filtered("is_billable")
        return lines.sorted(lambda line: line._get_billing_order())[:1]

    def _get_progress_next_step(self, line):
        """Return what is to be done next: a key of `progress_next_step`, or False.

        :param line: the planned line that is billed next, if any.
        """
        self.ensure_one()
        if line and line.billing_status != "planned":
            return "due"
        if self.progress_line_ids and self._get_progress_draft_moves():
            return "draft"
        if line:
            return "later"
        return "final" if self.has_progress_final_due else False

    def _get_progress_draft_moves(self):
        """Return the draft invoices of the order, which come before its final one."""
        moves = self._get_progress_items().move_id
        return moves.filtered(lambda move: move.state == "draft").sudo(self.env.su)

    def action_bill_next(self):
        """Create the invoice of the line that is to be billed next."""
        self.ensure_one()
        self.check_access("write")
        line = self._get_progress_next_line()
        if not line:
            raise UserError(
                self.env._(
                    "You cannot bill the next step of %(order)s because nothing more "
                    "is planned. Add a line on its Billing tab.",
                    order=self.display_name,
                )
            )
        return line.action_create_invoice()

    def action_view_progress_drafts(self):
        """Open the draft invoices that are in the way of the final one."""
        self.ensure_one()
        self.check_access("read")
        return self._get_progress_draft_moves()._get_records_action(
            name=self.env._("Draft Invoices")
        )

    def _update_billing_error(self, told):
        """Keep one activity per order whose lines failed to be billed.

        The salesperson is told once, until all lines are billed or gone.

        :param told: the orders of which a line had failed before.
        """
        activity_type = "progress_billing.mail_activity_type_billing_error"
        failed = self.filtered("progress_line_ids.error_message")
        for order in failed - told:
            order.activity_schedule(
                activity_type,
                user_id=(order.user_id or order.create_uid).id,
                note=order.env._(
                    "The scheduled job could not bill all progress billing lines. "
                    "The Billing tab says why."
                ),
            )
        ((self & told) - failed).activity_unlink([activity_type])

    # === MANY PROJECTS === #

    def _get_budget_obstacle(self, project, amounts, added):
        """Return why an invoice of a project's budget fails: a key, or False.

        :param amounts: order line -> untaxed amount that it bills.
        :param added: what the same run bills before, untaxed: of the order, and of
            order lines.
        """
        self.ensure_one()
        if project.sudo().progress_create_proforma:
            ProformaLine = self.env["progress.billing.proforma.line"]
            is_refused = any(
                ProformaLine._get_excess(line, amount, added[line])
                for line, amount in amounts.items()
            )
            return is_refused and "contract"
        if self.progress_method == "deposit":
            if not self._has_progress_deposit_account():
                return "account"
        bounded = {self: sum(amounts.values()), **amounts}
        is_refused = any(
            self._get_progress_objection(amount, record, added[record])
            for record, amount in bounded.items()
        )
        return is_refused and "contract"

    def _get_budget_credit_obstacle(self, project, amounts, ledger=None):
        """Return why progress cannot be taken back from deposits: a key, or False.

        :param amounts: order line -> untaxed amount to bill, or take back.
        :param ledger: the order's `OrderLedger` with what the same run bills before.
        """
        is_direct = not project.sudo().progress_create_proforma
        if self.progress_method != "deposit" or not is_direct:
            return False
        taken_back = {
            line: amount
            for line, amount in amounts.items()
            if amount * line.price_subtotal < 0.0
        }
        ledger = ledger or (taken_back and self._get_progress_ledger(is_plan=True))
        try:
            for line, amount in taken_back.items():
                part = Part(line.id, amount, is_exact=True, is_line_only=True)
                ledger.take(part, self.progress_method)
        except UserError:
            return "draft"
        return False

    # === RETENTION === #

    @api.model
    def _cron_release_retention(self):
        """Release what is due, remind of what falls due, batch by batch.

        What cannot be released is told in an activity and counts as processed.
        """
        orders = self._get_retention_holding()
        due = orders.filtered(lambda order: order._is_retention_due())
        self._remind_of_retention(orders - due)
        job_start = self.env["ir.cron"]._get_progress_job_start()
        due = due._get_untried_retention(job_start)
        remaining_time = self.env["ir.cron"]._commit_progress(remaining=len(due))
        for start in range(0, len(due), RELEASE_BATCH_SIZE):
            if not remaining_time:
                break
            batch = due[start : start + RELEASE_BATCH_SIZE]
            batch._release_due_retention()
            remaining_time = self.env["ir.cron"]._commit_progress(len(batch))

    def _get_untried_retention(self, job_start):
        """Return the orders that did not fail in the running job, failed ones last.

        So they keep nobody waiting.

        :param int job_start: see `_get_progress_job_start`.
        """
        untried = self.filtered(lambda order: order.retention_failed_in_run < job_start)
        return untried.sorted(
            lambda order: (bool(order.retention_failed_in_run), order.id)
        )

    @api.model
    def _get_retention_holding(self):
        """Return the orders of which anything is held that no draft releases."""
        groups = (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                [
                    ("retention_order_id", "!=", False),
                    ("parent_state", "=", "posted"),
                ],
                ["retention_order_id"],
                having=[("amount_currency:sum", ">", 0.0)],
            )
        )
        orders = self.browse(order.id for (order,) in groups)
        held = orders._get_retention_open(with_drafts=True)
        return orders.filtered(lambda order: sum(held[order].values()) > 0.0)

    def _release_due_retention(self):
        """Release what is held of the orders, and tell of what cannot be.

        Orders that somebody else is billing or releasing are left to him, or to the
        next night: their failure could not even be noted before he is done.
        """
        mine = self.try_lock_for_update(allow_referencing=True)
        for company, orders in mine.grouped("company_id").items():
            _made, failures = bill_in_parts(
                orders.with_company(company), SaleOrder._release_today
            )
            for order, text in explain(failures).items():
                order._note_retention_failure(text)

    def _release_today(self):
        """Release what is held of the orders; the company may post and send."""
        self._create_retention_releases()._progress_post_and_send()

    def _note_retention_failure(self, text):
        """Tell once that what is due could not be released, until it is."""
        is_told = bool(self.retention_failed_in_run)
        # In sudo mode because nobody sets by hand what the job notes.
        self.sudo().retention_failed_in_run = self.env["ir.cron"]._get_progress_run()
        note = self.env._(
            "Retention is due, and could not be released: %(reason)s", reason=text
        )
        if is_told:
            kind = "progress_billing.mail_activity_type_retention"
            self.activity_search([kind]).note = note
        else:
            self._tell_of_retention(note)

    def _remind_of_retention(self, orders):
        """Remind once of retention, and of guarantees, that end within a month."""
        today = self.env.company._get_progress_today()
        soon = today + relativedelta(months=1)
        guaranteed = self.search(
            [
                ("retention_guarantee_date", "<=", soon),
                ("retention_guarantee_reference", "!=", False),
            ]
        )
        for order in orders | guaranteed:
            date = (
                order.retention_guarantee_date
                if order in guaranteed
                else order._get_retention_date()
            )
            if not date or date > soon or date == order.retention_reminded_date:
                continue
            text = order.env._("What is held of the order falls due.")
            if order in guaranteed:
                text = order.env._(
                    "Guarantee %(reference)s expires.",
                    reference=order.retention_guarantee_reference,
                )
            order._tell_of_retention(text, date)
            # In sudo mode because it is nobody's to set.
            order.sudo().retention_reminded_date = date

    def _tell_of_retention(self, text, date=None):
        """Schedule an activity about retention for whoever sold the order."""
        activity_type = "progress_billing.mail_activity_type_retention"
        # Not one more each night.
        self.activity_unlink([activity_type])
        self.activity_schedule(
            activity_type,
            date_deadline=date,
            user_id=(self.user_id or self.create_uid).id,
            note=text,
        )

    # === RUNS === #

    def _fetch_progress_products(self):
        """Read in sets which products decide on deposit accounts; return their ids."""
        self.fetch(["order_line", "fiscal_position_id"])
        self.order_line.fetch(["display_type", "is_downpayment", "product_id"])
        self.order_line.product_id.fetch(["product_tmpl_id"])
        return self.order_line.product_id.ids

    def _run_regular_invoices(self, consolidated=False):
        """Create the regular invoices of orders; one that fails does not stop the rest.

        :param bool consolidated: one invoice for all orders of the same customer,
            delivery address, currency and company.
        :return: tuple of (the created `account.move` records, the errors as text).
        """
        made, failures = bill_in_parts(
            self,
            lambda orders: orders._create_invoices(
                grouped=not consolidated, final=True
            ),
            share=SaleOrder._get_consolidation_key if consolidated else None,
        )
        texts = [
            f"{order.display_name}: {text}" for order, text in explain(failures).items()
        ]
        return self.env["account.move"].union(*made), "\n".join(texts)

    def _get_consolidation_key(self):
        """Return what orders have in common that may share an invoice."""
        return tuple(self[name].id for name in self._get_progress_grouping_fields())
