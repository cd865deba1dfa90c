from . import res_company
from . import res_config_settings
from . import progress_billing_line
from . import progress_billing_line_amounts
from . import progress_billing_line_claims
from . import progress_billing_allocator
from . import progress_billing_builder
from . import progress_billing_builder_values
from . import progress_billing_cron
from . import progress_billing_adjuster
from . import account_move
from . import account_move_adjustment
from . import account_move_line
from . import account_move_line_adjustment
from . import sale_order
from . import sale_order_balances
from . import sale_order_billing
from . import sale_order_final
from . import sale_order_history
from . import sale_order_life
from . import sale_order_preview
from . import sale_order_line_deposit

# Plans of instalments, runs and interim invoices.
from . import progress_billing_template
from . import progress_billing_template_line
