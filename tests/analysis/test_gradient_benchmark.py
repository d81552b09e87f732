"""The benchmark of label gradients of a part of the classes measures what its theory says."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from geomem.analysis.gradients import choose_examples, null_labels, split_gradients
from geomem.models import list_layers
from geomem.training.batches import Normalizer

from tests.analysis import small

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "gradient_classes.py"


def test_of_all_classes_it_is_what_the_workflow_measures():
    program = runpy.run_path(str(BENCHMARK))
    images = small.image_set()
    labels, model = small.labels_of(images), small.network(images)
    normalizer = Normalizer.fit(images.train_images)
    chosen = choose_examples(labels, "permuted")
    expected = null_labels(
        labels["assigned_label"].to_numpy()[chosen], "permuted", np.bincount(images.train_labels)
    )
    found = program["ratio"](model, images, labels, normalizer, chosen, expected)
    rows = split_gradients(model, list_layers(model), images, labels, normalizer, epoch=0)
    of_layer = {}
    for row in rows:
        if row["kind"] == "permuted" and row["part"] == "label":
            of_layer.setdefault(row["layer"], {})[row["metric"]] = row["value"]
    ratios = [value["norm"] / value["noise_floor"] for value in of_layer.values()]
    assert found == pytest.approx(np.exp(np.log(ratios).mean()), rel=1e-6)
