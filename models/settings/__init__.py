"""What a company decides about progress billing, and what nobody writes by hand.

May use: arithmetic.
"""

from . import account_account
from . import progress_billing_guard
from . import res_company
from . import res_config_settings
from . import sale_order
