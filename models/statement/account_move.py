from odoo import api, fields, models
from odoo.fields import Date
from odoo.tools.misc import formatLang

from .statement import OrderRows, Statement, Tie
from .workbook import get_workbook


class AccountMove(models.Model):
    """States what its orders were billed before it, with it and in all.

    As of its posting: what was posted before it, and it. Nothing is kept beside the
    journal items but the place among the postings of an order, and what was sent.
    """

    _inherit = "account.move"

    progress_posting_number = fields.Integer(
        string="Posting of the Order",
        readonly=True,
        copy=False,
        help="Place among the invoices of its orders, in the sequence of their first "
        "posting.",
    )
    progress_statement_preview = fields.Html(
        string="Progress Statement",
        compute="_compute_progress_statement_preview",
        sanitize=False,
    )
    progress_statement_file = fields.Binary(
        string="Statement as Sent",
        attachment=True,
        readonly=True,
        copy=False,
    )
    progress_statement_filename = fields.Char(
        compute="_compute_progress_statement_filename"
    )
    progress_statement_sent = fields.Json(
        string="Figures of the Statement as Sent", readonly=True, copy=False
    )

    # === THE SEQUENCE OF POSTINGS === #

    def _number_progress_postings(self):
        """Give newly posted invoices their place among those of their orders.

        What is reset and posted again keeps its place. Releases of retention have one,
        too: what is held at an invoice is what was not released before it.
        """
        last, numbers = {}, {}
        by_move = {
            move: move._get_progress_orders() | move._get_retention_orders()
            for move in self.sudo().sorted(lambda move: (move.date, move.id))
        }
        # A credit note that was rewritten by hand may be of no order any more.
        by_move = {move: orders for move, orders in by_move.items() if orders}
        orders = self.env["sale.order"].sudo().union(*by_move.values())
        for order in orders:
            moves = order._get_progress_items().move_id
            last[order] = max(moves.mapped("progress_posting_number"), default=0)
        for item in orders.filtered("has_retention")._get_retention_items():
            order, document = item.retention_order_id, item._get_retention_document()
            last[order] = max(last[order], document.progress_posting_number)
        for move, orders in by_move.items():
            number = max(last[order] for order in orders) + 1
            numbers.setdefault(number, self.browse())
            numbers[number] |= move
            last.update(dict.fromkeys(orders, number))
        for number, moves in numbers.items():
            # In sudo mode because nobody sets it by hand; no other item follows from
            # it, which the host would look for in each invoice.
            moves = moves.sudo().with_context(skip_invoice_sync=True)
            moves.progress_posting_number = number

    def _get_progress_posting_key(self):
        """Return the key by which invoices follow each other as they were posted.

        What was posted before there were numbers comes first, by date; what was never
        posted comes last.
        """
        self.ensure_one()
        is_new = not self.progress_posting_number and not self.posted_before
        return (
            is_new,
            self.progress_posting_number,
            self.date or Date.today(),
            self._origin.id or self.id,
        )

    def _get_progress_moves_before(self, order):
        """Return the posted invoices of an order that were posted before this one."""
        moves = order._get_progress_items().move_id - self
        key = self._get_progress_posting_key()
        return moves.filtered(
            lambda move: (
                move.state == "posted" and move._get_progress_posting_key() < key
            )
        ).sorted(lambda move: move._get_progress_posting_key())

    # === THE STATEMENT === #

    def _has_progress_statement(self):
        """Return whether the invoice bills anything of a progress-billed order."""
        self.ensure_one()
        return (
            self.state in ("draft", "posted")
            and self.move_type in ("out_invoice", "out_refund")
            and bool(self._get_progress_orders())
        )

    def _get_progress_statement(self):
        """Return rows and summary of the statement, as of the invoice's posting.

        :return: dict of `rows`, a list of dicts with the order line, planned line or
            order that a row is about and its figures, and `summary`, sums by number:
            contract, changes, revised, billed to date, retention, less retention, less
            previous certificates, due now, balance to finish. Both are empty without
            progress-billed orders.
        """
        if not self._has_progress_statement():
            return {"rows": [], "summary": {}}
        return self._make_progress_statement().get_values()

    def _make_progress_statement(self):
        """Return the `Statement` of the invoice."""
        self.ensure_one()
        # In sudo mode because salespeople and customers see all of their order's
        # figures, whoever made the invoices.
        move = self.sudo()
        orders = move._get_progress_orders()
        rows = [move._get_progress_order_rows(order) for order in orders]
        return Statement(self, rows)

    def _get_progress_order_rows(self, order):
        """Return the `OrderRows` of one order, as of the invoice's posting."""
        moves = self._get_progress_moves_before(order)
        now = order._get_progress_move_items(self)
        before = order._get_progress_items().filtered(
            lambda item: item.move_id in moves
        )
        is_finished = self.is_progress_final or any(
            move.is_progress_final and move._is_progress_final_effective(order)
            for move in moves
        )
        retained = order._get_progress_retained(self)
        return OrderRows(order, before, now, retained, is_finished)

    def _get_progress_statement_amounts(self):
        """Return untaxed amount, taxes and total, below zero for a credit note.

        The untaxed amount is that before its own lines hold anything back.
        """
        sign = -self.direction_sign
        items = self.sudo().line_ids.filtered("retention_order_id")
        held = sum(items.mapped("price_subtotal"))
        return (
            sign * (self.amount_untaxed - held),
            sign * self.amount_tax,
            sign * self.amount_total,
        )

    def _get_progress_retention_to_come(self, order):
        """Return what a draft is going to hold back of an order."""
        own = self.sudo().line_ids.filtered(
            lambda item: item.retention_order_id == order
        )
        holdings = self._get_retention_to_come().get(self, ())
        return sum(own.mapped("amount_currency")) + sum(
            each.amount for each in holdings if each.order == order
        )

    def _get_progress_statement_number(self):
        """Return which statement of its order this is: 1 for the first invoice."""
        self.ensure_one()
        move = self.sudo()
        counts = [
            len(
                move._get_progress_moves_before(order).filtered(
                    lambda other: other.move_type == "out_invoice"
                )
            )
            for order in move._get_progress_orders()
        ]
        return max(counts, default=0) + 1

    # === WHAT TIES IT === #

    def _get_progress_tie_out(self):
        """Return the statement's figures beside those of the books.

        :return: list of dicts: `name`, `expected`, `actual` and `is_equal`.
        """
        if not self._has_progress_statement():
            return []
        statement = self._make_progress_statement()
        return [tie.get_values() for tie in self._get_progress_ties(statement)]

    def _get_progress_ties(self, statement):
        """Return the `Tie`s of the invoice's `Statement`."""
        move = self.sudo()
        return [
            move._get_progress_items_tie(statement),
            move._get_progress_previous_tie(statement),
            move._get_progress_revised_tie(statement),
            move._get_progress_retained_tie(statement),
            *move._get_progress_budget_ties(statement),
        ]

    def _make_progress_tie(self, name, expected, actual, items=()):
        currency = self.currency_id
        expected, actual = currency.round(expected), currency.round(actual)
        is_equal = not currency.compare_amounts(expected, actual)
        return Tie(name, expected, actual, is_equal, () if is_equal else tuple(items))

    def _get_progress_items_tie(self, statement):
        """Billed to date is what the journal has for the orders, read once more."""
        actual, items = 0.0, []
        for rows in statement.orders:
            moves = self._get_progress_moves_before(rows.order) | self
            amounts = rows.order._get_progress_journal_amounts(moves)
            actual += sum(amounts.values())
            items += [(move.display_name, amount) for move, amount in amounts.items()]
        return self._make_progress_tie(
            self.env._("Billed to date, and the journal items of the order"),
            statement.total.to_date,
            actual,
            items,
        )

    def _get_progress_previous_tie(self, statement):
        """What was billed before is what the last statement had to date."""
        expected, items = 0.0, []
        for rows in statement.orders:
            last = self._get_progress_moves_before(rows.order)[-1:]
            if last:
                total = last._get_progress_order_rows(rows.order).get_total()
                expected += total.to_date
                items.append((last.display_name, total.to_date))
        return self._make_progress_tie(
            self.env._("Previous, and the last statement's to date"),
            expected,
            statement.total.previous,
            items,
        )

    def _get_progress_revised_tie(self, statement):
        """No line is billed beyond its revised amount, nor the order beyond its."""
        items = []
        for rows in statement.orders:
            order = rows.order
            lines = [row for row in rows.get_rows() if row.record != order]
            excesses = [(row, order._get_progress_row_excess(row)) for row in lines]
            if not any(excess for _row, excess in excesses):
                total = rows.get_total()
                excesses = [(total, order._get_progress_row_excess(total))]
            items += [
                (row.record.display_name, excess) for row, excess in excesses if excess
            ]
        return self._make_progress_tie(
            self.env._("No line is billed beyond its revised amount"),
            0.0,
            sum(excess for _name, excess in items),
            items,
        )

    def _get_progress_retained_tie(self, statement):
        """What is held back is the balance of the retention account.

        A draft is going to hold back what it says; what stands is that before it.
        """
        is_draft = self.state == "draft"
        items = self.env["account.move.line"].sudo()
        for rows in statement.orders:
            items |= rows.order._get_progress_retention_balance(self)
        said = statement.retained_before if is_draft else statement.total.retained
        return self._make_progress_tie(
            self.env._("Retained, and the balance of the retention account"),
            said,
            sum(items.mapped("amount_currency")),
            [(item.move_id.display_name, item.amount_currency) for item in items],
        )

    def _get_progress_budget_ties(self, statement):
        """Draft and actual of budgets are what they billed, as of now."""
        pairs = {
            rows.order: rows.order._get_progress_budget_tie()
            for rows in statement.orders
            if rows.order.order_line.progress_item_ids
        }
        if not pairs:
            return []
        return [
            self._make_progress_tie(
                self.env._("Draft and actual of the budget, and what it billed"),
                sum(said for said, _billed in pairs.values()),
                sum(billed for _said, billed in pairs.values()),
                [
                    (order.name, billed - said)
                    for order, (said, billed) in pairs.items()
                ],
            )
        ]

    # === SHOWN === #

    @api.depends("state", "line_ids.amount_currency", "line_ids.sale_line_ids")
    def _compute_progress_statement_preview(self):
        for move in self:
            # Of the saved draft: what is being typed has no journal items yet.
            saved = move._origin
            move.progress_statement_preview = (
                bool(saved)
                and saved._has_progress_statement()
                and saved._render_progress_statement()
            )

    def _compute_progress_statement_filename(self):
        for move in self:
            move.progress_statement_filename = move._get_progress_statement_filename()

    def _render_progress_statement(self):
        """Return the page of the statement, with what ties it."""
        self.ensure_one()
        statement = self._make_progress_statement()
        return self.env["ir.qweb"]._render(
            "progress_billing.statement_page",
            {
                "doc": self,
                "statement": statement,
                "ties": self._get_progress_ties(statement),
                "changes": self._get_progress_statement_changes(),
            },
        )

    # === WHAT WAS SENT === #

    def _get_progress_statement_layout(self):
        """Return the layout of the statement that goes along, `none` for none."""
        self.ensure_one()
        wanted = set(self._get_progress_orders().mapped("progress_statement_layout"))
        if self.state != "posted" or not self._has_progress_statement():
            return "none"
        return next(
            (name for name in ("construction", "simple") if name in wanted), "none"
        )

    def _get_progress_statement_paper_layout(self):
        """Return the layout for paper and files: as its orders want it, else all."""
        self.ensure_one()
        wanted = self._get_progress_orders().mapped("progress_statement_layout")
        return "simple" if set(wanted) == {"simple"} else "construction"

    def _get_progress_statement_workbook(self):
        """Return the statement as an XLSX file, in the customer's language."""
        self.ensure_one()
        move = self.with_context(lang=self.partner_id.lang or self.env.lang)
        return get_workbook(
            move._make_progress_statement(),
            self._get_progress_statement_filename("").rstrip("."),
            move._get_progress_statement_paper_layout(),
        )

    def _get_progress_statement_pdf(self):
        """Return the statement as PDF: what was sent, else as it is now."""
        self.ensure_one()
        sent = self._get_progress_statement_attachment()
        if sent:
            return sent[0].raw
        report = self.env["ir.actions.report"].sudo()
        name = "progress_billing.report_progress_statement"
        return report._render_qweb_pdf(name, self.ids)[0]

    def action_print_progress_statement(self):
        """Print the statement as it is now."""
        self.check_access("read")
        # In sudo mode because customers may not read which reports there are.
        report = self.env.ref(
            "progress_billing.action_report_progress_statement"
        ).sudo()
        return report.report_action(self)

    def action_export_progress_statement(self):
        """Download the statement as a workbook."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/my/invoices/{self.id}/statement?report_type=xlsx",
            "target": "download",
        }

    def _get_progress_statement_filename(self, extension="pdf"):
        """Return the name of the file that the statement is sent or exported as."""
        self.ensure_one()
        lang = self.partner_id.lang or self.env.lang
        title = self.with_context(lang=lang).env._("Statement")
        number = self._get_progress_number().replace("/", "_")
        return f"{title} {number}.{extension}"

    def _get_progress_statement_attachment(self):
        """Return the attachments that hold the statements as they were sent."""
        # In sudo mode because the figures were read so, too.
        attachments = self.env["ir.attachment"].sudo()
        if not self._get_progress_orders():
            return attachments
        return attachments.search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("res_field", "=", "progress_statement_file"),
            ]
        )

    def _get_progress_statement_placeholders(self):
        """Return what the host lists as a file that sending will make."""
        self.ensure_one()
        if self._get_progress_statement_layout() == "none":
            return []
        if self._get_progress_statement_attachment():
            return []
        name = self._get_progress_statement_filename()
        return [
            {
                "id": f"placeholder_{name}",
                "name": name,
                "mimetype": "application/pdf",
                "placeholder": True,
            }
        ]

    def _issue_progress_statements(self):
        """Make the statements that go along with posted invoices, and keep them.

        What was issued once stays as it is; resetting its invoice detaches it.
        """
        issued = self._get_progress_statement_attachment()
        wanted = self.filtered(
            lambda move: (
                move.id not in issued.mapped("res_id")
                and move._get_progress_statement_layout() != "none"
            )
        )
        if not wanted:
            return
        name = "progress_billing.report_progress_statement"
        report = self.env["ir.actions.report"].sudo()
        content, kind = report._pre_render_qweb_pdf(name, res_ids=wanted.ids)
        files = report._get_splitted_report(name, content, kind)
        # In sudo mode because nobody makes such a file by hand.
        self.env["ir.attachment"].sudo().create(
            [
                {
                    "name": move._get_progress_statement_filename(),
                    "raw": files[move.id],
                    "mimetype": "application/pdf",
                    "res_model": move._name,
                    "res_id": move.id,
                    "res_field": "progress_statement_file",
                }
                for move in wanted
            ]
        )
        for move in wanted.sudo():
            move.progress_statement_sent = move._get_progress_figures()
        wanted.invalidate_recordset(["progress_statement_file"])

    def _forget_progress_statements(self):
        """Let invoices that were reset be sent with a new statement.

        The host keeps the file, under a name that says so.
        """
        self.sudo().filtered("progress_statement_sent").progress_statement_sent = False

    def _get_progress_figures(self):
        """Return what a statement rests on, to tell later what of it changed.

        What each document billed, and what each order came to.
        """
        self.ensure_one()
        move, figures = self.sudo(), {}
        for order in move._get_progress_orders():
            key = f"{order._name},{order.id}"
            figures[key] = [order.name, order._get_progress_revised_amount()]
            moves = move._get_progress_moves_before(order) | move
            for other, amount in order._get_progress_journal_amounts(moves).items():
                key = f"{other._name},{other.id},{order.id}"
                figures[key] = [other.display_name, amount]
        return figures

    def _get_progress_statement_changes(self):
        """Return why the statement would say something else than what was sent.

        :return: list of texts, empty for a statement that was not sent, or stands.
        """
        self.ensure_one()
        sent = self.sudo().progress_statement_sent
        if not sent:
            return []
        now, changes = self._get_progress_figures(), []
        for key in {**sent, **now}:
            name, before = sent.get(key) or [now[key][0], 0.0]
            name, after = now.get(key) or [name, 0.0]
            if self.currency_id.compare_amounts(before, after):
                changes.append(
                    self.env._(
                        "%(name)s: %(before)s, now %(after)s",
                        name=name,
                        before=self._format_progress_amount(before),
                        after=self._format_progress_amount(after),
                    )
                )
        return changes

    def _format_progress_amount(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)
