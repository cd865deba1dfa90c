"""Ledgers and reports: what accounts hold as of a day, and how that is shown.

May use: the rooms before it.
"""

from . import progress_report
from . import progress_ledger
