"""One way to bill many records: all together, or else in parts.

What goes wrong is of three kinds, told apart here and nowhere else:

* a *refusal* is an answer: its text says why, and what to do about it;
* what the database wants to be *tried again* is nobody's fault. It goes up to whoever
  began the transaction (the scheduler, the job queue, the web client), who repeats it;
* anything else is a *defect*. It is told like a refusal, so that the other records are
  billed all the same, and traced in the log.
"""

import logging
from contextlib import closing

from psycopg2 import Error, OperationalError

from odoo.exceptions import ConcurrencyError, RedirectWarning, UserError

REFUSALS = (UserError, RedirectWarning)
TRIED_AGAIN = (OperationalError, ConcurrencyError)

_logger = logging.getLogger(__name__)


def bill_in_parts(records, bill, share=None):
    """Bill records together, or else in smaller parts until what fails stands alone.

    :param records: recordset; parts of it keep its order.
    :param bill: function that bills a recordset. What it wrote is undone if it raises.
    :param share: function of a record; records with the same result share a document,
        which is made without those that cannot be billed. None: each has its own.
    :return: tuple of (list of what `bill` returned, dict of record -> exception).
    """
    made, failures = [], {}
    parts = [records] if records else []
    while parts:
        part = parts.pop(0)
        result, error = _try_together(part, bill)
        if not error:
            made.append(result)
        elif len(part) == 1:
            failures[part] = error
        else:
            _logger.info("Billing goes on in smaller parts: %s", error)
            parts[:0] = _get_parts(part, bill, share)
    return made, failures


def _try_together(records, bill):
    """Bill the records, or undo it all; return (what `bill` returned, exception)."""
    try:
        with records.env.cr.savepoint():
            return bill(records), None
    except TRIED_AGAIN:
        raise
    except Exception as error:  # noqa: BLE001
        records.env.invalidate_all()
        return None, error


def _get_parts(records, bill, share):
    """Return recordsets to bill instead of all the records at once."""
    groups = list(records.grouped(share).values()) if share else list(records)
    if len(groups) > 1:
        return groups
    good = _find_good(records, bill)
    if not good or good == records:
        return list(records)
    return [good, *(records - good)]


def _find_good(records, bill):
    """Return the records that can be billed one after the other; nothing stays."""
    with closing(records.env.cr.savepoint()):
        return records.filtered(lambda record: not _try_together(record, bill)[1])


def explain(failures):
    """Log why records were not billed and say it in words.

    :param failures: dict of record -> exception, from `bill_in_parts`.
    :return: dict of record -> text.
    """
    texts = {}
    for record, error in failures.items():
        texts[record] = _get_message(error)
        _logger.warning(
            "%s was not billed: %s",
            record.display_name,
            texts[record],
            exc_info=None if isinstance(error, REFUSALS) else error,
        )
    return texts


def _get_message(error):
    """Return what an exception says, without where in the database it came up."""
    message = isinstance(error, Error) and error.diag.message_primary
    return message or str(error.args[0] if error.args else error)
