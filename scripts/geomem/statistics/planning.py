"""How many seeds, classes or images decide a statement, from what a pilot found.

The pilot's effect and errors are taken as the truth. With k times as many classes (or images) their
standard error falls by the root of k; with more seeds, that over seeds does, and Student's quantile
falls too. What seeds have in common does not fall with their number.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from geomem.errors import InputError
from geomem.geometry.arguments import check_confidence
from geomem.statistics.manifolds import check_count

MOST_SEEDS = 1000
MOST_TIMES = 1000.0


def power(
    distance: float,
    errors: Mapping[str, float],
    n_seeds: int,
    spread: float,
    *,
    confidence: float = 0.95,
) -> float:
    """Probability that the total interval leaves the threshold out, on the effect's side.

    Parameters
    ----------
    distance : float
        Of the effect from the threshold, in the unit of `errors` and `spread`.
    errors : dict of str to float
        Standard errors by source that seeds have in common.
    n_seeds : int
        Two or more, or one with spread 0.
    spread : float
        Standard deviation over seeds.
    confidence : float

    Returns
    -------
    float
        By the normal approximation of the effect that another run would find.

    Raises
    ------
    InputError
        If `n_seeds` is not a whole number from 1 up, `spread` below 0, or `confidence` not between
        0 and 1.
    """
    check_confidence(confidence)
    check_count(n_seeds, "n_seeds", 1)
    if not spread >= 0:
        raise InputError(f"spread is {spread!r}; expected a standard deviation, 0 or more")
    common = float(sum(error**2 for error in errors.values()))
    seeds = spread / np.sqrt(n_seeds)
    level = 0.5 + 0.5 * confidence
    student = stdtrit(n_seeds - 1, level) if n_seeds > 1 else (np.inf if spread > 0 else 0.0)
    reach = np.sqrt((student * seeds) ** 2 + ndtri(level) ** 2 * common) if spread or common else 0
    error = np.sqrt(seeds**2 + common)
    if error == 0:
        return float(abs(distance) > 0)
    return float(ndtr((abs(distance) - reach) / error))


def seeds_needed(
    effects: Sequence[float],
    errors: Mapping[str, float],
    threshold: float,
    *,
    confidence: float = 0.95,
    wanted: float = 0.8,
) -> float:
    """Seeds with which a run like the pilot decides with probability `wanted`.

    Parameters
    ----------
    effects : sequence of two or more float
        The pilot's, by seed.
    errors : dict of str to float
        Standard errors by source that seeds have in common, as the pilot found them.
    threshold : float
        What the interval has to leave out, in the unit of the effects.
    confidence : float
        Of the intervals that decide.
    wanted : float
        Probability.

    Returns
    -------
    float
        A whole number; infinite where no number of seeds up to 1000 is enough, NaN where the pilot
        does not say (fewer than two seeds, an error that is not known).

    Raises
    ------
    InputError
        If `confidence` or `wanted` is not between 0 and 1.
    """
    mean, spread, known = _pilot(effects, errors, confidence, wanted)
    if not known:
        return np.nan
    for n in range(2, MOST_SEEDS + 1):
        if power(mean - threshold, errors, n, spread, confidence=confidence) >= wanted:
            return float(n)
    return np.inf


def times_needed(
    effects: Sequence[float],
    errors: Mapping[str, float],
    threshold: float,
    source: str,
    *,
    confidence: float = 0.95,
    wanted: float = 0.8,
) -> float:
    """How many times as many units of one source decide, with the seeds that there are.

    Parameters
    ----------
    effects, errors, threshold, confidence, wanted
        See `seeds_needed`.
    source : str
        A key of `errors`: "manifolds" (classes) or "images".

    Returns
    -------
    float
        1 where there are enough; infinite where 1000 times as many are not; NaN where the pilot
        does not say, or the source plays no part.

    Raises
    ------
    InputError
        If `source` is no key of `errors`, or `confidence` or `wanted` not between 0 and 1.
    """
    if source not in errors:
        raise InputError(f"source is {source!r}; expected one of {', '.join(errors)}")
    mean, spread, known = _pilot(effects, errors, confidence, wanted)
    if not known or not errors[source] > 0:
        return np.nan

    def enough(times):
        scaled = {**errors, source: errors[source] / np.sqrt(times)}
        n = len(effects)
        return power(mean - threshold, scaled, n, spread, confidence=confidence) >= wanted

    if enough(1.0):
        return 1.0
    if not enough(MOST_TIMES):
        return np.inf
    low, high = 1.0, MOST_TIMES
    while high / low > 1.001:
        middle = np.sqrt(low * high)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return float(high)


def _pilot(effects, errors, confidence, wanted):
    check_confidence(confidence)
    if not 0 < wanted < 1:
        raise InputError(f"wanted is {wanted!r}; expected a probability between 0 and 1")
    effects = np.asarray(effects, dtype=np.float64)
    known = len(effects) > 1 and np.isfinite([*effects, *errors.values()]).all()
    if not known:
        return np.nan, np.nan, False
    return float(effects.mean()), float(effects.std(ddof=1)), True
