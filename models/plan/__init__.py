"""The first source: planned lines, and the templates they come from.

May use: arithmetic, settings.
"""

from . import progress_billing_line
from . import progress_billing_template
from . import sale_order
from . import sale_order_template
