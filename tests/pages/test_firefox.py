"""The explorer in Firefox, spoken to by WebDriver BiDi, which it understands without a driver."""

import json
import shutil
import subprocess
import time

import pytest

VIEWS = ("layers", "profile", "manifolds", "epochs", "rewinding", "examples")


class Firefox:
    """One tab, with what it logged and asked for."""

    def __init__(self, address):
        websocket = pytest.importorskip("websocket")
        self._socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
        self._number, self.events = 0, []
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        self.tab = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def ask(self, method, **parameters):
        """Result of a command; events that come before it are kept."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        self._socket.send(json.dumps(command))
        while True:
            said = json.loads(self._socket.recv())
            if said.get("id") == self._number:
                assert said["type"] == "success", said
                return said["result"]
            self.events.append(said)

    def open(self, address):
        self.ask("browsingContext.navigate", context=self.tab, url="about:blank", wait="complete")
        self.events.clear()
        self.ask("browsingContext.navigate", context=self.tab, url=address, wait="complete")

    def value(self, script):
        """What a script gives, as JSON can hold it."""
        found = self.ask(
            "script.evaluate",
            expression=f"Promise.resolve({script}).then(JSON.stringify)",
            target={"context": self.tab},
            awaitPromise=True,
        )
        assert found["type"] == "success", found
        return json.loads(found["result"]["value"])

    def complaints(self):
        return [e["params"]["text"] for e in self.events if e["method"] == "log.entryAdded"]

    def requests(self):
        sent = [e for e in self.events if e["method"] == "network.beforeRequestSent"]
        addresses = [event["params"]["request"]["url"] for event in sent]
        return [a for a in addresses if not a.startswith(("file:", "data:", "blob:", "about:"))]


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    program = shutil.which("firefox") or shutil.which("firefox-esr")
    if not program:
        pytest.skip("needs firefox (Debian: firefox-esr)")
    profile = tmp_path_factory.mktemp("firefox")
    command = [program, "--headless", "--no-remote", "--profile", str(profile)]
    with (profile / "said").open("w") as said:
        running = subprocess.Popen(
            [*command, "--remote-debugging-port", "0", "about:blank"], stderr=said, stdout=said
        )
    try:
        yield Firefox(f"{_address(profile / 'said')}/session")
    finally:
        running.terminate()
        running.wait(20)


def _address(said, seconds=90):
    """Where it listens, once it says so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for line in said.read_text().splitlines():
            if "WebDriver BiDi listening on " in line:
                return line.rpartition(" ")[2]
        time.sleep(0.2)
    raise AssertionError(f"Firefox does not listen: {said.read_text()}")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_drawn_without_complaint(firefox, explorer, view):
    firefox.open(f"{explorer.as_uri()}#view={view}")
    drawn = "[...document.querySelectorAll('figure svg')].map((svg) => svg.outerHTML).join('')"
    before = firefox.value(drawn)
    assert 'class="mark"' in before
    # The first menu that has something to choose changes the picture, and the address restores it.
    firefox.value(
        "(() => { const menu = [...document.querySelectorAll('form:not(#minus) select')]"
        ".find((one) => one.offsetParent && one.id !== 'experiment');"
        "menu.value = [...menu.options].map((one) => one.value).find((one) => one !== menu.value);"
        "menu.dispatchEvent(new Event('change')); return menu.id; })()"
    )
    after, address = firefox.value(drawn), firefox.value("location.href")
    assert after != before
    firefox.open(address)
    assert firefox.value(drawn) == after
    assert firefox.complaints() == [] and firefox.requests() == []
    wide = "[document.documentElement.scrollWidth, innerWidth]"
    across, window = firefox.value(wide)
    assert across <= window


def test_downloads_are_made(firefox, explorer):
    firefox.open(explorer.as_uri())
    for label, start in (("CSV", "experiment,"), ("SVG", "<svg"), ("PNG", "\x89PNG")):
        saved = firefox.value(
            "new Promise((done) => {"
            "const make = URL.createObjectURL, click = HTMLAnchorElement.prototype.click;"
            "HTMLAnchorElement.prototype.click = () => {};"
            "URL.createObjectURL = (blob) => { const reader = new FileReader();"
            "reader.onload = () => { URL.createObjectURL = make;"
            "HTMLAnchorElement.prototype.click = click; done(reader.result.slice(0, 20)); };"
            "reader.readAsBinaryString(blob); return 'about:blank#'; };"
            "[...document.querySelectorAll('figure .buttons button')]"
            f".find((one) => one.textContent === '{label}').click(); }})"
        )
        assert saved.startswith(start), (label, saved)
