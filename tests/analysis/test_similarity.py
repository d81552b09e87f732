"""CKA between epochs, seeds and widths, against the features themselves."""

import pytest
from geomem.analysis.activations import extract_activations
from geomem.analysis.similarity import COLUMNS, between_epochs, between_runs, grams_of_layers
from geomem.measures import linear_cka
from geomem.models import list_layers
from geomem.registry.stages import compared_runs
from geomem.training.batches import Normalizer

from tests.analysis import small

LAYERS = ("conv1_1", "fc3")


@pytest.fixture(scope="module")
def setting():
    images = small.image_set()
    analysis_set = small.analysis_set_of(images, small.labels_of(images))
    return images, analysis_set, Normalizer.fit(images.train_images)


def shown(setting, network):
    images, analysis_set, normalizer = setting
    every = list_layers(network)
    layers = [layer for layer in every if layer.name in LAYERS]
    return layers, (images, analysis_set, normalizer), every


def grams(setting, epoch, **network):
    network = small.network(setting[0], **network)
    layers, rest, every = shown(setting, network)
    return epoch, grams_of_layers(network, layers, *rest, epoch=epoch, network=every)


def points(setting, name, **network):
    network = small.network(setting[0], **network)
    layers, rest, _ = shown(setting, network)
    [layer] = [layer for layer in layers if layer.name == name]
    with extract_activations(network, [layer], *rest, epoch=0, store="raw") as found:
        clouds = found.features(layer.index, "test")
        return [x for cloud in clouds for x in cloud]


def test_runs_are_compared_layer_by_layer(setting):
    own = {"last": grams(setting, 9, seed=1), 2: grams(setting, 2, seed=3)}
    others = {"last": grams(setting, 8, seed=0)}
    rows = between_runs(
        {"best": own["last"], **own}, {"best": others["last"], **others}, "seed", 0, 0.95
    )
    assert len(rows) == 2 * 2 and all(tuple(row) == COLUMNS for row in rows)
    for row in rows:
        assert (row["epoch"], row["other_epoch"], row["other"]) == (9, 8, "seed 0")
        pair = (points(setting, row["layer"], seed=seed) for seed in (1, 0))
        debiased = row["metric"] == "cka"
        expected = linear_cka(*pair, debiased=debiased, groups=20)
        found = [row[name] for name in ("value", "lo", "hi")]
        assert found == pytest.approx(list(vars(expected).values()), rel=1e-5)


def test_widths_have_other_features_but_the_same_layers(setting):
    narrow, wide = ({"last": grams(setting, 5, width=width)} for width in (2, 3))
    rows = between_runs(wide, narrow, "width", 2, 0.95)
    assert {row["layer"] for row in rows} == set(LAYERS)
    assert all(row["lo"] <= row["value"] <= row["hi"] for row in rows)


def test_each_pair_of_epochs_is_there_once(setting):
    first, last = grams(setting, 0, seed=2), grams(setting, 9, seed=1)
    rows = between_epochs({0: first, "best": last, "last": last}, 0.95)
    pairs = {(row["epoch"], row["other"], row["other_epoch"]) for row in rows}
    assert pairs == {(9, "epoch 0", 0)}  # the best epoch is the last one
    assert len(rows) == 2 * len(LAYERS)
    same = between_epochs({0: first, "last": (9, first[1])}, 0.95)
    assert all(row["value"] == pytest.approx(1) for row in same)


def test_each_pair_of_runs_is_there_once():
    experiment = {"seeds": [0, 4, 7], "widths": [2, 8]}
    pairs = []
    for width in experiment["widths"]:
        for seed in experiment["seeds"]:
            for other in compared_runs(experiment, width, seed):
                run = other["width"], other["seed"]
                assert (run[0] == width) != (run[1] == seed)
                assert other["value"] == (run[1] if other["compared"] == "seed" else run[0])
                pairs.append(frozenset([run, (width, seed)]))
    assert len(pairs) == len(set(pairs)) == 2 * 3 + 3
