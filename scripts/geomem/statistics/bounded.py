"""Intervals that stay inside the range of what they are about: fractions and correlations."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, ndtri

from geomem.errors import InputError
from geomem.geometry.arguments import check_confidence
from geomem.geometry.intervals import Estimate
from geomem.proportion import score_interval
from geomem.statistics.combined import quantile


def wilson(right: int, n: int, confidence: float = 0.95) -> Estimate:
    """A fraction of independent successes, with Wilson's score interval (JASA 22, 209, 1927).

    Parameters
    ----------
    right, n : int
        Successes among n > 0 trials.
    confidence : float

    Returns
    -------
    Estimate
        right / n; lo and hi lie in [0, 1].

    Raises
    ------
    InputError
        If `n` is not above 0, `right` not from 0 to `n`, or `confidence` not between 0 and 1.
    """
    check_confidence(confidence)
    _check_counts(right, n)
    z = ndtri(0.5 + 0.5 * confidence)
    lo, hi = score_interval(right / n, n, z)
    return Estimate(right / n, float(lo), float(hi))


def proportion(right: ArrayLike, confidence: float = 0.95) -> Estimate:
    """`wilson` of an array of bool, shape (n,): which trials succeeded.

    Raises
    ------
    InputError
        If there are no trials, or `confidence` is not between 0 and 1.
    """
    return wilson(int(np.sum(right)), len(right), confidence)


def jeffreys(right: int, n: int, confidence: float = 0.95) -> Estimate:
    """As `wilson`, from the posterior of Jeffreys' prior (Brown et al., Stat. Sci. 16, 101, 2001).

    The interval ends at 0 without successes and at 1 without failures.

    Parameters
    ----------
    right, n, confidence
        See `wilson`.

    Returns
    -------
    Estimate
        right / n; lo and hi lie in [0, 1].

    Raises
    ------
    InputError
        As `wilson`.
    """
    check_confidence(confidence)
    _check_counts(right, n)
    tail = 0.5 - 0.5 * confidence
    lo = 0.0 if right == 0 else float(betaincinv(right + 0.5, n - right + 0.5, tail))
    hi = 1.0 if right == n else float(betaincinv(right + 0.5, n - right + 0.5, 1 - tail))
    return Estimate(right / n, lo, hi)


def correlation(r: float, n: int, confidence: float = 0.95) -> Estimate:
    """A correlation of n independent pairs, with Fisher's interval (Metron 1, 3, 1921).

    Parameters
    ----------
    r : float
        Pearson's, from -1 to 1.
    n : int
        4 or more.
    confidence : float

    Returns
    -------
    Estimate
        r; lo and hi lie in [-1, 1].

    Raises
    ------
    InputError
        If `r` is not from -1 to 1, `n` below 4, or `confidence` not between 0 and 1.
    """
    check_confidence(confidence)
    if not n >= 4 or not -1 <= r <= 1:
        raise InputError(f"r is {r!r} and n is {n!r}; expected -1 <= r <= 1 and 4 pairs or more")
    if abs(r) == 1:
        return Estimate(float(r), float(r), float(r))
    reach = ndtri(0.5 + 0.5 * confidence) / np.sqrt(n - 3)
    lo, hi = np.tanh(np.arctanh(r) + np.array([-reach, reach]))
    return Estimate(float(r), float(lo), float(hi))


def mean_of_fractions(
    mean: ArrayLike, error: ArrayLike, freedom: ArrayLike, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Interval of a mean of fractions (accuracies of several seeds), inside [0, 1].

    Wilson's formula with Student's quantile, for the number of trials that would have this
    standard error.

    Parameters
    ----------
    mean, error : float or ndarray
        From 0 to 1; standard error of the mean.
    freedom : float or ndarray
        Degrees of freedom of the error: seeds less one.
    confidence : float

    Returns
    -------
    lo, hi : ndarrays
        Of the shape that `mean`, `error` and `freedom` have together. Where the error is 0 both are
        the mean; where it is not, NaN without degrees of freedom or for a mean of 0 or 1.

    Raises
    ------
    InputError
        If a mean is not from 0 to 1, or `confidence` not between 0 and 1.
    """
    check_confidence(confidence)
    mean, error = np.asarray(mean, dtype=np.float64), np.asarray(error, dtype=np.float64)
    if (mean < 0).any() or (mean > 1).any():
        raise InputError(f"mean is {mean.min():g} to {mean.max():g}; expected fractions, 0 to 1")
    with np.errstate(all="ignore"):
        trials = mean * (1 - mean) / error**2
        lo, hi = score_interval(mean, trials, quantile(confidence, freedom))
    certain = error == 0
    return np.where(certain, mean, lo), np.where(certain, mean, hi)


def mean_of_correlations(
    mean: ArrayLike, error: ArrayLike, freedom: ArrayLike, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """As `mean_of_fractions`, for numbers from -1 to 1.

    Parameters
    ----------
    mean, error : float or ndarray
        From -1 to 1; standard error of the mean.
    freedom, confidence
        See `mean_of_fractions`.

    Returns
    -------
    lo, hi : ndarrays
        As of `mean_of_fractions`, inside [-1, 1] (NaN for a mean of -1 or 1 with an error).

    Raises
    ------
    InputError
        If a mean is not from -1 to 1, or `confidence` not between 0 and 1.
    """
    mean = np.asarray(mean, dtype=np.float64)
    if (np.abs(mean) > 1).any():
        raise InputError(f"mean is {mean.min():g} to {mean.max():g}; expected -1 to 1")
    lo, hi = mean_of_fractions((1 + mean) / 2, np.asarray(error) / 2, freedom, confidence)
    return 2 * lo - 1, 2 * hi - 1


def mean_in_range(
    mean: ArrayLike,
    error: ArrayLike,
    freedom: ArrayLike,
    span: tuple[float, float] = (-np.inf, np.inf),
    confidence: float = 0.95,
) -> tuple[np.ndarray, np.ndarray]:
    """Interval of a mean of numbers that lie in the range `span`.

    `mean_of_fractions` for (0, 1), `mean_of_correlations` for (-1, 1), else Student's, which ends
    where the range does.

    Parameters
    ----------
    mean, error : float or ndarray
        The mean and its standard error.
    freedom, confidence
        See `mean_of_fractions`.
    span : (float, float)
        Least and greatest number that there can be; infinite where nothing bounds them.

    Returns
    -------
    lo, hi : ndarrays
        Of the shape that `mean`, `error` and `freedom` have together. NaN without degrees of
        freedom, unless the error is 0 with (0, 1) or (-1, 1).

    Raises
    ------
    InputError
        If `confidence` is not between 0 and 1, or a mean lies outside a span of (0, 1) or (-1, 1);
        it is not compared with other spans.
    """
    if tuple(span) in _BOUNDED:
        return _BOUNDED[tuple(span)](mean, error, freedom, confidence)
    check_confidence(confidence)
    mean = np.asarray(mean, dtype=np.float64)
    reach = quantile(confidence, freedom) * error
    return np.clip(mean - reach, *span), np.clip(mean + reach, *span)


_BOUNDED = {(0, 1): mean_of_fractions, (-1, 1): mean_of_correlations}


def _check_counts(right, n):
    if not n > 0 or not 0 <= right <= n:
        raise InputError(f"right is {right!r} and n is {n!r}; expected n > 0 and 0 <= right <= n")
