"""The host's own tests, with our addon and without: it must make no difference."""

import json
import subprocess
import xml.etree.ElementTree as ElementTree
from collections import Counter

from . import host, places, profiles, steps, testing

#: Folders of the host's addons, with the classes to run (none: all of them).
SUITES = {
    "sale": "",
    "sale_project": "",
    "account": (
        "TestTaxesDownPayment or TestAccountMoveReconcile "
        "or TestAccountMoveOutInvoiceOnchanges or TestAccountMoveOutRefundOnchanges "
        "or TestAccountMoveDateAlgorithm or TestAccountPaymentRegister "
        "or TestSequenceMixin"
    ),
}
#: From the worst: a test and each of its subtests tell one.
OUTCOMES = ("error", "failure", "skipped", "passed")


def host_tests(args):
    """Run the host's suites; with ``--bare`` without our addon, the baseline.

    The baseline is kept in the cache, so that a later run with the addon, in any
    checkout, is compared with it. Other words go to pytest, for a part of the tests.
    """
    testing.need_browser()
    odoo = profiles.ready()
    bare, part = "--bare" in args, [word for word in args if word != "--bare"]
    profile = profiles.PROFILES["test"]
    template = profiles.template(profile, odoo)
    working = f"pb_{places.checkout_id()}_host"
    odoo.copy(template if bare else profiles.database(profile, odoo), working)
    odoo.build_assets(working)
    results = {}
    for suite, classes in SUITES.items():
        words = ["-k", classes, *part] if classes else part
        results |= _suite(odoo, working, suite, words)
    odoo.drop(working)
    baseline = places.cache() / "host-tests" / f"{template}.json"
    if bare and not part:
        baseline.parent.mkdir(parents=True, exist_ok=True)
        baseline.write_text(json.dumps(results, indent=0))
    return _compare(results, baseline, part)


def _suite(odoo, name, suite, words):
    """Return the outcomes of one suite, by the names of its tests.

    What failed runs once more, alone: a tour may time out on a busy machine.
    """
    print(f"the host's tests of {suite} in {name}", flush=True)
    results = _pytest(odoo, name, suite, words)
    if {"failure", "error"} & {*results.values()}:
        print("once more, one by one, what failed", flush=True)
        results |= _pytest(odoo, name, suite, [*words, "--lf", "-n", "1"])
    return results


def _pytest(odoo, name, suite, words):
    """Run one suite, two files at a time, and return the outcomes of its tests."""
    report = places.BUILD / "host-tests" / f"{suite}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    addons = (host.ensure() / path for path in ("odoo/addons", "addons"))
    folder = next(path / suite for path in addons if (path / suite).is_dir())
    command = odoo.tool(
        *("python", "-m", "pytest", "-q", "-c", "/dev/null", "-W", "ignore"),
        *(f"--rootdir={folder}", f"--confcutdir={folder.parent}"),
        *(f"--odoo-database={name}", "--odoo-http", f"--junit-xml={report}"),
        *("-o", f"cache_dir={report.with_suffix('')}", "-n", "2"),
        *("--dist", "loadfile", "--odoo-extra=max-cron-threads=0"),
        *(folder / "tests", *words),
    )
    code = subprocess.run(command, env=odoo.env, check=False).returncode
    if code == testing.NOTHING_COLLECTED:
        return {}
    if not report.exists():
        raise steps.Failure(f"The host's tests of {suite} did not run.")
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        test = f"{suite}: {case.get('classname')}.{case.get('name')}"
        outcomes = {child.tag for child in case} & {*OUTCOMES} or {"passed"}
        found[test] = found.get(test, set()) | outcomes
    return {test: min(tags, key=OUTCOMES.index) for test, tags in found.items()}


def _compare(results, baseline, part):
    """Print the tests whose outcome is not the baseline's; return 1 for a worse."""
    print(f"{len(results)} tests: {dict(Counter(results.values()))}")
    if not baseline.exists():
        print("no baseline to compare with: make host-tests ARGS=--bare")
        return 1
    expected = json.loads(baseline.read_text())
    names = {*results} if part else {*expected, *results}
    worse = False
    for name in sorted(names):
        before, now = (x.get(name, "not run") for x in (expected, results))
        if before != now:
            print(f"  {name}: {before} in the baseline, {now} here")
            worse = worse or now != "passed"
    print("worse than the baseline" if worse else "no worse than the baseline")
    return int(worse)
