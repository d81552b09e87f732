"""A real browser."""

import json
import shutil
import time

import pytest


class Browser:
    """Chromium with what it logged since the page was opened."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, path, state=""):
        """Open a file, with a state in its address if any."""
        self.driver.get("about:blank")  # another state alone would not load the page again
        self.driver.get_log("browser"), self.driver.get_log("performance")
        self.driver.get(path.as_uri() + (f"#{state}" if state else ""))

    def wait_for(self, how, what, seconds=20):
        """The first element found so that is shown, as soon as there is one."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for found in self.driver.find_elements(how, what):
                if found.is_displayed():
                    return found
            time.sleep(0.05)
        raise AssertionError(f"no {what} within {seconds} s")

    def complaints(self):
        """Errors and warnings on the console."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """Addresses that were asked for, the page itself and data within it left out."""
        events = [json.loads(entry["message"]) for entry in self.driver.get_log("performance")]
        sent = [event["message"] for event in events]
        addresses = [
            event["params"]["request"]["url"]
            for event in sent
            if event["method"] == "Network.requestWillBeSent"
        ]
        own = (self.driver.current_url.partition("#")[0], "data:", "blob:")
        return [address for address in addresses if not address.startswith(own)]


@pytest.fixture(scope="session")
def browser():
    """Chromium without a window; skipped where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("needs chromium and chromedriver (Debian: chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,2600"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        "--disable-dev-shm-usage",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    running = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield Browser(running)
    running.quit()
