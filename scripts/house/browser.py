"""A headless Chromium driven through its DevTools protocol."""

import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-background-networking "
    "--disable-dev-shm-usage --no-first-run --hide-scrollbars --mute-audio "
    "--force-device-scale-factor=1 --remote-debugging-port=0 "
    "--remote-allow-origins=* --lang=en-US"
).split()
QUIET = 0.6


class Browser:
    """One page of a Chromium with a profile of its own; close it after use.

    :param width: of the window, in pixels
    :param height: of the window, in pixels
    """

    def __init__(self, width, height):
        self.size = (width, height)
        self.errors = []
        self._pending = {}
        self._changed = time.monotonic()
        self._numbers = itertools.count(1)
        self._profile = tempfile.mkdtemp(prefix="pb-chromium-")
        program = next(filter(None, map(shutil.which, BROWSERS)), None)
        if not program:
            raise SystemExit("No Chromium on this machine.")
        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={self._profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TZ": "UTC"},
        )
        self._socket = websocket.create_connection(self._address(), timeout=30)
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.send(f"{domain}.enable")
        self.resize(width, height)

    def _address(self):
        port_file = Path(self._profile) / "DevToolsActivePort"
        for _ in range(300):
            if port_file.exists() and "\n" in port_file.read_text():
                port = port_file.read_text().splitlines()[0]
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as pages:
                    for page in json.load(pages):
                        if page["type"] == "page":
                            return page["webSocketDebuggerUrl"]
            time.sleep(0.1)
        raise SystemExit("Chromium did not start.")

    def close(self):
        """End the browser and remove its profile."""
        self._socket.close()
        self._process.terminate()
        self._process.wait(20)
        shutil.rmtree(self._profile, ignore_errors=True)

    def send(self, method, **params):
        """Send one command and return its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self._note(answer)

    def _note(self, event):
        """Keep account of running requests and of what went wrong in the page."""
        method, params = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            address = params["request"]["url"]
            if "/bus/" not in address:  # a worker's, whose end is never told
                self._pending[params["requestId"]] = address
            self._changed = time.monotonic()
        elif method in ("Network.loadingFinished", "Network.loadingFailed"):
            self._pending.pop(params["requestId"], None)
            self._changed = time.monotonic()
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            shown = details.get("exception", {}).get("description", details["text"])
            self.errors.append(shown)
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            entry = params["entry"]
            self.errors.append(f"{entry['text']} {entry.get('url', '')}")
        elif method == "Runtime.consoleAPICalled" and params["type"] == "error":
            values = (str(x.get("value", x.get("description"))) for x in params["args"])
            self.errors.append(" ".join(values))

    def evaluate(self, expression):
        """Return the value of a JavaScript expression in the page."""
        result = self.send(
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
        )
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def wait(self, condition="true", timeout=60):
        """Wait until ``condition`` holds and no request has run for a moment."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            ready = self.evaluate(f"document.readyState == 'complete' && ({condition})")
            quiet = time.monotonic() - self._changed > QUIET
            if ready and quiet and not self._pending:
                return
            time.sleep(0.1)
        waiting = ", ".join(self._pending.values()) or condition
        raise RuntimeError(f"The page was not ready after {timeout} s: {waiting}")

    def resize(self, width, height):
        """Set the size of the window."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def click(self, x, y):
        """Click with the mouse at a point of the window."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            button = "none" if kind == "mouseMoved" else "left"
            self.send(
                "Input.dispatchMouseEvent",
                type=kind,
                x=x,
                y=y,
                button=button,
                clickCount=1,
            )
        self._changed = time.monotonic()

    def type(self, text):
        """Type ``text`` where the cursor is."""
        self.send("Input.insertText", text=text)
        self._changed = time.monotonic()

    def go(self, url):
        """Open an address."""
        self._pending.clear()
        self._changed = time.monotonic()
        self.send("Page.navigate", url=url)

    def screenshot(self, path):
        """Write what the window shows as a PNG."""
        data = self.send("Page.captureScreenshot", format="png")["data"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))
