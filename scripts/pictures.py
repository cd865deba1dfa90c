#!/usr/bin/env python3
"""Pictures of the web client: ``make screenshot ARGS="URL OUT.png [options]"``.

URL is a path such as /odoo/action-sale.action_orders; {module.name} in it becomes the
id of that record. Those that README and manual show are named in ``PICTURES``;
``make screenshots`` takes them again, on a fresh copy of the demo database.
"""

import argparse
import re
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
#: The web client shows an action, and nothing covers it; or it is another page.
READY = """() => {
  if (!document.querySelector('.o_web_client')) return true;
  const shown = document.querySelector('.o_action_manager > *');
  return Boolean(shown) && !document.querySelector('.o_blockUI, .o_loading_indicator');
}"""
#: How many pixels the tallest scrolling part hides.
HIDDEN = """() => Math.max(0, ...[...document.querySelectorAll('*')]
  .filter((el) => /(auto|scroll)/.test(getComputedStyle(el).overflowY)
                  || el === document.scrollingElement)
  .map((el) => el.scrollHeight - el.clientHeight))"""


@dataclass
class Picture:
    """One picture: what to open, as whom, what to click on, and where it goes.

    :param clicks: CSS selectors or texts, in order; SELECTOR=>TEXT types
    :param window: only what fits into the window, not the whole page
    """

    out: Path
    url: str
    clicks: tuple = ()
    login: str = "admin"
    password: str = "admin"
    width: int = 1400
    height: int = 1000
    wait: int = 0
    window: bool = False


IMAGES = ROOT / "doc/images"
#: The store's page shows some of them, from a folder that is installed.
STORE = ROOT / "static/description"
ORDER = "/odoo/sale.order/{progress_billing.sale_order_demo_company}"
PROJECT = "/odoo/project.project/{progress_billing.demo_project_italian}"
SIZE = {"width": 1180, "height": 860, "window": True}
PICTURES = {
    "order": Picture(IMAGES / "order.png", ORDER, ("Billing",), **SIZE),
    "final": Picture(IMAGES / "final.png", ORDER, ("Create Final Invoice",), **SIZE),
    "overview": Picture(
        IMAGES / "overview.png",
        "/odoo/action-progress_billing.progress_billing_overview_action",
        **SIZE,
    ),
    "to_bill": Picture(
        IMAGES / "to_bill.png",
        "/odoo/action-progress_billing.progress_billing_line_action",
        **SIZE,
    ),
    "budget": Picture(
        IMAGES / "budget.png", PROJECT, ("[name=action_view_revenue_budget]",), **SIZE
    ),
}


def arguments(words):
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="make screenshot")
    parser.add_argument("url", nargs="?", help="path in the web client, or an address")
    parser.add_argument("out", nargs="?", type=Path, help="the PNG to write")
    parser.add_argument("--server", default="http://localhost:8069")
    for name in ("login", "password", "width", "height", "wait"):
        default = getattr(Picture, name)
        parser.add_argument(f"--{name}", type=type(default), default=default)
    parser.add_argument("--click", dest="clicks", action="append", default=[])
    parser.add_argument("--window", action="store_true", help="not the whole page")
    parser.add_argument("--named", nargs="*", help="those of the table, all or some")
    return parser.parse_args(words)


class Camera:
    """One logged-in page of a Chromium with a profile of its own."""

    def __init__(self, browser, server, picture):
        size = {"width": picture.width, "height": picture.height}
        self.page = browser.new_page(
            base_url=server, viewport=size, locale="en-US", timezone_id="UTC"
        )
        self.picture, self.errors, self.loading = picture, [], set()
        self.page.on("request", lambda request: self.loading.add(request))
        for end in ("requestfinished", "requestfailed"):
            self.page.on(end, lambda request: self.loading.discard(request))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._note)

    def _note(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    def shoot(self):
        """Open the page, act on it, and write the picture."""
        self.log_in()
        self.page.goto(re.sub(r"\{(\w+)\.(\w+)\}", self._id, self.picture.url))
        self.settle()
        for what in self.picture.clicks:
            self.act(*what.partition("=>"))
        self.page.wait_for_timeout(self.picture.wait)
        hidden = 0 if self.picture.window else self.page.evaluate(HIDDEN)
        if hidden:
            width, height = self.picture.width, self.picture.height + hidden
            self.page.set_viewport_size({"width": width, "height": height})
            self.settle()
        self.page.screenshot(path=self.picture.out, animations="disabled")

    def log_in(self):
        """Log in as the picture's user."""
        self.page.goto("/web/login")
        self.page.fill("#login", self.picture.login)
        self.page.fill("#password", self.picture.password)
        self.page.press("#password", "Enter")
        self.page.wait_for_url(lambda url: "/web/login" not in url)

    def _id(self, found):
        """Return the id of a record by its external name."""
        call = {"model": "ir.model.data", "method": "check_object_reference"}
        call |= {"args": found.groups(), "kwargs": {}}
        answer = self.page.request.post("/web/dataset/call_kw", data={"params": call})
        return str(answer.json()["result"][1])

    def settle(self):
        """Wait until nothing is loaded for a moment, but by the bus, nor covered."""
        self.page.wait_for_load_state()
        self.page.wait_for_function(READY)
        quiet, end = 0, time.monotonic() + 60
        while quiet < 6:
            busy = any("/bus/" not in request.url for request in self.loading)
            quiet = 0 if busy else quiet + 1
            if time.monotonic() > end:
                raise Error(f"Still loading: {[x.url for x in self.loading]}")
            self.page.wait_for_timeout(100)

    def act(self, target, arrow, text):
        """Click on an element, or type into it."""
        element = self.find(target)
        element.fill(text) if arrow else element.click()
        self.page.wait_for_timeout(300)
        self.settle()

    def find(self, what):
        """Return the element to click: by CSS selector, else by its text."""
        texts = (self.page.get_by_text(what, exact=x) for x in (True, False))
        ways = (self.page.locator(f"css={what}"), *texts)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            for way in ways:
                try:
                    if way.filter(visible=True).count():
                        return way.filter(visible=True).first
                except Error:  # a text that is no selector
                    continue
            self.page.wait_for_timeout(200)
        raise Error(f"Nothing to click: {what}")


def take(browser, server, picture):
    """Take one picture; return whether the page reported no errors."""
    camera = Camera(browser, server, picture)
    try:
        camera.shoot()
    except Error as error:
        failed = picture.out.with_suffix(".failed.png")
        camera.page.screenshot(path=failed)
        raise SystemExit(f"{error}\nWhat it looked like: {failed}") from error
    for error in camera.errors:
        print(f"  error in the page: {error}", file=sys.stderr)
    print(picture.out)
    if (STORE / picture.out.name).exists():
        shutil.copy2(picture.out, STORE)
    camera.page.close()
    return not camera.errors


def main(words):
    """Take the pictures; return 1 when a page itself reported errors."""
    options = vars(arguments(words))
    server, named = options.pop("server"), options.pop("named")
    if named is None:
        pictures = [Picture(**options)]
    else:
        pictures = [PICTURES[name] for name in named or PICTURES]
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        good = [take(browser, server, picture) for picture in pictures]
        browser.close()
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
