"""The control kinds: shuffled images, and Gaussian points of the same covariance."""

import numpy as np
import pytest
import torch
from geomem.analysis import activations
from geomem.analysis.activations import extract_activations
from geomem.data.analysis_set import choose_analysis_set
from geomem.data.randomness import generator
from geomem.geometry import manifold_geometry
from geomem.models import list_layers
from geomem.training.batches import Normalizer

from tests.analysis import small

KINDS, CONTROLS = ("test",), ("shuffled", "surrogate")


@pytest.fixture(scope="module")
def setting():
    images = small.image_set()
    analysis_set = choose_analysis_set(
        small.labels_of(images),
        images.test_labels,
        per_class=20,
        seed=2,
        kinds=KINDS,
        controls=CONTROLS,
    )
    return images, analysis_set, small.network(images)


def features(setting, seed=0):
    """Features (n, N) of each kind, first convolution."""
    images, analysis_set, network = setting
    layers = [layer for layer in list_layers(network) if layer.name == "conv1_1"]
    normalizer = Normalizer.fit(images.train_images)
    with extract_activations(
        network, layers, images, analysis_set, normalizer, epoch=1, seed=seed, store="raw"
    ) as content:
        return {
            kind: np.array(content.arrays[f"{layers[0].index}/{kind}/features"], dtype=float)
            for kind in content.kinds
        }


def test_surrogates_have_the_spectrum_and_nothing_else(setting):
    found = features(setting)
    shuffled, surrogate = found["shuffled"], found["surrogate"]
    centered = shuffled - shuffled.mean(axis=0)
    # Every surrogate lies in the span of the features and has their covariance in expectation.
    _, sizes, axes = np.linalg.svd(centered, full_matrices=False)
    axes, sizes = axes[sizes > 1e-6 * sizes[0]], sizes[sizes > 1e-6 * sizes[0]]
    outside = surrogate - surrogate @ axes.T @ axes
    assert np.abs(outside).max() < 1e-4 * np.abs(surrogate).max()
    along = (surrogate @ axes[:8].T) / sizes[:8] * np.sqrt(len(surrogate))
    variances = (along**2).mean(axis=0)
    # mean square of 100 standard normal values: standard deviation .14
    assert np.all(np.abs(variances - 1) < 0.6)
    assert abs(variances.mean() - 1) < 0.2
    # Gaussian, where the images come in clusters: no excess kurtosis along the main axis
    kurtosis = (along[:, 0] ** 4).mean() / variances[0] ** 2
    assert 1.8 < kurtosis < 4.5


def test_every_seed_has_its_own_surrogates(setting):
    first, again, other = (features(setting, seed)["surrogate"] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.2


def test_classes_tell_something_about_images_and_nothing_about_controls(setting):
    found = features(setting)

    def between(points):
        """Share of the variance that lies between manifolds (by chance 4 / 99)."""
        means = points.reshape(small.CLASSES, 20, -1).mean(axis=1)
        return ((means - means.mean(0)) ** 2).sum() * 20 / ((points - points.mean(0)) ** 2).sum()

    assert between(found["test"]) > 0.5
    assert between(found["shuffled"]) < 0.12
    assert between(found["surrogate"]) < 0.12


def test_surrogates_do_not_depend_on_the_batch(setting, monkeypatch):
    before = features(setting)["surrogate"]
    monkeypatch.setattr(activations, "_BATCH", {"cpu": 3})
    monkeypatch.setattr(activations, "_KEPT_BYTES", 0)
    np.testing.assert_allclose(features(setting)["surrogate"], before, rtol=1e-5, atol=1e-6)


def surrogates(monkeypatch, features, seed=0):
    """Surrogates of given features (P, M, N), through the batches of an analysis."""
    n_manifolds, per_class, _ = features.shape
    values = torch.from_numpy(features.reshape(-1, features.shape[2]))
    numbers = np.arange(n_manifolds * per_class, dtype="<u2")
    pixels = numbers.view(np.uint8).reshape(n_manifolds, per_class, 1, 1, 2)

    def observe(model, layers, images):
        at = images.reshape(-1, 2).long() @ torch.tensor([1, 256])
        return {"layer": values[at]}

    monkeypatch.setattr(activations, "observe", observe)
    batches = activations._Batches(torch.nn.Linear(1, 1), (), pixels, lambda x: x, None, seed)
    found = list(batches._computed())
    assert [manifold for manifold, _ in found] == list(range(n_manifolds))
    return np.stack([points["layer"].numpy() for _, points in found])


def isotropic(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def mixed(window, n_points, start):
    """The definition: Gaussian combinations of the images of a window, about their mean."""
    points = window.reshape(-1, window.shape[2]).astype(float)
    drawn = generator("surrogate", 0, start).standard_normal((n_points, len(points)))
    return drawn @ (points - points.mean(0)) / len(points) ** 0.5


@pytest.mark.parametrize("batch", [64, 3])
@pytest.mark.parametrize(
    ("n_manifolds", "per_class", "window"),
    [(20, 25, 10), (12, 25, 10), (13, 40, 10), (30, 10, 25), (6, 25, 6), (4, 60, 4)],
)
def test_a_window_of_ten_manifolds_gives_the_covariance(
    monkeypatch, n_manifolds, per_class, window, batch
):
    """The last one is as large, and reaches back to images that others were drawn from."""
    monkeypatch.setattr(activations, "_BATCH", {"cpu": batch})
    features = isotropic(n_manifolds, per_class, 7)
    found = surrogates(monkeypatch, features)
    for start in range(0, n_manifolds, window):
        end = min(start + window, n_manifolds)
        expected = mixed(features[max(end - window, 0) : end], (end - start) * per_class, start)
        np.testing.assert_allclose(found[start:end].reshape(-1, 7), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(11, 25, 400), (6, 60, 1000)])
def test_surrogates_are_as_hard_to_separate_as_gaussian_points(monkeypatch, shape):
    dimensions, capacities = [], []
    for seed in range(4):
        features = isotropic(*shape, seed=seed)
        clouds = features, surrogates(monkeypatch, features, seed)
        both = [manifold_geometry(list(points.astype(float)), n_t=100) for points in clouds]
        dimensions.append([found.dimension for found in both])
        capacities.append([1 / np.mean(1 / np.asarray(found.capacity)) for found in both])
    own, other = np.mean(dimensions, axis=0)
    # the last one, too: with a window of its own 25 images its dimension would be 21 % smaller
    np.testing.assert_allclose(other, own.mean(), rtol=0.07)
    own, other = np.mean(capacities, axis=0)
    assert abs(other / own - 1) < 0.05
