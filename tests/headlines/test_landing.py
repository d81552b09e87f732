"""The landing page, in a real browser."""

import re

import pytest
import write_landing
from geomem.headlines.landing import page, pictures
from geomem.headlines.sentences import headlines
from geomem.headlines.unfinished import write_unfinished
from geomem.storage.tables import write_document

from tests.claims.made_up import ACCURACY, accuracy_table, network
from tests.headlines.examples import found, judged

EVIL = "</style><script>alert(1)</script>'\""


def examples():
    """A depth experiment, a sweep, one without label noise."""
    sweep = [network(0, width=width) for width in (2, 4, 8)]
    for run, best in zip(sweep, (0.3, 0.35, 0.4), strict=True):
        run.tables["accuracy"] = accuracy_table({**ACCURACY, ("best", "test"): best})
    clean = {key: value for key, value in ACCURACY.items() if key[1] != "permuted"}
    return [
        found([network(0, noise=0, accuracy=accuracy_table(clean))], experiment="clean",
              label_noise=[0], seeds=1),
        found(),
        found(sweep, experiment="width-sweep", widths=[2, 4, 8], seeds=1),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def text():
    return page(examples(), {"big": "Not done: 3 jobs (train 3). `geomem status` says why."})


@pytest.fixture
def opened(browser, text, tmp_path):
    path = tmp_path / "index.html"
    path.write_text(text)
    browser.open(path)
    yield browser
    browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def test_every_headline_is_there_and_every_link_names_a_result(opened):
    shown = opened.driver.find_element("tag name", "body").text
    assert (
        "Done: 3 of 4 experiments." in shown
        and "Not done: 3 jobs (train 3). geomem status says why." in shown
    )
    for example in examples():
        for title, sentence in headlines(example):
            assert title in shown and sentence in shown
    links = opened.driver.find_elements("css selector", "#depth a")
    addresses = {link.get_dom_attribute("href") for link in links}
    rows = judged([network(seed) for seed in range(3)]).query("verdict != 'not measured'")
    assert addresses == {f"depth/claims/claims.html#{claim}" for claim in rows["claim"]} | {
        "depth/claims/claims.html", "explorer.html#experiment=depth", "depth/provenance.html",
        "depth/figures/depth.png", "depth/figures/rewind.png",
        "depth/tables/accuracy.parquet", "depth/tables/geometry.parquet", "depth/claims/claims.csv",
    }  # fmt: skip
    assert opened.complaints() == [] and opened.requests() == []


@pytest.mark.parametrize("width", [700, 1000, 1400])
@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_and_can_be_read(opened, width, dark):
    driver = opened.driver
    metrics = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    across = driver.execute_script("return document.documentElement.scrollWidth")
    assert across <= width, "nothing is cut off"
    worst = driver.execute_script(CONTRAST)
    assert worst[0] >= 4.5, f"contrast {worst}"


# The least contrast (WCAG 2.1) of any text to what is behind it, with the text.
CONTRAST = """
const parts = (color) => color.match(/[\\d.]+/g).map(Number);
const light = (color) => parts(color).slice(0, 3).map((value) => value / 255)
  .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
  .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = getComputedStyle(at).backgroundColor;
    if (parts(color)[3] !== 0) return color;
  }
  return "rgb(255, 255, 255)";
};
let worst = [99, ""];
for (const element of document.body.querySelectorAll("*")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || ["SCRIPT", "STYLE"].includes(element.tagName)) continue;
  const pair = [light(getComputedStyle(element).color), light(behind(element))].sort();
  const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  if (ratio < worst[0]) worst = [ratio, element.textContent.slice(0, 40)];
}
return worst;
"""


def test_it_prints_in_black_on_white_whatever_the_screen(opened):
    driver = opened.driver
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": dark})
    style = "return getComputedStyle(document.body).{}"
    assert driver.execute_script(style.format("backgroundColor")) == "rgb(255, 255, 255)"
    assert driver.execute_script(style.format("color")) == "rgb(0, 0, 0)"


def test_links_are_reached_by_keyboard(opened):
    from selenium.webdriver.common.keys import Keys

    count = len(opened.driver.find_elements("css selector", "a"))
    reached = set()
    for _ in range(count):
        opened.driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(opened.driver.switch_to.active_element.get_dom_attribute("href"))
    assert len(reached) == count


def test_the_page_says_which_epoch_is_called_the_best():
    footer = page(examples()).split("<footer>")[1]
    assert "Best epoch: the one with the highest validation accuracy. " in footer
    mine = {**found(experiment="mine"), "best_epoch": 5}
    footer = page([*examples(), mine]).split("<footer>")[1]
    assert "highest validation accuracy; in mine epoch 5, as configured. " in footer


def test_names_are_text():
    example = found(experiment="x", network=EVIL, figures=["f" + EVIL])
    text = page([example], {EVIL: EVIL})
    assert len(re.findall("<script", text)) == 1 and EVIL not in text


def test_figures_are_within_the_page_and_experiments_with_more_to_say_come_first(browser, tmp_path):
    from matplotlib.figure import Figure

    known = [{**one, "figures": ["samples", "depth", "accuracy"]} for one in examples()]
    folder = tmp_path / "depth/figures"
    folder.mkdir(parents=True)
    for name in ("accuracy", "depth", "samples"):
        Figure(figsize=(2, 1)).savefig(folder / f"{name}.png", dpi=100)
    shown = {one["experiment"]: pictures(one, tmp_path / one["experiment"]) for one in known}
    assert {name: list(of_one) for name, of_one in shown.items()} == {
        "clean": [], "depth": ["accuracy", "depth"], "width-sweep": [],
    }  # fmt: skip
    path = tmp_path / "index.html"
    path.write_text(page(known, shown=shown))
    (folder / "accuracy.png").unlink()
    browser.open(path)
    sizes = browser.driver.execute_script(
        "return [...document.images].map((image) => [image.alt, image.naturalWidth])"
    )
    assert sizes == [["figure accuracy of depth", 200], ["figure depth of depth", 200]]
    order = [one.get_attribute("id") for one in browser.driver.find_elements("tag name", "article")]
    assert order[-1] == "clean" and set(order) == {"clean", "depth", "width-sweep"}
    assert browser.complaints() == [] and browser.requests() == []


def test_a_headline_of_an_earlier_version_is_left_out(tmp_path, capsys):
    """Of an experiment that is configured no more, and so is not made again."""
    paths = []
    for name in ("now", "before"):
        headline = found(experiment=name)
        if name == "before":
            del headline["by_claim"], headline["best_epoch"]
        paths.append(str(tmp_path / name / "headline.json"))
        write_document(tmp_path / name / "headline.json", headline, provenance={})
    output = tmp_path / "index.html"
    write_landing.main(["--headlines", *paths, "--output", str(output)])
    assert "before/headline.json is of an earlier version" in capsys.readouterr().err
    written = output.read_text()
    assert "now/claims/claims.html" in written and "before/claims/claims.html" not in written


def test_after_a_run_that_did_not_end_it_is_left_out_as_well(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("now", "before"):
        headline = found(experiment=name)
        if name == "before":
            del headline["by_claim"], headline["best_epoch"]
        write_document(f"results/{name}/headline.json", headline, provenance={})
    assert write_unfinished(["now", "before", "next"], [("next", "train")] * 2) == ["next"]
    written = (tmp_path / "results/index.html").read_text()
    assert "now/claims/claims.html" in written and "before/claims/claims.html" not in written
    assert "Not done: 2 jobs (train 2)." in written
