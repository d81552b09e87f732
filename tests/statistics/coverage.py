"""Made-up populations with a known truth: how often do intervals hold it, and tests reject?

Classes of a population differ in the length of their centres and in how far their points scatter.
Each function returns `{name: (fraction, trials)}`.
"""

import numpy as np
from geomem.statistics import bootstrap, difference, group_difference, sample, shuffle_null
from geomem.statistics.sizes import at_common_size

SETTINGS = {"n_t": 50, "threads": 1, "remove_low_rank": False}
N = 60  # features
JOINT = ("capacity", "dimension", "radius", "utility", "center_alignment_cos")


def classes(rng, n_manifolds):
    """Centres (P, N) and scatter of points, by direction (P, N)."""
    length = np.exp(0.25 * rng.standard_normal((n_manifolds, 1)))
    scatter = np.exp(0.2 * rng.standard_normal((n_manifolds, 1)) - np.arange(N) / 30)
    return length * rng.standard_normal((n_manifolds, N)), 1.3 * scatter


def points(rng, population, n_points):
    centers, scatter = population
    noise = rng.standard_normal((len(centers), n_points, centers.shape[1]))
    return centers[:, np.newaxis] + scatter[:, np.newaxis] * noise


def _inside(found, scales):
    """Coverage of the mean over trials, taken on the scale on which numbers are means."""
    result = {}
    for metric in found[0]:
        scale = scales[metric]
        values = np.array([each[metric].value for each in found])
        truth = float(scale.backward(scale.forward(values).mean()))
        ends = np.array([(each[metric].lo, each[metric].hi) for each in found])
        known = np.isfinite(ends).all(axis=1)
        if known.any():
            inside = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
            result[metric] = float(inside[known].mean()), int(known.sum())
    return result


def of_intervals(over, trials, *, measure="geometry", n_manifolds=16, n_points=12, seed=0):
    """Intervals of one condition. Over points the classes are the same in all trials."""
    rng = np.random.default_rng(seed)
    fixed = classes(rng, n_manifolds)
    settings = {"geometry": SETTINGS, "glue": {"n_t": 50, "threads": 1}}.get(measure, {})
    found, scales = [], {}
    for trial in range(trials):
        population = fixed if over == "points" else classes(rng, n_manifolds)
        taken = sample(
            points(rng, population, n_points),
            measure=measure,
            points=over != "manifolds",
            **({**settings, "random_state": trial} if settings else {}),
        )
        ends = bootstrap(taken, over=over, random_state=trial)
        if measure == "glue":
            ends = {name: ends[name] for name in JOINT}
        found.append(ends)
        scales = scales or taken.scales
    return _inside(found, scales)


def of_differences(paired, over, trials, *, n_manifolds=16, n_points=12, seed=1):
    """Intervals of a difference whose truth is the mean over trials; condition 2 is stretched."""
    rng = np.random.default_rng(seed)
    fixed = classes(rng, n_manifolds)
    values, ends = {}, {}
    for trial in range(trials):
        first = fixed if over == "points" else classes(rng, n_manifolds)
        second = first if paired or over == "points" else classes(rng, n_manifolds)
        second = 1.3 * second[0], second[1]
        one = points(rng, first, n_points)
        # in pairs the same points, moved with their class
        other = one + 0.3 * first[0][:, np.newaxis] if paired else points(rng, second, n_points)
        samples = [
            sample(each, points=over == "points", random_state=trial, **SETTINGS)
            for each in (one, other)
        ]
        for metric, each in difference(
            *samples, paired=paired, over=over, random_state=trial, permutations=9
        ).items():
            values.setdefault(metric, []).append(each.value)
            ends.setdefault(metric, []).append((each.lo, each.hi))
    result = {}
    for metric, each in values.items():
        truth, pairs = np.mean(each), np.array(ends[metric])
        if np.isfinite(pairs).all():
            inside = (pairs[:, 0] <= truth) & (truth <= pairs[:, 1])
            result[metric] = float(inside.mean()), trials
    return result


def of_tests(paired, trials, *, over="manifolds", n_manifolds=12, n_points=8, seed=2, level=0.05):
    """How often p-values of `difference` are at most `level` for conditions that are alike."""
    rng = np.random.default_rng(seed)
    fixed = classes(rng, n_manifolds)
    p = {}
    for trial in range(trials):
        first = fixed if over == "points" else classes(rng, n_manifolds)
        second = first if paired else classes(rng, n_manifolds)
        samples = [
            sample(
                points(rng, each, n_points),
                points=over == "points",
                random_state=2 * trial + i,
                **SETTINGS,
            )
            for i, each in enumerate((first, second))
        ]
        if paired:  # exchangeable within manifolds, with vectors of their own
            samples[1] = _with_key(samples[1], samples[0].key)
        n = 2 if over == "manifolds" else 400  # p over manifolds does without replicates
        for metric, each in difference(
            *samples, paired=paired, over=over, n=n, permutations=199
        ).items():
            p.setdefault(metric, []).append(each.p)
    return {
        m: (float((np.array(x) <= level).mean()), trials)
        for m, x in p.items()
        if np.isfinite(x).all()
    }


def _with_key(taken, key):
    import dataclasses

    return dataclasses.replace(taken, key=key)


def of_groups(in_common, trials, *, n_networks=4, n_manifolds=12, n_points=8, seed=3):
    """Two groups of networks that see the same classes, drawn again in every trial.

    The second group's centres are longer by a factor that differs between classes, so the truth is
    about other classes as well. With `in_common=None` the classes' part is left out.
    """
    rng = np.random.default_rng(seed)
    values, ends = {}, {}
    for trial in range(trials):
        centers, scatter = classes(rng, n_manifolds)
        gain = np.exp(0.3 + 0.4 * rng.standard_normal((n_manifolds, 1)))
        groups = [
            [
                sample(
                    points(
                        rng,
                        (factor * centers * np.exp(0.05 * rng.standard_normal()), scatter),
                        n_points,
                    ),
                    random_state=trial,
                    **SETTINGS,
                )
                for _ in range(n_networks)
            ]
            for factor in (1.0, gain)
        ]
        for metric, each in group_difference(*groups, in_common=in_common).items():
            values.setdefault(metric, []).append(each.value)
            ends.setdefault(metric, []).append((each.lo, each.hi))
    return {
        metric: (
            float(np.mean([lo <= np.mean(each) <= hi for lo, hi in ends[metric]])),
            trials,
        )
        for metric, each in values.items()
    }


def of_shuffles(trials, *, seed=4, level=0.1):
    """How often manifolds whose points are exchangeable differ from shuffled ones."""
    rng = np.random.default_rng(seed)
    p = {}
    for trial in range(trials):
        cloud = rng.standard_normal((6, 6, 20))
        settings = {**SETTINGS, "n_t": 20}
        for metric, null in shuffle_null(cloud, n=19, random_state=trial, **settings).items():
            p.setdefault(metric, []).append(null.p)
    return {m: (float((np.array(x) <= level).mean()), trials) for m, x in p.items()}


def of_common_sizes(trials, *, n_manifolds=10, seed=5):
    """Subsets of 8 of 16 points; the truth is the mean over trials of fixed classes."""
    rng = np.random.default_rng(seed)
    fixed = classes(rng, n_manifolds)
    found = [
        at_common_size(points(rng, fixed, 16), 8, repeats=12, random_state=trial, **SETTINGS)
        for trial in range(trials)
    ]
    from geomem.statistics.scales import SCALES

    return _inside(found, dict.fromkeys(found[0], SCALES["plain"]))
