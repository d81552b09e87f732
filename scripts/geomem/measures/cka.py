"""Linear centred kernel alignment (CKA) of two representations of the same points.

Kornblith et al., ICML 2019. The plain value is the cosine of the two centred Grams; it is too large
for few points in many features. The debiased value has unbiased estimates of the three products
(Murphy, Zylberberg and Fyshe, arXiv 2405.01012; HSIC of Song et al., 2012); it can be below zero.
"""

import numpy as np
from numpy.typing import ArrayLike

from geomem.errors import InputError
from geomem.geometry.intervals import Estimate
from geomem.measures.kernels import check_square, covariance_overlap, gram_of
from geomem.statistics.resampling import jackknife


def linear_cka(
    first: ArrayLike,
    second: ArrayLike,
    *,
    debiased: bool = True,
    confidence: float = 0.95,
    groups: int = 100,
) -> Estimate:
    """Linear CKA, with a jackknife interval over the points.

    Parameters
    ----------
    first, second : arrays, shape (n, N) and (n, K)
        The same n >= 4 points in the same order, in features of two layers, epochs, seeds or
        networks.
    debiased : bool
        For the finite number of points.
    confidence, groups
        See `geomem.statistics.resampling.jackknife`.

    Returns
    -------
    Estimate
        value, lo, hi; NaN where a representation is constant.

    Raises
    ------
    InputError
        If an argument cannot be used.
    """
    return linear_cka_from_grams(
        gram_of(first, "first"),
        gram_of(second, "second"),
        debiased=debiased,
        confidence=confidence,
        groups=groups,
    )


def linear_cka_from_grams(
    first: ArrayLike,
    second: ArrayLike,
    *,
    debiased: bool = True,
    confidence: float = 0.95,
    groups: int = 100,
) -> Estimate:
    """`linear_cka` from inner products: same further parameters, same numbers.

    Parameters
    ----------
    first, second : arrays, shape (n, n)
        Products of the same n >= 4 points with each other, centred or not.
    debiased, confidence, groups
        See `linear_cka`.

    Returns
    -------
    Estimate
        value, lo, hi; NaN where a representation is constant.

    Raises
    ------
    InputError
        As `linear_cka`; also if an array is not square, symmetric and finite.
    """
    first, second = check_square(first, "first"), check_square(second, "second")
    if len(first) != len(second):
        raise InputError(
            f"first holds {len(first)} points and second {len(second)}; give the same points"
        )

    def cosine(kept):
        parts = [gram[kept[:, np.newaxis], kept] for gram in (first, second)]
        lengths = [covariance_overlap(part, part, unbiased=debiased) for part in parts]
        if not min(lengths) > 0:
            return np.nan
        cosine = covariance_overlap(*parts, unbiased=debiased) / np.sqrt(np.prod(lengths))
        return min(max(cosine, -1.0), 1.0)  # beyond by rounding alone

    return jackknife(cosine, len(first), confidence=confidence, groups=groups)
