"""Deposits: taken back by interim and final invoices, undone, told.

May use: the rooms before it.
"""

from . import account_move
from . import account_move_line
from . import sale_order
from . import sale_order_line
