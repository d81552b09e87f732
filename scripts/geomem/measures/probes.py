"""What a layer knows about labels: a linear probe, and the minimum-angle subspace classifier.

Both are trained on points with any labels (true, or as assigned in training) and judge held-out
points, so they say what generalizes although training labels were wrong (Ketha and Ramaswamy,
2025). Only inner products enter: ridge regression in its dual form, class subspaces from Grams.
"""

import numbers
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from geomem.errors import InputError
from geomem.geometry.clouds import doubles, on_host
from geomem.geometry.intervals import Estimate
from geomem.statistics.bounded import proportion
from geomem.storage.arrays import plain_text

PENALTIES = tuple(10.0**k for k in range(-8, 3))  # of the mean squared length of the points


@dataclass(frozen=True)
class Probe:
    """A classifier's judgement of held-out points.

    Attributes
    ----------
    accuracy : Estimate
        Against the test labels; the interval covers the choice of test points.
    predictions : ndarray, shape (n_test,)
        Labels, as in the training labels.
    penalty : float or None
        Of the linear probe, chosen by leave-one-out error on the training points; in units of their
        mean squared length about their mean.
    dimensions : ndarray of int64 or None
        Of the subspace of each class, classes in rising order.
    """

    accuracy: Estimate
    predictions: np.ndarray
    penalty: float | None = None
    dimensions: np.ndarray | None = None


def linear_probe(
    points: ArrayLike,
    labels: ArrayLike,
    test_points: ArrayLike,
    test_labels: ArrayLike,
    *,
    confidence: float = 0.95,
) -> Probe:
    """Ridge regression on one-hot labels, with an intercept.

    Parameters
    ----------
    points, test_points : arrays, shape (n, N) and (n_test, N)
        NumPy arrays, memory maps or torch tensors.
    labels, test_labels : arrays, shape (n,) and (n_test,)
        Whole numbers or text; `labels` holds two classes or more.
    confidence : float

    Returns
    -------
    Probe

    Raises
    ------
    InputError
        If the arrays do not fit, or `confidence` is not between 0 and 1.
    """
    points, labels, test_points, test_labels = _checked(points, labels, test_points, test_labels)
    mean = points.mean(axis=0)
    points, test_points = points - mean, test_points - mean
    classes, index = np.unique(labels, return_inverse=True)
    targets = np.eye(len(classes))[index]
    average = targets.mean(axis=0)
    values, vectors = linalg.eigh(points @ points.T)
    values = np.maximum(values, 0.0)
    scale = values.sum() / len(points)
    along = vectors.T @ (targets - average)
    errors = [
        _left_out(values, vectors, along, targets - average, scale * penalty)
        for penalty in PENALTIES
    ]
    penalty = PENALTIES[int(np.argmin(errors))]
    weights = vectors @ (_shrunk(values, scale * penalty)[:, np.newaxis] * along)
    scores = test_points @ (points.T @ weights) + average
    predictions = classes[scores.argmax(axis=1)]
    accuracy = proportion(predictions == test_labels, confidence)
    return Probe(accuracy, predictions, penalty=penalty)


def subspace_probe(
    points: ArrayLike,
    labels: ArrayLike,
    test_points: ArrayLike,
    test_labels: ArrayLike,
    *,
    variance: float = 0.99,
    confidence: float = 0.95,
) -> Probe:
    """MASC: a point belongs to the class whose subspace it makes the least angle with.

    The subspace of a class holds the leading directions of its training points about the origin,
    as few as have at least `variance` of their squared length. Of equal angles the first class
    counts. Subspaces of nearly as many dimensions as there are features tell nothing: see
    `dimensions` in the result.

    Parameters
    ----------
    points, labels, test_points, test_labels, confidence
        As for `linear_probe`.
    variance : float
        Above 0, at most 1.

    Returns
    -------
    Probe

    Raises
    ------
    InputError
        If an argument cannot be used.
    """
    points, labels, test_points, test_labels = _checked(points, labels, test_points, test_labels)
    if not isinstance(variance, numbers.Real) or not 0 < variance <= 1:
        raise InputError(f"variance is {variance!r}; expected a fraction above 0, at most 1")
    classes = np.unique(labels)
    lengths, dimensions = [], []
    for label in classes:
        chosen = points[labels == label]
        values, vectors = linalg.eigh(chosen @ chosen.T)
        values, vectors = values[::-1], vectors[:, ::-1]
        kept = values > len(chosen) * np.finfo(np.float64).eps * values[0]
        values, vectors = values[kept], vectors[:, kept]
        explained = np.cumsum(values) / values.sum() if len(values) else np.empty(0)
        count = int(np.searchsorted(explained, variance * (1 - 1e-12)) + 1) if len(values) else 0
        values, vectors = values[:count], vectors[:, :count]
        along = test_points @ (chosen.T @ (vectors / np.sqrt(values)))
        lengths.append((along**2).sum(axis=1))
        dimensions.append(len(values))
    predictions = classes[np.argmax(lengths, axis=0)]
    accuracy = proportion(predictions == test_labels, confidence)
    return Probe(accuracy, predictions, dimensions=np.array(dimensions, dtype=np.int64))


def _shrunk(values, penalty):
    return np.divide(1.0, values + penalty, out=np.zeros_like(values), where=values + penalty > 0)


def _left_out(values, vectors, along, targets, penalty):
    """Mean squared error of each training point left out (the intercept is refitted as well)."""
    fit = values * _shrunk(values, penalty)
    leverage = vectors**2 @ fit + 1.0 / len(values)
    residual = targets - vectors @ (fit[:, np.newaxis] * along)
    room = np.maximum(1.0 - leverage, 1e-12)
    return np.mean((residual / room[:, np.newaxis]) ** 2)


def _labels(values, name):
    """Labels as an array of whole numbers, booleans or text."""
    array = plain_text(np.asarray(on_host(values)))
    whole = array.dtype.kind == "f" and np.isfinite(array).all() and (array % 1 == 0).all()
    if np.ma.is_masked(values) or (array.dtype.kind not in "iubUS" and not whole):
        raise InputError(
            f"{name} has masked values or type {array.dtype}; expected whole numbers or text"
        )
    return array.astype(str) if array.dtype.kind == "S" else array


def _checked(points, labels, test_points, test_labels):
    found = []
    for name, values in (("points", points), ("test_points", test_points)):
        values = doubles(values, name)
        if values.ndim != 2 or 0 in values.shape:
            raise InputError(f"{name} has shape {values.shape}; expected (points, features)")
        if not np.all(np.isfinite(values)):
            raise InputError(f"{name} holds values that are not finite")
        found.append(values)
    if found[0].shape[1] != found[1].shape[1]:
        raise InputError(
            f"points have {found[0].shape[1]} features and test_points {found[1].shape[1]}; give "
            "both in the same features"
        )
    sets = _labels(labels, "labels"), _labels(test_labels, "test_labels")
    if (sets[0].dtype.kind == "U") != (sets[1].dtype.kind == "U"):
        raise InputError(
            f"labels have type {sets[0].dtype} and test_labels {sets[1].dtype}; give numbers for "
            "both or text for both"
        )
    for name, values, owner in (
        ("labels", sets[0], found[0]),
        ("test_labels", sets[1], found[1]),
    ):
        if values.shape != (len(owner),):
            raise InputError(f"{name} has shape {values.shape}; expected ({len(owner)},)")
    if len(np.unique(sets[0])) < 2:
        raise InputError("labels holds one class; a probe needs two or more")
    return found[0], sets[0], found[1], sets[1]
