"""The whole book of work at a glance: what is due, late, open and to be set up.

May use: the rooms before it.
"""

from . import progress_billing_overview
from . import sale_order
