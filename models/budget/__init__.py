"""The second source: the revenue budget, work completed line by line.

May use: arithmetic, settings, plan.
"""

from . import progress_billing_completion
from . import progress_billing_rule
from . import project_milestone
from . import project_project
from . import project_task
from . import sale_order
from . import sale_order_line
