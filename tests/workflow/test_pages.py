"""The pages of the tiny workflow, and the report that holds all of them."""

import contextlib
import html
import json
import re
import time

import pytest
import yaml
from geomem.storage.cli import provenance_of

# Of the report, in its menu's order.
PARTS = ("Claims", "Figures", "Headlines", "Interactive explorer", "Provenance")


@pytest.fixture(scope="module")
def explorer(finished):
    text = (finished.path / "results/explorer.html").read_text()
    found = re.search(r'<script type="application/json" id="content">(.*?)</script>', text)
    return json.loads(found.group(1))


def test_the_explorer_has_every_table_and_names_files_that_exist(finished, explorer):
    [tiny] = explorer["experiments"]
    names = [table["name"] for table in tiny["tables"]]
    assert names == [
        *("geometry", "low_rank", "accuracy", "examples", "rewind", "gradients", "simulation")
    ]
    assert explorer["images"][tiny["images"]], "the images themselves"
    for table in tiny["tables"]:
        assert table["length"] > 0
        for epoch in table["known"].get("epoch", [""]):
            file = table["file"].format(run="w2_n0.5_s0", epoch=epoch)
            assert (finished.path / "results/tiny" / file).is_file(), file


def test_every_page_says_where_it_came_from(finished):
    place = finished.path / "results/tiny"
    for name in ("../explorer.html", "provenance.html", "claims/claims.html", "../index.html"):
        assert provenance_of(place / name)["inputs"]
    inputs = provenance_of(place / "provenance.html")["inputs"]
    assert {"results/tiny/figures/depth.png", "results/tiny/claims/claims.html"} <= set(inputs)


def test_settings_on_the_page_are_a_configuration_that_changes_nothing(finished, tmp_path):
    """Laid over the configuration, as the page says, they leave nothing to run."""
    text = (finished.path / "results/tiny/provenance.html").read_text()
    settings = html.unescape(re.search(r"<pre>(.*?)</pre>", text, re.DOTALL).group(1))
    copied = tmp_path / "copied.yaml"
    copied.write_text(yaml.safe_dump({"experiments": yaml.safe_load(settings)}))
    assert finished.pending("--configfile", str(copied)) == set()


@pytest.mark.slow
def test_the_report_opens_alone_with_the_headlines(finished, tmp_path, browser):
    report = tmp_path / "report.html"
    finished.snakemake("--report", str(report))
    browser.open(report)
    _enter_page(browser, "What came out")
    # Its links open what the report has, figures and pages; tables are not in it.
    assert not browser.driver.find_element("css selector", ".files").is_displayed()
    browser.wait_for("link text", "depth").click()
    browser.driver.switch_to.default_content()
    assert browser.wait_for("css selector", "img[src^='data:image/png']")
    for name, words in (("Claims", "Does the paper hold?"), ("Explorer", "Layers and epochs")):
        browser.open(report)
        _enter_page(browser, "What came out")
        browser.wait_for("link text", name).click()
        _enter_page(browser, words)
    browser.driver.switch_to.default_content()
    menu = [item.text for item in browser.driver.find_elements("css selector", "li")]
    found = [name for name in menu if name in PARTS]
    assert found == list(PARTS)

    for category, words in (
        ("Claims", "Does the paper hold?"),
        ("Interactive explorer", "Layers and epochs"),
        ("Provenance", "Where the numbers come from"),
    ):
        _click(browser, f"//li//*[text()='{category}']")
        _click(browser, "//td//*[name()='svg' or self::button or self::a]")
        _enter_page(browser, words)
        browser.driver.switch_to.default_content()
        browser.open(report)
    severe = [said for said in browser.complaints() if "cdn.tailwindcss.com should not" not in said]
    assert severe == [] and browser.requests() == []


def _enter_page(browser, words, seconds=20):
    """Go into the frame of the report once it shows the page with these words."""
    from selenium.common.exceptions import WebDriverException

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        browser.driver.switch_to.default_content()
        with contextlib.suppress(WebDriverException):  # it is being replaced
            browser.driver.switch_to.frame(browser.driver.find_element("tag name", "iframe"))
            if words in browser.driver.find_element("tag name", "body").text:
                return
        time.sleep(0.05)
    raise AssertionError(f"no page with {words!r}")


def _click(browser, path):
    browser.wait_for("xpath", path).click()
