from . import progress_billing_final
