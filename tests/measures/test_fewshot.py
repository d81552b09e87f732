"""Few-shot geometry against covariances in all dimensions, and against learning itself."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.measures import few_shot_geometry, few_shot_geometry_from_gram


def clouds(seed=0, counts=(20, 30, 25), n_features=40, distance=0.8):
    """Gaussian classes of different shapes and radii, with equal shapes for every seed."""
    shapes = np.random.default_rng(99)
    rng = np.random.default_rng(seed)
    found = []
    for index, count in enumerate(counts):
        center = distance * shapes.standard_normal(n_features) / np.sqrt(n_features)
        axes = shapes.standard_normal((25, n_features)) / np.sqrt(25 * n_features)
        found.append(center + (1 + 0.1 * index) * rng.standard_normal((count, 25)) @ axes)
    return found


def slow(points, m):
    snr = np.full((len(points), len(points)), np.nan)
    covariances = [np.cov(x.T, bias=True) for x in points]
    for a, first in enumerate(points):
        for b, second in enumerate(points):
            if a == b:
                continue
            x, y = covariances[a], covariances[b]
            r2 = np.trace(x)
            delta = (first.mean(axis=0) - second.mean(axis=0)) / np.sqrt(r2)
            noise = np.trace(x @ x) / r2**2 / m + delta @ x @ delta / r2
            noise += delta @ y @ delta / r2 / m + np.trace(x @ y) / r2**2 / m
            snr[a, b] = 0.5 * (delta @ delta + (np.trace(y) / r2 - 1) / m) / np.sqrt(noise)
    return snr


@pytest.mark.parametrize("shots", [1, 5])
def test_definition(shots):
    points = clouds()
    found = few_shot_geometry(points, shots=shots)
    np.testing.assert_allclose(found.snr, slow(points, shots), rtol=1e-10)
    values = np.linalg.eigvalsh(np.cov(points[1].T, bias=True))
    assert found.dimension[1] == pytest.approx(values.sum() ** 2 / (values**2).sum())
    assert found.mean_snr.value == pytest.approx(np.nanmean(found.snr))
    for estimate in (found.mean_snr, found.mean_error):
        assert estimate.lo < estimate.value < estimate.hi


@pytest.mark.parametrize("shots", [3, 10])
def test_predicts_prototype_learning(shots):
    found = few_shot_geometry(clouds(counts=(500, 500, 500)), shots=shots, groups=2)
    trials = 4000
    pools = clouds(seed=1, counts=(trials * (shots + 1),) * 3)
    pools = [pool.reshape(trials, shots + 1, -1) for pool in pools]
    prototypes = [pool[:, 1:].mean(axis=1) for pool in pools]
    for a in range(3):
        for b in range(3):
            if a != b:
                own, other = (
                    np.linalg.norm(pools[a][:, 0] - prototypes[c], axis=1) for c in (a, b)
                )
                assert np.mean(own > other) == pytest.approx(found.error[a, b], abs=0.025)


def test_rotation_shift_scale_order_and_inner_products():
    points = clouds()
    turn = np.linalg.qr(np.random.default_rng(3).standard_normal((40, 40)))[0]
    expected = few_shot_geometry(points).snr
    for moved in (
        [x @ turn for x in points],
        [x + 9 for x in points],
        [50 * x for x in points],
        [x[::-1] for x in points],
    ):
        np.testing.assert_allclose(few_shot_geometry(moved).snr, expected, rtol=1e-8)
    everything = np.concatenate(points)
    found = few_shot_geometry_from_gram(everything @ everything.T, [len(x) for x in points])
    np.testing.assert_allclose(found.snr, expected, rtol=1e-9)


def test_interval_covers_what_as_many_points_give():
    counts = (40, 40, 40)
    many = [few_shot_geometry(clouds(5000 + s, counts), groups=2) for s in range(400)]
    truth = np.mean([found.mean_error.value for found in many])
    covered = [
        found.mean_error.lo <= truth <= found.mean_error.hi
        for found in (few_shot_geometry(clouds(s, counts), groups=20) for s in range(150))
    ]
    assert 0.9 < np.mean(covered) < 0.99


def test_what_cannot_be_used():
    assert np.isnan(few_shot_geometry(np.ones((3, 4, 5))).mean_snr.value)
    with pytest.raises(InputError, match="shots is 0"):
        few_shot_geometry(clouds(), shots=0)
    with pytest.raises(InputError, match="class 1 holds one point"):
        few_shot_geometry([np.ones((2, 3)), np.ones((1, 3))])
