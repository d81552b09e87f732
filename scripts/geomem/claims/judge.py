"""Verdicts: an effect with its intervals against a threshold.

`supported`: with enough seeds, every interval there is lies on the statement's side of the
threshold; `contradicted`: every one lies on the other side; `undecided`: anything else;
`not measured`: there is no effect to judge.
"""

import numpy as np
from scipy.special import ndtri, stdtrit

from geomem.claims.evidence import SOURCES, NotMeasuredError, View
from geomem.claims.targets import resolved

VERDICTS = ("supported", "contradicted", "undecided", "not measured")
REPLICATES = 400  # their standard deviation is then known to 3.5 %
KEYS = ("experiment", "claim", "target", "width", "noise")
COLUMNS = (
    *KEYS, "statement", "effect", "bound", "threshold", "source",
    *(f"{name}_{end}" for name in (*SOURCES, "seeds") for end in ("lo", "hi")),
    "n_seeds", "verdict", "remark",
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
        `effect` is the mean over seeds. An interval is NaN where its source of chance does not
        touch the effect (and `seeds_*` with one seed).
    """
    rows = []
    for target in map(resolved, settings["targets"]):
        for (noise, width), groups in _cells(runs, target.sweep).items():
            row = {
                "claim": target.claim,
                "target": target.name,
                "width": width,
                "noise": noise,
                **judge(target, groups, settings),
            }
            rows.append(row)
    return rows


def judge(target, groups, settings):
    """Effect, intervals and verdict of one target.

    Parameters
    ----------
    target : Statement
    groups : dict of int to Run or list of Run
        By seed; a list over widths for a target of a sweep.
    settings : dict

    Returns
    -------
    dict
    """
    effects, spreads, remarks = [], [], []
    for seed, group in groups.items():
        try:
            effect, spread = measure(target, group, settings)
        except NotMeasuredError as error:
            remarks.append((seed, str(error)))
            continue
        effects.append(effect)
        spreads.append(spread)
    ends = _intervals(effects, spreads, settings["confidence"])
    verdict, remark = decide(
        np.mean(effects) if effects else np.nan,
        ends,
        target.value,
        target.bound,
        len(effects),
        settings["min_seeds"],
    )
    return {
        "statement": target.statement.format(f"{target.value:g}"),
        "effect": float(np.mean(effects)) if effects else np.nan,
        "bound": target.bound,
        "threshold": float(target.value),
        "source": target.source,
        **{f"{name}_{end}": ends[name][i] for name in ends for i, end in enumerate(("lo", "hi"))},
        "n_seeds": len(effects),
        "verdict": verdict,
        "remark": "; ".join(part for part in (remark, _gathered(remarks, groups)) if part),
    }


def measure(target, group, settings):
    """Effect of one seed, and its standard deviation by source of chance, shape (sources,)."""
    point = _views(group, None, 1)
    for need in target.needs:
        need(point, settings)
    with np.errstate(all="ignore"):
        effect = float(target.effect(point)[0])
        if not np.isfinite(effect):
            raise NotMeasuredError("the effect is not finite")
        replicated = [target.effect(_views(group, source, REPLICATES)) for source in SOURCES]
    # Equal replicates mean that the source plays no part; their deviation may be rounding.
    return effect, np.array([np.std(r, ddof=1) if np.ptp(r) else 0.0 for r in replicated])


def decide(effect, ends, threshold, bound, n_seeds, min_seeds):
    """Verdict and remark.

    Parameters
    ----------
    effect : float
    ends : dict of str to (lo, hi)
        Intervals; NaN where there is none.
    threshold : float
    bound : {"at least", "at most"}
    n_seeds, min_seeds : int
    """
    if not np.isfinite(effect):
        return "not measured", ""
    sign = 1 if bound == "at least" else -1
    reach = sign * (np.array([effect, *sum(ends.values(), ())]) - threshold)
    reach = reach[np.isfinite(reach)]
    if (reach >= 0).all():
        leaning = "supported"
    elif (reach < 0).all():
        leaning = "contradicted"
    else:
        return "undecided", "an interval holds the threshold"
    if n_seeds < min_seeds:
        seeds = "1 seed" if n_seeds == 1 else f"{n_seeds} seeds"
        return "undecided", f"{seeds} of {min_seeds} asked for; what there is: {leaning}"
    return leaning, ""


def _intervals(effects, spreads, confidence):
    """`{source: (lo, hi)}` of the mean over seeds; "seeds" by Student's t."""
    missing = (np.nan, np.nan)
    ends = dict.fromkeys((*SOURCES, "seeds"), missing)
    if not effects:
        return ends
    mean, count = float(np.mean(effects)), len(effects)
    errors = np.sqrt((np.array(spreads) ** 2).sum(axis=0)) / count
    for source, error in zip(SOURCES, errors, strict=True):
        if error > 0:
            reach = float(ndtri(0.5 + confidence / 2) * error)
            ends[source] = (mean - reach, mean + reach)
    if count > 1:
        error = np.std(effects, ddof=1) / np.sqrt(count)
        reach = float(stdtrit(count - 1, 0.5 + confidence / 2) * error)
        ends["seeds"] = (mean - reach, mean + reach)
    return ends


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


def _views(group, source, count):
    if isinstance(group, list):
        return [View(run, source, count) for run in group]
    return View(group, source, count)


def _gathered(remarks, groups):
    """Reasons why seeds are missing; one reason for all of them is told once."""
    reasons = {}
    for seed, reason in remarks:
        reasons.setdefault(reason, []).append(seed)
    texts = []
    for reason, seeds in reasons.items():
        whose = "" if len(seeds) == len(groups) else f"seed {', '.join(map(str, seeds))}: "
        texts.append(whose + reason)
    return "; ".join(texts)
