"""Neural collapse against its definition in all dimensions, and at full collapse."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.measures import neural_collapse, neural_collapse_from_gram

NAMES = ("nc1", "nc2_norms", "nc2_equal_angles", "nc2_widest_angles", "nc3", "nc4")


def clouds(seed=0, noise=0.5, counts=(12, 20, 9, 15)):
    rng = np.random.default_rng(seed)
    centers = np.random.default_rng(99).standard_normal((len(counts), 1, 10))
    return [c + noise * rng.standard_normal((n, 10)) for c, n in zip(centers, counts, strict=True)]


def classifier(seed=1):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((4, 10)), rng.standard_normal(4)


def slow(points, weights, bias):
    means = np.array([x.mean(axis=0) for x in points])
    centers = means - means.mean(axis=0)
    within = np.mean([np.cov(x.T, bias=True) for x in points], axis=0)
    between = centers.T @ centers / len(points)
    lengths = np.linalg.norm(centers, axis=1)
    cosines = [
        centers[i] @ centers[j] / lengths[i] / lengths[j]
        for i in range(len(points))
        for j in range(len(points))
        if i != j
    ]
    w, m = weights / np.linalg.norm(weights), centers / np.linalg.norm(centers)
    everything = np.concatenate(points)
    chosen = (everything @ weights.T + bias).argmax(axis=1)
    nearest = np.linalg.norm(everything[:, np.newaxis] - means, axis=2).argmin(axis=1)
    return [
        np.trace(within @ np.linalg.pinv(between, rcond=1e-10)) / len(points),
        lengths.std() / lengths.mean(),
        np.std(cosines),
        np.mean(np.abs(np.array(cosines) + 1 / (len(points) - 1))),
        np.linalg.norm(w - m) ** 2,
        np.mean(chosen != nearest),
    ]


def values(found, names=NAMES):
    return [getattr(found, name).value for name in names]


def test_definition():
    points, (weights, bias) = clouds(), classifier()
    found = neural_collapse(points, weights=weights, bias=bias)
    assert values(found) == pytest.approx(slow(points, weights, bias), rel=1e-10)
    for name in NAMES:
        estimate = getattr(found, name)
        assert estimate.lo < estimate.value < estimate.hi


def test_full_collapse():
    corners = 3 * np.linalg.qr(np.random.default_rng(0).standard_normal((8, 5)))[0].T
    points = np.repeat(corners[:, np.newaxis], 6, axis=1) + 7.0
    found = neural_collapse(points, weights=corners - corners.mean(axis=0), bias=None)
    assert values(found, NAMES[:5]) == pytest.approx([0] * 5, abs=1e-10)
    # with the bias that goes with these weights the classifier is the nearest class mean
    bias = -(corners - corners.mean(axis=0)) @ (corners.mean(axis=0) + 7.0)
    found = neural_collapse(points, weights=corners - corners.mean(axis=0), bias=bias)
    assert found.nc4.value == 0


def test_nc1_of_planted_variances():
    """C means at distance r on orthogonal axes, noise of variance s^2: s^2 (C - 1) / r^2."""
    rng = np.random.default_rng(0)
    points = 2.0 * np.eye(5, 40)[:, np.newaxis] + 0.3 * rng.standard_normal((5, 300, 40))
    found = neural_collapse(points, groups=10).nc1
    assert found.value == pytest.approx(0.3**2 * 4 / 2.0**2, rel=0.04)


def test_rotation_shift_scale_and_inner_products():
    points = clouds()
    turn = np.linalg.qr(np.random.default_rng(3).standard_normal((10, 10)))[0]
    expected = values(neural_collapse(points), NAMES[:4])
    for moved in ([x @ turn for x in points], [x + 9 for x in points], [50 * x for x in points]):
        assert values(neural_collapse(moved), NAMES[:4]) == pytest.approx(expected, rel=1e-9)
    everything = np.concatenate(points)
    found = neural_collapse_from_gram(everything @ everything.T, [len(x) for x in points])
    assert values(found, NAMES[:4]) == pytest.approx(expected, rel=1e-9)
    assert found.nc3 is None and found.nc4 is None


def test_intervals_cover():
    """nc1 and the angles of 60 points per class, about their values from very many points."""
    names = ("nc1", "nc2_norms", "nc2_widest_angles")
    many = [clouds(1000 + seed, counts=(300,) * 4) for seed in range(6)]
    truth = np.mean([values(neural_collapse(x, groups=2), names) for x in many], axis=0)
    covered = np.zeros(len(names))
    for seed in range(100):
        found = neural_collapse(clouds(seed, counts=(60,) * 4), groups=20)
        covered += [
            getattr(found, name).lo <= value <= getattr(found, name).hi
            for name, value in zip(names, truth, strict=True)
        ]
    assert np.all(covered / 100 > 0.85), covered / 100


def test_what_cannot_be_used():
    points, (weights, bias) = clouds(), classifier()
    assert np.isnan(neural_collapse(np.ones((3, 4, 5))).nc1.value)
    assert neural_collapse(np.ones((3, 4, 5))).warnings[0].code == "same-means"
    with pytest.raises(InputError, match="without weights"):
        neural_collapse(points, bias=bias)
    with pytest.raises(InputError, match="a row per class"):
        neural_collapse(points, weights=weights[:3], bias=bias)
    with pytest.raises(InputError, match="class 1 holds one point"):
        neural_collapse([points[0], points[1][:1]])
