"""The kinds of databases: which modules they hold, and how they come about."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from . import assets, host, places, steps, venv

#: Raised by hand when the way a template is made changes.
RECIPE = 1
BASE = ("sale_project", "sale_management")


@dataclass(frozen=True)
class Profile:
    """A template database without our addon, and the folder of tests it is for.

    :param wheels: neighbours from the Python index, put on the addons path
    :param requires: Python packages that these neighbours need
    :param browser: whether web assets are built beforehand, which takes long
    """

    name: str
    modules: tuple = BASE
    wheels: tuple = ()
    requires: tuple = ()
    demo: bool = False
    browser: bool = True
    tests: str = ""

    def database(self):
        """Return the name of this checkout's database with our addon."""
        return f"pb_{places.checkout_id()}_{self.name}"


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("test", tests="tests"),
        Profile(
            "stock",
            modules=(*BASE, "sale_stock", "sale_automatic_workflow"),
            wheels=("odoo-addon-sale-automatic-workflow==19.0.1.2.0.1",),
            browser=False,
            tests="tests/stock",
        ),
        Profile(
            "queue",
            modules=(*BASE, "queue_job"),
            wheels=("odoo-addon-queue-job==19.0.2.4.0.1",),
            requires=("openupgradelib==3.13.7", "cssselect==1.3.0"),
            browser=False,
            tests="tests/queue",
        ),
        Profile("demo", demo=True),
        Profile("dev", demo=True),
        Profile("bench"),
    )
}


def addons_path(profile, python):
    """Return the addons path of ``profile``, bringing its neighbours if needed."""
    folders = [places.BUILD / "addons"]
    folders += [_neighbour(wheel, python) for wheel in profile.wheels]
    return ",".join(map(str, folders))


def _neighbour(wheel, python):
    target = places.cache() / "neighbours" / re.sub(r"\W+", "-", wheel)
    if not target.exists():
        with steps.lock("neighbours"), steps.fresh_folder(target) as tmp:
            with steps.step(f"downloading {wheel}"):
                command = [python, "-m", "pip", "download", "-q", "--no-deps", "-d"]
                steps.run(
                    [*command, tmp, wheel],
                    what=f"download {wheel}",
                    hint="  Check that pip reaches its index.",
                )
            for file in tmp.glob("*.whl"):
                with zipfile.ZipFile(file) as archive:
                    archive.extractall(tmp)
    return target / "odoo/addons"


def template(profile, odoo):
    """Return the name of the cached template of ``profile``, making it if needed."""
    parts = (RECIPE, profile.modules, profile.wheels, profile.demo)
    frozen = places.REQUIREMENTS.read_text()
    key = places.digest(*parts, host.version(host.ensure()), frozen)
    name = f"pb_template_{key}"
    databases = odoo.databases
    venv.add(odoo.venv, profile.requires)
    with steps.lock(name):
        if not databases.note(name):
            _make_template(profile, odoo, name)
            databases.set_note(name, modules=profile.modules, demo=profile.demo)
    return name


def _make_template(profile, odoo, name):
    partial = f"{name}_partial"
    odoo.databases.drop(name)
    odoo.databases.drop(partial)
    addons = addons_path(profile, odoo.venv / "bin/python")
    demo = "demo data" if profile.demo else "no demo data"
    with steps.step(f"database with {', '.join(profile.modules)} ({demo}), once"):
        odoo.run(
            *("-d", partial, "-i", ",".join(profile.modules)),
            "--with-demo" if profile.demo else "--without-demo",
            *(f"--addons-path={addons}", "--stop-after-init", "--log-level=warn"),
            *("--no-http", "--max-cron-threads=0"),
            what="create the template database",
        )
    odoo.databases.rename(partial, name)


def database(profile, odoo):
    """Return this checkout's database with the addon as it is now, up to date."""
    name = profile.database()
    source = template(profile, odoo)
    wanted = {"addon": places.addon_digest(), "template": source}
    wanted["checkout"] = str(places.ROOT)
    if odoo.databases.note(name) != wanted:
        _make(profile, odoo, name, source)
        odoo.databases.set_note(name, **wanted)
    return name


def _make(profile, odoo, name, source):
    """Make the database ``name`` beside the old one, then put it in its place."""
    databases, new = odoo.databases, f"{name}_new"
    databases.copy(source, new)
    _install(profile, odoo, new)
    if profile.browser:
        donor = assets.donor(databases, name, source)
        if donor:
            assets.carry(databases, donor, new)
        assets.build(odoo, new, addons_path(profile, odoo.venv / "bin/python"))
    databases.drop(name)
    databases.rename(new, name)


def update(profile, odoo, name):
    """Update the addon in an existing database, which keeps its data."""
    _install(profile, odoo, name, option="-u")
    note = {**odoo.databases.note(name), "addon": places.addon_digest()}
    odoo.databases.set_note(name, **note)


def _install(profile, odoo, name, option="-i"):
    addons = addons_path(profile, odoo.venv / "bin/python")
    verb = "installing" if option == "-i" else "updating"
    with steps.step(f"{verb} {places.ADDON} in {name}"):
        odoo.run(
            *("-d", name, option, places.ADDON, "--stop-after-init", "--no-http"),
            "--with-demo" if profile.demo else "--without-demo",
            *(f"--addons-path={addons}", "--log-level=warn", "--max-cron-threads=0"),
            what=f"go through with {verb} {places.ADDON}",
        )


def ready():
    """Set everything up and return the means to run Odoo in this checkout."""
    from . import databases, postgres

    folder = venv.ensure()
    env = venv.environment(folder)
    running = postgres.ensure()
    env["PATH"] = f"{Path(folder) / 'bin'}:{running.pop('PATH', env['PATH'])}"
    env.update(running)
    return databases.Odoo(folder, env, databases.Databases(env))
