"""Probes against their definitions in all features, and on planted classes."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.measures import linear_probe, subspace_probe
from geomem.measures.probes import PENALTIES
from geomem.statistics.bounded import proportion


def data(seed=0, n=60, n_test=400, n_features=30, distance=2.0, n_classes=4):
    centers = distance * np.linalg.qr(np.random.default_rng(9).standard_normal((30, 30)))[0]
    rng = np.random.default_rng(seed)
    labels, test_labels = rng.integers(0, n_classes, n), rng.integers(0, n_classes, n_test)
    points, test_points = (
        centers[chosen] + 0.6 * rng.standard_normal((len(chosen), 30)) + 1.0
        for chosen in (labels, test_labels)
    )
    return points[:, :n_features], labels, test_points[:, :n_features], test_labels


def ridge(points, labels, penalty):
    """Weights (N, C) and intercept by the normal equations."""
    mean, targets = points.mean(axis=0), np.eye(labels.max() + 1)[labels]
    x = points - mean
    scale = (x**2).sum() / len(x)
    left = x.T @ x + scale * penalty * np.eye(x.shape[1])
    weights = np.linalg.solve(left, x.T @ (targets - targets.mean(axis=0)))
    return weights, targets.mean(axis=0) - mean @ weights


@pytest.mark.parametrize("n_features", [8, 30])
def test_linear_probe_is_ridge_regression(n_features):
    points, labels, test_points, test_labels = data(n_features=n_features)
    found = linear_probe(points, labels, test_points, test_labels)
    weights, intercept = ridge(points, labels, found.penalty)
    expected = (test_points @ weights + intercept).argmax(axis=1)
    np.testing.assert_array_equal(found.predictions, expected)
    assert found.accuracy.value == np.mean(expected == test_labels)


def test_penalty_has_the_least_leave_one_out_error():
    points, labels, test_points, test_labels = data(n=40, n_features=20)
    errors = []
    targets = np.eye(4)[labels]
    mean = points.mean(axis=0)
    scale = ((points - mean) ** 2).sum() / len(points)
    for penalty in PENALTIES:
        squares = []
        for left in range(len(points)):
            kept = np.arange(len(points)) != left
            x, y = points[kept], targets[kept]
            centered = x - x.mean(axis=0)
            gram = centered.T @ centered + scale * penalty * np.eye(20)
            weights = np.linalg.solve(gram, centered.T @ (y - y.mean(axis=0)))
            score = (points[left] - x.mean(axis=0)) @ weights + y.mean(axis=0)
            squares.append((score - targets[left]) ** 2)
        errors.append(np.mean(squares))
    found = linear_probe(points, labels, test_points, test_labels)
    assert found.penalty == PENALTIES[int(np.argmin(errors))]


def test_subspace_probe_takes_the_least_angle():
    points, labels, test_points, test_labels = data()
    found = subspace_probe(points, labels, test_points, test_labels, variance=0.9)
    cosines = []
    for label in range(4):
        _, singular, axes = np.linalg.svd(points[labels == label], full_matrices=False)
        fraction = np.cumsum(singular**2) / (singular**2).sum()
        count = np.flatnonzero(fraction >= 0.9)[0] + 1
        assert found.dimensions[label] == count
        projected = test_points @ axes[:count].T
        cosines.append(np.linalg.norm(projected, axis=1) / np.linalg.norm(test_points, axis=1))
    np.testing.assert_array_equal(found.predictions, np.argmax(cosines, axis=0))


def test_classes_in_subspaces_of_their_own():
    """Lines through the origin: a linear probe sees nothing, angles tell all."""
    rng = np.random.default_rng(0)
    labels, test_labels = rng.integers(0, 3, 90), rng.integers(0, 3, 600)
    points, test_points = (
        np.eye(3, 10)[chosen] * rng.standard_normal((len(chosen), 1))
        for chosen in (labels, test_labels)
    )
    assert subspace_probe(points, labels, test_points, test_labels).accuracy.value == 1
    assert linear_probe(points, labels, test_points, test_labels).accuracy.value < 0.5


def test_wrong_training_labels():
    """With half of the labels assigned at random, true labels of held-out points are found."""
    points, true, test_points, test_labels = data(n=400)
    rng = np.random.default_rng(1)
    assigned = np.where(rng.random(400) < 0.5, rng.integers(0, 4, 400), true)
    for probe, options in ((linear_probe, {}), (subspace_probe, {"variance": 0.6})):
        found = probe(points, assigned, test_points, test_labels, **options)
        assert found.accuracy.value > 0.6
        assert found.accuracy.lo < found.accuracy.value < found.accuracy.hi


@pytest.mark.parametrize("probe", [linear_probe, subspace_probe])
def test_rotation_scale_and_label_names(probe):
    points, labels, test_points, test_labels = data()
    expected = probe(points, labels, test_points, test_labels)
    turn = 7 * np.linalg.qr(np.random.default_rng(3).standard_normal((30, 30)))[0]
    names = np.array(["a", "b", "c", "d"])
    found = probe(points @ turn, names[labels], test_points @ turn, names[test_labels])
    np.testing.assert_array_equal(found.predictions, names[expected.predictions])
    assert found.accuracy.value == expected.accuracy.value


@pytest.mark.parametrize("kind", [object, np.dtypes.StringDType()])
def test_labels_as_pandas_and_zarr_hold_text(kind):
    points, labels, test_points, test_labels = data()
    names = np.array(["d", "c", "b", "a"])
    expected = linear_probe(points, names[labels], test_points, names[test_labels])
    texts = [names[chosen].astype(kind) for chosen in (labels, test_labels)]
    found = linear_probe(points, texts[0], test_points, texts[1])
    assert found.accuracy == expected.accuracy
    assert found.predictions.tolist() == expected.predictions.tolist()
    mixed = texts[0].astype(object)
    mixed[0] = None
    with pytest.raises(InputError, match="labels has masked values or type object"):
        linear_probe(points, mixed, test_points, texts[1])


def test_interval_covers():
    """For a fixed training set, over test sets."""
    points, labels, _, _ = data(distance=1.2)
    many = linear_probe(points, labels, *data(77, n_test=20_000, distance=1.2)[2:]).accuracy.value
    found = [
        linear_probe(points, labels, *data(s, n_test=300, distance=1.2)[2:]).accuracy
        for s in range(200)
    ]
    assert 0.9 < np.mean([estimate.lo <= many <= estimate.hi for estimate in found]) < 0.99


def test_wilsons_interval():
    # Wilson (1927): 9 of 10 at 95 %
    found = proportion(np.arange(10) < 9)
    assert (found.value, found.lo, found.hi) == pytest.approx((0.9, 0.59585, 0.98212), abs=1e-5)


INFINITE = np.where(data()[1] == 0, np.inf, data()[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({0: np.ones(4)}, "points has shape"),
        ({2: np.ones((400, 3))}, "same features"),
        ({1: np.zeros(5)}, "labels has shape"),
        ({1: np.zeros(60)}, "one class"),
        ({1: INFINITE, 3: data()[3] * 1.0}, "labels has .* type float64; expected whole"),
        ({1: data()[1] * 1.0, 3: -np.resize(INFINITE, 400)}, "test_labels has .* type float64"),
        ({1: data()[1].astype(str)}, "labels have type <U21 and test_labels"),
        ({2: np.full((400, 30), np.nan)}, "not finite"),
    ],
)
def test_what_cannot_be_used(change, message):
    arguments = list(data())
    for index, value in change.items():
        arguments[index] = value
    with pytest.raises(InputError, match=message):
        linear_probe(*arguments)
    with pytest.raises(InputError, match="variance is 0"):
        subspace_probe(*data(), variance=0)
