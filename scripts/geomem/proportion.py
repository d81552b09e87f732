"""Wilson's score interval of a proportion; what trains depends on no other statistics."""

import numpy as np


def score_interval(p, n, z):
    """Wilson's interval (JASA 22, 209, 1927).

    Parameters
    ----------
    p, n : float or ndarray
        Fraction of successes, and number of trials; n > 0.
    z : float or ndarray
        Quantile, 1.96 for 95 %.

    Returns
    -------
    lo, hi : float or ndarray
        Within [0, 1], around p.
    """
    with np.errstate(all="ignore"):
        middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        reach = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return np.clip(middle - reach, 0.0, p), np.clip(middle + reach, p, 1.0)
