"""Probes of a network's layers, and its own classifier, against the features themselves."""

import numpy as np
import pandas as pd
import pytest
import torch
from geomem.analysis.activations import extract_activations
from geomem.analysis.points import choose_points
from geomem.analysis.probing import COLUMNS, KINDS, outputs, probe_layers
from geomem.errors import InputError
from geomem.measures import linear_probe, neural_collapse, subspace_probe
from geomem.models import list_layers
from geomem.models.layers import observe
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
@pytest.mark.parametrize("classes", [small.CLASSES, 3])
def test_both_labels_are_those_of_the_same_images(setting, layer, classes):
    """Permuted images with both labels among the classes, and as many unpermuted ones."""
    images, known, network, normalizer = setting
    analysis_set = choose_points(
        known, kinds=KINDS, classes=classes, per_class=small.M, section="probes"
    )
    found = probed(setting, pd.DataFrame(analysis_set)).query("layer == @layer")
    chosen = np.unique(known["manifold"])[:classes]
    permuted = known[(known["kind"] == "permuted") & known["assigned_label"].isin(chosen)]
    permuted = permuted[permuted["true_label"].isin(chosen)]
    each = -(-len(permuted) // classes)
    assert 0 < each <= small.M
    unpermuted = known[(known["kind"] == "unpermuted") & known["true_label"].isin(chosen)]
    trained_on = pd.concat([permuted, unpermuted[unpermuted["position"] < each]])
    test = known[(known["kind"] == "test") & known["true_label"].isin(chosen)]

    def features(pixels):
        layers = [one for one in list_layers(network) if one.name == layer]
        with torch.no_grad():
            return observe(network, layers, normalizer(torch.from_numpy(pixels)))[layer].numpy()

    points = features(images.train_images[trained_on["index"]])
    judged = features(images.test_images[test["index"]]), test["true_label"].to_numpy()
    for labels in ("assigned", "true"):
        data = (points, trained_on[f"{labels}_label"].to_numpy(), *judged)
        expected = {
            "linear_probe": linear_probe(*data),
            "masc": subspace_probe(*data, variance=0.9),
        }
        of_labels = found[found["labels"] == labels].set_index("metric")
        for metric, one in expected.items():
            ends = of_labels.loc[metric, ["value", "lo", "hi"]].to_numpy(dtype=float)
            np.testing.assert_allclose(ends, list(vars(one.accuracy).values()))
            assert of_labels.loc[metric, "kind"] == "test"
        size = of_labels.loc["masc_dimensions", "value"]
        assert size == pytest.approx(expected["masc"].dimensions.mean())
        assert of_labels.loc["trained_on", "value"] == len(trained_on)


def test_classes_that_no_permuted_image_has_twice_are_refused(setting):
    known = setting[1]
    rows = known[(known["kind"] != "permuted") | (known["true_label"] > 1)]
    few = choose_points(rows, kinds=KINDS, classes=2, per_class=1, section="probes")
    with pytest.raises(InputError, match=r"probes.classes is 2: no permuted image has both"):
        probed(setting, pd.DataFrame(few))


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


def test_an_output_that_is_changed_in_place_is_not_that_of_the_linear_map(setting):
    images, _, network, normalizer = setting
    ended = nn.Sequential(network, nn.ReLU(inplace=True))
    _, inputs, linear = outputs(ended, normalizer, images.test_images[:7])
    assert inputs is None and linear is None


def test_kinds_that_train_no_probe_are_refused(setting):
    known = setting[1]
    with pytest.raises(InputError, match="neither unpermuted nor permuted"):
        probed(setting, known[known["kind"].isin(["restored", "test"])])
