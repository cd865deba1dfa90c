from lxml import etree

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..arithmetic.retention import apportion
from ..exchange.account_move_line import COMPLETE_ITEMS
from ..settings.words import format_percent
from .payment_terms import find_payment_terms
from .retention_ledger import RetentionLedger


class AccountMove(models.Model):
    """Holds retention back when an invoice is posted, and undoes that."""

    _inherit = "account.move"

    is_retention_release = fields.Boolean(
        string="Release of Retention",
        readonly=True,
        copy=False,
        help="The invoice bills what was held back of earlier ones.",
    )
    has_retention = fields.Boolean(
        string="Holds Retention",
        readonly=True,
        copy=False,
        help="Posting made an entry that holds back a part of this invoice.",
    )
    retention_origin_id = fields.Many2one(
        comodel_name="account.move",
        string="Retention Entry of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The invoice whose posting made this entry.",
    )
    retention_entry_ids = fields.One2many(
        comodel_name="account.move",
        inverse_name="retention_origin_id",
        readonly=True,
    )
    retention_move_ids = fields.Many2many(
        comodel_name="account.move",
        string="Retention Entries",
        compute="_compute_retention_move_ids",
        help="Entries in effect that hold back a part of this invoice.",
    )
    retention_amount = fields.Monetary(
        string="Retention",
        compute="_compute_retention_amount",
        help="What this invoice holds back; of a draft, what posting will hold back. "
        "Below zero where it gives back.",
    )

    retention_deduction = fields.Monetary(
        string="Retention Deducted",
        compute="_compute_retention_amount",
        help="What an entry takes off the total of this invoice, negative; what its "
        "own lines hold back is off its total already.",
    )
    retention_payable_amount = fields.Monetary(
        string="To Pay",
        compute="_compute_retention_amount",
        help="The total less what is retained.",
    )
    retention_text = fields.Char(
        string="Retention Terms", compute="_compute_retention_text"
    )
    retention_preview = fields.Html(
        string="Retention on Posting",
        compute="_compute_retention_preview",
        sanitize=False,
        help="Items that posting makes, or made, to hold back a part of this invoice.",
    )

    @api.depends("has_retention", "retention_entry_ids.state")
    def _compute_retention_move_ids(self):
        for move in self:
            move.retention_move_ids = move.has_retention and (
                move.sudo().retention_entry_ids.filtered(
                    lambda entry: (
                        entry.state == "posted"
                        and not entry.reversed_entry_id
                        and "posted" not in entry.reversal_move_ids.mapped("state")
                    )
                )
            )

    @api.depends(
        "state",
        "has_retention",
        "amount_total",
        "line_ids.amount_currency",
        "retention_entry_ids.state",
    )
    def _compute_retention_amount(self):
        """Of posted ones from posted items, of drafts as posting will hold."""
        to_come = self.filtered(lambda move: not move.has_retention)
        holdings = to_come._get_retention_to_come()
        for move in self:
            by_lines = move._sum_retention_items(move.line_ids)
            deduction = sum(each.amount for each in holdings.get(move, ()))
            if move.has_retention:
                deduction = move._sum_retention_items(
                    move.sudo().retention_entry_ids.line_ids.filtered(
                        lambda item: item.parent_state == "posted"
                    )
                )
            sign = -1 if move.move_type == "out_refund" else 1
            move.retention_amount = by_lines + deduction
            move.retention_deduction = -sign * deduction or 0.0
            move.retention_payable_amount = move.amount_total - sign * deduction

    def _sum_retention_items(self, items):
        """Return what some items hold back, in the currency of the document."""
        self.ensure_one()
        retained = items.sudo().filtered("retention_order_id")
        # A form may have no currency for a moment.
        if self.is_retention_release or not retained:
            return 0.0
        return self.currency_id.round(sum(retained.mapped("amount_currency")))

    @api.depends("retention_deduction")
    @api.depends_context("lang")
    def _compute_retention_text(self):
        for move in self:
            orders = move.retention_deduction and move._get_retention_orders()
            move.retention_text = (
                ", ".join(
                    dict.fromkeys(order._get_retention_text() for order in orders)
                )
                if orders
                else False
            )

    @api.depends("retention_deduction", "state")
    def _compute_retention_preview(self):
        for move in self:
            rows = move.retention_deduction and move._origin._get_retention_rows()
            move.retention_preview = bool(rows) and self.env["ir.qweb"]._render(
                "progress_billing.retention_table", {"move": move, "rows": rows}
            )

    def _get_retention_rows(self):
        """Return the items that hold back a part of the invoice, as posting makes them.

        :return: list of dicts: `account`, `label`, `date` and `amount` (company
            currency, debit positive).
        """
        self.ensure_one()
        if self.state != "draft":
            items = self.sudo().retention_move_ids.line_ids
            return [
                {
                    "account": item.account_id,
                    "label": item.name,
                    "date": item.date,
                    "amount": item.balance,
                }
                for item in items
            ]
        holdings = self._get_retention_to_come().get(self)
        account = self.env["account.account"].sudo()
        return [
            {
                "account": account.browse(values["account_id"]),
                "label": values["name"],
                "date": self.date,
                "amount": values["balance"],
            }
            for values in (
                self.sudo()._prepare_retention_items(holdings) if holdings else ()
            )
        ]

    # === WHAT IS ABOUT RETENTION === #

    def _get_retention_orders(self):
        """Return the orders of which the documents hold, give back or release."""
        items = self.sudo().line_ids
        orders = items.sale_line_ids.order_id.filtered("has_retention")
        return (orders | items.retention_order_id).sudo(self.env.su)

    def _get_retained_documents(self):
        """Return the invoices and credit notes whose posting is about retention."""
        return self.filtered(
            lambda move: (
                move.move_type in ("out_invoice", "out_refund")
                and (
                    move.sudo().reversed_entry_id.has_retention
                    or move._get_retention_orders()
                )
            )
        )

    def _get_retention_to_come(self):
        """Return draft -> `Holding`s that its posting will make an entry of."""
        drafts = self._origin.filtered(lambda move: move.state == "draft")
        drafts = drafts._get_retained_documents()._get_retention_by_entry()
        by_origin = {move._origin: move for move in self}
        return {
            by_origin[move]: RetentionLedger(
                move._get_retention_orders(), move.sudo()
            ).hold(move.sudo())
            for move in drafts
        }

    def _get_retention_by_entry(self):
        """Return those of the documents that do not hold, or release, by lines alone.

        An invoice of several orders may do both.
        """
        return self.filtered(
            lambda move: (
                not move.is_retention_release
                and (
                    not move.sudo().line_ids.retention_order_id
                    or not all(
                        x._holds_by_lines() for x in move._get_retention_orders()
                    )
                )
            )
        )

    # === POSTING === #

    def _check_retention_posting(self):
        """Refuse to post what cannot be held, or releases more than is held."""
        orders = self._get_retention_orders()
        orders._lock_retention()
        # Read at once, not one by one.
        orders.mapped("currency_id")
        for move in self:
            for order in move._get_retention_orders():
                move._check_progress_currency(order)
        self._check_retention_released()
        holding = self._get_retention_by_entry().filtered(
            lambda move: not move.sudo().reversed_entry_id
        )
        for move in holding:
            move._check_retention_terms()

    def _check_retention_terms(self):
        """Refuse an invoice whose discount or taxes retention cannot go with."""
        self.ensure_one()
        orders = self._get_retention_orders().filtered(
            lambda order: not order.retention_guarantee_reference
        )
        if not orders:
            return
        orders._check_retention_account()
        names = {
            "invoice": self.display_name,
            "orders": ", ".join(orders.mapped("display_name")),
        }
        if self.invoice_payment_term_id.early_discount:
            raise UserError(
                self.env._(
                    "You cannot post %(invoice)s because its payment terms grant an "
                    "early-payment discount, and %(orders)s is retained: it is open "
                    "which part the discount is of. Choose other payment terms.",
                    **names,
                )
            )
        taxes = self.sudo().line_ids.tax_ids.flatten_taxes_hierarchy()
        taxes = taxes.filtered(lambda tax: tax.tax_exigibility == "on_payment")
        if taxes and not all(order._holds_by_lines() for order in orders):
            raise UserError(
                self.env._(
                    "You cannot post %(invoice)s because tax %(tax)s is due on "
                    "payment, and the part of it that %(orders)s retains would be due "
                    "now. Let the taxes of retention be due with the release.",
                    tax=", ".join(taxes.mapped("name")),
                    **names,
                )
            )

    def _check_retention_released(self):
        """Refuse to release more of an invoice than is held of it."""
        releases = self.sudo().filtered(
            lambda move: move.is_retention_release and move.move_type == "out_invoice"
        )
        items = releases.line_ids.filtered("retention_order_id")
        held = items.retention_order_id._get_retention_open() if items else {}
        for item in items:
            order, move = item.retention_order_id, item._get_retained_move()
            rest = held[order].get(move, 0.0) + item.amount_currency
            if order.currency_id.compare_amounts(rest, 0.0) < 0:
                raise UserError(
                    self.env._(
                        "You cannot post %(release)s because it releases %(amount)s "
                        "of %(invoice)s, of which %(held)s is held. Delete the draft "
                        "and create it again.",
                        release=item.move_id.display_name,
                        amount=order._format_progress(-item.amount_currency),
                        invoice=move.name,
                        held=order._format_progress(held[order].get(move, 0.0)),
                    )
                )
            held[order][move] = rest

    def _hold_retention(self):
        """Make the entries that hold back what posted documents are to hold.

        Never twice: what has its entry already is left alone.
        """
        moves = self.filtered(
            lambda move: move.state == "posted" and not move.has_retention
        )._get_retained_documents()
        by_entry = moves._get_retention_by_entry()
        # In sudo mode because whoever posts need not write in the entries' journal.
        ledger = RetentionLedger(by_entry._get_retention_orders(), by_entry)
        holdings = {move: ledger.hold(move) for move in by_entry.sudo()}
        holdings = {move: found for move, found in holdings.items() if found}
        by_lines = moves.sudo().filtered("line_ids.retention_order_id")
        by_lines.filtered(
            lambda move: not move.is_retention_release
        ).has_retention = True
        by_lines._reconcile_retention()
        if holdings:
            self._book_retention(holdings)

    @api.model
    def _book_retention(self, holdings):
        """Make, post and reconcile the entries that hold back a part of documents.

        :param holdings: dict of document -> list of its `Holding`s.
        """
        moves = self.browse().union(*holdings).sudo()
        journals = {
            company: company._get_retention_entry_journal()
            for company in moves.company_id
        }
        given = self.env["account.move.line"]._get_progress_given_values()
        # Nothing is earned or spent by it, whatever the analytics of the invoice.
        given["analytic_distribution"] = False
        # It is logged that it was created, but followed by nobody and not tracked.
        spared = self.sudo().with_context(
            **COMPLETE_ITEMS,
            validate_analytic=False,
            mail_create_nosubscribe=True,
            mail_notrack=True,
        )
        entries = spared.create(
            [
                move._prepare_retention_entry(found, journals[move.company_id], given)
                for move, found in holdings.items()
            ]
        )
        entries.line_ids._forget_progress_prices()
        entries._post(soft=False)
        entries = entries.with_env(moves.env)
        moves.with_context(**COMPLETE_ITEMS).has_retention = True
        entries._reconcile_retention()

    def _reconcile_retention(self):
        """Reconcile the items of entries of retention, and of releases."""
        items = self.env["account.move.line"].sudo()
        plan = []
        for entry in self:
            items |= entry.line_ids.filtered("retention_order_id")
            plan += entry._get_retention_pairs()
        if plan:
            # Of invoices, nothing but what is left to pay changes.
            items.with_context(**COMPLETE_ITEMS)._reconcile_plan(plan)
        if items:
            items._reconcile_retention()

    def _get_retention_pairs(self):
        """Return what is reconciled together: each instalment with its share.

        The share of one that is paid already, as of an order that was paid online, is
        taken off the others.
        """
        terms = self.retention_origin_id._get_retention_term_items()
        own = self.line_ids.filtered(lambda item: not item.retention_order_id)
        pairs, left = [], own.browse()
        for term, item in zip(terms, own if terms else (), strict=False):
            if term.reconciled:
                left |= item
            elif term.amount_currency * item.amount_currency < 0.0:
                pairs.append(term | item)
        still_due = terms.filtered(lambda item: not item.reconciled)
        return [*pairs, still_due | left] if left and still_due else pairs

    def _get_retention_term_items(self):
        """Return the items of the payment terms, in order."""
        items = self.sudo().line_ids.filtered(
            lambda item: item.display_type == "payment_term"
        )
        return items.sorted(lambda item: (item.date_maturity or item.date, item.id))

    # === THE ENTRY === #

    def _prepare_retention_entry(self, holdings, journal, given):
        """Return the values of the entry that holds back a part of a document.

        :param holdings: list of `Holding`s.
        :param given: values of each item that the host would derive.
        """
        self.ensure_one()
        return {
            "move_type": "entry",
            "date": self.date,
            "journal_id": journal.id,
            "company_id": self.company_id.id,
            "partner_id": self.commercial_partner_id.id,
            "currency_id": self.currency_id.id,
            "ref": self._get_retention_title(sum(each.amount for each in holdings)),
            "retention_origin_id": self.id,
            "line_ids": [
                Command.create({**given, **values})
                for values in self._prepare_retention_items(holdings)
            ],
        }

    def _prepare_retention_items(self, holdings):
        """Return the values of the items that hold back a part of a document.

        :param holdings: list of `Holding`s.
        """
        self.ensure_one()
        receivable = self._prepare_retention_receivable(
            sum(each.amount for each in holdings)
        )
        balances = apportion(
            -sum(values["balance"] for values in receivable),
            [each.amount for each in holdings],
            self.company_currency_id,
        )
        return receivable + [
            self._prepare_retention_item(each, balance)
            for each, balance in zip(holdings, balances, strict=True)
        ]

    def _prepare_retention_receivable(self, amount):
        """Return the items that lower each instalment by its share.

        At the rates of the instalments themselves, so that no difference arises; an
        invoice of nothing, which can still give back, has the rate of its day.
        """
        terms = self._get_retention_term_items()
        parts = apportion(amount, terms.mapped("amount_currency"), self.currency_id)
        result = []
        for term, part in zip(terms, parts, strict=True):
            rate = self._get_progress_rate()
            if term.amount_currency:
                rate = term.balance / term.amount_currency
            result.append(
                {
                    "account_id": term.account_id.id,
                    "partner_id": term.partner_id.id,
                    "currency_id": self.currency_id.id,
                    "date_maturity": term.date_maturity,
                    "amount_currency": -part,
                    "balance": -self.company_currency_id.round(part * rate),
                    "name": self._get_retention_title(amount),
                    "tax_ids": [Command.clear()],
                }
            )
        return result

    def _prepare_retention_item(self, holding, balance):
        """Return the item on the retention account of a `Holding`."""
        account = holding.account or self.company_id.retention_account_id
        return {
            "account_id": account.id,
            "partner_id": self.commercial_partner_id.id,
            "currency_id": self.currency_id.id,
            "amount_currency": holding.amount,
            "balance": balance,
            "name": self._get_retention_label(holding),
            "retention_order_id": holding.order.id,
            "retention_move_id": holding.invoice.id,
            "tax_ids": [Command.clear()],
        }

    def _get_retention_title(self, amount):
        """Return what an entry is called that holds back an amount of the document."""
        number = self._get_progress_number()
        if amount < 0.0:
            return self.env._("Retention given back with %(invoice)s", invoice=number)
        return self.env._("Retention of %(invoice)s", invoice=number)

    def _get_retention_label(self, holding):
        """Return the label of what a document holds back, or gives back."""
        names = {
            "order": holding.order.name,
            "invoice": holding.invoice._get_progress_number(),
            "document": self._get_progress_number(),
        }
        if holding.amount < 0.0:
            return self.env._(
                "Retention of %(invoice)s given back with %(document)s (%(order)s)",
                **names,
            )
        percent = holding.order._get_retention_single_rate()
        exact = holding.billed * percent / 100.0
        # Another amount, because of a cap or a changed rate, is not called by the rate;
        # what was rounded the other way, as all that is billed is rounded once, is.
        if percent and abs(holding.amount - exact) < self.currency_id.rounding:
            return self.env._(
                "Retention of %(percent)s of %(invoice)s (%(order)s)",
                percent=format_percent(self.env, percent),
                **names,
            )
        return self.env._("Retention of %(invoice)s (%(order)s)", **names)

    # === ELECTRONIC INVOICE === #

    def _get_retention_terms_text(self):
        """Return the retention in words, with its amount, for whoever reads no page."""
        self.ensure_one()
        partner = self.partner_id
        move = self.with_context(lang=partner.lang or self.env.lang)
        return move.env._(
            "%(terms)s: %(amount)s. To pay: %(payable)s",
            terms=move.retention_text,
            amount=move.currency_id.format(move.retention_deduction),
            payable=move.currency_id.format(move.retention_payable_amount),
        )

    def _tell_retention_terms(self, content):
        """Return an electronic invoice that names the retention in its payment terms.

        The amount to pay is right by itself: it is what is left to pay.

        :param bytes content: UBL or CII (Factur-X), as the host made it.
        """
        self.ensure_one()
        if not self.retention_deduction:
            return content
        tree = etree.fromstring(content)
        terms = find_payment_terms(tree)
        if terms is None:
            return content
        texts = [terms.text, self._get_retention_terms_text()]
        terms.text = "\n".join(text for text in texts if text)
        return etree.tostring(tree, xml_declaration=True, encoding="UTF-8")

    # === INVOICE TRANSACTIONS === #

    def _get_progress_transactions(self):
        """Return every journal item that posting makes, for the report.

        :return: list of dicts: `title` and `rows` (each `account`, `label`, `date`,
            `amount`, `amount_currency`), the invoice first, then its adjustments.
        """
        self.ensure_one()
        items = self.line_ids.filtered("account_id")
        groups = [
            {
                "title": self.env._("Invoice"),
                "rows": [
                    {
                        "account": item.account_id,
                        "label": item.name,
                        "date": item.date,
                        "amount": item.balance,
                        "amount_currency": item.amount_currency,
                    }
                    for item in items.sorted(lambda item: (-item.balance, item.id))
                ],
            }
        ]
        further = {
            self.env._("Adjustment of deposits"): self._get_progress_adjustments(),
            self.env._("Exchange difference"): self._get_progress_credit_rows(),
            self.env._("Retention"): self._get_retention_rows(),
        }
        groups += [{"title": title, "rows": rows} for title, rows in further.items()]
        return [group for group in groups if group["rows"]]

    # === UNDOING === #

    def _check_retention_undo(self):
        """Refuse to undo an invoice whose retention went on, and an entry by hand."""
        for move in self:
            origin = move.retention_origin_id
            if (
                move.state == "posted"
                and origin.state == "posted"
                and move in origin.retention_move_ids
            ):
                raise UserError(
                    self.env._(
                        "You cannot reset %(entry)s because it holds back a part of "
                        "%(invoice)s. Reset that invoice.",
                        entry=move.display_name,
                        invoice=origin.display_name,
                    )
                )
            if move.has_retention:
                move._check_retention_unused()

    def _check_retention_unused(self):
        """Refuse to undo an invoice whose retention was released or given back."""
        items = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [("retention_move_id", "=", self.id), ("parent_state", "=", "posted")]
            )
        )
        documents = {}
        for item in items:
            document = item._get_retention_document()
            if document != self:
                amount = documents.get(document, 0.0)
                documents[document] = amount + item.amount_currency
        used = [
            document
            for document, amount in documents.items()
            if not self.currency_id.is_zero(amount)
        ]
        if used:
            raise UserError(
                self.env._(
                    "You cannot reset %(invoice)s because %(others)s released or gave "
                    "back what it retains. Undo that first.",
                    invoice=self.display_name,
                    others=", ".join(document.display_name for document in used),
                )
            )

    def _undo_retention(self):
        """Reverse the entries that hold back a part of these documents."""
        moves = self.filtered("has_retention").sudo()
        if moves:
            moves._get_retention_orders()._lock_retention()
            moves.retention_move_ids._reverse_progress_entries()
            moves.has_retention = False

    def _link_retention_reversals(self, reversals):
        """Tell reversals of releases and entries of retention what they are."""
        for move, reversal in zip(self, reversals.sudo(), strict=True):
            if move.is_retention_release:
                reversal.is_retention_release = True
            if move.retention_origin_id:
                reversal.retention_origin_id = move.retention_origin_id

    # === PAYMENT === #

    def _is_progress_payment(self):
        """Return whether an entry pays what it settles of an invoice.

        An invoice, a credit note and what holds back do not.
        """
        self.ensure_one()
        return not self.is_sale_document() and not self.retention_origin_id

    def _get_retention_to_pay(self):
        """Return the open items by which entries gave back what is due with these.

        They stand beside the invoice, whose own amount they are not part of.
        """
        holding = self.sudo().filtered("has_retention")
        items = holding.retention_move_ids.line_ids
        return items.filtered(
            lambda item: (
                item.account_id.account_type == "asset_receivable"
                and item.amount_currency > 0.0
                and not item.reconciled
            )
        )

    def _add_retention_to_pay(self, action):
        """Let what is given back with the invoices be paid along with them."""
        items = self._get_retention_to_pay()
        if items:
            context = action["context"]
            context["active_ids"] = [*context["active_ids"], *items.ids]
            if len(self) == 1:
                context["default_group_payment"] = True
        return action

    def _complete_retention_payment(self, values):
        """Say what is due, given back amounts included, and what of it was paid.

        :param values: the host's, for portal and payment links, changed in place.
        """
        if not values or not self.has_retention:
            return
        given = sum(self._get_retention_to_pay().mapped("amount_residual_currency"))
        if given and values["next_amount_to_pay"] == values["amount_due"]:
            values["next_amount_to_pay"] += given
        values["amount_due"] += given
        values["amount_paid"] = self.currency_id.round(
            self.retention_payable_amount - self.amount_residual - given
        )

    def _reconcile_retention_payment(self, payment):
        """Let an online payment pay what is given back with the invoices, too."""
        items = self._get_retention_to_pay()
        rest = payment.sudo().move_id.line_ids.filtered(
            lambda item: (
                item.account_id in items.account_id and item.amount_residual < 0.0
            )
        )
        if rest:
            (items | rest).reconcile()

    def _hide_retention_payments(self):
        """Take the entries of retention out of what is shown as paid."""
        for move in self.filtered("has_retention"):
            widget = move.invoice_payments_widget
            if not widget:
                continue
            entries = move.sudo().retention_entry_ids.ids
            rows = [row for row in widget["content"] if row["move_id"] not in entries]
            move.invoice_payments_widget = bool(rows) and {**widget, "content": rows}

    def _correct_retention_payment_state(self):
        """Leave invoices unpaid of which nothing but retention was taken off."""
        for move in self.filtered("has_retention"):
            if move.payment_state != "partial":
                continue
            terms = move._get_retention_term_items()
            partials = terms.matched_debit_ids | terms.matched_credit_ids
            others = (partials.debit_move_id | partials.credit_move_id).move_id - move
            if all(other.retention_origin_id == move for other in others):
                move.payment_state = "not_paid"
