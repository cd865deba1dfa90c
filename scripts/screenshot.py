#!/usr/bin/env python3
"""Pictures of the web client: ``make screenshot ARGS="URL OUT.png [options]"``.

URL is a path such as /odoo/sales/5 or /odoo/action-sale.action_orders. Without
``--server`` one is started on this checkout's database for the time being.
"""

import argparse
import http.cookiejar
import json
import re
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

from house.browser import Browser

#: The web client shows an action, and nothing covers it; or it is another page.
READY = """(() => {
  if (!document.querySelector('.o_web_client')) return true;
  const shown = document.querySelector('.o_action_manager > *');
  const busy = document.querySelector('.o_blockUI, .o_loading_indicator');
  return Boolean(shown) && !busy;
})()"""
#: The element to click: by CSS selector, else the smallest with that text.
FIND = """(() => {
  const wanted = %s;
  const visible = (el) => el.getClientRects().length > 0;
  let found;
  try { found = [...document.querySelectorAll(wanted)].find(visible); } catch {}
  if (!found) {
    const all = [...document.querySelectorAll(
      'button, a, label, [role], .nav-link, th, td, span, div, input')];
    const text = (el) => (el.value || el.innerText || '').trim();
    const match = (test) => all.filter((el) => visible(el) && test(text(el)))
      .sort((a, b) => a.innerText.length - b.innerText.length)[0];
    found = match((t) => t === wanted)
      || match((t) => t.toLowerCase() === wanted.toLowerCase())
      || match((t) => t.includes(wanted));
  }
  if (!found) return null;
  found.scrollIntoView({block: 'center'});
  const box = found.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
})()"""
#: How many pixels the tallest scrolling part hides.
HIDDEN = """Math.max(0, ...[...document.querySelectorAll('*')]
  .filter((el) => /(auto|scroll)/.test(getComputedStyle(el).overflowY)
                  || el === document.scrollingElement)
  .map((el) => el.scrollHeight - el.clientHeight))"""


def arguments(words):
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="make screenshot", description=__doc__.split("\n")[0]
    )
    parser.add_argument("url", help="path in the web client, or a whole address")
    parser.add_argument("out", type=Path, help="the PNG to write")
    parser.add_argument("--server", default="http://localhost:8069")
    parser.add_argument("--login", default="admin")
    parser.add_argument("--password", default="admin")
    parser.add_argument("--width", type=int, default=1400)
    parser.add_argument("--height", type=int, default=1000)
    parser.add_argument(
        "--click",
        action="append",
        default=[],
        metavar="WHAT",
        help="CSS selector or text to click, in order; SELECTOR=>TEXT types",
    )
    parser.add_argument("--wait", type=int, default=0, help="milliseconds more")
    parser.add_argument(
        "--window", action="store_true", help="only what fits into the window"
    )
    return parser.parse_args(words)


def session(options):
    """Log in and return the cookies, by name."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address = f"{options.server}/web/login"
    page = opener.open(address).read().decode()
    token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
    form = {
        "login": options.login,
        "password": options.password,
        "csrf_token": token,
    }
    answer = opener.open(address, urllib.parse.urlencode(form).encode())
    if answer.url.rstrip("/").endswith("/web/login"):
        raise SystemExit(f"Login as {options.login} was refused by {address}")
    return {cookie.name: cookie.value for cookie in jar}


def act(browser, what):
    """Click on an element, or type into it (``SELECTOR=>TEXT``)."""
    target, arrow, text = what.partition("=>")
    end = time.monotonic() + 10
    while not (point := browser.evaluate(FIND % json.dumps(target))):
        if time.monotonic() > end:
            raise RuntimeError(f"Nothing to click: {target}")
        time.sleep(0.2)
    browser.click(*point)
    if arrow:
        browser.evaluate("document.activeElement?.select?.()")
        browser.type(text)
    browser.wait(READY)


def shoot(browser, options):
    """Open the page, act on it, and write the picture."""
    for name, value in session(options).items():
        browser.send("Network.setCookie", name=name, value=value, url=options.server)
    browser.go(urllib.parse.urljoin(options.server, options.url))
    browser.wait(READY)
    for what in options.click:
        act(browser, what)
    time.sleep(options.wait / 1000)
    if not options.window:
        hidden = browser.evaluate(HIDDEN)
        if hidden:
            browser.resize(options.width, options.height + hidden)
            browser.wait(READY)
    time.sleep(0.4)
    browser.screenshot(options.out)


def main(words):
    """Take one picture; return 1 when the page itself reported errors."""
    options = arguments(words)
    browser = Browser(options.width, options.height)
    try:
        shoot(browser, options)
    except RuntimeError as error:
        failed = options.out.with_suffix(".failed.png")
        browser.screenshot(failed)
        raise SystemExit(f"{error}\nWhat it looked like: {failed}") from error
    finally:
        browser.close()
    for error in browser.errors:
        print(f"  error in the page: {error}", file=sys.stderr)
    print(options.out)
    return 1 if browser.errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
