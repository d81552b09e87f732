"""Intervals of any statistic: by leaving out or by splitting points, classes or what was sampled.

The jackknife serves smooth statistics. Where one unit changes what others contribute, as a nearest
neighbour does, it is far too wide, and splitting the sample in halves serves instead.
"""

import numbers
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from geomem.errors import InputError
from geomem.geometry.arguments import check_confidence
from geomem.geometry.intervals import Estimate


def jackknife(
    statistic: Callable[[np.ndarray], ArrayLike],
    n_units: int,
    *,
    confidence: float = 0.95,
    groups: int = 100,
    logarithmic: bool = False,
) -> Estimate:
    """A statistic of sampled units with its interval (Efron, 1982: grouped jackknife).

    Parameters
    ----------
    statistic : callable
        Of an integer array of unit indices, rising; returns a float or an array of numbers.
    n_units : int
        Units in the sample. They are left out in at most `groups` groups; group i holds units
        i, i + groups, i + 2 groups, ...
    confidence : float
    groups : int
        Two or more.
    logarithmic : bool
        Whether the interval is symmetric in the logarithm (for positive statistics).

    Returns
    -------
    Estimate
        value, lo, hi; lo and hi are NaN with fewer than two units, or where leaving a group out
        makes the statistic undefined.

    Raises
    ------
    InputError
        If confidence or groups cannot be used.
    """
    _check(confidence, "groups", groups)
    units = np.arange(n_units)
    value = np.asarray(statistic(units), dtype=np.float64)
    n_groups = min(groups, n_units)
    if n_groups < 2:
        return _estimate(value, np.nan, 1, confidence, logarithmic)
    parts = np.array([statistic(units[units % n_groups != part]) for part in range(n_groups)])
    if logarithmic:
        parts = _logarithms(parts, value)
    error = np.sqrt((n_groups - 1) * parts.var(axis=0))
    return _estimate(value, error, n_groups - 1, confidence, logarithmic)


def split_halves(
    statistic: Callable[[np.ndarray], ArrayLike],
    n_units: int,
    *,
    confidence: float = 0.95,
    splits: int = 50,
    logarithmic: bool = False,
) -> Estimate:
    """As `jackknife`, for any statistic whose variance falls with 1 / n_units.

    The units are split in halves at random (always the same splits). Halves are independent
    samples, so the mean squared difference of the statistic between them is four times its variance
    in the whole (subsampling; Politis and Romano, Ann. Stat. 22, 2031, 1994).

    Parameters
    ----------
    statistic, n_units, confidence, logarithmic
        See `jackknife`.
    splits : int
        Two or more.

    Returns
    -------
    Estimate
        value, lo, hi; lo and hi are NaN with fewer than four units, or where a half makes the
        statistic undefined.

    Raises
    ------
    InputError
        If confidence or splits cannot be used.
    """
    _check(confidence, "splits", splits)
    value = np.asarray(statistic(np.arange(n_units)), dtype=np.float64)
    if n_units < 4:
        return _estimate(value, np.nan, 1, confidence, logarithmic)
    rng = np.random.default_rng(0)
    halves = []
    for _ in range(splits):
        order = rng.permutation(n_units)
        middle = n_units // 2
        halves.append([statistic(np.sort(part)) for part in (order[:middle], order[middle:])])
    halves = np.array(halves)
    if logarithmic:
        halves = _logarithms(halves, value)
    error = 0.5 * np.sqrt(np.mean((halves[:, 0] - halves[:, 1]) ** 2, axis=0))
    return _estimate(value, error, splits, confidence, logarithmic)


def _logarithms(parts, value):
    positive = (value > 0) & np.all(parts > 0, axis=tuple(range(parts.ndim - value.ndim)))
    return np.log(np.where(positive, parts, np.nan))


def _estimate(value, error, freedom, confidence, logarithmic):
    reach = error * stdtrit(freedom, 0.5 + 0.5 * confidence)
    ends = (value * np.exp(-reach), value * np.exp(reach)) if logarithmic else ()
    lo, hi = ends or (value - reach, value + reach)
    if value.ndim == 0:
        return Estimate(float(value), float(lo), float(hi))
    return Estimate(value, lo, hi)


def _check(confidence, name, count):
    check_confidence(confidence)
    if not isinstance(count, numbers.Integral) or count < 2:
        raise InputError(f"{name} is {count!r}; expected a whole number from 2 up")
