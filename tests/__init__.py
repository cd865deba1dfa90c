from . import test_currency, test_deposit, test_host_gaps, test_house, test_undo
