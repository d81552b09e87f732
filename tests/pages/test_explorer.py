"""The explorer in a real browser."""

import base64

import pandas as pd
import pytest
from geomem.warning import MeasurementWarning, pack

from tests.figures import synthetic
from tests.pages.conftest import write_explorer

CONTROLS = (
    *("width", "noise", "seed", "accuracy-metric", "geometry-metric", "geometry-kind"),
    *("geometry-lines", "gradients-kind", "rewind-scheme", "rewind-kind", "gradients-part"),
)


def pictures(browser):
    """What all charts show."""
    return browser.driver.execute_script(
        "return [...document.querySelectorAll('svg.marks')].map((svg) => svg.outerHTML).join('')"
    )


def wait_for_change(browser, before):
    return browser.driver.execute_async_script(
        "const [before, done] = arguments, started = performance.now();"
        "const look = () => {"
        "  const charts = [...document.querySelectorAll('svg.marks')];"
        "  const now = charts.map((svg) => svg.outerHTML).join('');"
        "  if (now !== before) return done(true);"
        "  if (performance.now() - started > 8000) return done(false);"
        "  setTimeout(look, 30); };"
        "look();",
        before,
    )


def choose(browser, control, value=None):
    """Choose a value of a menu, by default the last or else the first one."""
    from selenium.webdriver.support.ui import Select

    menu = Select(browser.driver.find_element("id", control))
    ends = [menu.options[i].get_attribute("value") for i in (-1, 0)]
    current = menu.first_selected_option.get_attribute("value")
    menu.select_by_value(value or next(end for end in ends if end != current))


def test_it_loads_alone_and_without_complaint(browser, explorer):
    browser.open(explorer)
    assert browser.complaints() == []
    assert browser.requests() == []
    assert explorer.stat().st_size < 5e6
    sections = [
        found.get_attribute("id") for found in browser.driver.find_elements("tag name", "section")
    ]
    assert sections == ["geometry", "accuracy", "rewind", "gradients", "simulation"]
    # A heat map and lines each where there are layers, lines alone over epochs.
    assert len(browser.driver.find_elements("css selector", "svg.marks")) == 8


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_changes_the_picture(browser, explorer, control):
    browser.open(explorer)
    before = pictures(browser)
    choose(browser, control)
    assert wait_for_change(browser, before)
    assert browser.complaints() == []


def test_lines_and_numbers_are_those_of_the_table(browser, explorer, frames):
    """The list below the lines, for one network: every number, interval and file."""
    browser.open(explorer)
    before = pictures(browser)
    for control, value in (
        *(("width", "4"), ("noise", "0.5"), ("seed", "1")),
        *(("geometry-kind", "test"), ("geometry-metric", "radius"), ("geometry-lines", "epoch")),
    ):
        choose(browser, control, value)
    assert wait_for_change(browser, before)
    table = frames["geometry"].query("width == 4 and noise == .5 and seed == 1 and kind == 'test'")
    table = table[(table["metric"] == "radius") & table["manifold"].isna()]
    rows = browser.driver.execute_script(
        "return [...document.querySelectorAll('#geometry tbody tr')]"
        ".map((tr) => [...tr.cells].map((td) => td.textContent))"
    )
    head = browser.driver.execute_script(
        "return [...document.querySelectorAll('#geometry th')].map((th) => th.textContent)"
    )
    shown = pd.DataFrame(rows, columns=head)
    assert len(shown) == len(table)  # the best epoch, 16, was asked for by name alone
    best = shown[shown["epoch"].str.startswith("best")].set_index("layer")
    expected = table[table["best"]].set_index("layer")
    number = "radius R_M (centre norms)"
    found = best[number].astype(float)
    assert found.to_dict() == pytest.approx(expected["value"].to_dict(), rel=6e-4)
    ends = best["interval"].str.split(" to ", expand=True).astype(float)
    assert ends[0].to_dict() == pytest.approx(expected["lo"].to_dict(), rel=6e-4)
    assert ends[1].to_dict() == pytest.approx(expected["hi"].to_dict(), rel=6e-4)
    assert set(best["file"]) == {"runs/w4_n0.5_s1/measures/geometry/best.parquet"}


def test_a_pointer_on_a_mark_is_told_its_number_and_file(browser, explorer):
    from selenium.webdriver import ActionChains

    browser.open(explorer)
    browser.driver.set_window_size(1400, 2600)
    cell = browser.driver.find_element("css selector", "#geometry .heat g.mark-rect path")
    ActionChains(browser.driver).move_to_element(cell).pause(0.3).perform()
    said = browser.driver.find_element("id", "vg-tooltip-element").text
    for word in ("capacity", "interval", "layer", "epoch", "tables/geometry.parquet"):
        assert word in said, said


def test_it_is_usable_by_keyboard(browser, explorer):
    from selenium.webdriver import ActionChains, Keys

    browser.open(explorer)
    before = pictures(browser)
    ActionChains(browser.driver).send_keys(Keys.TAB).perform()
    assert browser.driver.switch_to.active_element.get_attribute("id") == "width"
    ActionChains(browser.driver).send_keys(Keys.ARROW_DOWN).perform()
    assert wait_for_change(browser, before)
    # Every menu and the list of numbers can be reached, and every menu has its label.
    unlabelled = browser.driver.execute_script(
        "return [...document.querySelectorAll('select')]"
        ".filter((s) => s.labels.length !== 1 || s.tabIndex < 0).map((s) => s.id)"
    )
    assert unlabelled == []


def test_it_prints(browser, explorer):
    browser.open(explorer)
    printed = browser.driver.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.3})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF")
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        position = browser.driver.execute_script(
            "return getComputedStyle(document.querySelector('header')).position"
        )
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert position == "static", "a header that stays in view would cover the print"


def test_names_are_text_and_never_markup(browser, tmp_path):
    evil = "</script><script>document.title = 'broken'</script><img src=x onerror='alert(1)'>"
    runs = synthetic.cells(n_seeds=1)
    geometry = synthetic.geometry_table(runs, layers=["input", evil, "fc"])
    geometry["warnings"] = pack([MeasurementWarning("evil", evil)])
    path = write_explorer(tmp_path / "evil.html", {"geometry": geometry}, experiment=evil)
    browser.open(path)
    assert browser.complaints() == [] and browser.requests() == []
    assert browser.driver.title == f"Explorer: {evil}"
    assert browser.driver.find_elements("tag name", "img") == []
    assert browser.driver.find_element("tag name", "h1").text == evil
    assert evil in browser.driver.find_element("id", "geometry").get_attribute("textContent")


def test_a_table_of_the_papers_size_is_thinned(browser, tmp_path):
    runs = synthetic.cells(widths=(8, 16), label_noise=(0.0, 0.5), n_seeds=3)
    epochs = list(range(0, synthetic.LAST + 1, 4))
    table = synthetic.geometry_table(runs, synthetic.VGG16, [*epochs, None], manifolds=0)
    asked = {"geometry": [*epochs, "best"]}
    path = write_explorer(tmp_path / "large.html", {"geometry": table}, epochs=asked)
    assert len(table) > 50_000
    assert path.stat().st_size < 5e6
    browser.open(path)
    assert browser.complaints() == []
    said = browser.driver.find_element("id", "geometry").get_attribute("textContent")
    assert f"of {table['epoch'].nunique()} epochs are shown" in said
    offered = browser.driver.find_elements("css selector", "#geometry-epoch option")
    assert {"best", str(synthetic.LAST)} <= {option.get_attribute("value") for option in offered}
