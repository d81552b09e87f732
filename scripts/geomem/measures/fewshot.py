"""Few-shot learning from geometry: the signal-to-noise ratio of prototype learning.

Sorscher, Ganguli and Sompolinsky, Proc. Natl. Acad. Sci. 119, e2200800119 (2022). A prototype is
the mean of m examples of a class. A new example of class a is told from class b by the nearer
prototype, wrongly with a probability of about H(SNR), the tail of the normal distribution.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfc

from geomem.errors import InputError
from geomem.geometry import grams
from geomem.geometry import products as inner
from geomem.geometry.intervals import Estimate
from geomem.statistics.resampling import jackknife
from geomem.types import Manifolds


@dataclass(frozen=True)
class FewShotGeometry:
    """Entries [a, b] are about examples of class a against class b; NaN on the diagonal.

    Attributes
    ----------
    mean_snr, mean_error : Estimate
        Means over ordered pairs, with jackknife intervals over points.
    snr, error : ndarrays, shape (P, P)
        (signal + bias / m) / 2 / sqrt(1 / (m dimension) + overlaps); H(SNR).
    signal : ndarray, shape (P, P)
        Squared distance of the class means, in units of the squared radius of a.
    bias : ndarray, shape (P, P)
        Squared radius of b over that of a, less 1.
    dimension : ndarray, shape (P,)
        Participation ratio of each class.
    signal_noise_overlap : ndarray, shape (P, P)
        Variance of a along the difference of means, plus that of b over m, in the same units.
    noise_overlap : ndarray, shape (P, P)
        tr(Sigma_a Sigma_b), in the same units.
    shots : int
    """

    mean_snr: Estimate
    mean_error: Estimate
    snr: np.ndarray
    error: np.ndarray
    signal: np.ndarray
    bias: np.ndarray
    dimension: np.ndarray
    signal_noise_overlap: np.ndarray
    noise_overlap: np.ndarray
    shots: int


def few_shot_geometry(
    manifolds: Manifolds, *, shots: int = 5, confidence: float = 0.95, groups: int = 50
) -> FewShotGeometry:
    """Predict few-shot learning of every pair of classes.

    Parameters
    ----------
    manifolds : sequence of P >= 2 arrays (M_a, N), or one array (P, M, N)
        Two points per class or more. NumPy arrays, memory maps or torch tensors.
    shots : int
        m, the examples of each class.
    confidence, groups
        See `geomem.statistics.resampling.jackknife`.

    Returns
    -------
    FewShotGeometry

    Raises
    ------
    InputError
        If an argument cannot be used.
    """
    clouds = inner.check_manifolds(manifolds)
    counts = [len(cloud) for cloud in clouds]
    return few_shot_geometry_from_gram(
        inner.gram_of_all(clouds), counts, shots=shots, confidence=confidence, groups=groups
    )


def few_shot_geometry_from_gram(
    gram: ArrayLike,
    counts: ArrayLike,
    *,
    shots: int = 5,
    confidence: float = 0.95,
    groups: int = 50,
) -> FewShotGeometry:
    """`few_shot_geometry` from inner products: same further parameters, same numbers.

    Parameters
    ----------
    gram : array, shape (n, n)
        Products of all points with each other, class by class; centred or not.
    counts : sequence of P >= 2 int
        Points per class, two or more, n together.
    shots, confidence, groups
        See `few_shot_geometry`.

    Returns
    -------
    FewShotGeometry

    Raises
    ------
    InputError
        As `few_shot_geometry`; also if `gram` is not square, symmetric and finite, or does not fit
        `counts`.
    """
    gram, counts = grams.check_gram(gram, counts)
    if not isinstance(shots, int | np.integer) or shots < 1:
        raise InputError(f"shots is {shots!r}; expected a whole number from 1 up")
    if counts.min() < 2:
        raise InputError(
            f"class {int(counts.argmin())} holds one point; a radius needs two or more"
        )
    owner = np.repeat(np.arange(len(counts)), counts)
    parts = _parts(gram, owner, shots)

    def means(kept):
        found = _parts(gram[kept[:, np.newaxis], kept], owner[kept], shots)
        pairs = ~np.eye(len(counts), dtype=bool)
        return np.array([found["snr"][pairs].mean(), found["error"][pairs].mean()])

    found = jackknife(means, len(gram), confidence=confidence, groups=groups)
    estimates = [
        Estimate(*map(float, ends)) for ends in zip(found.value, found.lo, found.hi, strict=True)
    ]
    return FewShotGeometry(*estimates, **parts, shots=int(shots))


def _parts(gram, owner, shots):
    counts = np.bincount(owner)
    average = (owner == np.arange(len(counts))[:, np.newaxis]) / counts[:, np.newaxis]
    means = average @ gram  # class means times points
    products = means @ average.T
    offsets = gram - means[owner]
    offsets -= (offsets @ average.T)[:, owner]  # products of points about their class means
    radius = average @ np.diag(offsets)
    shared = average @ offsets**2 @ average.T  # tr(Sigma_a Sigma_b)
    along = means - products[:, owner]  # class means times points about their class mean
    variance = np.empty_like(products)  # of class a along the difference of the means of a and b
    for a in range(len(counts)):
        difference = along[a, owner == a] - along[:, owner == a]
        variance[a] = np.mean(difference**2, axis=1)
    lengths = np.diag(products)
    distances = lengths[:, np.newaxis] + lengths - 2.0 * products
    with np.errstate(all="ignore"):  # classes without extent: not defined
        unit = radius[:, np.newaxis]
        signal, bias = distances / unit, radius / unit - 1.0
        overlap = (variance + variance.T / shots) / unit**2
        noise = shared / unit**2
        dimension = radius**2 / np.diag(shared)
        spread = 1.0 / (dimension[:, np.newaxis] * shots) + overlap + noise / shots
        snr = 0.5 * (signal + bias / shots) / np.sqrt(spread)
    for matrix in (snr, signal, bias, overlap, noise):
        np.fill_diagonal(matrix, np.nan)
    return {
        "snr": snr,
        "error": 0.5 * erfc(snr / np.sqrt(2.0)),
        "signal": signal,
        "bias": bias,
        "dimension": dimension,
        "signal_noise_overlap": overlap,
        "noise_overlap": noise,
    }
