"""The pages of the tiny workflow, and the report that holds all of them."""

import html
import json
import re

import pytest
import yaml
from geomem.storage.cli import provenance_of


@pytest.fixture(scope="module")
def explorer(finished):
    text = (finished.path / "results/tiny/explorer.html").read_text()
    found = re.search(r"<script type='application/json' id='content'>(.*?)</script>", text)
    return json.loads(found.group(1))


def test_the_explorer_has_every_table_and_names_files_that_exist(finished, explorer):
    names = [section["name"] for section in explorer["sections"]]
    assert names == ["geometry", "low_rank", "accuracy", "rewind", "gradients", "simulation"]
    for section in explorer["sections"]:
        assert section["length"] > 0
        for file in section["known"]["file"]:
            assert (finished.path / "results/tiny" / file).is_file(), file


def test_every_page_says_where_it_came_from(finished):
    place = finished.path / "results/tiny"
    for name in ("explorer.html", "provenance.html", "claims/claims.html"):
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
def test_the_report_opens_alone_with_claims_first(finished, tmp_path, browser):
    report = tmp_path / "report.html"
    finished.snakemake("--report", str(report))
    browser.open(report)
    menu = [item.text for item in browser.driver.find_elements("css selector", "li")]
    found = [
        name for name in menu if name in ("Claims", "Figures", "Interactive explorer", "Provenance")
    ]
    assert found == ["Claims", "Figures", "Interactive explorer", "Provenance"]

    for category, words in (
        ("Claims", "Does the paper hold?"),
        ("Interactive explorer", "Geometry over layers and epochs"),
        ("Provenance", "Where the numbers come from"),
    ):
        _click(browser, f"//li//*[text()='{category}']")
        _click(browser, "//td//*[name()='svg' or self::button or self::a]")
        frame = browser.wait_for("css selector", "iframe")
        browser.driver.switch_to.frame(frame)
        assert words in browser.wait_for("tag name", "body").text
        browser.driver.switch_to.default_content()
        browser.open(report)
    severe = [said for said in browser.complaints() if "cdn.tailwindcss.com should not" not in said]
    assert severe == [] and browser.requests() == []


def _click(browser, path):
    browser.wait_for("xpath", path).click()
