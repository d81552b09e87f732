"""Simulated beside theoretical capacity of a network's layers."""

import pandas as pd
import pytest
from geomem.analysis.points import choose_points
from geomem.analysis.simulation import COLUMNS, simulate
from geomem.errors import InputError
from geomem.models import list_layers
from geomem.training.batches import Normalizer

from tests.analysis import small

GEOMETRY = {
    "n_t": 50,
    "low_rank": {"rule": "shrinkage", "k": "none"},
    "confidence": 0.95,
    "seed": 0,
}


@pytest.fixture(scope="module")
def setting():
    images = small.image_set()
    return images, small.analysis_set_of(images, small.labels_of(images)), small.network(images)


def test_the_points_are_the_first_of_the_analysis_set(setting):
    analysis_set = setting[1]
    chosen = pd.DataFrame(
        choose_points(
            analysis_set, kinds=["test", "permuted"], classes=3, per_class=2, section="simulation"
        )
    )
    assert set(chosen["kind"]) == {"test", "permuted"}
    assert (chosen.groupby(["kind", "manifold"]).size() == 2).all()
    assert sorted(chosen["manifold"].unique()) == sorted(analysis_set["manifold"].unique())[:3]
    assert chosen["position"].max() == 1


@pytest.mark.parametrize(("name", "value"), [("classes", 6), ("per_class", 5)])
def test_more_than_is_analysed(setting, name, value):
    asked = {"kinds": ["test"], "classes": 3, "per_class": 2, name: value}
    with pytest.raises(InputError, match=rf"simulation\.{name} is {value}.*analysis\.{name}"):
        choose_points(setting[1], section="simulation", **asked)


def test_rows(setting):
    images, analysis_set, network = setting
    chosen = choose_points(
        analysis_set, kinds=["test", "permuted"], classes=5, per_class=4, section="simulation"
    )
    layers = [layer for layer in list_layers(network) if layer.name in ("conv1_1", "fc3")]
    rows = simulate(
        network,
        layers,
        images,
        chosen,
        Normalizer.fit(images.train_images),
        epoch=3,
        geometry=GEOMETRY,
        dichotomies=40,
        seed=0,
        threads=1,
    )
    assert all(tuple(row) == COLUMNS for row in rows)
    assert len(rows) == 2 * 2 * 2
    found = {(row["layer"], row["kind"], row["metric"]): row for row in rows}
    for row in rows:
        if row["reached"]:
            assert 0 < row["lo"] <= row["value"] <= row["hi"]
    # Classes that the network has learned are easier to separate than mixed ones, both ways.
    for metric in ("theory", "simulated"):
        learned, mixed = found["fc3", "test", metric], found["fc3", "permuted", metric]
        assert learned["value"] > 1.2 * mixed["value"] or not mixed["reached"]
