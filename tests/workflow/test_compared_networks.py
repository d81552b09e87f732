"""Probes, and layers compared between epochs, seeds and widths, from training to figures."""

import pytest
from geomem.storage.tables import read_table

from tests.workflow.conftest import make_workspace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    workspace = make_workspace(tmp_path_factory.mktemp("compared"))
    config = workspace.config  # read from its file each time
    experiment = config["experiments"]["tiny"]
    experiment |= {"widths": [2, 3], "seeds": [0, 5]}
    experiment["analysis"] |= {"measures": ["cross_condition"], "store": "gram", "controls": []}
    experiment["analysis"]["layers"] = ["conv1_1", "fc*"]
    for section in ("probes", "similarity"):
        experiment[section]["epochs"] = [0, "best", "last"]
    workspace.write_config(config)
    names = ("probes", "similarity", "cross_condition")
    workspace.snakemake(*(f"results/tiny/figures/{name}.png" for name in names))
    return workspace.path / "results/tiny"


def test_every_layer_is_probed_with_both_labels(results):
    table = read_table(results / "tables/probes.parquet")
    accuracies = table[table["metric"].isin(["linear_probe", "masc"])]
    assert set(accuracies["labels"]) == {"assigned", "true"}
    assert set(accuracies["layer"]) == {"conv1_1", "fc1", "fc2", "fc3"}
    assert accuracies["value"].between(0, 1).all()
    assert (accuracies["lo"] <= accuracies["hi"]).all()
    assert {"network", "nc3", "nc4"} <= set(table["metric"])


def test_networks_are_compared_with_those_of_other_seeds_and_widths(results):
    table = read_table(results / "tables/similarity.parquet")
    last = table[table["last"] & (table["metric"] == "cka") & (table["compared"] != "epoch")]
    pairs = last.groupby(["width", "seed"])["other"].unique().map(set).to_dict()
    assert pairs == {(2, 5): {"seed 0"}, (3, 0): {"width 2"}, (3, 5): {"seed 0", "width 2"}}
    first = table[table["other"] == "epoch 0"]
    assert (first["other_epoch"] == 0).all() and (first["epoch"] > 0).all()
    assert len(first.groupby(["width", "seed"])) == 4


def test_dichotomies_have_a_table(results):
    table = read_table(results / "tables/cross_condition.parquet")
    assert set(table["metric"]) == {"shattering", "generalization"}
    assert table["value"].between(0, 1).all()
