"""Pytest plugin: an unexpected skip is a failure, hypothesis fits a database.

A missing browser or server makes Odoo skip whole classes silently. A test that may
be skipped says so with a reason that begins with ``expected:``.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "house",
    deadline=None,
    print_blob=True,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)
settings.load_profile("house")

_unexpected = []


def pytest_runtest_logreport(report):
    """Note the tests that were skipped without a promise."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = str(report.longrepr[2] if report.longrepr else "")
    if not reason.removeprefix("Skipped: ").startswith("expected:"):
        _unexpected.append(f"{report.nodeid}: {reason}")


def pytest_sessionfinish(session, exitstatus):
    """Turn a green run with unexpected skips into a failed one."""
    if _unexpected and exitstatus == 0 and not hasattr(session.config, "workerinput"):
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter):
    """Name the unexpected skips."""
    if _unexpected:
        terminalreporter.section("unexpectedly skipped (this fails the run)")
        for line in _unexpected:
            terminalreporter.line(line)
