from . import account_move_reversal
from . import progress_billing_final
