from . import test_deliveries, test_loyalty, test_timesheets
