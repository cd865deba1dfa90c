"""When money of customers is expected: open invoices, and what is to be billed."""

from dataclasses import dataclass
from datetime import date

from odoo.fields import Domain
from odoo.models import BaseModel

KINDS = OPEN, PLANNED, FINAL, QUOTATION = ("open", "planned", "final", "quotation")


@dataclass(frozen=True)
class Receipt:
    """What is expected of a customer on a day, taxes included, in company currency.

    :ivar kind: what it comes from: `open`, `planned`, `final` or `quotation`.
    :ivar day: when it is due, never before the day that one looks; None if nobody
        knows, as of what waits for a milestone.
    """

    kind: str
    partner: BaseModel
    order: BaseModel
    move: BaseModel
    name: str
    day: date | None
    amount: float


class Forecast:
    """What a company expects, as far as one may see it.

    :param company: in the environment of who asks.
    :param today: the day that one looks; what is late is expected then.
    :param probability: how likely quotations are, in percent; None leaves them out.
    """

    def __init__(self, company, today, probability=None):
        self.env = company.env
        self.company, self.today, self.probability = company, today, probability

    def get_receipts(self):
        """Return the `Receipt`s, the first day first and those without one last."""
        receipts = [*self._get_open(), *self._get_to_bill()]
        if self.probability is not None:
            receipts += self._get_quotations()
        far = date.max
        return sorted(
            (receipt for receipt in receipts if receipt.amount),
            key=lambda receipt: (
                receipt.day or far,
                KINDS.index(receipt.kind),
                receipt.partner.id,
                receipt.name,
            ),
        )

    def _get_open(self):
        """Return what posted invoices and credit notes have open."""
        Item = self.env["account.move.line"]
        if not Item.has_access("read"):
            return
        items = Item.search(
            Domain("company_id", "=", self.company.id)
            & Domain("parent_state", "=", "posted")
            & (
                Domain("move_id.move_type", "in", ("out_invoice", "out_refund"))
                # What is given back of retention stands beside its invoice.
                | Domain("move_id.retention_origin_id", "!=", False)
            )
            & Domain("account_id.account_type", "=", "asset_receivable")
            & Domain("amount_residual", "!=", 0.0)
        )
        for item in items:
            yield Receipt(
                kind=OPEN,
                partner=item.partner_id,
                order=self.env["sale.order"],
                move=item.move_id,
                name=item.move_name,
                day=max(item.date_maturity or item.date, self.today),
                amount=item.amount_residual,
            )

    def _get_to_bill(self):
        """Return what planned lines and final invoices of orders are to bring."""
        orders = self._get_open_orders()
        self._read_together(orders)
        for order in orders:
            steps = order._get_progress_schedule().steps
            to_come = [step for step in steps if not step.move]
            last = max(filter(None, (step.when for step in steps)), default=self.today)
            for step in to_come:
                is_final = step.line == order
                when = last if is_final else self._get_planned_day(step)
                yield from self._get_due(
                    FINAL if is_final else PLANNED, order, step.name, when, step.amount
                )

    def _get_planned_day(self, step):
        """Return the day of a planned step; today of one whose milestone is reached."""
        is_reached = step.milestone and step.line.milestone_id.is_reached
        return self.today if is_reached else step.when

    def _get_open_orders(self):
        """Return the orders billed by progress of which something is to come."""
        orders = self.env["sale.order"]
        return orders.search(
            Domain("company_id", "=", self.company.id)
            & Domain("state", "=", "sale")
            & orders._get_progress_unfinished_domain()
        )

    def _read_together(self, orders):
        """Read what is asked of each order, of all at once."""
        # In sudo mode because what was billed counts, whoever made the invoices.
        lines = orders.sudo().order_line
        lines.fetch(["display_type", "is_downpayment"])
        items = lines.invoice_lines | lines.progress_item_ids
        items |= orders.sudo().progress_line_ids.invoice_line_ids
        items.mapped("amount_currency")
        items.move_id.mapped("reversal_move_ids.state")
        items.move_id.mapped("amount_total")
        items.move_id.line_ids.mapped("amount_currency")
        items.move_id.line_ids.fetch(["tax_ids", "tax_tag_ids", "sale_line_ids"])
        lines.progress_proforma_line_ids.fetch(["proforma_id"])
        orders.payment_term_id.line_ids.fetch(["value", "value_amount"])

    def _get_quotations(self):
        """Return what quotations are to bring, as likely as they are."""
        quotations = self.env["sale.order"].search(
            Domain("company_id", "=", self.company.id)
            & Domain("state", "in", ("draft", "sent"))
        )
        for order in quotations:
            amount = order.currency_id.round(
                order.amount_total * self.probability / 100.0
            )
            when = order.validity_date or self.today
            yield from self._get_due(QUOTATION, order, order.name, when, amount)

    def _get_due(self, kind, order, name, when, amount):
        """Return the `Receipt`s of an invoice of some day, by its payment terms."""
        billed = max(when, self.today) if when else None
        rate = self.env["res.currency"]._get_conversion_rate(
            order.currency_id, self.company.currency_id, self.company, self.today
        )
        parts = [(billed, self.company.currency_id.round(amount * rate))]
        if billed and order.payment_term_id:
            parts = self._split(order, billed, amount, parts[0][1])
        for day, part in parts:
            yield Receipt(
                kind=kind,
                partner=order.partner_invoice_id,
                order=order,
                move=self.env["account.move"],
                name=name,
                day=day,
                amount=part,
            )

    def _split(self, order, billed, amount, balance):
        """Return (day, amount in company currency) of each part that is due."""
        terms = order.payment_term_id._compute_terms(
            date_ref=billed,
            currency=order.currency_id,
            company=self.company,
            tax_amount=0.0,
            tax_amount_currency=0.0,
            sign=1,
            untaxed_amount=balance,
            untaxed_amount_currency=amount,
        )
        return [(part["date"], part["company_amount"]) for part in terms["line_ids"]]
