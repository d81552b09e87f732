"""The scales on which numbers are averaged, so that intervals stay inside a number's range.

A number is f^-1(mean f(x)) over its units: 1/x for capacity (the harmonic mean), the logarithm for
what is positive, the logit for fractions, Fisher's atanh for cosines.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit


@dataclass(frozen=True)
class Scale:
    """A transformation f, its inverse, and its derivative; increasing or decreasing."""

    name: str
    forward: Callable
    backward: Callable
    slope: Callable


SCALES = {
    scale.name: scale
    for scale in (
        Scale("plain", lambda x: x, lambda y: y, np.ones_like),
        Scale("reciprocal", lambda x: 1 / x, lambda y: 1 / y, lambda x: -1 / x**2),
        Scale("logarithm", np.log, np.exp, lambda x: 1 / x),
        Scale("logit", logit, expit, lambda x: 1 / (x * (1 - x))),
        Scale("fisher", np.arctanh, np.tanh, lambda x: 1 / (1 - x**2)),
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
    if unit == "fraction" and (values > 0).all() and (values < 1).all():
        return SCALES["logit"]
    if unit == "cosine":
        return SCALES["fisher" if (np.abs(values) < 1).all() else "plain"]
    return SCALES["logarithm" if (values > 0).all() else "plain"]
