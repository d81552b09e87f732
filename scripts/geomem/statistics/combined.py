"""Interval and p-value of a mean over seeds (networks, subjects), from all sources of uncertainty.

What all seeds have in common (Gaussian vectors, classes, images) does not average out over them.
Its errors are normal; seeds give Student's t. Half-widths add in quadrature to the total one.
(Adding variances with Satterthwaite's degrees of freedom would be narrower, at times narrower than
the interval over seeds alone.)
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit

NONE, UNKNOWN = (np.nan, np.nan), (-np.inf, np.inf)
LEAST_LOG_P = -30.0  # no tail is known further out: p-values end at 1e-13


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
    if not len(effects):
        return dict.fromkeys([*errors, "seeds", "total"], NONE), {}
    mean = float(np.mean(effects))
    errors = with_seeds(effects, errors)
    freedom = {"seeds": len(effects) - 1}
    ends = {"seeds": NONE, **around(mean, errors, confidence, freedom)}
    return ends, errors


def with_seeds(effects, errors):
    """Standard errors with that of a mean over two seeds or more."""
    if len(effects) < 2:
        return errors
    return {**errors, "seeds": float(np.std(effects, ddof=1) / np.sqrt(len(effects)))}


def around(value, errors, confidence, freedom):
    """Intervals by source, and the `total` one.

    Parameters
    ----------
    value : float
    errors : dict of str to float
        Standard errors by source; 0 where it plays no part, NaN where it is not known.
    confidence : float
    freedom : dict of str to float
        Degrees of freedom of the errors that are estimated from few units; others are normal.

    Returns
    -------
    dict of str to (float, float)
        NaN where there is none, which never holds of a source with degrees of freedom; infinite
        where it is not known.
    """
    ends = {}
    for source, reach in _reaches(errors, confidence, freedom).items():
        if np.isnan(reach):
            ends[source] = UNKNOWN
        elif reach > 0 or source in freedom:
            ends[source] = (value - reach, value + reach)
        else:
            ends[source] = NONE
    reach = _total(errors, confidence, freedom)
    ends["total"] = UNKNOWN if np.isnan(reach) else (value - reach, value + reach)
    return ends


def p_value(effects, errors, threshold):
    """One minus the confidence at which the total interval of `intervals` reaches the threshold.

    Returns
    -------
    float
        Two-sided; 1 where an error is not known, NaN without effects.
    """
    if not len(effects):
        return np.nan
    distance = abs(float(np.mean(effects)) - threshold)
    return p_of(distance, errors, {"seeds": len(effects) - 1})


def p_of(distance, errors, freedom):
    """One minus the confidence at which the total interval of `around` reaches so far.

    Never below exp(-30): errors that are zero, as where all seeds agree exactly, prove nothing.
    """
    if np.isnan(list(errors.values())).any() or distance == 0:
        return 1.0
    smallest, largest = LEAST_LOG_P, -1e-12  # of log p
    if not any(errors.values()):
        return float(np.exp(smallest))

    def beyond(logarithm):
        return _total(errors, -np.expm1(logarithm), freedom) - distance

    if beyond(smallest) < 0:
        return float(np.exp(smallest))
    return float(np.exp(brentq(beyond, smallest, largest))) if beyond(largest) < 0 else 1.0


def quantile(confidence, freedom):
    """Student's quantile of a two-sided interval; NaN without degrees of freedom."""
    freedom = np.asarray(freedom, dtype=np.float64)
    some = freedom > 0
    return np.where(some, stdtrit(np.where(some, freedom, 1.0), 0.5 + 0.5 * confidence), np.nan)


def _reaches(errors, confidence, freedom):
    """Half-width by source."""
    level = 0.5 + confidence / 2
    return {
        source: float(
            (stdtrit(max(freedom[source], 1), level) if source in freedom else ndtri(level)) * error
        )
        for source, error in errors.items()
    }


def _total(errors, confidence, freedom):
    return float(np.sqrt(sum(r**2 for r in _reaches(errors, confidence, freedom).values())))
