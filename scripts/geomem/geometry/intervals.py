"""Confidence intervals over the Gaussian vectors.

They say how far a number may move when the vectors are drawn again: from the value that infinitely
many vectors would give. Manifolds, points and the low-rank structure are taken as given. Vectors
of different manifolds are independent, those of one manifold identically distributed; each
quantity is a smooth function of means over vectors, so its error follows from the delta method.
Where such a function is biased at finite n_t, the interval is centred on the corrected value.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from geomem.errors import InputError


@dataclass(frozen=True)
class Estimate:
    """Values with their interval; arrays of shape (P,) or floats.

    The interval is widened to hold the value where that is biased by more than its error, which
    can only raise the coverage.
    """

    value: np.ndarray | float
    lo: np.ndarray | float
    hi: np.ndarray | float

    def __post_init__(self):
        ends = np.minimum(self.lo, self.value), np.maximum(self.hi, self.value)
        for name, number in zip(("value", "lo", "hi"), (self.value, *ends), strict=True):
            object.__setattr__(self, name, number if np.ndim(number) else float(number))


def capacities(statistics, confidence):
    """Capacity of each manifold, and of all together (the harmonic mean): two `Estimate`s.

    Parameters
    ----------
    statistics : sequence of P AnchorStatistics
    confidence : float
    """
    mean, error = _mean_and_error([found.inverse_capacity for found in statistics])
    n_draws = len(statistics[0].inverse_capacity)
    freedom = n_draws - 1
    joint = (mean.mean(), np.sqrt((error**2).sum()) / len(mean))
    return (
        _inverted(mean, error, confidence, freedom),
        _inverted(*joint, confidence, _freedom(error, freedom)),
    )


def radii(statistics, confidence):
    """Radius of each manifold, and their mean: as `capacities`."""
    mean, error = _mean_and_error([found.spread for found in statistics])
    n_draws = len(statistics[0].spread)
    with np.errstate(all="ignore"):  # one draw, or a point: no spread to go by
        square = mean * np.divide(n_draws, n_draws - 1)  # the mean anchor took one draw's worth
        relative = np.where(square > 0, error / square, 0.0 if n_draws > 1 else np.nan)
        factor = np.exp(0.5 * relative * _quantile(confidence, n_draws - 1))
        radius = np.sqrt(square)
        each = Estimate(np.sqrt(mean), radius / factor, radius * factor)
        corrected = radius * (1.0 + relative**2 / 8.0)
        return each, _mean(each.value, corrected, 0.5 * relative * radius, confidence, n_draws - 1)


def dimensions(statistics, confidence):
    """Dimension of each manifold, and their mean: as `capacities`."""
    mean, error = _mean_and_error([found.cosine for found in statistics])
    size = np.array([found.n_dimensions for found in statistics], dtype=np.float64)
    freedom = len(statistics[0].cosine) - 1
    reach = error * _quantile(confidence, freedom)
    low, high = np.abs(mean) - reach, np.abs(mean) + reach
    # an interval around zero contains the square's least value, zero
    each = Estimate(size * mean**2, size * np.where(low > 0, low, 0.0 * low) ** 2, size * high**2)
    corrected = size * (mean**2 - error**2)
    joint = _mean(each.value, corrected, 2.0 * size * np.abs(mean) * error, confidence, freedom)
    return each, joint


def middle_half(values):
    """Indices of the values between the quarters at either end, ndarray of int."""
    order = np.argsort(values, kind="stable")
    cut = len(order) // 4
    return order[cut : len(order) - cut]


def interquartile(each):
    """Mean over the middle half of the manifolds: single extreme ones do not move it.

    Parameters
    ----------
    each : Estimate
        Of every manifold, as `radii` and `dimensions` give it.

    Returns
    -------
    Estimate
        Its interval takes the manifolds' errors as independent, and which are in the middle as
        given.
    """
    middle = middle_half(each.value)
    value = float(np.mean(each.value[middle]))
    with np.errstate(all="ignore"):
        below = float(np.sqrt(((each.value - each.lo)[middle] ** 2).sum()) / len(middle))
        above = float(np.sqrt(((each.hi - each.value)[middle] ** 2).sum()) / len(middle))
    return Estimate(value, value - below, value + above)


def relative_error(statistics):
    """Standard error of the mean capacity, as a fraction of it."""
    mean, error = _mean_and_error([found.inverse_capacity for found in statistics])
    return float(np.sqrt((error**2).sum()) / mean.sum()) if mean.sum() > 0 else 0.0


def mean_difference(first, second, confidence):
    """Difference of the mean capacity, radius and dimension of two sets of manifolds, paired.

    Parameters
    ----------
    first, second : sequence of P AnchorStatistics
        From the same Gaussian vectors, manifold by manifold.
    confidence : float

    Returns
    -------
    dict of "capacity", "radius", "dimension" to Estimate
        Of second minus first.

    Raises
    ------
    InputError
        If they hold different numbers of manifolds or vectors.
    """
    if [len(s.cosine) for s in first] != [len(s.cosine) for s in second]:
        raise InputError(
            "the two geometries differ in their manifolds or n_t; pairs need equal ones"
        )
    found = {}
    for name, estimate in (("capacity", capacities), ("radius", radii), ("dimension", dimensions)):
        change = influence(name, second) - influence(name, first)
        error = change.std(axis=1, ddof=1) / np.sqrt(change.shape[1])
        value = estimate(second, confidence)[1].value - estimate(first, confidence)[1].value
        freedom = _freedom(error, change.shape[1] - 1)
        reach = _quantile(confidence, freedom) * np.sqrt((error**2).sum()) / len(error)
        found[name] = Estimate(value, value - reach, value + reach)
    return found


def influence(name, statistics):
    """What each vector adds to a mean over manifolds, to first order.

    Parameters
    ----------
    name : {"capacity", "radius", "dimension"}
    statistics : sequence of P AnchorStatistics

    Returns
    -------
    ndarray, shape (P, n_t)
        The mean over manifolds moves as the mean of all entries does when vectors are drawn again.
        Their own mean has no meaning.
    """
    with np.errstate(all="ignore"):
        if name == "capacity":
            values = np.array([found.inverse_capacity for found in statistics])
            return -values / values.mean() ** 2
        if name == "radius":
            values = np.array([found.spread for found in statistics])
            return values / (2.0 * np.sqrt(values.mean(axis=1, keepdims=True)))
        values = np.array([found.cosine for found in statistics])
        size = np.array([[found.n_dimensions] for found in statistics])
        return 2.0 * size * values.mean(axis=1, keepdims=True) * values


def _mean_and_error(rows):
    rows = np.array(rows)
    n_draws = rows.shape[1]
    with np.errstate(all="ignore"):
        if n_draws < 2:
            return rows.mean(axis=1), np.full(len(rows), np.nan)
        return rows.mean(axis=1), rows.std(axis=1, ddof=1) / np.sqrt(n_draws)


def _inverted(mean, error, confidence, freedom):
    """1 / mean; the interval is symmetric in the logarithm, as the mean of squares is skewed."""
    with np.errstate(all="ignore"):
        relative = np.where(mean > 0, error / mean, 0.0 * error)
        factor = np.exp(relative * _quantile(confidence, freedom))
        value = np.divide(1.0, mean)
        return Estimate(value, value / factor, value * factor)


def _mean(values, corrected, error, confidence, freedom):
    reach = _quantile(confidence, _freedom(error, freedom))
    reach = reach * np.sqrt((error**2).sum()) / len(values)
    centre = corrected.mean()
    return Estimate(values.mean(), centre - reach, centre + reach)


def _freedom(error, freedom):
    """Degrees of freedom of a sum of independent errors (Welch and Satterthwaite)."""
    squares = np.asarray(error) ** 2
    total = (squares**2).sum()
    return freedom * squares.sum() ** 2 / total if total > 0 else freedom


def _quantile(confidence, freedom):
    return stdtrit(freedom, 0.5 + 0.5 * confidence) if freedom > 0 else np.nan
