"""The explorer and the landing page in Firefox."""

import pytest
from geomem.headlines.landing import page

from tests.headlines.examples import found
from tests.pages.firefox import start
from tests.pages.test_explorer import CONTROLS


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    browser, process = start(tmp_path_factory.mktemp("firefox"))
    yield browser
    browser.close()
    process.wait(30)


# Choose another value in each menu that is shown, and the first one again: which ones changed the
# picture, and whether the first one came back.
TRIED = """(() => {
  const shown = () => [...document.querySelectorAll("figure svg")];
  const pictures = () => shown().map((svg) => svg.outerHTML).join("");
  const menus = () => [...document.querySelectorAll("header select")].filter((s) => s.offsetParent);
  const choose = (id, value) => {
    const menu = document.getElementById(id);
    menu.value = value;
    menu.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const found = {};
  for (const { id, value, options } of menus()) {
    const before = pictures(), other = [...options].map((o) => o.value).find((v) => v !== value);
    if (other === undefined) continue;
    choose(id, other);
    const changed = pictures() !== before;
    choose(id, value);
    found[id] = [before !== "", changed, pictures() === before];
  }
  return found;
})()"""


@pytest.mark.parametrize("view", CONTROLS)
def test_every_control_changes_the_picture(firefox, explorer, view):
    firefox.open(explorer, f"view={view}")
    tried = firefox.run(TRIED)
    assert set(CONTROLS[view]) <= set(tried)
    assert all(one == [True, True, True] for one in tried.values()), tried
    assert firefox.complaints == [] and firefox.requests == []


@pytest.mark.parametrize("width", [700, 1400])
def test_nothing_is_cut_off(firefox, explorer, tmp_path, width):
    landing = tmp_path / "index.html"
    landing.write_text(page([found()]))
    for path, state in ((explorer, ""), (landing, "")):
        firefox.open(path, state, width)
        across, inner = firefox.run("[document.documentElement.scrollWidth, innerWidth]")
        assert across <= inner == width
        assert firefox.complaints == [] and firefox.requests == []
