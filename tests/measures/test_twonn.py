"""Two-NN dimension against theory, a named library, and its interval."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.measures import intrinsic_dimension, intrinsic_dimension_from_gram
from geomem.statistics.resampling import split_halves


def torus(n, dimension, seed):
    """Uniform on a flat torus: no boundary, and a constant density."""
    angle = np.random.default_rng(seed).uniform(0, 2 * np.pi, (n, dimension))
    return np.concatenate([np.cos(angle), np.sin(angle)], axis=1)


@pytest.mark.parametrize("method", ["fit", "likelihood"])
@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_dimension_of_a_torus(method, dimension):
    found = intrinsic_dimension(torus(2000, dimension, 0), method=method)
    assert found.value == pytest.approx(dimension, rel=0.08)
    assert found.lo < found.value < found.hi


@pytest.mark.parametrize(
    ("discard", "expected"), [(0.1, 3.4723184656496873), (0.3, 3.580803191136112)]
)
def test_numbers_of_a_named_library(discard, expected):
    # scikit-dimension 0.5.0: skdim.id.TwoNN(discard_fraction=discard).fit(points).dimension_
    found = intrinsic_dimension(torus(300, 3, 0), discard=discard)
    assert found.value == pytest.approx(expected, rel=1e-9)


def test_likelihood_from_its_definition():
    points = torus(60, 2, 1)
    distances = np.sort(np.linalg.norm(points[:, np.newaxis] - points, axis=2), axis=1)
    expected = 59 / np.log(distances[:, 2] / distances[:, 1]).sum()
    assert intrinsic_dimension(points, method="likelihood").value == pytest.approx(expected)


def test_rotation_scale_shift_order_and_copies():
    points = torus(100, 2, 2)
    turn = np.linalg.qr(np.random.default_rng(3).standard_normal((4, 4)))[0]
    expected = intrinsic_dimension(points).value
    copies = np.concatenate([points, points[:30]])
    for moved in (points @ turn, 1e3 * points, points + 10.0, points[::-1], copies):
        assert intrinsic_dimension(moved).value == pytest.approx(expected, rel=1e-8)
    found = intrinsic_dimension_from_gram(points @ points.T)
    assert found.value == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("method", ["fit", "likelihood"])
def test_neighbours_that_are_equally_far_say_nothing(method):
    grid = np.array(list(np.ndindex(8, 8)), dtype=float) + 0.1
    codes = np.unique(np.random.default_rng(0).integers(0, 2, (300, 8)), axis=0)
    for points in (grid, codes):
        assert np.isnan(intrinsic_dimension(points, method=method).value)
    some = np.concatenate([torus(200, 2, 0), 50 + np.pad(grid[:16], ((0, 0), (0, 2)))])
    assert 1 < intrinsic_dimension(some, method=method).value < 3


@pytest.mark.parametrize("method", ["fit", "likelihood"])
def test_interval_covers(method):
    found = [intrinsic_dimension(torus(300, 2, seed), method=method) for seed in range(150)]
    assert 0.9 < np.mean([estimate.lo <= 2 <= estimate.hi for estimate in found]) < 0.99


def test_halves_of_a_mean_give_its_standard_error():
    values = np.random.default_rng(0).standard_normal(200)
    found = split_halves(lambda kept: values[kept].mean(), 200, splits=2000)
    reach = 1.96 * values.std() / np.sqrt(200)
    assert found.hi - found.value == pytest.approx(reach, rel=0.06)


def test_what_cannot_be_used():
    assert np.isnan(intrinsic_dimension(np.ones((9, 2))).value)
    with pytest.raises(InputError, match="method is 'slope'"):
        intrinsic_dimension(torus(20, 2, 0), method="slope")
    with pytest.raises(InputError, match="discard is 1"):
        intrinsic_dimension(torus(20, 2, 0), discard=1)
    with pytest.raises(InputError, match="splits is 1"):
        intrinsic_dimension(torus(20, 2, 0), splits=1)
