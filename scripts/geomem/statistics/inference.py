"""Intervals and differences from the parts of samples.

Replicates of equal `random_state` draw the same manifolds (and move the same groups of points and
Gaussian vectors) in every sample, so any function of several conditions' replicates is compared in
pairs: `replicates(after)["capacity"] / replicates(before)["capacity"]`.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtr, stdtrit

from geomem.errors import InputError
from geomem.geometry.arguments import check_confidence
from geomem.geometry.intervals import Estimate
from geomem.statistics.combined import LEAST_LOG_P
from geomem.statistics.manifolds import check_count
from geomem.statistics.mean_field import middle
from geomem.statistics.permutations import compared
from geomem.statistics.samples import Sample, needs_points, require_sample, unlike

OVER = ("manifolds", "points", "both")
_MEANT = {"classes": "manifolds", "images": "points", "examples": "points"}
FEW_UNITS = 10  # of which percentiles say too little
PERMUTATIONS = 4999
_BLOCK = 2**22  # random numbers at a time


@dataclass(frozen=True)
class Difference:
    """A difference with its interval and p-value (two-sided)."""

    value: float
    lo: float
    hi: float
    p: float


def replicates(
    sample: Sample, *, over: str = "manifolds", n: int = 1000, random_state: int = 0
) -> dict[str, np.ndarray]:
    """The numbers that other manifolds, or other points of the same ones, might have given.

    Parameters
    ----------
    sample : Sample
    over : {"manifolds", "points", "both"}
        "manifolds": bootstrap over manifolds (Efron, Ann. Stat. 7, 1, 1979), which come with their
        own points and Gaussian vectors. "points": the same manifolds; each group of points and each
        vector has a normal weight (multiplier bootstrap; Wu, Ann. Stat. 14, 1261, 1986), because
        points drawn with replacement are fewer points. "both": manifolds drawn, then points, with
        the scatter between manifolds shrunk by what points and vectors explain of it, so that
        these do not count twice (Davison and Hinkley, Bootstrap Methods, 1997, section 3.8).
    n : int
        Replicates, two or more.
    random_state : int
        Of what is drawn; equal ones make pairs of several samples' replicates.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        By metric. NaN where a metric has no such uncertainty.

    Raises
    ------
    InputError
        If `sample` is no `Sample` or says nothing about what `over` names (it was taken without
        points, or has no parts by manifold), or `over` or `n` cannot be used.
    """
    n = _checked(sample, over, n)
    found = {}
    drawn = _drawn(sample, n, random_state) if over != "points" else None
    moved = _moves(sample, n, random_state) if over != "manifolds" else {}
    for metric, scale in sample.scales.items():
        parts = sample.parts[metric]
        if over == "points":
            level = scale.forward(np.float64(sample.values[metric])) + moved[metric]
        else:
            if over == "both":
                parts = _shrunk(parts, sample.moved[metric])
            level = _mean(parts[drawn], metric in sample.trimmed)
            if over == "both":
                level = level + moved[metric]
        with np.errstate(all="ignore"):
            found[metric] = scale.backward(level)
    return found


def bootstrap(
    sample: Sample,
    *,
    over: str = "manifolds",
    n: int = 1000,
    confidence: float = 0.95,
    random_state: int = 0,
) -> dict[str, Estimate]:
    """Interval of every number of a sample.

    Parameters
    ----------
    sample : Sample
    over, n, random_state
        See `replicates`.
    confidence : float

    Returns
    -------
    dict of str to Estimate (value, lo, hi)
        The interval is made of percentiles of the replicates, further out by the factor between
        Student's t and the normal distribution (Hesterberg, Am. Stat. 69, 371, 2015). With fewer
        than ten units it is Student's, on the number's scale. Both stay in the number's range.

    Raises
    ------
    InputError
        As `replicates`; also if `confidence` is not between 0 and 1.
    """
    draws = replicates(sample, over=over, n=n, random_state=random_state)
    units = n_units_of(sample, over)
    found = {}
    for metric, scale in sample.scales.items():
        value = sample.values[metric]
        with np.errstate(all="ignore"):
            level, levels = scale.forward(np.float64(value)), scale.forward(draws[metric])
            ends = _interval(level, levels, units, confidence, over)
            lo, hi = sorted(map(float, scale.backward(np.array(ends))))
        found[metric] = Estimate(float(value), lo, hi)
    return found


def difference(
    first: Sample,
    second: Sample,
    *,
    paired: bool = True,
    over: str = "manifolds",
    n: int = 1000,
    confidence: float = 0.95,
    random_state: int = 0,
    permutations: int = PERMUTATIONS,
) -> dict[str, Difference]:
    """Second minus first, for every number that both samples have.

    Parameters
    ----------
    first, second : Sample
        Two layers, epochs or networks.
    paired : bool
        True: both have the same manifolds, in the same order (and for `over="points"` the same
        points): two layers of one network. False: their manifolds were chosen separately.
    over, n, random_state
        See `replicates`.
    confidence : float
    permutations : int
        For p with `over="manifolds"`: how often conditions are swapped within manifolds (paired)
        or manifolds between conditions. All possible swaps are tried where there are no more.

    Returns
    -------
    dict of str to Difference (value, lo, hi, p)
        p: the fraction of such swaps with a difference at least as large. Over points there is
        nothing to swap, and p follows from the standard deviation of the replicates.

    Raises
    ------
    InputError
        If the samples are of different measures, pairs do not match, or an argument cannot be used
        (see `bootstrap`).
    """
    _match(first, second, paired)
    seeds = (random_state, random_state if paired else random_state + 2**31)
    draws = [
        replicates(each, over=over, n=n, random_state=seed)
        for each, seed in zip((first, second), seeds, strict=True)
    ]
    units = min(n_units_of(each, over) for each in (first, second))
    check_count(permutations, "permutations")
    found = {}
    for metric in first.values:
        if metric not in second.values:
            continue
        value = second.values[metric] - first.values[metric]
        changes = draws[1][metric] - draws[0][metric]
        low, high = first.scales[metric].range
        lo, hi = np.clip(_interval(value, changes, units, confidence, over), low - high, high - low)
        if over == "manifolds":
            p = _swapped(first, second, metric, paired, permutations, random_state)
        else:
            p = _students(value, changes, units - 1)
        found[metric] = Difference(float(value), float(lo), float(hi), p)
    return found


def _checked(sample, over, n):
    require_sample(sample)
    if over not in OVER:
        meant = f" (did you mean {_MEANT[over]}?)" if over in _MEANT else ""
        raise InputError(f"over is {over!r}; expected one of {', '.join(OVER)}{meant}")
    if over != "manifolds":
        needs_points(sample)
    if over != "points" and all(np.isnan(parts).all() for parts in sample.parts.values()):
        raise InputError(
            f"over is {over!r} and the sample says nothing about other manifolds; give three "
            'manifolds or more, or over="points"'
        )
    return check_count(n, "n", 2)


def _match(first, second, paired):
    require_sample(first)
    require_sample(second)
    measures = first.key["measure"], second.key["measure"]
    if measures[0] != measures[1]:
        raise InputError(
            f"the samples are of {measures[0]} and {measures[1]}; compare equal measures"
        )
    if paired and first.key != second.key:
        raise InputError(
            f"the samples do not match: {unlike(first, second)}; pairs need the same points "
            "per manifold and settings. Give paired=False for manifolds chosen separately"
        )
    if told := unlike(first, second, paired=False):
        raise InputError(f"the samples cannot be compared: {told}; measure both alike")


def n_units_of(sample, over):
    """Units whose scatter the interval rests on."""
    n_units = len(next(iter(sample.parts.values())))
    return {"manifolds": n_units, "points": sample.freedom + 1}.get(
        over, min(n_units, sample.freedom + 1)
    )


def _drawn(sample, n, random_state):
    n_units = len(next(iter(sample.parts.values())))
    rng = np.random.default_rng([random_state, 0])
    return rng.integers(n_units, size=(n, n_units))


def _moves(sample, n, random_state):
    """What points and vectors add to the means, by metric, on their scales: (n,)."""
    rng = np.random.default_rng([random_state, 1])
    length = max(map(len, sample.moved.values()))
    total = dict.fromkeys(sample.moved, 0.0)
    step = max(_BLOCK // n, 1)
    for start in range(0, length, step):
        weights = rng.standard_normal((min(step, length - start), n))
        for metric, moved in sample.moved.items():
            part = moved[start : start + step]
            total[metric] = total[metric] + part @ weights[: len(part)]
    return total


def _shrunk(parts, moved):
    """Parts without the scatter that points and vectors explain; their mean stays."""
    within = len(parts) * (moved**2).sum()  # of one part, as the mean over parts has this / P
    between = parts.var(ddof=1) if len(parts) > 1 else 0.0
    with np.errstate(all="ignore"):
        factor = np.sqrt(max(0.0, 1.0 - within / between)) if between > 0 else 0.0
    return parts.mean() + factor * (parts - parts.mean())


def _mean(parts, trimmed):
    """Mean over the last axis, or over its middle half."""
    if not trimmed:
        return parts.mean(axis=-1)
    return np.sort(parts, axis=-1)[..., middle(parts.shape[-1])].mean(axis=-1)


def _interval(value, draws, n_units, confidence, over):
    """(lo, hi) from replicates of a number."""
    check_confidence(confidence)
    if n_units < 2 or not np.isfinite(draws).all():
        return np.nan, np.nan
    # drawing n of n units makes variances too small by (n - 1) / n
    factor = np.sqrt(n_units / (n_units - 1.0)) if over == "manifolds" else 1.0
    reach = factor * stdtrit(n_units - 1, 0.5 + 0.5 * confidence)
    if n_units < FEW_UNITS:
        half = reach * draws.std(ddof=1)
        return value - half, value + half
    tail = ndtr(-reach)
    return tuple(np.quantile(draws, [tail, 1.0 - tail]))


def _students(value, changes, freedom):
    """P-value of a difference from its replicates; NaN where they do not scatter."""
    with np.errstate(all="ignore"):
        ratio = abs(value) / changes.std(ddof=1)
    if not np.isfinite(ratio):
        return np.nan
    return float(max(2.0 * stdtr(freedom, -ratio), np.exp(LEAST_LOG_P)))


def _swapped(first, second, metric, paired, permutations, random_state):
    """P-value of a difference by swapping; NaN where parts are not on one scale."""
    scale, trimmed = first.scales[metric], metric in first.trimmed
    if scale != second.scales[metric]:
        return np.nan

    def number(parts):
        with np.errstate(all="ignore"):
            return scale.backward(_mean(parts, trimmed))

    rng = np.random.default_rng([random_state, 2])
    return compared(
        first.parts[metric],
        second.parts[metric],
        number,
        paired=paired,
        permutations=permutations,
        rng=rng,
    )
