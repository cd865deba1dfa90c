from . import test_set_up
