"""The pages of the site: what is generated is complete, and links lead somewhere."""

import importlib
import inspect
import re
import subprocess
import sys

import pytest
import yaml
from geomem.collecting import MEASURED, RUN_KEYS
from geomem.commands import COMMANDS
from geomem.registry.figures import FIGURES
from geomem.registry.tables import TABLES

from docs.generate.configuration import configuration_page
from docs.generate.drawings import DRAWINGS, draw_all
from docs.generate.gallery import with_captions
from docs.generate.tables import COLUMNS, FURTHER, tables_page
from tests.docs.blocks import ROOT, pages

GENERATED = {"reference/configuration.md", "reference/commands.md", "reference/tables.md"}
TOP = {"contributing.md", "changelog.md"}


def test_the_gallery_has_every_figure():
    text = with_captions((ROOT / "docs" / "gallery.md").read_text())
    for name in FIGURES:
        assert f"](figures/gallery/{name}.png)" in text
    with pytest.raises(ValueError, match="the gallery is about"):
        with_captions("## depth\n")


def test_every_key_of_a_configuration_has_a_row():
    text = configuration_page()
    default = yaml.safe_load((ROOT / "config.yaml").read_text())["defaults"]

    def keys(section, above=""):
        for key, value in section.items():
            yield f"{above}{key}"
            if isinstance(value, dict) and value:
                yield from keys(value, f"{above}{key}.")

    for name, value in default.items():
        if isinstance(value, dict):
            part = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
            rows = set(re.findall(r"^\| `([\w.]+)` \|", part, re.MULTILINE))
            wanted = {key for key in keys(value) if (name, key) != ("data", "name")}
            leaves = {key for key in wanted if not any(k.startswith(f"{key}.") for k in wanted)}
            assert leaves and leaves <= rows
        else:
            assert f"| `{name}` |" in text


def test_every_column_has_a_meaning():
    named = {*RUN_KEYS, *MEASURED, *(key for table in TABLES.values() for key in table.keys)}
    assert {*named, *(name for names in FURTHER.values() for name in names)} <= set(COLUMNS)
    text = tables_page()
    for table in TABLES.values():
        part = text.partition(f"\n## {table.name}\n")[2].partition("\n## ")[0]
        rows = re.findall(r"^\| `\w+` \| .+ \| (.+) \|$", part, re.MULTILINE)
        assert len(rows) == len(table.metrics) > 0
        assert "%" not in rows, "tables hold fractions"


def test_every_command_is_shown():
    from docs.generate.commands import commands_page

    text = commands_page()
    for name, command in COMMANDS.items():
        assert f"### geomem {name}\n" in text and f"Example: {command.example}" in text
    for script in (ROOT / "scripts").glob("*.py"):
        assert f"### {script.name}\n\n```text\nusage: " in text


@pytest.mark.parametrize("package", ["compat", "foreign", "geometry", "measures", "statistics"])
def test_every_public_function_is_in_the_reference(package):
    text = (ROOT / "docs" / "reference" / "api.md").read_text()
    shown = re.findall(r"^::: (geomem\.\S+)\.(\w+)$", text, re.MULTILINE)
    there = {name for module, name in shown if module.split(".")[1] == package}
    module = importlib.import_module(f"geomem.{package}")
    assert set(module.__all__) <= there
    for name in module.__all__:
        assert inspect.getdoc(getattr(module, name)), name


def test_the_drawings_in_the_repository_are_those_that_the_code_draws(tmp_path):
    draw_all(tmp_path)
    kept = ROOT / "docs" / "figures" / "concepts"
    assert {path.stem for path in kept.iterdir()} == set(DRAWINGS)
    for name in DRAWINGS:
        drawn = (tmp_path / f"{name}.svg").read_bytes()
        assert drawn == (kept / f"{name}.svg").read_bytes(), "run python -m docs.generate.drawings"


def anchors(page):
    """Anchors of a page's headings, as the site makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ +(.*)$", text, re.MULTILINE)
    return {
        re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", t.replace("`", "")).strip().lower())
        for t in titles
    }


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", text):
        where = (page.parent / target).resolve() if target else page
        if page.is_relative_to(ROOT / "docs"):
            name = str(where.relative_to(ROOT / "docs"))
            if name in GENERATED | TOP:
                continue
        assert where.exists(), target
        if anchor:
            assert anchor in anchors(where), f"{target}#{anchor}"


def test_every_page_is_in_the_navigation():
    listed = re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    there = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    assert sorted(listed) == sorted(there | GENERATED | TOP)


def test_words_to_avoid(tmp_path):
    program = ROOT / ".ci" / "words"
    clean = subprocess.run([sys.executable, program], capture_output=True, text=True)
    assert clean.returncode == 0, clean.stdout
    page = ROOT / "build" / "words.md"
    page.parent.mkdir(exist_ok=True)
    long = " ".join(["word"] * 41)
    page.write_text(
        "Layers are set back, a share of the images is measured anew.\n`anew`\n\n"
        f"- {long}.\n- {long[5:]}.\n\n| {long} |\n"
    )
    try:
        found = subprocess.run([sys.executable, program, page], capture_output=True, text=True)
    finally:
        page.unlink()
    assert found.returncode == 1
    assert [line.split("'")[1] for line in found.stdout.splitlines()] == [
        "anew", "set back", "a share", f"{long}.",
    ]  # fmt: skip


@pytest.mark.slow
def test_the_site_builds_and_loads_nothing_from_elsewhere(tmp_path):
    if not (ROOT / ".venv-docs" / "ready").exists():
        pytest.skip("needs the environment of the site: make docs")
    subprocess.run(["make", "docs"], cwd=ROOT, check=True)
    for path in (ROOT / "build" / "site").rglob("*.html"):
        loaded = re.findall(
            r"<(?:script|img|link|iframe)[^>]*(?:src|href)=\"?(https?:[^\s\">]*)", path.read_text()
        )
        assert loaded == [], path
