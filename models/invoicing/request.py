"""How orders are to be invoiced: the one value that passes through the host's code."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class InvoicingRequest:
    """What is asked of the host's order invoicing, which has no arguments for it.

    :ivar is_final: bill all that is not invoiced yet, less all deposits.
    :ivar date: date of a final invoice, None for today.
    :ivar is_preview: only the invoices' values are wanted, see `InvoicesPrepared`.
    :ivar recoupment: how much of its deposits a regular invoice takes back:
        `proportional`, `fit` or `none`.
    :ivar recalls: id of a deposit -> {(taxes, account): `amounts.Share`} to take back,
        worked out for an order as a whole; None before.
    :ivar section_order_ids: orders that share an invoice, each under its section.
    :ivar is_batch: balances are worked out before the invoices are created.
    :ivar is_plain_analytic: no model distributes analytics, and the host need not look.
    :ivar is_without_project: no project is linked, and the host need not look.
    """

    is_final: bool = False
    date: datetime.date | None = None
    is_preview: bool = False
    recoupment: str = "proportional"
    recalls: Mapping | None = None
    section_order_ids: frozenset = frozenset()
    is_batch: bool = False
    is_plain_analytic: bool = False
    is_without_project: bool = False


class InvoicesPrepared(Exception):
    """Ends a preview: nothing is created.

    :ivar vals_list: the values of the invoices, as the host would create them.
    """

    def __init__(self, vals_list):
        super().__init__()
        self.vals_list = vals_list


def get_request(records):
    """Return the `InvoicingRequest` under way in the records' environment.

    What a client sends under its name is none.
    """
    request = records.env.context.get("progress_invoicing")
    return request if isinstance(request, InvoicingRequest) else InvoicingRequest()


def with_request(records, **changes):
    """Return the records in an environment whose request has some other values."""
    return records.with_context(
        progress_invoicing=replace(get_request(records), **changes)
    )
