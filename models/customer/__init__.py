"""What the customer reads: the billing schedule, and what an invoice is and follows.

May use: the rooms before it.
"""

from . import account_move
from . import progress_billing_line
from . import project_project
from . import sale_order
