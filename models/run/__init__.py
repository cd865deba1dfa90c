"""Who starts it: the wizard, the scheduled job, the job queue.

May use: the rooms before it.
"""

from . import ir_cron
from . import progress_billing_line
from . import project_project
from . import sale_order
from . import sale_order_line
