"""Activations against the inner products of the whole feature matrices, and their file."""

import numpy as np
import pytest
import torch
from geomem.analysis import activations
from geomem.analysis.activation_file import (
    ActivationFile,
    prefix,
    read_activations,
    write_activations,
)
from geomem.analysis.activations import extract_activations
from geomem.analysis.networks import analysed_kind
from geomem.errors import DamagedFileError, InputError
from geomem.geometry.products import inner_products
from geomem.models import list_layers, observe, select_layers
from geomem.training.batches import Normalizer, resident

from tests.analysis import small


@pytest.fixture(scope="module")
def setting():
    images = small.image_set()
    labels = small.labels_of(images)
    return images, small.analysis_set_of(images, labels), small.network(images)


def extract(setting, store="products", globs=("*",), model=None):
    images, analysis_set, network = setting
    layers = select_layers(list_layers(network), globs)
    normalizer = Normalizer.fit(images.train_images)
    with extract_activations(
        model or network, layers, images, analysis_set, normalizer, epoch=7, store=store
    ) as content:
        arrays = {name: np.array(array) for name, array in content.arrays.items()}
    return ActivationFile(content.epoch, content.layers, arrays)


def whole_features(setting, kind):
    """Features of every layer (P, M, N) in one pass over all images."""
    images, analysis_set, network = setting
    pixels, _, _ = analysed_kind(analysis_set, images, kind)
    normalizer = Normalizer.fit(images.train_images)
    batch = normalizer(resident(pixels.reshape(-1, *images.image_shape), "cpu"))
    seen = observe(network, list_layers(network), batch)
    return {name: x.reshape(*pixels.shape[:2], -1).numpy() for name, x in seen.items()}


@pytest.mark.parametrize("kept_bytes", [0, 2**29])
@pytest.mark.parametrize("batch", [1, 9, 1000])
def test_products_match_those_of_all_features_at_once(setting, monkeypatch, kept_bytes, batch):
    monkeypatch.setattr(activations, "_KEPT_BYTES", kept_bytes)
    monkeypatch.setattr(activations, "_BATCH", {"cpu": batch})
    content = extract(setting)
    assert content.kinds == tuple(setting[1]["kind"].unique())
    for kind in content.kinds:
        expected = whole_features(setting, kind)
        for layer in content.layers:
            found = content.products(layer["index"], kind)
            wanted = inner_products(expected[layer["name"]])
            scale = np.abs(wanted.grams[0]).max()
            assert found.n_features == wanted.n_features == layer["features"]
            for name in ("centers", "cross", "counts"):
                got, want = getattr(found, name), getattr(wanted, name)
                np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5 * scale)
            np.testing.assert_allclose(found.grams, wanted.grams, rtol=1e-5, atol=1e-5 * scale)


def test_raw_and_gram_hold_the_points_in_order(setting):
    expected = whole_features(setting, "permuted")
    raw, gram = extract(setting, "raw", ["fc*"]), extract(setting, "gram", ["fc*"])
    for layer in raw.layers:
        start = prefix(layer["index"], "permuted")
        points = expected[layer["name"]].reshape(-1, layer["features"])
        np.testing.assert_allclose(raw.arrays[f"{start}features"], points, atol=1e-5)
        wide = points.astype(np.float64)
        np.testing.assert_allclose(gram.arrays[f"{start}gram"], wide @ wide.T, atol=1e-4)
        assert f"{start}grams" in raw.arrays


def test_restored_regroups_the_permuted_images(setting):
    images, analysis_set, _ = setting
    permuted, _, _ = analysed_kind(analysis_set, images, "permuted")
    restored, labels, manifolds = analysed_kind(analysis_set, images, "restored")
    shared = {x.tobytes() for x in permuted.reshape(-1, 256)}
    shared &= {x.tobytes() for x in restored.reshape(-1, 256)}
    assert len(shared) > permuted.shape[0] * permuted.shape[1] // 2
    assert (labels != manifolds[:, None]).all()  # assigned labels, grouped by the true ones


def test_analysis_set_of_other_images_is_refused(setting):
    images, analysis_set, _ = setting
    with pytest.raises(InputError, match="choose the analysis set again"):
        analysed_kind(analysis_set.assign(index=analysis_set["index"] + 10_000), images, "test")


def test_values_that_are_not_finite_name_the_layer(setting):
    model = small.network(setting[0])
    with torch.no_grad():
        model.conv3_1.conv.weight.fill_(float("nan"))
    with pytest.raises(InputError, match=r"layer conv3_1 .* not finite"):
        extract(setting, model=model)


def test_unknown_store(setting):
    with pytest.raises(InputError, match=r"analysis\.store"):
        extract(setting, "everything")


def test_file_round_trip_and_damage(setting, tmp_path):
    content = extract(setting, "raw", ["input", "fc3"])
    path = tmp_path / "3.npz"
    write_activations(path, content, {"stage": "test"})
    light, heavy = read_activations(path), read_activations(path, heavy=True)
    assert light.epoch == 7
    assert light.layers == content.layers
    assert light.kinds == content.kinds
    assert not any(name.endswith("/features") for name in light.arrays)
    assert set(heavy.arrays) == set(content.arrays)
    index = light.layers[1]["index"]
    np.testing.assert_array_equal(
        light.products(index, "test").cross, content.products(index, "test").cross
    )
    data = bytearray(path.read_bytes())
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(DamagedFileError, match="damaged"):
        read_activations(path)
    with pytest.raises(DamagedFileError, match="does not exist"):
        read_activations(tmp_path / "4.npz")
