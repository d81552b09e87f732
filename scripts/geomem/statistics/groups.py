"""Groups of networks or subjects: differences with all levels of uncertainty.

Networks (or subjects) are the units that a statement about a group generalizes to, and their values
scatter by everything that is drawn separately for each of them. What all of them have in common
(the classes, the images that were shown) does not average out over them: its error is found by
drawing it once for all, and added.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from geomem.errors import InputError
from geomem.geometry.arguments import check_confidence
from geomem.statistics.bounded import mean_in_range
from geomem.statistics.combined import around, p_of
from geomem.statistics.inference import PERMUTATIONS, n_units_of, replicates
from geomem.statistics.manifolds import check_count
from geomem.statistics.permutations import compared
from geomem.statistics.samples import Sample, unlike
from geomem.statistics.scales import SCALES


@dataclass(frozen=True)
class GroupDifference:
    """A difference between two groups.

    Attributes
    ----------
    value, lo, hi : float
        Difference of the groups' means, and its total interval.
    p : float
        One minus the confidence at which that interval reaches zero.
    p_permutation : float
        By exchanging networks between the groups (or conditions within networks); it can be no
        smaller than one over the number of ways to do so.
    sources : dict of str to (float, float)
        Interval by source: "networks", and what they have in common.
    """

    value: float
    lo: float
    hi: float
    p: float
    p_permutation: float
    sources: dict


def group_difference(
    first: Iterable[Sample | Mapping[str, float]],
    second: Iterable[Sample | Mapping[str, float]],
    *,
    paired: bool = False,
    in_common: str | None = None,
    n: int = 1000,
    confidence: float = 0.95,
    random_state: int = 0,
    permutations: int = PERMUTATIONS,
    units: Mapping[str, str] | None = None,
) -> dict[str, GroupDifference]:
    """Second minus first group, for every number that all samples have.

    Parameters
    ----------
    first, second : sequence of Sample, or of dict of str to float
        One per network or subject; dicts hold numbers by metric.
    paired : bool
        The i-th of both groups is the same network or subject, in two conditions.
    in_common : {None, "manifolds", "points", "both"}
        What was drawn once for all networks, see `geomem.statistics.replicates`: "manifolds" where
        all were shown images of the same classes and a statement is about other classes as well,
        "points" where it is about other images of the same ones. Only of `Sample`s with matching
        manifolds. None: nothing, or a statement about exactly these.
    n, random_state
        Of the replicates for `in_common`.
    confidence : float
    permutations : int
    units : dict of str to {"fraction", "cosine", "positive"}, optional
        What bounds numbers of dicts, by metric. `Sample`s know.

    Returns
    -------
    dict of str to GroupDifference
        Networks' part: Student's t of the differences if paired, else Welch's. What they have in
        common has as many degrees of freedom as there are manifolds (or points), less one. NaN
        where a number is, and without a p-value or interval where all networks of both groups are
        equal: that does not say how much networks differ.

    Raises
    ------
    InputError
        If groups do not fit together, samples are of other measures or settings, or another
        argument cannot be used.
    """
    check_confidence(confidence)
    check_count(permutations, "permutations")
    first, second = list(first), list(second)
    if min(len(first), len(second)) < 2:
        raise InputError(
            f"the groups hold {len(first)} and {len(second)} networks; a difference between groups "
            "needs two or more in each"
        )
    if paired and len(first) != len(second):
        raise InputError(
            f"the groups hold {len(first)} and {len(second)} networks; pairs need as many"
        )
    _require_alike([*first, *second])
    values = [[_values(each) for each in group] for group in (first, second)]
    common = _in_common(first, second, in_common, n, random_state)
    found = {}
    for metric in _metrics([*values[0], *values[1]]):
        one, other = (np.array([each[metric] for each in group]) for group in values)
        value = float(other.mean() - one.mean())
        error, freedom = _error(one, other, paired)
        errors, freedom = {"networks": error}, {"networks": freedom}
        if common is not None:
            errors[in_common], freedom[in_common] = common[metric]
        rounding = 1e-12 * np.abs([*one, *other]).max()  # of networks that are all equal
        if not np.isfinite(value) or error <= rounding:
            none = dict.fromkeys(errors, (np.nan, np.nan))
            found[metric] = GroupDifference(value, *[np.nan] * 4, none)
            continue
        ends = around(value, errors, confidence, freedom)
        low, high = _range(metric, [*first, *second], units)
        ends = {
            name: tuple(np.clip(pair, low - high, high - low).tolist())
            for name, pair in ends.items()
        }
        rng = np.random.default_rng([random_state, 2])
        found[metric] = GroupDifference(
            value,
            *ends.pop("total"),
            p_of(abs(value), errors, freedom),
            compared(
                one,
                other,
                lambda x: x.mean(axis=-1),
                paired=paired,
                permutations=permutations,
                rng=rng,
            ),
            ends,
        )
    return found


def group_mean(
    group: Iterable[Sample | Mapping[str, float]],
    *,
    confidence: float = 0.95,
    units: Mapping[str, str] | None = None,
) -> dict[str, tuple[float, float, float]]:
    """Mean over networks or subjects with its interval, `{metric: (value, lo, hi)}`.

    Parameters
    ----------
    group : sequence of Sample, or of dict of str to float
        One per network or subject; dicts hold numbers by metric.
    confidence : float
    units
        See `group_difference`. Intervals are those of `mean_in_range`.

    Returns
    -------
    dict of str to (float, float, float)
        For every number that all have: mean, lo and hi, which are NaN with one network.

    Raises
    ------
    InputError
        If the group is empty, its samples are of other measures or settings, no number is in all
        of it, a mean of fractions or cosines lies outside their range, or `units` or `confidence`
        cannot be used.
    """
    group = list(group)
    if not group:
        raise InputError("the group holds no network; give one Sample or dict of numbers for each")
    _require_alike(group)
    values, n = [_values(each) for each in group], len(group)
    found = {}
    for metric in _metrics(values):
        numbers = np.array([each[metric] for each in values])
        error = numbers.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
        mean, span = float(numbers.mean()), _range(metric, group, units)
        lo, hi = mean_in_range(mean, error, n - 1, span, confidence)
        found[metric] = (mean, float(lo), float(hi))
    return found


def _require_alike(group):
    """Raise InputError if samples among these were measured with different settings."""
    samples = [each for each in group if isinstance(each, Sample)]
    for each in samples[1:]:
        if told := unlike(samples[0], each, paired=False):
            raise InputError(f"the samples cannot be compared: {told}; measure all alike")


def _metrics(values):
    """Those that all have, in the first one's order."""
    found = [metric for metric in values[0] if all(metric in each for each in values)]
    if not found:
        raise InputError(
            f"no number is in all of {len(values)} networks; the first has "
            f"{', '.join(values[0]) or 'none'}"
        )
    return found


def _range(metric, group, units):
    """What a number can be: of a Sample's scale, or of what the caller says."""
    unit = (units or {}).get(metric)
    if unit is not None:
        if unit not in ("fraction", "cosine", "positive"):
            raise InputError(
                f"units holds {unit!r} for {metric}; expected fraction, cosine or positive"
            )
        return SCALES[unit].range
    spans = {each.scales[metric].range for each in group if isinstance(each, Sample)}
    return spans.pop() if len(spans) == 1 else SCALES["plain"].range


def _values(each):
    return each.values if isinstance(each, Sample) else each


def _error(one, other, paired):
    """Standard error of the difference of means, and its degrees of freedom."""
    if paired:
        return float(np.std(other - one, ddof=1) / np.sqrt(len(one))), len(one) - 1
    parts = [(x.var(ddof=1) / len(x), len(x) - 1) for x in (one, other)]
    square = sum(variance for variance, _ in parts)
    if square == 0:
        return 0.0, sum(freedom for _, freedom in parts)
    freedom = square**2 / sum(variance**2 / freedom for variance, freedom in parts)
    return float(np.sqrt(square)), float(freedom)


def _in_common(first, second, over, n, random_state):
    """Error of the difference of the groups' means from what is drawn once for all networks.

    Returns
    -------
    dict of str to (float, int), or None
        Standard error and degrees of freedom by metric.
    """
    if over is None:
        return None
    samples = [*first, *second]
    if not all(isinstance(each, Sample) for each in samples):
        raise InputError(f"in_common is {over!r}; give a Sample of each network, not numbers")
    other = next((each for each in samples if each.key != samples[0].key), None)
    if other is not None:
        raise InputError(
            f"in_common is {over!r} and the samples do not match: "
            f"{unlike(samples[0], other)}; what all have in common "
            "needs the same points per manifold and settings in each"
        )
    draws = [
        [replicates(each, over=over, n=n, random_state=random_state) for each in group]
        for group in (first, second)
    ]
    metrics = set.intersection(*({*each} for group in draws for each in group))
    means = [
        {metric: np.mean([each[metric] for each in group], axis=0) for metric in metrics}
        for group in draws
    ]
    n_units = min(n_units_of(each, over) for each in samples)
    # drawing n of n units makes variances too small by (n - 1) / n
    factor = np.sqrt(n_units / (n_units - 1.0)) if over == "manifolds" else 1.0
    return {
        metric: (float(factor * (means[1][metric] - means[0][metric]).std(ddof=1)), n_units - 1)
        for metric in metrics
    }
