from . import account_move_reversal
from . import progress_billing_final
from . import sale_advance_payment_inv
from . import progress_billing_run
from . import progress_billing_generate
from . import progress_retention_release
from . import progress_billing_account
from . import progress_billing_postpone
