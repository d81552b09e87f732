"""docs/labels.md, followed word for word; CIFAR-10 itself is not fetched."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from geomem.storage.tables import read_table

from tests.foreign.commands import run
from tests.workflow.conftest import make_workspace

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "labels.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
FILES = dict(re.match(r"# (\S+)\n(.*)", text, re.DOTALL).groups() for kind, text in BLOCKS if kind)
CHECK, RUN = (line for kind, text in BLOCKS if not kind for line in text.splitlines())

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    workspace = make_workspace(tmp_path_factory.mktemp("labels"))
    config = workspace.config
    settings = config["experiments"]["tiny"] | config["defaults"]
    less = {"controls": [], "measures": ["geometry"], "epochs": ["best", "last"]}
    settings["analysis"] = settings["analysis"] | less
    for section in ("rewind", "gradients"):
        settings[section] = settings[section] | {"epochs": []}
    workspace.write_config({"defaults": settings, "experiments": {"tiny": {}}})
    for name, text in FILES.items():
        (workspace.path / name).write_text(text)
    return workspace


def test_the_check_of_human_labels(place):
    assert all(text.count("\n") <= 20 for text in FILES.values())
    refused = run(place, CHECK, good=False)
    assert "labels.path: CIFAR-10_human.pt does not exist" in refused
    torch.save({"clean_label": np.arange(4)}, place.path / "CIFAR-10_human.pt")
    assert "human: 2 networks" in run(place, CHECK)


def test_a_transition_matrix_to_the_claims(place):
    run(place, RUN.replace("human", "confused"))
    found = place.path / "results/confused"
    geometry = read_table(found / "tables/geometry.parquet")
    assert {"unpermuted", "permuted", "restored", "test"} <= set(geometry["kind"])
    [labels] = (place.path / "results/shared/data").glob("*/labels/transition-*.parquet")
    table = read_table(labels)
    wrong = table[table["kind"] == "permuted"]
    partner = wrong["true_label"] ^ 1  # the matrix confuses 0 with 1, and 2 with 3
    assert (wrong["assigned_label"] == partner).all() and 0.2 < len(wrong) / len(table) < 0.6
    verdicts = read_table(found / "claims/claims.parquet")
    verdicts = verdicts[verdicts["estimator"] != "glue"].set_index("target")
    # Permuted examples of a class come from one other class: they are no unstructured cloud.
    assert verdicts.loc["T1-permuted", "effect"] > 0
    assert place.pending("--configfile", "confused.yaml") == set()


def test_the_labels_of_a_file_to_the_claims(place):
    """In the form of CIFAR-10N, of the images that the tiny experiment has."""
    images = place.path / "results/shared/data"
    [stored] = images.glob("*/images.npz")
    true = np.load(stored)["train_labels"]
    worse = np.where(np.arange(len(true)) % 5 < 2, (true + 1) % 4, true)
    torch.save({"clean_label": true, "worse_label": worse}, place.path / "human.pt")
    config = yaml.safe_load(FILES["confused.yaml"])
    config["experiments"]["confused"]["labels"] = {
        "rule": "table", "path": "human.pt", "column": "worse_label",
    }  # fmt: skip
    (place.path / "table.yaml").write_text(yaml.safe_dump(config))
    run(place, "geomem run --configfile table.yaml")
    [labels] = images.glob("*/labels/table-*.parquet")
    np.testing.assert_array_equal(read_table(labels)["assigned_label"], worse)
    page = (place.path / "results/confused/claims/claims.html").read_text()
    assert "label noise" in page and "T1" in page
    # Another file trains again; the same one does not.
    assert place.pending("--configfile", "table.yaml") == set()
    torch.save({"clean_label": true, "worse_label": true}, place.path / "human.pt")
    assert ("labels", "data=glyphs, labelling=table, noise=1, seed=0") in place.pending(
        "--configfile", "table.yaml"
    )
