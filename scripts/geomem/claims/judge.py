"""Verdicts: an effect with its uncertainty against a threshold.

`supported`: with enough seeds, the effect and its total interval lie on the statement's side of the
threshold; `contradicted`: on the other side; `undecided`: anything else, or the effect rests on
values that the geometry warns about, or on one number of removed directions; `not measured`: there
is no effect to judge.
"""

from dataclasses import dataclass, field

import numpy as np

from geomem.claims.curves import ESTIMATORS
from geomem.claims.errors import NotMeasuredError
from geomem.claims.evidence import View
from geomem.claims.removal import effect_range
from geomem.claims.targets import resolved
from geomem.claims.words import INTERVALS, SOURCES
from geomem.statistics.combined import intervals, p_value
from geomem.statistics.multiple import holm
from geomem.statistics.planning import seeds_needed, times_needed

# Over width the other seeds choose where a seed's dip lies, which makes the effects of seeds depend
# on one another: on a flat curve Student's interval misses the truth in 4 to 12 % of cases on one
# side instead of 2.5 %. With deviations 1.75 times as large it does so in at most 4 %
# (tests/claims/test_sweeps.py).
SWEEP_SPREAD = 1.75
REPLICATES = 400  # their standard deviation is then known to 3.5 %
NEEDED = ("seeds_needed", "manifolds_times", "images_times")
KEYS = ("experiment", "claim", "target", "width", "noise", "estimator")
COLUMNS = (
    *KEYS, "statement", "effect", "bound", "threshold", "source",
    *(f"{name}_{end}" for name in INTERVALS for end in ("lo", "hi")),
    "n_seeds", "verdict", "p", "p_holm", "verdict_holm", *NEEDED, "remark",
)  # fmt: skip


def judge_all(runs, settings):
    """Every target for every network (or, of a sweep, noise) of an experiment.

    Parameters
    ----------
    runs : sequence of Run
    settings : dict
        `confidence`, `min_seeds`, `memorized` and `lost` of the configuration's `claims` section,
        and `targets`, what to judge, as `geomem.registry.claims.targets_of` gives it.

    Returns
    -------
    list of dict with the keys `COLUMNS` but `experiment`
        A target that is stated in capacity, radius or dimension has a row for each estimator whose
        table there is, others have one with an empty `estimator`.
        `effect` is the mean over seeds. An interval is NaN where its source of uncertainty does
        not touch the effect (and `seeds_*` with one seed), and infinite where it is not known.
        `p_holm` and `verdict_holm` count all targets that were measured, by this estimator where
        there are several. What an undecided target needs, each alone, to be decided with
        probability .8: `seeds_needed`, or `manifolds_times` (`images_times`) as many manifolds
        (images); infinite where that alone does not help, NaN where it is not known and where
        warnings or the range over K would keep the target undecided.
    """
    rows = []
    found = _estimators(runs)
    for target in map(resolved, settings["targets"]):
        for (noise, width), groups in _cells(runs, target.sweep).items():
            for estimator in found if target.estimated else [""]:
                row = {
                    "claim": target.claim,
                    "target": target.name,
                    "width": width,
                    "noise": noise,
                    "estimator": estimator,
                    **judge(target, groups, settings, estimator),
                }
                rows.append(row)
    for estimator in reversed(found):  # others than the first decide about their own rows alone
        _correct([row for row in rows if row["estimator"] in ("", estimator)], settings)
    return rows


def _estimators(runs):
    """Those whose table some run has; without any the first, so that its targets are listed."""
    there = {name for run in runs for name, table in run.tables.items() if len(table)}
    found = [name for name, estimator in ESTIMATORS.items() if estimator.table in there]
    return found or [next(iter(ESTIMATORS))]


def _correct(rows, settings):
    """Add `p_holm` and `verdict_holm` to rows that are one reading of all statements."""
    adjusted = holm([row["p"] for row in rows])
    for row, p in zip(rows, adjusted, strict=True):
        decided = row["verdict"] in ("supported", "contradicted")
        kept = not decided or p <= 1 - settings["confidence"]
        row |= {"p_holm": p, "verdict_holm": row["verdict"] if kept else "undecided"}


def judge(target, groups, settings, estimator=""):
    """Effect, intervals and verdict of one target.

    Parameters
    ----------
    target : Statement
    groups : dict of int to Run or list of Run
        By seed; a list over widths for a target of a sweep.
    settings : dict
    estimator : str
        Of capacity, radius and dimension, by default the first of `ESTIMATORS`.

    Returns
    -------
    dict
    """
    found, reasons = [], {}
    for seed, group in groups.items():
        try:
            found.append(measure(target, group, settings, estimator, _others(groups, seed)))
        except NotMeasuredError as error:
            reasons.setdefault(str(error), []).append(seed)
    effects = [each.effect for each in found]
    if target.sweep and effects:
        effects = list(np.mean(effects) + SWEEP_SPREAD * (np.array(effects) - np.mean(effects)))
    ends, errors = intervals(effects, _errors(found), settings["confidence"])
    ends["low_rank"] = _low_rank(found)
    effect = float(np.mean(effects)) if effects else np.nan
    warned = [text for each in found for text in each.warned]
    verdict, remarks = decide(
        effect, ends, target.value, target.bound, len(effects), settings["min_seeds"],
        warned=warned,
    )  # fmt: skip
    # neither warnings nor what K may be goes away with more seeds, classes or images
    beyond = _beyond_range(effect, ends["low_rank"], target.value)
    for reason, seeds in reasons.items():
        whose = "" if len(seeds) == len(groups) else f"seed {', '.join(map(str, seeds))}: "
        remarks.append(whose + reason)
    return {
        "statement": target.statement.replace("{}", f"{target.value:g}"),
        "effect": effect,
        "bound": target.bound,
        "threshold": float(target.value),
        "source": target.source,
        **{f"{name}_{end}": ends[name][i] for name in ends for i, end in enumerate(("lo", "hi"))},
        "n_seeds": len(effects),
        "verdict": verdict,
        "p": p_value(effects, errors, target.value),
        **needed(verdict, warned or np.isnan(beyond), effects, errors, beyond, settings),
        "remark": "; ".join(remarks),
    }


def _beyond_range(effect, low_rank, threshold):
    """The threshold, moved towards the effect by how far the range over K reaches towards it.

    The interval moves with the range (`decide`), so this is what it has to leave out. NaN where
    the range is not known or has the threshold inside.
    """
    if np.isnan(low_rank).all():
        return threshold
    low, high = low_rank
    nearest = low if effect > threshold else high
    beyond = threshold + effect - nearest
    inside = (effect > threshold) != (effect > beyond) or effect == beyond
    return np.nan if inside or not np.isfinite(beyond) else beyond


def needed(verdict, stays, effects, errors, threshold, settings):
    """What would decide an undecided target, each alone, with the other numbers as they are.

    NaN where something else keeps it undecided (`stays`).

    Returns
    -------
    dict with the keys `NEEDED`, see `judge_all`
    """
    if verdict != "undecided" or stays:
        return dict.fromkeys(NEEDED, np.nan)
    confidence = settings["confidence"]
    pilot = effects, {source: errors[source] for source in SOURCES}, threshold
    found = [np.maximum(seeds_needed(*pilot, confidence=confidence), settings["min_seeds"])]
    for source in ("manifolds", "images"):
        found.append(times_needed(*pilot, source, confidence=confidence))
    return dict(zip(NEEDED, found, strict=True))


@dataclass(frozen=True, eq=False)
class Measured:
    """An effect of one seed.

    Attributes
    ----------
    effect : float
    replicates : dict of str to ndarray, shape (REPLICATES,)
        By source of uncertainty; the same entry of two seeds shares what they have in common.
    low_rank : (float, float) or None
        Ends over the plausible numbers of removed directions.
    warned : list of str
        What the effect rests on that has a warning.
    """

    effect: float
    replicates: dict
    low_rank: tuple | None
    warned: list = field(default_factory=list)


def measure(target, group, settings, estimator="", others=()):
    """The effect of one seed, a `Measured`; `others` are the sweeps of the other seeds."""

    def views(**more):
        return _views(group, others, estimator=estimator or next(iter(ESTIMATORS)), **more)

    point = views()
    for need in target.needs:
        need(point, settings)
    for view in _listed(point):
        view.warned.clear()  # a condition may have read other values than the effect does
    with np.errstate(all="ignore"):
        effect = float(target.effect(point)[0])
        if not np.isfinite(effect):
            raise NotMeasuredError("the effect is not finite")
        replicates = {
            source: target.effect(views(source=source, count=REPLICATES)) for source in SOURCES
        }
        low_rank = effect_range(
            lambda removal: target.effect(views(removal=removal, count=removal.count))
        )
    several = isinstance(group, list)
    warned = [
        f"{text}, width {view.run.width}" if several else text
        for view in _listed(point)
        for text in sorted(view.warned)
    ]
    return Measured(effect, replicates, low_rank, warned)


def decide(effect, ends, threshold, bound, n_seeds, min_seeds, *, warned=()):
    """Verdict and remarks.

    Parameters
    ----------
    effect : float
    ends : dict of str to (lo, hi)
        Intervals; NaN where there is none, infinite where it is not known. `low_rank` is the range
        of the effect over the numbers of removed directions, which the total interval moves with.
    threshold : float
    bound : {"at least", "at most"}
    n_seeds, min_seeds : int
    warned : sequence of str
        What the effect rests on that has a warning.

    Returns
    -------
    str, list of str
    """
    if not np.isfinite(effect):
        return "not measured", []
    low_rank = ends.get("low_rank", (np.nan, np.nan))
    of_chance = [value for name, pair in ends.items() if name != "low_rank" for value in pair]
    of_chance = np.array([effect, *of_chance])
    of_chance = of_chance[~np.isnan(of_chance)]
    leaning = _side(of_chance, threshold, bound)
    unknown = [word for name, word in SOURCES.items() if np.isinf(ends.get(name, (0.0,))[0])]
    remarks = []
    if unknown:
        remarks.append(f"the uncertainty from {' and '.join(unknown)} is not known")
    elif leaning is None:
        remarks.append("an interval contains the threshold")
    if not np.isnan(low_rank[0]):
        reach = [of_chance.min() - effect + low_rank[0], of_chance.max() - effect + low_rank[1]]
        if leaning is not None and _side(np.array(reach), threshold, bound) != leaning:
            remarks.append(
                f"depends on the number of removed directions: from {low_rank[0]:.3g} to "
                f"{low_rank[1]:.3g} over those that are plausible"
            )
    if warned:
        remarks.append(f"rests on values with a warning: {_counted(warned)}")
    if leaning is not None and n_seeds < min_seeds:
        seeds = "1 seed" if n_seeds == 1 else f"{n_seeds} seeds"
        remarks.append(f"{seeds} of {min_seeds} asked for")
    if leaning is None:
        return "undecided", remarks
    if remarks:
        return "undecided", [*remarks, f"what there is points to: {leaning}"]
    return leaning, []


def _side(values, threshold, bound):
    """On which side of the threshold all values lie; None if they do not lie on one."""
    reach = (values - threshold) * (1 if bound == "at least" else -1)
    if (reach >= 0).all() and reach.any():  # an effect that is the threshold tells nothing
        return "supported"
    return "contradicted" if (reach < 0).all() else None


def _counted(texts):
    """Texts, each once, with how many seeds have it."""
    counts = {text: list(texts).count(text) for text in texts}
    return ", ".join(text if n == 1 else f"{text} ({n} seeds)" for text, n in counts.items())


def _errors(found):
    """Standard error of the mean over seeds by source; NaN where it is not known.

    It is the replicates' distance from what was measured, not from their own mean. An absolute
    value or a maximum moves that mean away and narrows the spread about it: with a true |x| at the
    threshold and an error of half of it, the interval missed it on one side in 8 % of cases.
    """
    errors = dict.fromkeys(SOURCES, 0.0)
    effect = np.mean([each.effect for each in found]) if found else np.nan
    for source in SOURCES if found else ():
        means = np.mean([each.replicates[source] for each in found], axis=0)
        if not np.isfinite(means).all():
            errors[source] = np.nan
        else:  # replicates that are equal but for rounding: the source plays no part
            spread = np.sqrt(np.mean((means - effect) ** 2))
            errors[source] = spread if spread > 1e-12 * np.abs(means).max() else 0.0
    return errors


def _low_rank(found):
    ranges = [each.low_rank or (each.effect, each.effect) for each in found]
    if all(each.low_rank is None for each in found):
        return np.nan, np.nan
    return tuple(float(end) for end in np.mean(ranges, axis=0))


def _cells(runs, sweep):
    """`{(noise, width): {seed: run}}`, or with the runs of all widths `{(noise, None): ...}`."""
    cells = {}
    for run in sorted(runs, key=lambda run: (run.noise, run.width, run.seed)):
        if sweep:
            cells.setdefault((run.noise, None), {}).setdefault(run.seed, []).append(run)
        else:
            cells.setdefault((run.noise, run.width), {})[run.seed] = run
    if sweep and len({run.width for run in runs}) == 1:
        return {}
    return cells


def _others(groups, seed):
    """The sweeps over width of the other seeds; none for a target of single networks.

    Raises
    ------
    NotMeasuredError
        If this seed lacks a width that another one has: its curve would be another one.
    """
    group = groups[seed]
    if not isinstance(group, list):
        return []
    widths = {each: [run.width for run in sweep] for each, sweep in groups.items()}
    every = sorted(set().union(*widths.values()))
    if widths[seed] != every:
        missing = ", ".join(str(width) for width in every if width not in widths[seed])
        raise NotMeasuredError(f"no network of width {missing}")
    return [groups[each] for each in groups if each != seed and widths[each] == every]


def _views(group, others, **settings):
    if isinstance(group, list):
        peers = zip(*others, strict=True) if others else [()] * len(group)
        return [View(run, others=of, **settings) for run, of in zip(group, peers, strict=True)]
    return View(group, **settings)


def _listed(views):
    return views if isinstance(views, list) else [views]
