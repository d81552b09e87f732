"""Random weights of classes for the Bayesian bootstrap (Rubin, Ann. Stat. 9, 130, 1981)."""

from functools import cache

import numpy as np

from geomem.data.randomness import generator


def class_weights(classes, count):
    """Weights of classes, each class's its own: equal in all layers, epochs, seeds and widths.

    Parameters
    ----------
    classes : sequence of P int
        Their numbers.
    count : int
        Replicates.

    Returns
    -------
    ndarray, shape (count, P)
        Of a shape with which they give a mean the variance s^2 / P, s^2 the unbiased one between
        classes. NaN with fewer than three classes.
    """
    shape = (len(classes) - 2) / len(classes)
    if shape <= 0:
        return np.full((count, len(classes)), np.nan)
    return np.stack([_draws(int(number), shape, count) for number in classes], axis=1)


@cache
def _draws(number, shape, count):
    return generator("claims manifolds", number).gamma(shape, size=count)
