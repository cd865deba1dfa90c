"""Claims become draft invoices: what an order has billed, may bill, and bills next.

May use: arithmetic, settings and the rooms of the sources before it.
"""

from . import account_move
from . import account_move_line
from . import allocator
from . import builder
from . import sale_order
from . import sale_order_line
