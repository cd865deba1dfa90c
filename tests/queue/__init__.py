from . import test_jobs, test_runner, test_storm
