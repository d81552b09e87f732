"""The scales on which numbers are averaged, so that intervals stay inside a number's range.

A number is f^-1(mean f(x)) over its units: 1/x for capacity (the harmonic mean), the logarithm for
what is positive, the logit for fractions, Fisher's atanh for cosines. Where a value lies at the end
of its range (a fraction of 0), or the mean is the plain one (radius), the way back ends at the end
of the range.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit


@dataclass(frozen=True)
class Scale:
    """A transformation f, its inverse, its derivative, and the range of the number."""

    name: str
    forward: Callable
    backward: Callable
    slope: Callable
    range: tuple = (-np.inf, np.inf)


def _plain(name, low, high):
    return Scale(name, lambda x: x, lambda y: np.clip(y, low, high), np.ones_like, (low, high))


def _one_over(y):
    with np.errstate(divide="ignore"):
        return 1.0 / np.maximum(y, 0.0)


SCALES = {
    scale.name: scale
    for scale in (
        _plain("plain", -np.inf, np.inf),
        _plain("positive", 0.0, np.inf),
        _plain("fraction", 0.0, 1.0),
        _plain("cosine", -1.0, 1.0),
        Scale("reciprocal", lambda x: 1 / x, _one_over, lambda x: -1 / x**2, (0.0, np.inf)),
        Scale("logarithm", np.log, np.exp, lambda x: 1 / x, (0.0, np.inf)),
        Scale("logit", logit, expit, lambda x: 1 / (x * (1 - x)), (0.0, 1.0)),
        Scale("fisher", np.arctanh, np.tanh, lambda x: 1 / (1 - x**2), (-1.0, 1.0)),
    )
}


def scale_of(unit, values):
    """The scale that fits a number's unit and all its values at hand.

    Parameters
    ----------
    unit : str
        "fraction" (0 to 1), "cosine" (-1 to 1) or anything else.
    values : ndarray

    Returns
    -------
    Scale
    """
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).all():
        return SCALES["plain"]
    if unit in _ENDS:
        low, high = SCALES[unit].range
        return SCALES[_ENDS[unit] if (low < values).all() and (values < high).all() else unit]
    return SCALES["logarithm" if (values > 0).all() else "plain"]


_ENDS = {"fraction": "logit", "cosine": "fisher"}  # what takes the ends of a range to infinity
