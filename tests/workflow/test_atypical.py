"""Images that are learned late, as a kind of manifolds beside relabelled ones."""

import pytest
from geomem.storage.tables import read_table

from tests.workflow.conftest import make_workspace

pytestmark = pytest.mark.slow


def test_atypical_manifolds_in_a_run(tmp_path):
    workspace = make_workspace(tmp_path)
    config = workspace.config
    settings = config["experiments"]["tiny"] | config["defaults"] | {"widths": [2, 3]}
    for section in ("rewind", "gradients", "simulation"):
        settings[section] = settings[section] | {"epochs": []}
    kinds = ["unpermuted", "permuted", "atypical"]
    settings["analysis"] = settings["analysis"] | {
        "kinds": kinds, "controls": [], "measures": ["geometry"], "epochs": ["last"]
    }  # fmt: skip
    workspace.write_config({"defaults": settings, "experiments": {"tiny": {}}})
    workspace.snakemake()
    place = workspace.path / "results/tiny"
    geometry = read_table(place / "tables/geometry.parquet")
    assert set(geometry["kind"]) == set(kinds)
    chosen = read_table(place / "analysis_set/n0.5_s0.parquet")
    chosen = chosen[chosen["kind"] == "atypical"].set_index("index")
    examples = read_table(place / "tables/examples.parquet")
    assert set(examples["width"]) == {2, 3}
    wrong = examples[examples["kind"] == "unpermuted"].groupby("index").agg(
        {"epochs_wrong": "sum", "true_label": "first"}
    )  # fmt: skip
    for label, images in wrong.groupby("true_label"):
        mine = images["epochs_wrong"].loc[chosen.index[chosen["manifold"] == label]]
        assert len(mine) == 4
        assert mine.min() >= images["epochs_wrong"].drop(mine.index).max(), "over both widths"
    assert workspace.pending() == set()
    # Without the kind, images are chosen before any training.
    settings["analysis"]["kinds"] = kinds[:2]
    workspace.write_config({"defaults": settings, "experiments": {"tiny": {}}})
    assert "train" not in {rule for rule, _ in workspace.pending()}
