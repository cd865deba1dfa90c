from . import test_deposit, test_host_gaps, test_house, test_undo
