from . import test_batches, test_proformas, test_scheduler
