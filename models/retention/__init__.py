"""Retention: what customers hold back of invoices, and its release.

May use: the rooms before it.
"""

from . import account_move
from . import account_move_line
from . import progress_retention_step
from . import progress_retention_terms
from . import project_project
from . import res_company
from . import res_config_settings
from . import res_partner
from . import sale_order
from . import sale_order_line
from . import sale_order_template
