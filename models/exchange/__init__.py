"""What a moved rate asks for: deposits and their taxes are adjusted to it.

May use: the rooms before it.
"""

from . import account_move
from . import account_move_line
from . import account_partial_reconcile
