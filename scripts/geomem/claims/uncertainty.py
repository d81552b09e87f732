"""Intervals and p values of a mean over seeds, and Holm's correction for many of them.

The errors from sources within a run are normal; seeds give Student's t. Half-widths add in
quadrature to the total one. (Adding variances with Satterthwaite's degrees of freedom would be
narrower, at times narrower than the interval over seeds alone.)
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit

NONE, UNKNOWN = (np.nan, np.nan), (-np.inf, np.inf)


def intervals(effects, errors, confidence):
    """Interval of the mean over seeds by source of uncertainty.

    Parameters
    ----------
    effects : sequence of float
        By seed.
    errors : dict of str to float
        Standard error of the mean by source within runs: 0 where it plays no part, NaN where it
        is not known.
    confidence : float

    Returns
    -------
    ends : dict of str to (float, float)
        Also `seeds` and `total`. NaN where there is none; infinite where it is not known.
    errors : dict of str to float
        With that over seeds, NaN for one seed.
    """
    mean = float(np.mean(effects)) if len(effects) else np.nan
    ends = {"vectors": NONE, "manifolds": NONE, "images": NONE, "seeds": NONE, "total": NONE}
    if not len(effects):
        return ends, {}
    if len(effects) > 1:
        errors = {**errors, "seeds": float(np.std(effects, ddof=1) / np.sqrt(len(effects)))}
    for source, reach in _reaches(errors, confidence, len(effects)).items():
        if np.isnan(reach):
            ends[source] = UNKNOWN
        elif reach > 0 or source == "seeds":
            ends[source] = (mean - reach, mean + reach)
    reach = _total(errors, confidence, len(effects))
    ends["total"] = UNKNOWN if np.isnan(reach) else (mean - reach, mean + reach)
    return ends, errors


def p_value(effects, errors, threshold):
    """One minus the confidence at which the total interval just reaches the threshold.

    Returns
    -------
    float
        Two-sided; 1 where an error is not known, NaN without effects.
    """
    if not len(effects):
        return np.nan
    distance = abs(float(np.mean(effects)) - threshold)
    if np.isnan(list(errors.values())).any() or distance == 0:
        return 1.0
    if not any(errors.values()):
        return 0.0

    def beyond(logarithm):
        return _total(errors, -np.expm1(logarithm), len(effects)) - distance

    smallest, largest = -30.0, -1e-12  # of log p
    if beyond(smallest) < 0:
        return float(np.exp(smallest))
    return float(np.exp(brentq(beyond, smallest, largest))) if beyond(largest) < 0 else 1.0


def holm(p_values):
    """P values adjusted by Holm's step-down method; NaN stay and do not count.

    The chance that any of the statements is decided wrongly is then at most the level at which
    each is decided.
    """
    p_values = np.asarray(p_values, dtype=float)
    adjusted = np.full(len(p_values), np.nan)
    order = [i for i in np.argsort(p_values) if not np.isnan(p_values[i])]
    most = 0.0
    for rank, i in enumerate(order):
        most = max(most, min(1.0, (len(order) - rank) * p_values[i]))
        adjusted[i] = most
    return adjusted.tolist()


def _reaches(errors, confidence, n_seeds):
    """Half-width by source."""
    level = 0.5 + confidence / 2
    normal, student = ndtri(level), stdtrit(max(n_seeds - 1, 1), level)
    return {
        source: float((student if source == "seeds" else normal) * error)
        for source, error in errors.items()
    }


def _total(errors, confidence, n_seeds):
    return float(np.sqrt(sum(r**2 for r in _reaches(errors, confidence, n_seeds).values())))
