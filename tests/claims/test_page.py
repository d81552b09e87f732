"""The claims page and command."""

import base64
import html.parser
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from geomem.claims.judge import COLUMNS, judge_all
from geomem.claims.page import markdown_rows, page
from geomem.registry.claims import TARGETS
from geomem.storage.tables import read_table, table_provenance, write_table
from PIL import Image

from scripts import judge_claims
from tests.claims.made_up import network
from tests.claims.test_verdicts import SETTINGS

JUDGED = {**SETTINGS, "best_epoch": "validation"}


@pytest.fixture(scope="module")
def table():
    runs = [network(seed) for seed in range(3)] + [network(0, width=16)]
    rows = [{"experiment": "made-up", **row} for row in judge_all(runs, SETTINGS)]
    return pd.DataFrame(rows)[list(COLUMNS)].astype({"width": "Int64"})


class Checker(html.parser.HTMLParser):
    """Collects text and checks that every element is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_is_whole_and_tells_everything(table):
    checker = Checker()
    checker.feed(page(table, "made-up", JUDGED, figures={"C1": ("depth", b"png")}))
    assert checker.open == []
    text = " ".join(checker.text)
    for target in TARGETS.values():
        assert target.name in text
    assert "✓ supported" in text and "Not measured" in text
    assert "1 seed of 3 asked for" in text  # of the wider network
    assert "figures/depth.png" in text
    row = table[(table["target"] == "T2-final") & (table["width"] == 8)].iloc[0]
    assert f"{row.effect:.3g}" in text and "≥ 2" in text and row.source in text


@pytest.mark.parametrize(("count", "told"), [(9, True), (10, False), (None, False)])
def test_few_classes_are_told_first(table, count, told):
    text = page(table, "made-up", JUDGED, count)
    assert ("Only 9 classes were analysed" in text.partition("<h2>")[0]) == told


def test_the_page_says_what_is_called_the_best_epoch(table):
    assert "highest validation accuracy" in page(table, "made-up", JUDGED)
    text = page(table, "made-up", {**JUDGED, "best_epoch": 7})
    assert "epoch 7, as configured" in text and "highest validation" not in text


def test_markdown_has_a_row_per_verdict(table):
    rows = markdown_rows(table)
    assert len(rows) == (table["verdict"] != "not measured").sum()
    assert rows[0]["threshold"] == "≤ 0.1"
    assert rows[0]["seeds"] == 3
    assert rows[0]["from seeds"].startswith("[0.04")
    assert rows[0]["with Holm"] == "supported"


def test_the_command(tmp_path):
    keys = {"experiment": "made-up", "width": 8, "noise": 0.5}
    frames = {}
    for seed in range(3):
        for name, part in network(seed).tables.items():
            frames.setdefault(name, []).append(part.assign(**keys, seed=seed))
    paths = {}
    for name, parts in frames.items():
        paths[name] = tmp_path / f"{name}.parquet"
        write_table(paths[name], pd.concat(parts, ignore_index=True), {})
    spec = {
        "experiment": "made-up",
        "per_class": 50,
        "claims": SETTINGS,
        "figures": {"C1": "depth"},
    }
    Image.new("L", (2, 2)).save(tmp_path / "depth.png")
    outputs = {name: str(tmp_path / f"out.{name}") for name in ("output", "csv", "page")}
    options = ["--tables", *(f"{name}={path}" for name, path in paths.items())]
    options += ["--figures", f"depth={tmp_path / 'depth.png'}"]
    options += [word for name, path in outputs.items() for word in (f"--{name}", path)]
    judge_claims.main(["--spec", json.dumps(spec), *options])
    found = read_table(outputs["output"]).set_index("target")
    assert found.loc["T2-final", "verdict"] == "supported"
    assert pd.read_csv(outputs["csv"])["target"].tolist() == found.index.tolist()
    assert len(table_provenance(outputs["output"])["inputs"]) == 5
    text = (tmp_path / "out.page").read_text()
    picture = base64.b64encode((tmp_path / "depth.png").read_bytes()).decode()
    assert "made-up" in text and f"base64,{picture}" in text


def test_the_documentation_has_every_target_with_its_threshold():
    text = (Path(__file__).resolve().parents[2] / "docs" / "claims.md").read_text()
    for target in TARGETS.values():
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {target.name} (")]
        sign = "≥" if target.bound == "at least" else "≤"
        value = f"{target.value:g}".replace("0.", ".")
        assert re.search(rf"\| {sign} {re.escape(value)}; ", row), row
