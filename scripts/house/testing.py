"""Test runs: pytest-odoo on fresh copies of a prepared database, per profile."""

import shutil

from . import apt, places, profiles, runs, steps

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def test(args):
    """Run the tests named by ``args``, or all, profile by profile.

    :param args: words for pytest; paths such as ``tests/plan/test_x.py`` are
        understood, folders as well
    :return: the exit code, 0 only when every profile's tests passed
    """
    need_browser()
    odoo = profiles.ready()
    odoo.drop_orphans()
    paths = [word for word in args if word.startswith("tests")]
    others = [word for word in args if word not in paths]
    code = 0
    for profile, words in _plan(paths):
        print(f"tests of the profile {profile.name}", flush=True)
        code = _run_profile(odoo, profile, [*words, *others]) or code
    return code


def _run_profile(odoo, profile, words):
    if profile.is_killed:
        return runs.run_apart(words)
    return runs.run(odoo, profiles.database(profile, odoo), words)


def need_browser():
    """Install Chromium when there is no browser that Odoo's tests can drive."""
    if not any(map(shutil.which, BROWSERS)):
        apt.install("chromium", "Chromium, for tours and pictures,")


def _plan(paths):
    """Return each profile that has something to run, with its words for pytest."""
    kinds = [x for x in profiles.PROFILES.values() if x.tests and _has_tests(x)]
    plan = {}
    for path in paths or [kind.tests for kind in kinds]:
        file = path.split("::")[0].rstrip("/")
        if not (places.ROOT / file).exists():
            raise steps.Failure(f"No such tests: {file}")
        fitting = [x for x in kinds if f"{file}/".startswith(f"{x.tests}/")]
        mine = max(fitting, key=lambda kind: len(kind.tests))
        plan.setdefault(mine, []).append(f"{runs.LINKED}/{path}")
    for kind, words in plan.items():
        inside = [x.tests for x in kinds if x.tests.startswith(f"{kind.tests}/")]
        words += [f"--ignore={runs.LINKED}/{folder}" for folder in inside]
    return plan.items()


def _has_tests(profile):
    return any((places.ROOT / profile.tests).rglob("test_*.py"))
