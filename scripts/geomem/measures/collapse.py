"""Neural collapse: how near the last layer is to equal classes at the corners of a simplex.

Papyan, Han and Donoho, Proc. Natl. Acad. Sci. 117, 24652 (2020), NC1 to NC4. Every class counts
alike: the global mean is the mean of the class means, and covariances are means over classes.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from geomem.errors import InputError
from geomem.geometry import grams
from geomem.geometry import products as inner
from geomem.geometry.clouds import doubles
from geomem.geometry.intervals import Estimate
from geomem.statistics.resampling import jackknife
from geomem.types import Manifolds
from geomem.warning import MeasurementWarning

_CUTOFF = 1e-10  # of the largest eigenvalue of the centres' Gram


@dataclass(frozen=True)
class NeuralCollapse:
    """Each number with its jackknife interval over points; all fall to 0 in full collapse.

    Attributes
    ----------
    nc1 : Estimate
        tr(Sigma_W Sigma_B^+) / C: variability within classes, relative to that of C class means.
    nc2_norms : Estimate
        Standard deviation of the class means' distances from the global mean over their mean.
    nc2_equal_angles : Estimate
        Standard deviation of the cosines between class means about the global mean.
    nc2_widest_angles : Estimate
        Mean distance of these cosines from -1 / (C - 1).
    nc3 : Estimate or None
        Squared distance between the classifier's weights and the class means, each of norm 1.
    nc4 : Estimate or None
        Fraction of points that the classifier puts elsewhere than the nearest class mean does.
    warnings : tuple of MeasurementWarning
    """

    nc1: Estimate
    nc2_norms: Estimate
    nc2_equal_angles: Estimate
    nc2_widest_angles: Estimate
    nc3: Estimate | None = None
    nc4: Estimate | None = None
    warnings: tuple = field(default=())


def neural_collapse(
    manifolds: Manifolds,
    *,
    weights: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    confidence: float = 0.95,
    groups: int = 50,
) -> NeuralCollapse:
    """Measure NC1 and NC2 of class manifolds, and NC3 and NC4 where the classifier is given.

    Parameters
    ----------
    manifolds : sequence of C >= 2 arrays (M_c, N), or one array (C, M, N)
        Two points per class or more. NumPy arrays, memory maps or torch tensors.
    weights : array, shape (C, N), optional
        Of the linear classifier on these features.
    bias : array, shape (C,), optional
        Default: zeros.
    confidence, groups
        See `geomem.statistics.resampling.jackknife`.

    Returns
    -------
    NeuralCollapse

    Raises
    ------
    InputError
        If the arrays do not fit, or another argument cannot be used.
    """
    clouds = inner.check_manifolds(manifolds)
    counts = np.array([len(cloud) for cloud in clouds], dtype=np.int64)
    gram = inner.gram_of_all(clouds)
    if weights is None:
        if bias is not None:
            raise InputError("bias is given without weights; give both or none")
        return neural_collapse_from_gram(gram, counts, confidence=confidence, groups=groups)
    weights = doubles(weights, "weights")
    shape = len(clouds), int(clouds[0].shape[1])
    bias = np.zeros(shape[0]) if bias is None else doubles(bias, "bias")
    if weights.shape != shape or bias.shape != shape[:1]:
        raise InputError(
            f"weights has shape {weights.shape} and bias {bias.shape}; expected {shape} and "
            f"{shape[:1]}, a row per class"
        )
    along = weights @ inner.points_of_all(clouds, center=False).T
    return _measure(gram, counts, (weights, along, bias), confidence, groups)


def neural_collapse_from_gram(
    gram: ArrayLike, counts: ArrayLike, *, confidence: float = 0.95, groups: int = 50
) -> NeuralCollapse:
    """NC1 and NC2 of `neural_collapse` from inner products: same numbers.

    Parameters
    ----------
    gram : array, shape (n, n)
        Products of all points with each other, class by class; centred or not.
    counts : sequence of C >= 2 int
        Points per class, two or more, n together.
    confidence, groups
        See `geomem.statistics.resampling.jackknife`.

    Returns
    -------
    NeuralCollapse
        `nc3` and `nc4` are None.

    Raises
    ------
    InputError
        As `neural_collapse`; also if `gram` is not square, symmetric and finite, or does not fit
        `counts`.
    """
    gram, counts = grams.check_gram(gram, counts)
    return _measure(gram, counts, None, confidence, groups)


def _measure(gram, counts, classifier, confidence, groups):
    if counts.min() < 2:
        raise InputError(
            f"class {int(counts.argmin())} holds one point; neural collapse needs two or more"
        )
    owner = np.repeat(np.arange(len(counts)), counts)

    def numbers(kept):
        return _numbers(gram[kept[:, np.newaxis], kept], owner[kept], classifier, kept)

    found = jackknife(numbers, len(gram), confidence=confidence, groups=groups)
    estimates = [
        Estimate(*map(float, ends)) for ends in zip(found.value, found.lo, found.hi, strict=True)
    ]
    warnings = ()
    if np.isnan(found.value[0]):
        text = "all class means are the same: neural collapse is not defined"
        warnings = (MeasurementWarning("same-means", text),)
    return NeuralCollapse(*estimates, warnings=warnings)


def _numbers(gram, owner, classifier, kept):
    counts = np.bincount(owner)
    n_classes = len(counts)
    average = (owner == np.arange(n_classes)[:, np.newaxis]) / counts[:, np.newaxis]
    means = average @ gram  # class means times points
    products = means @ average.T
    centered = average - average.mean(axis=0)
    centers = centered @ gram @ centered.T
    values, vectors = np.linalg.eigh(centers)
    if not values[-1] > len(gram) * np.finfo(np.float64).eps * np.abs(gram).max():
        return np.full(4 if classifier is None else 6, np.nan)
    inverse = np.divide(1.0, values, out=np.zeros_like(values), where=values > _CUTOFF * values[-1])
    within = centered @ gram
    within -= (within @ average.T)[:, owner]  # centres times points about their class mean
    spread = (vectors * inverse) @ (vectors.T @ within)
    lengths = np.sqrt(np.diag(centers))
    cosines = centers / np.outer(lengths, lengths)
    cosines = cosines[~np.eye(n_classes, dtype=bool)]
    found = [
        (spread**2 / counts[owner]).sum() / n_classes,
        lengths.std() / lengths.mean(),
        cosines.std(),
        np.abs(cosines + 1.0 / (n_classes - 1)).mean(),
    ]
    if classifier is not None:
        weights, along, bias = classifier
        along = along[:, kept]
        shared = (along * centered).sum()
        norms = np.sqrt((weights**2).sum() * np.trace(centers))
        found.append(2.0 - 2.0 * shared / norms)
        chosen = (along + bias[:, np.newaxis]).argmax(axis=0)
        nearest = (np.diag(products)[:, np.newaxis] - 2.0 * means).argmin(axis=0)
        found.append(np.mean(chosen != nearest))
    return np.array(found)
