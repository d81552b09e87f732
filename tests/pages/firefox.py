"""Firefox without a window, by WebDriver BiDi: no driver program besides the browser."""

import itertools
import json
import re
import shutil
import subprocess
import time

import pytest

# What Firefox would otherwise ask the network for when it starts.
QUIET = {
    "app.update.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}
OWN = ("file:", "data:", "blob:", "about:")


class Firefox:
    """A page, with what it logged and asked for since it was opened."""

    def __init__(self, socket):
        self._socket, self._numbers = socket, itertools.count(1)
        self.complaints, self.requests = [], []
        self.version = self._call("session.new", capabilities={})["capabilities"]["browserVersion"]
        self._call("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        self._page = self._call("browsingContext.getTree")["contexts"][0]["context"]

    def open(self, path, state="", width=1400):
        """Open a file, with a state in its address if any."""
        size = {"width": width, "height": 1000}
        self._call("browsingContext.setViewport", context=self._page, viewport=size)
        for address in ("about:blank", path.as_uri() + (f"#{state}" if state else "")):
            self.complaints.clear(), self.requests.clear()
            place = {"context": self._page, "url": address, "wait": "complete"}
            self._call("browsingContext.navigate", **place)

    def run(self, script):
        """The value of a JavaScript expression, by way of JSON."""
        place = {"target": {"context": self._page}, "awaitPromise": False}
        found = self._call("script.evaluate", expression=f"JSON.stringify({script})", **place)
        if found["type"] == "exception":
            raise AssertionError(found["exceptionDetails"]["text"])
        return json.loads(found["result"]["value"])

    def close(self):
        self._call("browser.close")
        self._socket.close()

    def _call(self, method, **params):
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            said = json.loads(self._socket.recv())
            if said.get("method") == "log.entryAdded":
                self.complaints.append(said["params"].get("text"))
            elif said.get("method") == "network.beforeRequestSent":
                address = said["params"]["request"]["url"]
                self.requests += [] if address.startswith(OWN) else [address]
            elif said.get("id") == number:
                assert said["type"] == "success", said
                return said["result"]


def start(folder, seconds=120):
    """Firefox with a new profile in `folder`; a test that needs it is skipped where there is none.

    Returns
    -------
    Firefox
    subprocess.Popen
    """
    websocket = pytest.importorskip("websocket")
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if not program:
        pytest.skip("needs firefox (Debian: firefox-esr)")
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(to)});" for name, to in QUIET.items())
    (folder / "user.js").write_text("\n".join(lines))
    log = folder / "said.txt"
    with log.open("w") as output:
        process = subprocess.Popen(
            [program, "--headless", "--no-remote", "--profile", str(folder),
             "--remote-debugging-port", "0", "about:blank"],
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        # WebDriver BiDi listening on ws://127.0.0.1:PORT
        if address := re.search(r"BiDi listening on (\S+)\n", log.read_text()):
            socket = websocket.create_connection(
                f"{address[1]}/session", timeout=seconds, suppress_origin=True
            )
            return Firefox(socket), process
        time.sleep(0.2)
    process.kill()
    raise AssertionError(f"Firefox did not answer within {seconds} s")
