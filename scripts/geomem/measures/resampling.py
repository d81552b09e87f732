"""One interval for all measures: the jackknife over points, classes or whatever was sampled."""

import numbers

import numpy as np
from scipy.special import stdtrit

from geomem.errors import InputError
from geomem.geometry.intervals import Estimate


def jackknife(statistic, n_units, *, confidence=0.95, groups=100, logarithmic=False):
    """A statistic of sampled units with its interval (Efron, 1982: grouped jackknife).

    Parameters
    ----------
    statistic : callable
        Of an integer array of unit indices, rising; returns a float.
    n_units : int
        Units in the sample. They are left out in at most `groups` groups; group i holds units
        i, i + groups, i + 2 groups, ...
    confidence : float
    groups : int
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
    if not isinstance(confidence, numbers.Real) or not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence!r}; expected a number between 0 and 1")
    if not isinstance(groups, numbers.Integral) or groups < 2:
        raise InputError(f"groups is {groups!r}; expected a whole number from 2 up")
    units = np.arange(n_units)
    value = float(statistic(units))
    n_groups = min(groups, n_units)
    if n_groups < 2:
        return Estimate(value, np.nan, np.nan)
    parts = np.array([statistic(units[units % n_groups != part]) for part in range(n_groups)])
    if logarithmic:
        parts = np.log(parts) if value > 0 and np.all(parts > 0) else np.full(n_groups, np.nan)
    error = np.sqrt((n_groups - 1) * parts.var())
    reach = error * stdtrit(n_groups - 1, 0.5 + 0.5 * confidence)
    if logarithmic:
        return Estimate(value, float(value * np.exp(-reach)), float(value * np.exp(reach)))
    return Estimate(value, float(value - reach), float(value + reach))
