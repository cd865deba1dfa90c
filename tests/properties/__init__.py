from . import test_bare_host
