"""The progress statement: line by line what was billed before, now and in all.

May use: the rooms before it.
"""

from . import account_move
from . import progress_billing_line
from . import progress_billing_proforma
from . import sale_order
