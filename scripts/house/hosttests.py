"""The host's own tests, with our addon and without: it must make no difference."""

import json
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from . import assets, host, places, profiles, steps, testing

#: Folders of the host's addons, with the classes to run (none: all of them).
SUITES = {
    "sale": (),
    "sale_project": (),
    "account": (
        "TestTaxesDownPayment",
        "TestAccountMoveReconcile",
        "TestAccountMoveOutInvoiceOnchanges",
        "TestAccountMoveOutRefundOnchanges",
        "TestAccountMoveDateAlgorithm",
        "TestAccountPaymentRegister",
        "TestSequenceMixin",
    ),
}
#: From the worst: a test and each of its subtests tell one.
OUTCOMES = ("error", "failure", "skipped", "passed")


def host_tests(args):
    """Run the host's suites; with ``--bare`` without our addon, the baseline.

    The baseline is kept in the cache, so that a later run with the addon, in any
    checkout, is compared with it. Other words go to pytest, for a part of the tests.
    A tour may time out on a busy machine, so what failed runs once more.
    """
    testing.need_browser()
    odoo = profiles.ready()
    bare = "--bare" in args
    others = [word for word in args if word != "--bare"]
    profile = profiles.PROFILES["test"]
    template = profiles.template(profile, odoo)
    name = template if bare else profiles.database(profile, odoo)
    working = f"pb_{places.checkout_id()}_host"
    odoo.databases.copy(name, working)
    assets.build(odoo, working, places.link_addon())
    reports = places.BUILD / "host-tests"
    kind = "bare" if bare else "with"
    results = {}
    for suite, classes in SUITES.items():
        print(f"the host's tests of {suite}, {kind} {places.ADDON}", flush=True)
        report = reports / f"{kind}-{suite}.xml"
        results.update(_suite(odoo, working, suite, report, _chosen(classes) + others))
    odoo.databases.drop(working)
    baseline = places.cache() / "host-tests" / f"{template}.json"
    if bare and not others:
        baseline.parent.mkdir(parents=True, exist_ok=True)
        baseline.write_text(json.dumps(results, indent=0))
    _count(kind, results)
    return _compare(results, baseline, part=bool(others))


def _chosen(classes):
    """Return the words that choose ``classes``, or all of a suite."""
    return ["-k", " or ".join(classes)] if classes else []


def _suite(odoo, name, suite, report, words):
    """Return the outcomes of one suite; what failed had a second chance, alone."""
    if not _pytest(odoo, name, suite, report, words):
        return {}
    results = _read(report)
    if {"failure", "error"} & {*results.values()}:
        print("once more, one by one, what failed", flush=True)
        _pytest(odoo, name, suite, report, [*words, "--lf", "-n", "1"])
        results.update(_read(report))
    return results


def _pytest(odoo, name, suite, report, words):
    """Run one suite, two files at a time, and report; False when nothing fits."""
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    home = Path(host.ensure())
    found = [home / "odoo/addons" / suite, home / "addons" / suite]
    folder = next(path for path in found if path.is_dir())
    addons = places.link_addon()
    command = [
        *(str(odoo.venv / "bin/python"), "-m", "pytest", "-q", "-c", "/dev/null"),
        *(f"--rootdir={folder}", f"--confcutdir={folder.parent}"),
        *(f"--odoo-database={name}", "--odoo-http", f"--odoo-addons-path={addons}"),
        *("-o", f"cache_dir={report.with_suffix('')}", "-W", "ignore"),
        f"--junit-xml={report}",
        *("-n", "2", "--dist", "loadfile", "--odoo-extra=max-cron-threads=0"),
    ]
    command += [folder / "tests", *words]
    result = subprocess.run(command, env=odoo.env, check=False)
    if result.returncode == testing.NOTHING_COLLECTED:
        return False
    if not report.exists():
        raise steps.Failure(f"The host's tests of {suite} did not run.")
    return True


def _read(report):
    """Return the worst outcome of each test in a report, by its name."""
    found = {}
    suite = report.stem.partition("-")[2]
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{suite}: {case.get('classname')}.{case.get('name')}"
        outcomes = {child.tag for child in case} & set(OUTCOMES) or {"passed"}
        found.setdefault(name, set()).update(outcomes)
    return {name: min(tags, key=OUTCOMES.index) for name, tags in found.items()}


def _count(kind, results):
    outcomes = list(results.values())
    shown = (f"{outcomes.count(x)} {x}" for x in sorted(set(outcomes)))
    print(f"{kind}: {len(outcomes)} tests: {', '.join(shown)}")


def _compare(results, baseline, part):
    """Print the tests whose outcome is not the baseline's; return 1 for a worse."""
    if not baseline.exists():
        print("no baseline to compare with: make host-tests ARGS=--bare")
        return 1
    expected = json.loads(baseline.read_text())
    if part:
        expected = {name: expected[name] for name in results if name in expected}
    _count("baseline", expected)
    changed = {
        name: (expected.get(name, "not run"), results.get(name, "not run"))
        for name in {*expected, *results}
        if expected.get(name) != results.get(name)
    }
    for name, (before, now) in sorted(changed.items()):
        print(f"  {name}: {before} without us, {now} with us")
    worse = any(now != "passed" for _before, now in changed.values())
    if not changed:
        print("the same, test by test")
    return 1 if worse else 0
