"""What orders with work on projects have earned as of a day, and what they billed."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo.fields import Domain
from odoo.models import BaseModel


@dataclass
class Row:
    """One order: untaxed amounts in its currency.

    :ivar order: the sale order.
    :ivar contract: what its budget lines come to.
    :ivar earned: budget by budget, what of it is completed.
    :ivar billed: what was posted, less credit notes; deposits count.
    """

    order: BaseModel
    contract: float
    earned: float
    billed: float

    @property
    def difference(self):
        """Return what was billed and not earned, below zero if it is the other way."""
        return self.order.currency_id.round(self.billed - self.earned)

    @property
    def left(self):
        """Return what of the contract is still to be billed."""
        return self.order.currency_id.round(self.contract - self.billed)

    @property
    def percent(self):
        """Return what is earned in percent of the contract."""
        return 100.0 * self.earned / self.contract if self.contract else 0.0


def get_rows(company, date):
    """Return the `Row`s of a company's orders as of a day, by customer and order.

    Orders that one may see. The budgets are those of today; how far they were
    completed is what the history of their percentages says of that day.

    :param company: whose orders count, in the environment of who asks.
    :param date: the last day that counts.
    """
    end = _get_end(company, date)
    lines = company.env["sale.order.line"].search(
        Domain("progress_project_id", "!=", False)
        & Domain("company_id", "=", company.id)
        & Domain("order_id.state", "=", "sale")
        & Domain("order_id.date_order", "<", end)
    )
    _read_together(lines)
    percents = _get_percents(lines, end)
    rows = [
        _get_row(order, own, percents, date)
        for order, own in lines.grouped("order_id").items()
    ]
    return sorted(
        rows,
        key=lambda row: (
            row.order.partner_invoice_id.display_name or "",
            row.order.id,
        ),
    )


def _read_together(lines):
    """Read what is asked of each order, of all at once."""
    orders = lines.order_id
    orders.order_line.fetch(["display_type", "is_downpayment"])
    # In sudo mode because what was billed counts, whoever made the invoices.
    items = orders.sudo().order_line.invoice_lines
    items.mapped("amount_currency")
    lines.progress_project_id.sudo().fetch(["name"])


def _get_end(company, date):
    """Return the moment at which a day of the company ends, as the database has it."""
    zone = ZoneInfo(company._get_progress_tz())
    end = datetime.combine(date + timedelta(days=1), time(), zone)
    return end.astimezone(UTC).replace(tzinfo=None)


def _get_percents(lines, end):
    """Return line -> how far it was completed at a moment.

    What is entered now is what it was, as long as no change of it came later.
    """
    percents = {line: line.completed_percent for line in lines}
    # In sudo mode because who may see a line may see how it came to that.
    later = lines.sudo().progress_completion_ids.filtered(
        lambda change: change.create_date >= end
    )
    for change in later.sorted("id", reverse=True):
        percents[change.sale_line_id] = change.previous_percent
    return percents


def _get_row(order, lines, percents, date):
    rounded = order.currency_id.round
    earned = (rounded(line.budget_amount * percents[line] / 100.0) for line in lines)
    return Row(
        order=order,
        contract=rounded(sum(lines.mapped("budget_amount"))),
        earned=rounded(sum(earned)),
        billed=_get_billed(order, lines, date),
    )


def _get_billed(order, lines, date):
    """Return what was billed of some lines, or of the order as a whole.

    What bills other lines alone, such as goods beside the work, is left out.
    """
    others = order._get_progress_contract_lines() - lines
    items = order._get_progress_items()
    items -= (others | others.progress_deposit_line_ids).sudo().invoice_lines
    posted = items.filtered(
        lambda item: item.parent_state == "posted" and item.date <= date
    )
    return order._sum_progress_items(posted)
