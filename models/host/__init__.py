"""The moments at which Odoo calls us: each of its methods is extended once, here.

An extension reads as the list of what happens then; its steps live in the rooms.
"""

from . import account_move
from . import account_move_line
from . import account_move_send
from . import account_partial_reconcile
from . import ir_cron
from . import payment_transaction
from . import project_milestone
from . import project_project
from . import sale_order
from . import sale_order_line
from . import sale_order_template_line
