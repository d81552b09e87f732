"""Rotation, scale, order and rounding move nothing: centres of real layers and made-up ones.

centers.npz holds centres of trained networks (`benchmarks/corpus.py`): 30 and 98 characters, 10
and 100 classes of photographs, all layers and kinds of manifold.
"""

from pathlib import Path

import numpy as np
import pytest
from geomem.geometry import manifold_geometry
from geomem.geometry.lowrank import find_low_rank

REAL = Path(__file__).with_name("centers.npz")
M, N_T = 4, 20


def tree(rng):
    """Superclasses."""
    branches = 3 * rng.standard_normal((6, 80))
    return branches[rng.integers(6, size=30)] + rng.standard_normal((30, 80))


def shared(rng):
    """A few strong directions in common."""
    rank = rng.integers(1, 8)
    common = rng.standard_normal((40, rank)) @ rng.standard_normal((rank, 100))
    return common * rng.uniform(0.5, 3) + rng.standard_normal((40, 100))


def decaying(rng):
    """The falling spectrum of features of a random convolutional network."""
    return rng.standard_normal((36, 120)) * np.arange(1, 121) ** -rng.uniform(0.3, 1.2)


MADE = (tree, shared, decaying)


def corpus():
    with np.load(REAL) as file:
        for name in file.files:
            yield name, file[name].astype(np.float64)
    for kind in MADE:
        for seed in range(24):
            yield f"{kind.__name__} {seed}", kind(np.random.default_rng(seed))


def serial(function, *items):
    return list(map(function, *items))


def moved(centers, rng):
    """The same centres turned, scaled and in another order, and that order."""
    rotation = np.linalg.qr(rng.standard_normal((centers.shape[1], centers.shape[1])))[0]
    order = rng.permutation(len(centers))
    return (rng.uniform(0.01, 100) * (centers @ rotation))[order], order


def capacities(centers, directions):
    """Mean capacities of small clouds about the centres with each set of directions removed."""
    p, n = centers.shape
    scale = np.linalg.norm(centers - centers.mean(axis=0)) / np.sqrt(p)
    clouds = np.random.default_rng(0).standard_normal((p, M, n + 10)) * scale / np.sqrt(n)
    points = np.pad(centers, ((0, 0), (0, 10)))[:, np.newaxis] + clouds
    found = []
    for weights in directions:
        v = np.pad(weights.T @ (centers - centers.mean(axis=0)), ((0, 0), (0, 10)))
        rest = points - points @ v.T @ v
        geometry = manifold_geometry(rest, remove_low_rank=False, n_t=N_T, random_state=0)
        found.append(geometry.mean_capacity)
    return np.array(found)


def compare():
    """Relative changes of mean capacity when the data are moved, by name of the centres."""
    changes = {}
    for number, (name, centers) in enumerate(corpus()):
        rng = np.random.default_rng(number)
        found = find_low_rank(centers @ centers.T, np.random.default_rng(0), serial)
        other, order = moved(centers, rng)
        again = find_low_rank(other @ other.T, np.random.default_rng(0), serial)
        weights = np.empty_like(again.weights)
        weights[order] = again.weights
        # directions of the moved centres, as combinations of the unmoved ones
        weights *= np.sqrt(np.trace(other @ other.T) / np.trace(centers @ centers.T))
        here, there = capacities(centers, [found.weights, weights])
        changes[name] = abs(there / here - 1)
        assert again.k == pytest.approx(found.k, rel=1e-9, abs=1e-9)
        assert [fit.k for fit in again.profile] == pytest.approx([fit.k for fit in found.profile])
    return changes


def test_centres_of_real_layers_and_made_up_ones():
    changes = compare()
    assert len(changes) >= 200
    moving = {name: change for name, change in changes.items() if change > 1e-8}
    print(f"largest relative change: {max(changes.values()):.1e}")
    assert not moving, moving


def test_fewer_dimensions_than_features_and_fewer_features_than_points():
    """Which empty directions count is not left to the last digit (units of ReLU that are 0)."""
    rng = np.random.default_rng(3)
    points = np.maximum(rng.standard_normal((6, 30, 20)) * 0.6 + rng.standard_normal((6, 1, 20)), 0)
    points[:, :, :5] = 0
    rotation, _ = np.linalg.qr(rng.standard_normal((20, 20)))
    found = manifold_geometry(points, random_state=0, n_t=50)
    for same in (points[:, :, ::-1], 3 * points, points @ rotation):
        other = manifold_geometry(same, random_state=0, n_t=50)
        for name in ("capacity", "radius", "dimension"):
            np.testing.assert_allclose(getattr(other, name), getattr(found, name), rtol=1e-9)
