"""Numbers without manifolds and with a known truth: how often do intervals hold it, tests reject?

Each function returns `{name: (fraction, trials)}`, as in `tests.statistics.coverage`.
"""

import numpy as np
from geomem.statistics import (
    benjamini_hochberg,
    correlation,
    extrapolated,
    group_difference,
    group_mean,
    holm,
    jackknife,
    jeffreys,
    mean_of_correlations,
    mean_of_fractions,
    split_halves,
    wilson,
)


def _rates(inside):
    return {name: (float(np.mean(found)), len(found)) for name, found in inside.items()}


def of_fractions(trials, *, p=0.9, n=50, seed=10):
    """Successes among n."""
    rng = np.random.default_rng(seed)
    inside = {"wilson": [], "jeffreys": []}
    for right in rng.binomial(n, p, trials):
        for function in (wilson, jeffreys):
            found = function(int(right), n)
            inside[function.__name__].append(found.lo <= p <= found.hi)
    return _rates(inside)


def of_correlations(trials, *, rho=0.8, n=12, seed=11):
    """Of n normal pairs."""
    rng = np.random.default_rng(seed)
    inside = []
    for _ in range(trials):
        x = rng.standard_normal(n)
        y = rho * x + np.sqrt(1 - rho**2) * rng.standard_normal(n)
        found = correlation(float(np.corrcoef(x, y)[0, 1]), n)
        inside.append(found.lo <= rho <= found.hi)
    return _rates({"correlation": inside})


def of_means(trials, *, mean=0.9, concentration=30, n_seeds=5, seed=12):
    """Accuracies, and twice them less one, of a few seeds."""
    rng = np.random.default_rng(seed)
    rates = rng.beta(mean * concentration, (1 - mean) * concentration, (trials, n_seeds))
    middle, error = rates.mean(axis=1), rates.std(axis=1, ddof=1) / np.sqrt(n_seeds)
    lo, hi = mean_of_fractions(middle, error, n_seeds - 1)
    inside = {"mean_of_fractions": (lo <= mean) & (mean <= hi)}
    lo, hi = mean_of_correlations(2 * middle - 1, 2 * error, n_seeds - 1)
    inside["mean_of_correlations"] = (lo <= 2 * mean - 1) & (2 * mean - 1 <= hi)
    return _rates(inside)


def of_resampling(trials, *, n=40, seed=13):
    """The variance of n normal numbers, on the scale of the logarithm."""
    rng = np.random.default_rng(seed)
    inside = {"jackknife": [], "split_halves": []}
    for _ in range(trials):
        numbers = rng.standard_normal(n)
        for function in (jackknife, split_halves):
            found = function(lambda units, x=numbers: x[units].var(ddof=1), n, logarithmic=True)
            inside[function.__name__].append(found.lo <= 1 <= found.hi)
    return _rates(inside)


def of_groups_of_numbers(paired, trials, *, n=6, seed=14):
    """Two groups of n networks (subjects) whose means differ by 1: three kinds of intervals."""
    rng = np.random.default_rng(seed)
    inside = {"difference": [], "mean": [], "mean of fractions": []}
    for _ in range(trials):
        first, second = _two_groups(rng, n, paired, 1.0)
        found = group_difference(first, second, paired=paired, permutations=9)["x"]
        inside["difference"].append(found.lo <= 1 <= found.hi)
        _, lo, hi = group_mean(first)["x"]
        inside["mean"].append(lo <= 0 <= hi)
        rates = [{"x": rate} for rate in rng.beta(18, 2, n)]
        _, lo, hi = group_mean(rates, units={"x": "fraction"})["x"]
        inside["mean of fractions"].append(lo <= 0.9 <= hi)
    return _rates(inside)


def of_tests_of_groups(paired, trials, *, n=6, seed=15, level=0.05):
    """Both p-values of `group_difference` where nothing differs."""
    rng = np.random.default_rng(seed)
    rejected = {"p": [], "p_permutation": []}
    for _ in range(trials):
        found = group_difference(*_two_groups(rng, n, paired, 0.0), paired=paired)["x"]
        for name, each in rejected.items():
            each.append(getattr(found, name) <= level)
    return _rates(rejected)


def _two_groups(rng, n, paired, shift):
    common = rng.standard_normal(n) if paired else np.zeros(n)
    groups = [common + rng.standard_normal(n), shift + common + rng.standard_normal(n)]
    return [[{"x": float(x)} for x in group] for group in groups]


def of_corrections(trials, *, n_tests=8, seed=16, level=0.05):
    """Any wrong rejection among n tests without an effect; with half of them, the wrong fraction.

    P-values are those of correlated layers.
    """
    from scipy.special import ndtr

    rng = np.random.default_rng(seed)
    wrong = {"holm": [], "benjamini_hochberg": [], "benjamini_hochberg, half": []}
    for _ in range(trials):
        z = np.sqrt(0.5) * (rng.standard_normal() + rng.standard_normal(n_tests))
        p = 2 * ndtr(-np.abs(z))
        wrong["holm"].append(min(holm(p)) <= level)
        wrong["benjamini_hochberg"].append(min(benjamini_hochberg(p)) <= level)
        p[: n_tests // 2] = 2 * ndtr(-np.abs(z[: n_tests // 2] + 3))
        chosen = np.array(benjamini_hochberg(p)) <= level
        wrong["benjamini_hochberg, half"].append(
            chosen[n_tests // 2 :].sum() / max(chosen.sum(), 1)
        )
    return _rates(wrong)


def of_limits(trials, *, noise=0.01, seed=17):
    """Limits over M of power laws with noise, and how many are called determined."""
    rng = np.random.default_rng(seed)
    sizes = np.array([5, 8, 12, 20, 30, 50, 80])
    inside, determined = [], []
    for exponent in np.exp(rng.uniform(np.log(0.3), np.log(2.0), trials)):
        curves = 3.0 - 2.0 * sizes**-exponent + noise * rng.standard_normal((4, len(sizes)))
        found = extrapolated(sizes, curves)
        inside.append(found.lo <= 3.0 <= found.hi)
        determined.append(found.determined)
    return _rates({"limit": inside, "of determined ones": np.array(inside)[determined]})
