from . import test_any_actions, test_bare_host
