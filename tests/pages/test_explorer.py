"""The explorer in a real browser."""

import base64
import csv
import io
import re
import urllib.parse

import numpy as np
import pandas as pd
import pytest
from geomem.warning import MeasurementWarning, pack

from tests.figures import synthetic
from tests.pages.conftest import write_explorer

# Of each view, its controls that have something to choose in the made-up tables.
NETWORK = ("experiment", "width", "noise", "seed")
CONTROLS = {
    "layers": (*NETWORK, "table", "metric", "kind", "across", "lines", "minus-experiment"),
    "profile": (*NETWORK[1:], "metric", "kind", "epoch", "lines"),
    "manifolds": (*NETWORK[1:], "kind", "epoch"),
    "epochs": (*NETWORK, "metric", "lines", "minus-kind"),
    "rewinding": (*NETWORK[1:], "kind", "scheme", "lines", "minus-epoch"),
    "examples": (*NETWORK[1:], "group", "order", "from"),
}
MINUS = ("minus-width", "minus-noise", "minus-seed", "minus-epoch", "minus-kind")
EVERY = [(view, control) for view, controls in CONTROLS.items() for control in controls]
EVERY += [("layers", control) for control in MINUS]


def visit(browser, page, **state):
    """Open the explorer with a state in its address."""
    browser.open(page, urllib.parse.urlencode(state))


def pictures(browser):
    """What the charts show."""
    return browser.driver.execute_script(
        "return [...document.querySelectorAll('figure svg')].map((svg) => svg.outerHTML).join('')"
    )


def address(browser):
    """The state in the address."""
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(browser.driver.current_url).fragment))


def choose(browser, control, value=None):
    """Choose a value of a menu, by default the last or else the first one."""
    from selenium.webdriver.support.ui import Select

    menu = Select(browser.driver.find_element("id", control))
    ends = [menu.options[i].get_attribute("value") for i in (-1, 0)]
    current = menu.first_selected_option.get_attribute("value")
    chosen = value or next(end for end in ends if end != current)
    menu.select_by_value(chosen)
    return chosen


def downloaded(browser, kind, label):
    """What a button below a chart saves, as bytes, and the name of the file."""
    return _download(browser, f"figure.{kind} .buttons button", label)


def _download(browser, buttons, label):
    found = browser.driver.execute_async_script(
        """
        const [buttons, label, done] = arguments, make = URL.createObjectURL;
        const click = HTMLAnchorElement.prototype.click;
        URL.createObjectURL = (blob) => {
          const reader = new FileReader();
          reader.onload = () => { window.saved = reader.result; };
          reader.readAsDataURL(blob);
          return make(blob);
        };
        HTMLAnchorElement.prototype.click = function () { window.savedAs = this.download; };
        [...document.querySelectorAll(buttons)].find((b) => b.textContent === label).click();
        const wait = () => {
          if (!window.saved) return setTimeout(wait, 20);
          URL.createObjectURL = make;
          HTMLAnchorElement.prototype.click = click;
          const saved = [window.saved, window.savedAs];
          delete window.saved;
          done(saved);
        };
        wait();
        """,
        buttons,
        label,
    )
    return base64.b64decode(found[0].partition(",")[2]), found[1]


def test_it_loads_alone_and_without_complaint(browser, explorer):
    visit(browser, explorer)
    assert browser.complaints() == []
    assert browser.requests() == []
    tabs = [tab.text for tab in browser.driver.find_elements("css selector", "nav button")]
    assert tabs == [
        *("Layers and epochs", "Directions removed", "Manifolds in a plane"),
        *("Accuracy over epochs", "Rewinding", "Single images"),
    ]
    assert len(browser.driver.find_elements("css selector", "figure svg")) == 2


@pytest.mark.parametrize(("view", "control"), EVERY)
def test_a_control_changes_the_picture_and_its_address_restores_it(
    browser, explorer, view, control
):
    visit(browser, explorer, view=view)
    before = pictures(browser)
    assert before
    chosen = choose(browser, control)
    after = pictures(browser)
    assert after != before
    assert address(browser)[control] == chosen
    visit(browser, explorer, **address(browser))
    assert pictures(browser) == after
    assert browser.complaints() == []


def test_controls_without_effect_are_not_shown(browser, explorer):
    """Every menu that is shown is one of those that the test above tries."""
    tried = {control for _, control in EVERY}
    for view in CONTROLS:
        visit(browser, explorer, view=view)
        shown = browser.driver.execute_script(
            "return [...document.querySelectorAll('header select')]"
            ".filter((s) => s.offsetParent).map((s) => s.id)"
        )
        assert set(shown) <= tried
        assert set(CONTROLS[view]) <= set(shown)


@pytest.mark.parametrize("view", CONTROLS)
def test_tabs_change_the_view(browser, explorer, view):
    from selenium.webdriver import ActionChains, Keys

    other = "epochs" if view != "epochs" else "layers"
    visit(browser, explorer, view=other)
    before = pictures(browser)
    tab = browser.driver.find_element("css selector", f"nav button[name={view}]")
    browser.driver.execute_script("arguments[0].focus()", tab)
    ActionChains(browser.driver).send_keys(Keys.ENTER).perform()
    assert address(browser)["view"] == view
    assert pictures(browser) != before


@pytest.mark.parametrize("name", ["geometry", "glue"])
def test_a_csv_is_the_table(browser, explorer, frames, name):
    """The map of one network: every value and interval, as float32 has it."""
    state = {"width": 4, "noise": 0.5, "seed": 1, "kind": "test", "metric": "radius"}
    visit(browser, explorer, table=name, **state)
    text, file = downloaded(browser, "map", "CSV")
    found = pd.DataFrame(csv.DictReader(io.StringIO(text.decode())))
    assert file == "noisy-radius_R_M-map.csv" if name == "geometry" else "noisy-radius-map.csv"
    table = frames["noisy"][name]
    for column, value in state.items():
        table = table[table[column] == value]
    table = table[table["manifold"].isna()]
    best = table[table["best"]]
    asked = {"0": 0, "2": 2, "6": 6, "last": synthetic.LAST, "best": best["epoch"].iloc[0]}
    assert set(found["epoch"]) == set(asked)
    table = table.set_index(["epoch", "layer"])
    assert len(found) == len(table)
    for column in ("value", "lo", "hi"):
        shown = found[column].astype(float).astype(np.float32)
        expected = [
            table[column][asked[e], x] for e, x in zip(found["epoch"], found["layer"], strict=True)
        ]
        assert (shown == np.float32(expected)).all()
    assert set(found[found["epoch"] == "best"]["file"]) == {
        f"runs/w4_n0.5_s1/measures/{name}/best.parquet"
    }


def test_accuracies_are_fractions_in_a_csv_and_percents_on_the_page(browser, explorer, frames):
    visit(browser, explorer, view="epochs", width=8, noise=0, seed=0, lines="kind")
    text, _ = downloaded(browser, "lines", "CSV")
    found = pd.DataFrame(csv.DictReader(io.StringIO(text.decode())))
    table = frames["noisy"]["accuracy"].query("width == 8 and noise == 0 and seed == 0")
    table = table[table["metric"] == "accuracy"].set_index(["epoch", "kind"])["value"]
    assert len(found) == len(table)
    expected = [table[int(e), kind] for e, kind in zip(found["epoch"], found["kind"], strict=True)]
    assert (found["value"].astype(float).astype(np.float32) == np.float32(expected)).all()
    listed = browser.driver.execute_script(
        "return [...document.querySelectorAll('tbody tr')].map((tr) => tr.cells[2].textContent)"
    )
    assert [float(one) for one in listed] == pytest.approx(
        100 * found["value"].astype(float), rel=1e-3
    )


def test_manifolds_keep_their_shape_and_agree_from_layer_to_layer(browser, explorer, frames):
    """The CSV is the table; panels are turned so that a rotation between layers is not seen."""
    state = {"width": 4, "noise": 0.5, "seed": 1, "kind": "test", "epoch": "last"}
    visit(browser, explorer, view="manifolds", **state)
    text, _ = downloaded(browser, "plane", "CSV")
    found = pd.DataFrame(csv.DictReader(io.StringIO(text.decode())))
    table = frames["noisy"]["center_map"].query(
        "width == 4 and noise == .5 and seed == 1 and kind == 'test' and last"
    )
    table = table.set_index(["layer", "manifold", "metric"])["value"]
    for name in ("x", "y", "spread"):
        places = zip(found["layer"], found["manifold"].astype(int), strict=True)
        expected = np.float32([table[layer, mu, name] for layer, mu in places])
        assert (found[name].astype(float).astype(np.float32) == expected).all()
    dots = browser.driver.execute_script(
        "return [...document.querySelectorAll('figure.plane circle.mark')]"
        ".filter((c) => c.getAttribute('r') === '3')"
        ".map((c) => [Number(c.getAttribute('cx')), Number(c.getAttribute('cy'))])"
    )
    panels = np.reshape(dots, (len(synthetic.SMALL), -1, 2))
    shapes = panels - panels.mean(axis=1, keepdims=True)
    shapes /= np.linalg.norm(shapes, axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(shapes, np.broadcast_to(shapes[-1], shapes.shape), atol=0.01)


def test_differences_of_means_are_means_of_the_seeds_differences(browser, explorer, frames):
    state = {"width": 8, "noise": 0.5, "kind": "permuted", "metric": "capacity"}
    visit(browser, explorer, **state, **{"minus-epoch": "0"})
    text, _ = downloaded(browser, "map", "CSV")
    found = pd.DataFrame(csv.DictReader(io.StringIO(text.decode())))
    one = found[(found["epoch"] == "last") & (found["layer"] == "fc2")].iloc[0].astype(str)
    table = frames["noisy"]["geometry"]
    for column, value in state.items():
        table = table[table[column] == value]
    table = table[table["manifold"].isna() & (table["layer"] == "fc2")].set_index("seed")
    last, start = (table[table["epoch"] == epoch]["value"] for epoch in (synthetic.LAST, 0))
    change = last - start
    assert float(one["value"]) == pytest.approx(change.mean(), rel=1e-5)
    # Student's t with one degree of freedom, 97.5 %: 12.706.
    half = 12.7062 * change.std() / np.sqrt(2)
    assert float(one["lo"]) == pytest.approx(change.mean() - half, rel=1e-4)
    assert float(one["hi"]) == pytest.approx(change.mean() + half, rel=1e-4)


def test_a_difference_of_single_networks_adds_squares_of_half_widths(browser, explorer, frames):
    state = {"width": 8, "noise": 0.5, "seed": 0, "kind": "test", "metric": "radius"}
    visit(browser, explorer, **state, **{"minus-experiment": "clean"})
    assert address(browser)["minus-noise"] == "0", "the only network of the other experiment"
    text, _ = downloaded(browser, "map", "CSV")
    found = pd.DataFrame(csv.DictReader(io.StringIO(text.decode())))
    one = found[(found["epoch"] == "last") & (found["layer"] == "fc1")].iloc[0]
    rows = []
    for experiment, noise in (("noisy", 0.5), ("clean", 0.0)):
        table = frames[experiment]["geometry"]
        for column, value in (state | {"noise": noise, "layer": "fc1", "last": True}).items():
            table = table[table[column] == value]
        rows.append(table[table["manifold"].isna()].iloc[0])
    later, earlier = rows
    value = later["value"] - earlier["value"]
    below = np.hypot(later["value"] - later["lo"], earlier["hi"] - earlier["value"])
    above = np.hypot(later["hi"] - later["value"], earlier["value"] - earlier["lo"])
    ends = [float(one[name]) for name in ("value", "lo", "hi")]
    assert ends == pytest.approx([value, value - below, value + above], rel=1e-4)


def test_pictures_are_saved_as_svg_and_png_on_white(browser, explorer):
    browser.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": "dark"}]},
    )
    try:
        visit(browser, explorer)
        assert 'fill="#161616"' in pictures(browser)
        for kind in ("map", "lines"):
            text, name = downloaded(browser, kind, "SVG")
            assert text.startswith(b"<svg") and name.endswith(".svg")
            assert b'fill="#ffffff"' in text and b'fill="#161616"' not in text
            image, name = downloaded(browser, kind, "PNG")
            assert image.startswith(b"\x89PNG") and name.endswith(".png") and len(image) > 10_000
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert browser.complaints() == []


def test_a_pointer_on_a_mark_is_told_its_number_and_file(browser, explorer):
    from selenium.webdriver import ActionChains

    visit(browser, explorer)
    cell = browser.driver.find_element("css selector", "figure.map .mark")
    ActionChains(browser.driver).move_to_element(cell).pause(0.2).perform()
    said = browser.driver.find_element("id", "pointed").text
    for word in (
        "capacity",
        "interval",
        "layer: input",
        "epoch: 0",
        "noisy/tables/geometry.parquet",
    ):
        assert word in said, said


def test_marks_tell_accuracies_in_percent(browser, explorer, frames):
    from selenium.webdriver import ActionChains, Keys

    visit(browser, explorer, view="epochs", width=8, noise=0, seed=0)
    picture = browser.driver.find_element("css selector", "figure.lines svg")
    browser.driver.execute_script("arguments[0].focus()", picture)
    ActionChains(browser.driver).send_keys(Keys.ARROW_RIGHT).perform()
    said = browser.driver.find_element("id", "status").text
    kind, epoch = re.search(r"epoch: (\d+), kind: (\w+)", said).group(2, 1)
    table = frames["noisy"]["accuracy"].query(
        "width == 8 and noise == 0 and seed == 0 and metric == 'accuracy'"
    )
    value = table[(table["kind"] == kind) & (table["epoch"] == int(epoch))]["value"].item()
    assert f"accuracy: {float(f'{100 * value:.4g}'):g} %" in said


def test_it_is_usable_by_keyboard_and_speaks(browser, explorer):
    from selenium.webdriver import ActionChains, Keys

    visit(browser, explorer)
    before = pictures(browser)
    experiment = browser.driver.find_element("id", "experiment")
    browser.driver.execute_script("arguments[0].focus()", experiment)
    ActionChains(browser.driver).send_keys(Keys.ARROW_DOWN).perform()
    assert pictures(browser) != before
    assert browser.driver.switch_to.active_element.get_attribute("id") == "experiment"
    unlabelled = browser.driver.execute_script(
        "return [...document.querySelectorAll('select')]"
        ".filter((s) => s.labels.length !== 1 || s.tabIndex < 0).map((s) => s.id)"
    )
    assert unlabelled == []
    # From cell to cell of the map, spoken in the status line.
    visit(browser, explorer)
    picture = browser.driver.find_element("css selector", "figure.map svg")
    assert picture.get_attribute("role") == "img" and "capacity" in picture.get_attribute(
        "aria-label"
    )
    browser.driver.execute_script("arguments[0].focus()", picture)
    said = []
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_DOWN):
        ActionChains(browser.driver).send_keys(key).perform()
        said.append(browser.driver.find_element("id", "status").text)
    assert "layer: input" in said[0] and "epoch: 0" in said[0]
    assert "layer: conv1_1" in said[1] and "epoch: 0" in said[1]
    assert "layer: conv1_1" in said[2] and "epoch: 2" in said[2]


def test_it_prints(browser, explorer):
    visit(browser, explorer)
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


def test_a_narrow_window_shows_everything(browser, explorer):
    browser.driver.set_window_size(700, 1200)
    try:
        for view in CONTROLS:
            visit(browser, explorer, view=view)
            assert browser.driver.execute_script(
                "return document.documentElement.scrollWidth <= innerWidth"
            )
    finally:
        browser.driver.set_window_size(1400, 2600)


def test_a_warned_value_does_not_decide_the_axes(browser, tmp_path):
    table = synthetic.geometry_table(synthetic.cells(n_seeds=1), manifolds=0, controls=())
    state = {"metric": "radius", "kind": "test", "seed": 0}
    write_explorer(tmp_path / "sound.html", {"one": {"geometry": table}})
    far = (table["metric"] == "radius") & (table["layer"] == "fc1") & (table["epoch"] == 2)
    table.loc[far, "value"] = 1e6
    table.loc[far, "warnings"] = pack([MeasurementWarning("not-defined", "no radius")])
    write_explorer(tmp_path / "warned.html", {"one": {"geometry": table}})
    axes = []
    for name in ("sound", "warned"):
        visit(browser, tmp_path / f"{name}.html", **state)
        axes.append(
            browser.driver.execute_script(
                "return [...document.querySelectorAll('figure.lines text')]"
                ".map((t) => t.textContent)"
            )
        )
    assert axes[0] == axes[1]
    assert "open marks have a warning" in browser.driver.find_element("id", "notes").text


def test_names_are_text_and_never_markup(browser, tmp_path):
    evil = "</script><script>document.title = 'broken'</script><img src=x onerror='alert(1)'>"
    runs = synthetic.cells(n_seeds=1)
    geometry = synthetic.geometry_table(runs, layers=["input", evil, "fc"])
    geometry["warnings"] = pack([MeasurementWarning("evil", evil)])
    path = write_explorer(
        tmp_path / "evil.html", {evil: {"geometry": geometry}, "b": {"geometry": geometry}}
    )
    visit(browser, path)
    assert browser.complaints() == [] and browser.requests() == []
    assert browser.driver.title == "Explorer"
    assert browser.driver.find_elements("tag name", "img") == []
    for place in ("experiment", "charts", "listing"):
        assert evil in browser.driver.find_element("id", place).get_attribute("textContent")


def test_a_hundred_thousand_rows_load_quickly(browser, tmp_path):
    runs = synthetic.cells(widths=(8, 16), n_seeds=3)
    epochs = [*range(0, synthetic.LAST + 1, 2), None]
    table = synthetic.geometry_table(runs, synthetic.VGG16, epochs, manifolds=0)
    path = write_explorer(
        tmp_path / "large.html",
        {"large": {"geometry": table}},
        {"geometry": [*epochs[:-1], "best"]},
    )
    visit(browser, path)
    assert browser.complaints() == []
    rows = browser.driver.execute_script(
        "const held = JSON.parse(document.getElementById('content').textContent);"
        "return held.experiments[0].tables[0].length"
    )
    assert rows > 85_000
    assert path.stat().st_size < 5e6


def test_a_page_is_the_same_bytes_when_it_is_made_again(tmp_path, frames):
    first, again = (
        write_explorer(tmp_path / name, frames).read_bytes() for name in ("a.html", "b.html")
    )
    assert first == again
