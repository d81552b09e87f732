"""Shattering and cross-condition generalization against refitting, and on planted conditions."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.measures import cross_condition, cross_condition_from_gram
from geomem.measures.conditions import _across, _hat, _left_out


def cube(noise=0.3, n=10, n_features=20, scramble=False, seed=0):
    """Eight conditions at the corners of a cube; scrambled: at independent random places."""
    rng = np.random.default_rng(seed)
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    turn = np.linalg.qr(rng.standard_normal((n_features, n_features)))[0]
    centers = corners @ turn[:3]
    if scramble:
        centers = np.sqrt(3 / n_features) * rng.standard_normal((8, n_features))
    return centers[:, np.newaxis] + noise * rng.standard_normal((8, n, n_features)), corners


def scores(points, labels, test_points, penalty):
    mean = points.mean(axis=0)
    x = points - mean
    weights = np.linalg.solve(
        x.T @ x + penalty * np.eye(x.shape[1]), x.T @ (labels - labels.mean())
    )
    return (test_points - mean) @ weights + labels.mean()


def test_leaving_out_equals_refitting():
    points, corners = cube(n=4, noise=1.0, n_features=6)
    everything = points.reshape(32, 6)
    centered = everything - everything.mean(axis=0)
    owner = np.repeat(np.arange(8), 4)
    penalty = 1e-3 * (centered**2).sum() / 32
    dichotomies = corners.T.astype(float)
    labels = dichotomies[:, owner].T
    hat = _hat(centered @ centered.T, 1e-3)
    residual = labels - hat @ labels
    found = _left_out(hat, residual, labels, np.random.default_rng(1))
    rng = np.random.default_rng(1)
    for index, y in enumerate(labels.T):
        sides = [np.flatnonzero(y == side) for side in (-1.0, 1.0)]
        for here, there in (sides, sides[::-1]):
            for left, partner in zip(here, rng.permutation(there), strict=True):
                kept = ~np.isin(np.arange(32), [left, partner])
                score = scores(everything[kept], y[kept], everything[[left]], penalty)
                assert found[left, index] == pytest.approx(score[0])
    accuracy = _across(hat, residual, labels, owner, dichotomies, np.random.default_rng(1))
    rng = np.random.default_rng(1)
    for index, row in enumerate(dichotomies):
        sides = [rng.permutation(np.flatnonzero(row == side)) for side in (-1.0, 1.0)]
        for a, b in zip(*sides, strict=True):
            kept = (owner != a) & (owner != b)
            for c in (a, b):
                score = scores(everything[kept], row[owner][kept], everything[owner == c], penalty)
                assert accuracy[index, c] == np.mean(score * row[c] > 0)


def test_a_cube_generalizes_along_its_axes_only():
    points, corners = cube()
    found = cross_condition(points, random_state=0)
    axes = [
        index
        for index, row in enumerate(found.dichotomies)
        if any(abs(row @ axis) == 8 for axis in corners.T)
    ]
    assert len(axes) == 3
    assert found.generalization_by_dichotomy[axes].min() > 0.95
    others = np.delete(found.generalization_by_dichotomy, axes)
    assert others.mean() < 0.6


def test_scrambled_conditions_shatter_without_generalizing():
    points, _ = cube(scramble=True, noise=0.05, n_features=40)
    found = cross_condition(points, random_state=0)
    assert found.shattering.value > 0.95
    assert 0.3 < found.generalization.value < 0.7
    assert found.generalization.lo < found.generalization.value < found.generalization.hi


def test_no_signal_is_chance():
    points = np.random.default_rng(0).standard_normal((8, 40, 10))
    found = cross_condition(points, random_state=0)
    assert found.shattering.value == pytest.approx(0.5, abs=0.05)
    assert found.generalization.value == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("shape", [(10, 5, 3000), (4, 5, 1000), (10, 25, 2000)])
def test_no_signal_is_chance_in_many_features(shape):
    """Points left out alone would be found on the wrong side: about .3 of (10, 5, 3000)."""
    found = [
        cross_condition(np.random.default_rng(seed).standard_normal(shape), random_state=0)
        for seed in range(12)
    ]
    values = np.array([one.shattering.value for one in found])
    assert abs(values.mean() - 0.5) < 4 * values.std(ddof=1) / np.sqrt(len(values))


@pytest.mark.parametrize("shape", [(5, 30, 2), (7, 10, 20)])
def test_no_signal_is_chance_with_an_odd_number_of_classes(shape):
    """The mean over points would be .59 of (5, 30, 2): three classes of five are found often."""
    values = []
    for seed in range(40):
        points = np.random.default_rng(seed).standard_normal(shape)
        found = cross_condition(points, n_dichotomies=20, random_state=seed)
        assert found.shattering.value == pytest.approx(found.shattering_by_dichotomy.mean())
        values.append(found.shattering.value)
    assert abs(np.mean(values) - 0.5) < 4 * np.std(values, ddof=1) / np.sqrt(len(values)) < 0.03


@pytest.mark.parametrize("value", [0.0, 1.0, 1e6 / 3])
def test_points_that_are_all_the_same_have_no_classifier(value):
    found = cross_condition(np.full((6, 5, 20), value), random_state=0)
    for estimate in (found.shattering, found.generalization):
        assert np.isnan([estimate.value, estimate.lo, estimate.hi]).all()
    assert [warning.code for warning in found.warnings] == ["same-points"]


def test_rotation_shift_scale_and_inner_products():
    points, _ = cube(noise=1.0)
    turn = np.linalg.qr(np.random.default_rng(3).standard_normal((20, 20)))[0]
    expected = cross_condition(points, random_state=0)
    for moved in (points @ turn, points + 5.0, 1e3 * points):
        found = cross_condition(moved, random_state=0)
        np.testing.assert_allclose(
            found.generalization_by_dichotomy, expected.generalization_by_dichotomy, rtol=1e-12
        )
    everything = points.reshape(-1, 20)
    found = cross_condition_from_gram(everything @ everything.T, [10] * 8, random_state=0)
    assert found.shattering == expected.shattering


def test_random_dichotomies_and_odd_numbers_of_classes():
    points = np.random.default_rng(0).standard_normal((13, 3, 10))
    found = cross_condition(points, n_dichotomies=30, random_state=4)
    assert found.dichotomies.shape == (30, 13)
    assert set(found.dichotomies.sum(axis=1)) == {1.0}
    again = cross_condition(points, n_dichotomies=30, random_state=4)
    assert again.generalization == found.generalization


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_dichotomies": 0}, "n_dichotomies is 0"),
        ({"penalty": 0}, "penalty is 0"),
        ({"confidence": 1}, "confidence is 1"),
    ],
)
def test_what_cannot_be_used(options, message):
    with pytest.raises(InputError, match=message):
        cross_condition(cube()[0], **options)
    with pytest.raises(InputError, match="four classes or more"):
        cross_condition(cube()[0][:3])
