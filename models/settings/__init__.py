"""What a company decides about progress billing.

May use: arithmetic.
"""

from . import res_company
from . import res_config_settings
