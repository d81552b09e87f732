"""Probes of a network's layers, and its own classifier, against the features themselves."""

import numpy as np
import pandas as pd
import pytest
import torch
from geomem.analysis.activations import extract_activations
from geomem.analysis.probing import COLUMNS, outputs, probe_layers
from geomem.measures import linear_probe, neural_collapse, subspace_probe
from geomem.models import list_layers
from geomem.training.batches import Normalizer
from torch import nn

from tests.analysis import small

LAYERS = ("conv1_1", "fc2", "fc3")


@pytest.fixture(scope="module")
def setting():
    images = small.image_set()
    analysis_set = small.analysis_set_of(images, small.labels_of(images))
    return images, analysis_set, small.network(images), Normalizer.fit(images.train_images)


def probed(setting, analysis_set=None):
    images, known, network, normalizer = setting
    every = list_layers(network)
    layers = [layer for layer in every if layer.name in LAYERS]
    chosen = known if analysis_set is None else analysis_set
    rows = probe_layers(
        network, layers, every, images, chosen, normalizer,
        epoch=3, variance=0.9, confidence=0.95,
    )  # fmt: skip
    assert all(tuple(row) == COLUMNS and row["epoch"] == 3 for row in rows)
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def rows(setting):
    return probed(setting)


def features(setting, layer):
    images, analysis_set, network, normalizer = setting
    layers = [each for each in list_layers(network) if each.name == layer]
    settings = (network, layers, images, analysis_set, normalizer)
    with extract_activations(*settings, epoch=3, store="raw") as found:
        return {
            kind: (np.array(found.features(layers[0].index, kind)), found.manifolds(kind))
            for kind in found.kinds
        }


@pytest.mark.parametrize("layer", LAYERS)
def test_probes_are_those_of_the_features(setting, rows, layer):
    of_kind = features(setting, layer)

    def together(*kinds):
        clouds = np.concatenate([of_kind[kind][0] for kind in kinds])
        labels = np.concatenate([of_kind[kind][1] for kind in kinds])
        return clouds.reshape(-1, clouds.shape[-1]), np.repeat(labels, clouds.shape[1])

    for labels, kinds in (
        ("assigned", ("unpermuted", "permuted")),
        ("true", ("unpermuted", "restored")),
    ):
        data = (*together(*kinds), *together("test"))
        expected = {
            "linear_probe": linear_probe(*data),
            "masc": subspace_probe(*data, variance=0.9),
        }
        for metric, found in expected.items():
            row = (
                rows[rows["metric"] == metric]
                .query("layer == @layer")
                .set_index("labels")
                .loc[[labels]]
            )
            ends = row[["value", "lo", "hi"]].to_numpy()
            np.testing.assert_allclose(ends, [list(vars(found.accuracy).values())])
            assert row["kind"].item() == "test"
        row = rows[(rows["metric"] == "masc_dimensions") & (rows["labels"] == labels)]
        size = row.set_index("layer").loc[layer, "value"]
        assert size == pytest.approx(expected["masc"].dimensions.mean())


def test_the_networks_own_accuracy(setting, rows):
    images, analysis_set, network, normalizer = setting
    test = analysis_set[analysis_set["kind"] == "test"]
    pixels = torch.from_numpy(images.test_images[test["index"]])
    with torch.no_grad():
        chosen = network(normalizer(pixels)).argmax(1).numpy()
    row = rows[rows["metric"] == "network"]
    assert row["value"].item() == np.mean(chosen == test["true_label"])
    assert row["layer"].item() == "fc3"


def test_collapse_of_the_classifier_is_that_of_its_weights(setting, rows):
    of_kind = features(setting, "fc2")
    linear = [module for module in setting[2].modules() if isinstance(module, nn.Linear)][-1]
    weights = linear.weight.detach().numpy(), linear.bias.detach().numpy()
    for kind, (clouds, classes) in of_kind.items():
        expected = neural_collapse(clouds, weights=weights[0][classes], bias=weights[1][classes])
        for metric in ("nc3", "nc4"):
            row = rows[(rows["kind"] == kind) & (rows["metric"] == metric)]
            ends = list(vars(getattr(expected, metric)).values())
            found = row[["value", "lo", "hi"]].to_numpy()
            np.testing.assert_allclose(found, [ends], rtol=1e-5, atol=1e-7)


def test_clean_labels_are_true_ones(setting):
    clean = setting[1][setting[1]["kind"].isin(["unpermuted", "test"])]
    found = probed(setting, clean)
    assert set(found["labels"]) == {"true", ""}
    assert set(found.loc[found["metric"] == "nc3", "kind"]) == {"unpermuted", "test"}


def test_a_network_that_ends_otherwise_has_no_linear_map(setting):
    images, _, network, normalizer = setting
    ended = nn.Sequential(network, nn.Softmax(dim=1))
    logits, inputs, linear = outputs(ended, normalizer, images.test_images[:7])
    assert logits.shape == (7, small.CLASSES) and inputs is None and linear is None
