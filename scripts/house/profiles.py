"""The kinds of databases: which modules they hold, and how they come about."""

import re
from dataclasses import dataclass

from . import databases, host, places, postgres, steps, venv

#: Raised by hand when the way a template is made changes.
RECIPE = 2
BASE = ("sale_project", "sale_management")
CHARTS = (
    *("l10n_de", "l10n_es", "l10n_fr_account", "l10n_it", "l10n_nl", "l10n_us_account"),
)


@dataclass(frozen=True)
class Profile:
    """A template database without our addon, and the folder of tests it is for.

    :param wheels: neighbours from the Python index, put on the addons path
    :param requires: Python packages that these neighbours need
    :param browser: whether web assets are built beforehand, which takes long
    :param is_killed: whether the tests stop PostgreSQL, so that they need one apart
    """

    name: str
    modules: tuple = BASE
    wheels: tuple = ()
    requires: tuple = ()
    demo: bool = False
    browser: bool = True
    is_killed: bool = False
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
            modules=(
                *BASE,
                *("sale_loyalty", "sale_stock", "sale_timesheet"),
                "sale_automatic_workflow",
            ),
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
        Profile(
            "charts",
            modules=(*BASE, *CHARTS),
            browser=False,
            tests="tests/charts",
        ),
        Profile("faults", browser=False, tests="tests/faults"),
        Profile("storm", browser=False, is_killed=True, tests="tests/faults/storm"),
        Profile("demo", demo=True),
        Profile("dev", demo=True),
        Profile("bench"),
    )
}


def ready(cluster=None):
    """Set everything up and return the means to run Odoo in this checkout.

    :param cluster: a PostgreSQL that serves instead of the one that all share
    """
    folder = venv.ensure()
    env = venv.environment(folder)
    running = postgres.ensure(cluster)
    env["PATH"] = f"{folder / 'bin'}:{running.pop('PATH', env['PATH'])}"
    return databases.Odoo(folder, env | running)


def _neighbour(wheel, odoo):
    """Return the folder of another addon, from the Python index."""
    target = places.cache() / "neighbours" / re.sub(r"\W+", "-", wheel)
    with steps.lock("neighbours"):
        if not target.exists():
            with steps.fresh_folder(target) as tmp, steps.step(f"downloading {wheel}"):
                pip = odoo.tool("pip", "install", "-q", "--no-deps", "--target", tmp)
                steps.run([*pip, wheel], what=f"download {wheel}", hint=venv.HINT)
    return target / "odoo/addons"


def template(profile, odoo):
    """Return the name of the cached template of ``profile``, making it if needed.

    From now on, ``odoo`` finds the addons of this profile.
    """
    parts = (RECIPE, profile.modules, profile.wheels, profile.demo)
    frozen = places.REQUIREMENTS.read_text()
    name = f"pb_template_{places.digest(*parts, host.version(host.ensure()), frozen)}"
    folders = [places.link_addon(), *(_neighbour(x, odoo) for x in profile.wheels)]
    odoo.env["ODOO_ADDONS_PATH"] = ",".join(map(str, folders))
    venv.add(odoo.venv, profile.requires)
    with steps.lock(name):
        if not odoo.notes().get(name):
            _make_template(profile, odoo, name)
            odoo.set_note(name, modules=profile.modules, demo=profile.demo)
    return name


def _make_template(profile, odoo, name):
    partial, modules = f"{name}_partial", ",".join(profile.modules)
    demo = "demo" if profile.demo else "no-demo"
    odoo.drop(partial)
    with steps.step(f"database with {modules} ({demo}), once"):
        odoo.run(
            *("click-odoo-initdb", "-n", partial, "-m", modules, f"--{demo}"),
            *("--no-cache", "--attachments-in-db-persistent"),
            what="create the template database",
        )
    odoo.replace(name, by=partial)


def database(profile, odoo):
    """Return this checkout's database with the addon as it is now, up to date."""
    name, source = profile.database(), template(profile, odoo)
    wanted = {"addon": places.addon_digest(), "template": source}
    wanted["checkout"] = str(places.ROOT)
    notes = odoo.notes()
    if notes.get(name) != wanted:
        new = f"{name}_new"
        odoo.copy(source, new)
        install(profile, odoo, new)
        if profile.browser:
            same = [x for x, note in notes.items() if note.get("template") == source]
            donor = name if name in same else next(iter(same), None)
            odoo.build_assets(new, donor)
        odoo.replace(name, by=new)
        odoo.set_note(name, **wanted)
    return name


def install(profile, odoo, name, option="-i"):
    """Install the addon in a database, or update it there: option ``-u``."""
    verb = "installing" if option == "-i" else "updating"
    with steps.step(f"{verb} {places.ADDON} in {name}"):
        odoo.run(
            *("odoo", "-d", name, option, places.ADDON, "--stop-after-init"),
            "--with-demo" if profile.demo else "--without-demo",
            *("--no-http", "--log-level=warn", "--max-cron-threads=0"),
            what=f"go through with {verb} {places.ADDON}",
        )
