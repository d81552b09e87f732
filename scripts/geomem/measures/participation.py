"""Participation ratio: how many directions a representation's variance is spread over.

(tr Sigma)^2 / tr(Sigma^2) for the covariance Sigma of the points. The ratio of a finite sample is
too small, roughly 1/PR + 1/n inverted for n points. Numerator and denominator have unbiased
estimates over different points (Chun et al., ICLR 2026, arXiv 2509.26560: the correction for
sampled stimuli; all features are taken as observed).
"""

from numpy.typing import ArrayLike

from geomem.geometry.intervals import Estimate
from geomem.measures.kernels import (
    check_square,
    covariance_overlap,
    gram_of,
    squared_total_variance,
)
from geomem.statistics.resampling import jackknife


def participation_ratio(
    points: ArrayLike, *, corrected: bool = True, confidence: float = 0.95, groups: int = 100
) -> Estimate:
    """Participation ratio of points, with a jackknife interval over them.

    Parameters
    ----------
    points : array, shape (n, N)
        Four points or more. NumPy array, memory map or torch tensor.
    corrected : bool
        For the finite number of points. The plain ratio's interval is about what n points give.
    confidence, groups
        See `geomem.statistics.resampling.jackknife`.

    Returns
    -------
    Estimate
        value, lo, hi; NaN where what estimates tr(Sigma^2) is not above 0, as for equal points.

    Raises
    ------
    InputError
        If an argument cannot be used.
    """
    return participation_ratio_from_gram(
        gram_of(points), corrected=corrected, confidence=confidence, groups=groups
    )


def participation_ratio_from_gram(
    gram: ArrayLike, *, corrected: bool = True, confidence: float = 0.95, groups: int = 100
) -> Estimate:
    """`participation_ratio` from inner products: same further parameters, same numbers.

    Parameters
    ----------
    gram : array, shape (n, n)
        Products of n >= 4 points with each other, centred or not.
    corrected, confidence, groups
        See `participation_ratio`.

    Returns
    -------
    Estimate
        value, lo, hi; NaN where what estimates tr(Sigma^2) is not above 0, as for equal points.

    Raises
    ------
    InputError
        As `participation_ratio`; also if `gram` is not square, symmetric and finite.
    """
    gram = check_square(gram)

    def ratio(kept):
        part = gram[kept[:, None], kept]
        below = covariance_overlap(part, part, unbiased=corrected)
        above = squared_total_variance(part, unbiased=corrected)
        return above / below if below > 0 else float("nan")

    return jackknife(ratio, len(gram), confidence=confidence, groups=groups, logarithmic=True)
