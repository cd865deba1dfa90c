"""The kinds of databases: which modules they hold, and how they come about."""

import re
import zipfile
from dataclasses import dataclass

from . import databases, host, places, postgres, steps, venv

#: Raised by hand when the way a template is made changes.
RECIPE = 2
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
        Profile("faults", browser=False, tests="tests/faults"),
        Profile("demo", demo=True),
        Profile("dev", demo=True),
        Profile("bench"),
    )
}


def ready():
    """Set everything up and return the means to run Odoo in this checkout."""
    folder = venv.ensure()
    env = venv.environment(folder)
    running = postgres.ensure()
    env["PATH"] = f"{folder / 'bin'}:{running.pop('PATH', env['PATH'])}"
    return databases.Odoo(folder, env | running)


def _neighbour(wheel, odoo):
    target = places.cache() / "neighbours" / re.sub(r"\W+", "-", wheel)
    with steps.lock("neighbours"):
        if not target.exists():
            with steps.fresh_folder(target) as tmp, steps.step(f"downloading {wheel}"):
                command = odoo.tool("pip", "download", "-q", "--no-deps", "-d", tmp)
                hint = "  Check that pip reaches its index."
                steps.run([*command, wheel], what=f"download {wheel}", hint=hint)
                for file in tmp.glob("*.whl"):
                    zipfile.ZipFile(file).extractall(tmp)
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
        if not odoo.note(name):
            _make_template(profile, odoo, name)
            odoo.set_note(name, modules=profile.modules, demo=profile.demo)
    return name


def _make_template(profile, odoo, name):
    partial, modules = f"{name}_partial", ",".join(profile.modules)
    odoo.drop(partial)
    with steps.step(f"database with {modules} ({_demo(profile)}), once"):
        command = odoo.tool(
            *("click-odoo-initdb", "-n", partial, "-m", modules, "--no-cache"),
            *(f"--{_demo(profile)}", "--attachments-in-db-persistent"),
        )
        odoo.run(command, what="create the template database")
    odoo.replace(name, by=partial)


def _demo(profile):
    return "demo" if profile.demo else "no-demo"


def database(profile, odoo):
    """Return this checkout's database with the addon as it is now, up to date."""
    name = profile.database()
    source = template(profile, odoo)
    wanted = {"addon": places.addon_digest(), "template": source}
    wanted["checkout"] = str(places.ROOT)
    if odoo.note(name) != wanted:
        _make(profile, odoo, name, source)
        odoo.set_note(name, **wanted)
    return name


def _make(profile, odoo, name, source):
    """Make the database ``name`` beside the old one, then put it in its place."""
    new = f"{name}_new"
    odoo.copy(source, new)
    install(profile, odoo, new)
    if profile.browser:
        others = (name, *odoo.names())
        same = (x for x in others if odoo.note(x).get("template") == source)
        odoo.build_assets(new, next(same, None))
    odoo.replace(name, by=new)


def install(profile, odoo, name, option="-i"):
    """Install the addon in a database, or update it there: option ``-u``."""
    verb = "installing" if option == "-i" else "updating"
    with steps.step(f"{verb} {places.ADDON} in {name}"):
        command = odoo.command(
            *("-d", name, option, places.ADDON, "--stop-after-init", "--no-http"),
            "--with-demo" if profile.demo else "--without-demo",
            *("--log-level=warn", "--max-cron-threads=0"),
        )
        odoo.run(command, what=f"go through with {verb} {places.ADDON}")
