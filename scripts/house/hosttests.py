"""The host's own tests: all of them pass without our addon, so they must with it."""

import subprocess

from . import host, places, profiles, runs, testing

FAILED = 1
#: Profile -> folders of the host's addons, with the classes to run (none: all of them).
SUITES = {
    "test": {
        "sale": "",
        "sale_project": "",
        "account": (
            "TestTaxesDownPayment or TestAccountMoveReconcile "
            "or TestAccountMoveOutInvoiceOnchanges "
            "or TestAccountMoveOutRefundOnchanges or TestAccountMoveDateAlgorithm "
            "or TestAccountPaymentRegister or TestSequenceMixin"
        ),
    },
    "stock": {"sale_loyalty": "", "sale_timesheet": "", "sale_stock": ""},
}


def host_tests(args):
    """Run the host's suites; with ``--bare`` without our addon, to compare.

    Other words go to pytest, for a part of the tests. What failed runs once more,
    alone: a tour may time out on a busy machine.

    :return: 1 when a test failed twice, or none was found
    """
    testing.need_browser()
    odoo = profiles.ready()
    bare, part = "--bare" in args, [word for word in args if word != "--bare"]
    codes = {
        code for profile in SUITES for code in _run_profile(odoo, profile, bare, part)
    }
    good = 0 in codes and codes <= {0, runs.NOTHING_COLLECTED}
    print("all passed" if good else "tests failed, or none was found")
    return int(not good)


def _run_profile(odoo, profile, bare, part):
    """Run the suites of one profile; return their exit codes."""
    make = profiles.template if bare else profiles.database
    source = make(profiles.PROFILES[profile], odoo)
    working = f"pb_{places.checkout_id()}_host"
    odoo.copy(source, working)
    odoo.build_assets(working)
    suites = SUITES[profile].items()
    codes = [_suite(odoo, working, suite, words, part) for suite, words in suites]
    odoo.drop(working)
    return codes


def _suite(odoo, name, suite, classes, part):
    """Run one suite and return pytest's exit code."""
    print(f"the host's tests of {suite} in {name}", flush=True)
    words = ["-k", classes, *part] if classes else part
    code = _pytest(odoo, name, suite, words)
    if code == FAILED:
        print("once more, one by one, what failed", flush=True)
        code = _pytest(odoo, name, suite, [*words, "--lf", "-n", "1"])
    return code


def _pytest(odoo, name, suite, words):
    """Run pytest on one suite, two files at a time; return its exit code."""
    addons = (host.ensure() / path for path in ("odoo/addons", "addons"))
    folder = next(path / suite for path in addons if (path / suite).is_dir())
    command = odoo.tool(
        *("python", "-m", "pytest", "-q", "-c", "/dev/null", "-W", "ignore"),
        *(f"--rootdir={folder}", f"--confcutdir={folder.parent}"),
        *(f"--odoo-database={name}", "--odoo-http", "--odoo-extra=max-cron-threads=0"),
        *("-o", f"cache_dir={places.BUILD / 'host-tests' / suite}"),
        *("-n", "2", "--dist", "loadfile", folder / "tests", *words),
    )
    return subprocess.run(command, env=odoo.env, check=False).returncode
