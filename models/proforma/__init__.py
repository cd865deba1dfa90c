"""The document between claim and invoice, for the customer to approve.

May use: arithmetic, settings, plan, budget.
"""

from . import account_move
from . import progress_billing_proforma
from . import progress_billing_proforma_line
from . import project_project
from . import sale_order_line
