"""docs/extending.md, followed word for word on a tiny network."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from geomem.storage.tables import read_table

from tests.workflow.conftest import make_workspace

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
# Blocks that are files begin with their name.
FILES = dict(re.match(r"# (\S+)\n(.*)", text, re.DOTALL).groups() for kind, text in BLOCKS if kind)
EXPLORER = {("explorer", "")}
LAST = {("provenance", "experiment=mine"), ("landing", "")}  # come after any result
COMMANDS = [
    command
    for kind, text in BLOCKS
    if not kind
    for command in text.replace("\\\n", "").splitlines()
]


def test_each_of_the_five_takes_fewer_than_30_lines():
    assert set(FILES) == {
        "my_data.py", "my_measures.py", "my_figures.py", "my_claims.py", "my_training.py",
        "mine.smk", "mine.yaml",
    }  # fmt: skip
    # The whole configuration counts for each of them.
    assert all(FILES[name].count("\n") < 30 for name in FILES)


def lines(text):
    return sum(bool(line.strip()) for line in text.splitlines())


def test_the_lines_that_each_takes_are_as_the_page_says():
    mine = yaml.safe_load(FILES["mine.yaml"])["experiments"]["mine"]
    counted = {
        "data set": (FILES["my_data.py"], {"data": mine["data"]}),
        "measure of a layer": (FILES["my_measures.py"], {"measures": mine["analysis"]["measures"]}),
        "figure": (FILES["my_figures.py"], {"figures": mine["figures"]}),
        "statement": (FILES["my_claims.py"], mine["claims"]["own"]),
        "stage": (FILES["mine.smk"], {}),
    }
    said = re.findall(r"^\| ([a-z ]+) \| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE)
    assert {name: (int(code), int(config)) for name, code, config in said} == {
        name: (lines(code), configured(config)) for name, (code, config) in counted.items()
    }


def configured(section):
    """Lines of mine.yaml with a key of the section, those inside it included."""
    found = 0
    for key, value in section.items():
        nested = isinstance(value, dict) and f"{key}: {{" not in FILES["mine.yaml"]
        found += 1 + (configured(value) if nested else 0)
    return found


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """The page's files beside a tiny configuration, whose settings are the defaults."""
    workspace = make_workspace(tmp_path_factory.mktemp("extended"))
    config = workspace.config
    settings = config["experiments"]["tiny"] | config["defaults"]
    workspace.write_config({"defaults": settings, "experiments": {"tiny": {}}})
    for name, text in FILES.items():
        (workspace.path / name).write_text(text)
    return workspace


def run(workspace, command):
    words = shlex.split(command.replace("w8_", "w2_"))  # the tiny network is narrower
    assert words[0] == "geomem"
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=workspace.path,
        capture_output=True,
        text=True,
        env=workspace.environment(PYTHONPATH="scripts"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_page(extended):
    check, everything, stage = COMMANDS
    assert "mine: 1 network" in run(extended, check)
    run(extended, everything)
    place = extended.path / "results" / "mine"

    table = read_table(place / "tables/stable_rank.parquet")
    single = table[table["manifold"].notna()]
    assert set(table["metric"]) == {"rank"}
    assert single["value"].between(1 - 1e-9, 9 + 1e-9).all(), "10 points span 9 directions"
    mean = single.groupby(["epoch", "layer_index", "kind"])["value"].mean()
    whole = table[table["manifold"].isna()].set_index(mean.index.names)["value"]
    assert (mean - whole).abs().max() < 1e-9
    assert (place / "tables/geometry.parquet").is_file()

    assert (place / "figures/ranks.png").is_file()
    verdicts = read_table(place / "claims/claims.parquet").set_index("target")
    row = verdicts.loc["rank-shrinks"]
    assert row["claim"] == "own" and "1 seed of 3" in row["remark"]
    last = table[table["last"] & (table["kind"] == "permuted") & table["manifold"].isna()]
    curve = last.sort_values("layer_index")["value"].to_numpy()
    assert row["effect"] == pytest.approx(1 - curve[-1] / curve[0])
    assert row["manifolds_lo"] < row["effect"] < row["manifolds_hi"]
    explorer = (place.parent / "explorer.html").read_text()
    assert '"name":"stable_rank"' in explorer

    run(extended, stage)
    norms = (place / "runs/w2_n0.5_s0/weight_norms.csv").read_text().splitlines()
    assert norms[0] == "parameter,norm" and len(norms) > 10

    assert extended.pending("--configfile", "mine.yaml") == set()


@pytest.mark.slow
def test_an_edited_function_runs_what_it_makes_and_no_more(extended):
    """After `test_the_page`."""
    run_of = "experiment=mine, width=2, noise=0.5, seed=0"
    measure = {
        ("measure", f"{run_of}, measure=stable_rank, epoch={epoch}") for epoch in ("0", "last")
    }
    pages = {(page, "experiment=mine") for page in ("claims", "headline")} | EXPLORER | LAST
    table = {("table", "experiment=mine, table=stable_rank")}
    figure = {("figure", "experiment=mine, figure=ranks")}
    cases = {
        "my_measures.py": measure | table | figure | pages,
        "my_figures.py": figure | LAST,
        "my_claims.py": {(page, "experiment=mine") for page in ("claims", "headline")} | LAST,
    }
    for name, jobs in cases.items():
        path = extended.path / name
        text = path.read_text()
        path.write_text(text + "\nCHANGED = True\n")
        assert extended.pending("--configfile", "mine.yaml") == jobs, name
        path.write_text(text)
    assert extended.pending("--configfile", "mine.yaml") == set()


@pytest.mark.slow
def test_without_the_new_measure_nothing_else_is_computed(extended):
    """A further measure adds its own jobs: taken away, it leaves the others' results in place."""
    config = yaml.safe_load(FILES["mine.yaml"])
    mine = config["experiments"]["mine"]
    mine["analysis"]["measures"], mine["figures"] = ["geometry"], []
    del mine["claims"]
    (extended.path / "less.yaml").write_text(yaml.safe_dump(config))
    pages = {(page, "experiment=mine") for page in ("claims", "headline")} | EXPLORER | LAST
    assert extended.pending("--configfile", "less.yaml") == pages
