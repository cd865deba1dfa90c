from . import (
    test_batches,
    test_finals,
    test_proformas,
    test_retention,
    test_scheduler,
)
