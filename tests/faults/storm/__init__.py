from . import test_storm
