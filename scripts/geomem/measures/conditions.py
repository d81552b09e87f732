"""Cross-condition generalization and shattering dimension.

Bernardi et al., Cell 183, 954 (2020). Classes are conditions, and a dichotomy labels half of them
1. Shattering dimension: accuracy of a linear classifier on left-out points, one of each label at a
time, mean over the classes of each label, the two labels and dichotomies.
Cross-condition generalization performance (CCGP): the same on points of two conditions, one of each
label, that the classifier never saw. The classifier is ridge regression here (a support vector
machine there), whose leave-out predictions are exact functions of one matrix for all dichotomies.
"""

import itertools
import math
import numbers
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from geomem.errors import InputError
from geomem.geometry import grams
from geomem.geometry import products as inner
from geomem.geometry.arguments import as_seed
from geomem.geometry.intervals import Estimate
from geomem.statistics.resampling import jackknife
from geomem.types import Manifolds, RandomState
from geomem.warning import MeasurementWarning


@dataclass(frozen=True)
class CrossCondition:
    """Accuracies, of which 1/2 is chance; intervals from the jackknife over conditions.

    Attributes
    ----------
    shattering, generalization : Estimate
        Means over dichotomies and conditions.
    shattering_by_dichotomy, generalization_by_dichotomy : ndarrays, shape (n_dichotomies,)
    dichotomies : ndarray, shape (n_dichotomies, C)
        1 and -1.
    seed : int
    warnings : tuple of MeasurementWarning
        Of points that are all the same, whose numbers are NaN.
    """

    shattering: Estimate
    generalization: Estimate
    shattering_by_dichotomy: np.ndarray
    generalization_by_dichotomy: np.ndarray
    dichotomies: np.ndarray
    seed: int
    warnings: tuple = ()


def cross_condition(
    manifolds: Manifolds,
    *,
    n_dichotomies: int = 100,
    penalty: float = 1e-3,
    random_state: RandomState = None,
    confidence: float = 0.95,
    groups: int = 100,
) -> CrossCondition:
    """Measure shattering dimension and cross-condition generalization of classes.

    Parameters
    ----------
    manifolds : sequence of C >= 4 arrays (M_c, N), or one array (C, M, N)
        Two points per class or more. NumPy arrays, memory maps or torch tensors.
    n_dichotomies : int
        Balanced dichotomies drawn at random (C odd: one label has one class more); all of them
        where there are no more.
    penalty : float
        Of the ridge regression, in units of the mean squared length of the points; above 0.
    random_state : int, numpy.random.Generator or None
    confidence, groups
        See `geomem.statistics.resampling.jackknife`.

    Returns
    -------
    CrossCondition

    Raises
    ------
    InputError
        If an argument cannot be used.
    """
    clouds = inner.check_manifolds(manifolds)
    return cross_condition_from_gram(
        inner.gram_of_all(clouds),
        [len(cloud) for cloud in clouds],
        n_dichotomies=n_dichotomies,
        penalty=penalty,
        random_state=random_state,
        confidence=confidence,
        groups=groups,
    )


def cross_condition_from_gram(
    gram: ArrayLike,
    counts: ArrayLike,
    *,
    n_dichotomies: int = 100,
    penalty: float = 1e-3,
    random_state: RandomState = None,
    confidence: float = 0.95,
    groups: int = 100,
) -> CrossCondition:
    """`cross_condition` from inner products: same further parameters, same numbers.

    Parameters
    ----------
    gram : array, shape (n, n)
        Products of all points with each other, class by class; centred or not.
    counts : sequence of C >= 4 int
        Points per class, two or more, n together.
    n_dichotomies, penalty, random_state, confidence, groups
        See `cross_condition`.

    Returns
    -------
    CrossCondition

    Raises
    ------
    InputError
        As `cross_condition`; also if `gram` is not square, symmetric and finite, or does not fit
        `counts`.
    """
    gram, counts = grams.check_gram(gram, counts)
    if len(counts) < 4 or counts.min() < 2:
        raise InputError(
            f"counts is {counts.tolist()}; expected four classes or more of two points or more"
        )
    if not isinstance(n_dichotomies, numbers.Integral) or n_dichotomies < 1:
        raise InputError(f"n_dichotomies is {n_dichotomies!r}; expected a whole number from 1 up")
    if not isinstance(penalty, numbers.Real) or not penalty > 0:
        raise InputError(f"penalty is {penalty!r}; expected a number above 0")
    seed = as_seed(random_state)
    centered = grams.center_gram(gram)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(5,)))
    dichotomies = _dichotomies(len(counts), int(n_dichotomies), rng)
    owner = np.repeat(np.arange(len(counts)), counts)
    labels = dichotomies[:, owner].T
    rounding = len(gram) ** 2 * np.finfo(np.float64).eps * np.abs(gram).max()
    if not np.trace(centered) > rounding:
        none = np.full(len(dichotomies), np.nan)
        text = "all points are the same: no classifier of them is defined"
        warnings = (MeasurementWarning("same-points", text),)
        estimates = [Estimate(np.nan, np.nan, np.nan)] * 2
        return CrossCondition(*estimates, none, none, dichotomies, seed, warnings=warnings)
    hat = _hat(centered, float(penalty))
    residual = labels - hat @ labels
    left_out = _left_out(hat, residual, labels, rng)
    by_class = np.array(
        [(left_out[owner == c] * labels[owner == c] > 0).mean(axis=0) for c in range(len(counts))]
    ).T
    # The label with one class more (C odd) is found more often; at chance both together are 1/2.
    weights = 1.0 / np.where(dichotomies > 0, *_sizes(dichotomies))
    across = _across(hat, residual, labels, owner, dichotomies, rng)

    def means(kept):
        shattering = np.average(by_class[:, kept], weights=weights[:, kept])
        return np.array([shattering, np.nanmean(across[:, kept])])

    found = jackknife(means, len(counts), confidence=confidence, groups=groups)
    estimates = [
        Estimate(*map(float, ends)) for ends in zip(found.value, found.lo, found.hi, strict=True)
    ]
    return CrossCondition(
        *estimates,
        np.average(by_class, axis=1, weights=weights),
        np.nanmean(across, axis=1),
        dichotomies,
        seed,
    )


def _sizes(dichotomies):
    """How many classes of each dichotomy have the label 1, and -1; two arrays (n, 1)."""
    return [(dichotomies == side).sum(axis=1, keepdims=True) for side in (1.0, -1.0)]


def _dichotomies(n_classes, most, rng):
    half = n_classes // 2
    total = math.comb(n_classes, half)
    if n_classes % 2 == 0:
        total //= 2
    found = np.ones((min(total, most), n_classes))
    if total <= most:
        chosen = itertools.islice(itertools.combinations(range(n_classes), half), total)
        for row, part in zip(found, chosen, strict=True):
            row[list(part)] = -1.0
        return found
    for row in found:
        row[rng.permutation(n_classes)[:half]] = -1.0
    return found


def _hat(gram, penalty):
    """The matrix that turns labels into fitted labels: ridge regression with an intercept."""
    values, vectors = linalg.eigh(gram)
    values = np.maximum(values, 0.0)
    scale = penalty * values.sum() / len(gram)
    fit = np.divide(values, values + scale, out=np.zeros_like(values), where=values > 0)
    return (vectors * fit) @ vectors.T + 1.0 / len(gram)


def _left_out(hat, residual, labels, rng):
    """Scores (n, n_dichotomies) of points that are left out, each with one of the other label.

    Alone, a point would leave more points of the other label, whose mean the intercept is: without
    any signal it would be found on the wrong side. As in `_across`, the residual of the two points
    S is (1 - H_SS)^-1 times that of the whole fit.
    """
    own = 1.0 - np.diag(hat)
    scores = np.empty_like(labels)
    partner = np.empty(len(labels), dtype=np.int64)
    for column in range(labels.shape[1]):
        sides = [np.flatnonzero(labels[:, column] == side) for side in (-1.0, 1.0)]
        for here, there in (sides, sides[::-1]):
            partner[here] = np.resize(rng.permutation(there), len(here))
        wrong, between = residual[:, column], hat[np.arange(len(hat)), partner]
        determinant = own * own[partner] - between**2
        scores[:, column] = (
            labels[:, column] - (own[partner] * wrong + between * wrong[partner]) / determinant
        )
    return scores


def _across(hat, residual, labels, owner, dichotomies, rng):
    """Accuracy (n_dichotomies, C) on classes left out, one of each label at a time.

    With the points S left out, the residual there is (1 - H_SS)^-1 times that of the whole fit.
    """
    accuracy = np.full(dichotomies.shape, np.nan)
    pairs = {}
    for index, row in enumerate(dichotomies):
        sides = [rng.permutation(np.flatnonzero(row == side)) for side in (-1.0, 1.0)]
        for a, b in zip(*sides, strict=False):  # C odd: one class is left without a partner
            pairs.setdefault((min(a, b), max(a, b)), []).append(index)
    for (a, b), indices in pairs.items():
        rows = np.flatnonzero((owner == a) | (owner == b))
        system = np.eye(len(rows)) - hat[np.ix_(rows, rows)]
        wrong = np.linalg.solve(system, residual[np.ix_(rows, indices)])
        truth = labels[np.ix_(rows, indices)]
        right = (truth - wrong) * truth > 0
        for c in (a, b):
            accuracy[indices, c] = right[owner[rows] == c].mean(axis=0)
    return accuracy
