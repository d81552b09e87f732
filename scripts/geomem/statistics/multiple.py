"""P-values corrected for many of them: layers, measures or statements."""

from collections.abc import Sequence

import numpy as np

from geomem.errors import InputError


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted by Holm's step-down method (Scand. J. Stat. 6, 65, 1979).

    The chance that any is decided wrongly is at most the level at which each is decided, however
    they depend on each other.

    Parameters
    ----------
    p_values : sequence of n float
        From 0 to 1. NaN stay and do not count.

    Returns
    -------
    list of n float
        In the order of `p_values`, at most 1.

    Raises
    ------
    InputError
        If a number is not from 0 to 1.
    """
    return _adjusted(p_values, lambda p, m: np.maximum.accumulate((m - np.arange(m)) * p))


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted by the step-up method of Benjamini and Hochberg (J. R. Stat. Soc. B 57,
    289, 1995).

    Of those that are at most q, a fraction of at most q is wrong in the mean, if they are
    independent or depend on each other positively.

    Parameters
    ----------
    p_values : sequence of n float
        From 0 to 1. NaN stay and do not count.

    Returns
    -------
    list of n float
        In the order of `p_values`, at most 1.

    Raises
    ------
    InputError
        If a number is not from 0 to 1.
    """

    def adjust(p, m):
        return np.minimum.accumulate((m / (np.arange(m) + 1) * p)[::-1])[::-1]

    return _adjusted(p_values, adjust)


def _adjusted(p_values, adjust):
    p_values = np.asarray(p_values, dtype=np.float64)
    wrong = (p_values < 0) | (p_values > 1)
    if wrong.any():
        raise InputError(f"p_values holds {p_values[wrong][0]:g}; expected numbers from 0 to 1")
    order = np.argsort(p_values, kind="stable")
    order = order[~np.isnan(p_values[order])]
    found = np.full(len(p_values), np.nan)
    found[order] = np.minimum(adjust(p_values[order], len(order)), 1.0)
    return found.tolist()
