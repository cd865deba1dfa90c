"""Test runs: pytest-odoo on fresh copies of a prepared database, per profile."""

import shutil
import subprocess
from pathlib import Path

from . import apt, places, profiles, steps

LINKED = f".build/addons/{places.ADDON}"
NOTHING_COLLECTED = 5
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def test(args):
    """Run the tests named by ``args``, or all, profile by profile.

    :param args: words for pytest; paths such as ``tests/test_x.py`` are understood
    :return: the exit code, 0 only when every profile's tests passed
    """
    need_browser()
    odoo = profiles.ready()
    odoo.databases.drop_orphans()
    code = 0
    for profile, words in _plan(args):
        print(f"tests of the profile {profile.name}", flush=True)
        name = profiles.database(profile, odoo)
        code = _pytest(profile, odoo, name, words) or code
    return code


def need_browser():
    """Install Chromium when there is no browser that Odoo's tests can drive."""
    if not any(map(shutil.which, BROWSERS)):
        apt.install("chromium", "Chromium, for the browser tests,")


def _plan(args):
    """Pair each profile that has something to run with the words for pytest."""
    paths = [word for word in args if word.split("::")[0].startswith("tests")]
    others = [word for word in args if word not in paths]
    for profile in profiles.PROFILES.values():
        if not profile.tests or not (places.ROOT / profile.tests).is_dir():
            continue
        if not paths:
            if any((places.ROOT / profile.tests).rglob("test_*.py")):
                yield profile, [*_tests_of(profile), *others]
            continue
        mine = [path for path in paths if _profile_of(path) == profile.name]
        if mine:
            missing = [x for x in mine if not Path(places.ROOT, _file(x)).exists()]
            if missing:
                raise steps.Failure(f"No such tests: {', '.join(missing)}")
            yield profile, [*(f"{LINKED}/{path}" for path in mine), *others]


def _file(path):
    return path.split("::")[0]


def _profile_of(path):
    """Return the name of the profile whose folder ``path`` lies in."""
    folders = [x for x in profiles.PROFILES.values() if x.tests]
    folders.sort(key=lambda profile: -len(profile.tests))
    file = f"{_file(path).rstrip('/')}/"
    return next(x.name for x in folders if file.startswith(f"{x.tests}/"))


def _tests_of(profile):
    """Return the folder of a profile, without those of the profiles inside it."""
    yield f"{LINKED}/{profile.tests}"
    for other in profiles.PROFILES.values():
        if other.tests.startswith(f"{profile.tests}/"):
            yield f"--ignore={LINKED}/{other.tests}"


def _pytest(profile, odoo, name, words):
    """Run pytest with one copy of the database ``name`` per worker."""
    command = [
        *(str(odoo.venv / "bin/python"), "-m", "pytest", "-p", "house.plugin"),
        *(f"--odoo-database={name}", "--odoo-http"),
        f"--odoo-addons-path={profiles.addons_path(profile, odoo.venv / 'bin/python')}",
        *(f"--odoo-extra=db-filter=^{name}", "--odoo-extra=max-cron-threads=0"),
    ]
    if not any(word.startswith(("-n", "--numprocesses")) for word in words):
        files = [word for word in words if word.startswith(LINKED)]
        single = len(files) == 1 and ".py" in files[0]
        command += ["-n", "1" if single else "2", "--dist", "loadfile"]
    env = {**odoo.env, "PYTHONPATH": str(places.SCRIPTS)}
    result = subprocess.run([*command, *words], cwd=places.ROOT, env=env, check=False)
    if result.returncode == NOTHING_COLLECTED:
        print(f"no tests for the profile {profile.name}")
        return 0
    return result.returncode
