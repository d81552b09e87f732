"""Intervals of effects on made-up networks with a known truth: how often do they contain it?

Seeds have their Gaussian vectors, classes and test images in common. The slow test takes ten times
as many networks: `pytest -m slow tests/claims/test_coverage.py`.
"""

import numpy as np
import pandas as pd
import pytest
from geomem.claims import effects, judge
from geomem.claims.curves import ESTIMATORS, Curve
from geomem.claims.depth import every
from geomem.claims.evidence import Run, View
from geomem.claims.judge import measure
from geomem.claims.targets import Statement
from geomem.claims.words import SOURCES
from geomem.statistics.combined import intervals, p_value
from scipy.stats import t as student

from tests.claims.made_up import LAYERS, rewind_table

GAIN = 2.0
N_SEEDS, N_T = 3, 60


def target(effect):
    return Statement("made-up", "C2", "{}", effect, "at least", GAIN, "the truth")


def curve(epoch, level, classes, vectors):
    """One layer: a capacity for each class, moved as the vectors happened to be drawn."""
    single = level * classes * (1 + vectors.mean())
    nothing = np.array([np.nan])
    return Curve(
        epoch, "capacity", ESTIMATORS["mean-field"].means["capacity"][-1], np.array([0]), ("fc",),
        1, frozenset({0}), np.arange(len(classes)), single[None],
        (level * (vectors - vectors.mean()))[None], nothing, nothing, ((),),
    )  # fmt: skip


def gains(random, n_classes, class_spread, vector_spread, seed_spread):
    """Runs whose gain of capacity is `GAIN` in the mean over classes, vectors and seeds.

    Two epochs' vectors have a correlation of .9, their class effects one of .5; harmonic means of
    the class effects are 1.
    """
    precision = 1 / class_spread**2
    common, first, second = (random.gamma(precision / 2, 1, n_classes) for _ in range(3))
    classes = [precision / (common + own) for own in (first, second)]
    draws = random.standard_normal((3, N_T)) * vector_spread * np.sqrt(N_T)
    vectors = [np.sqrt(0.9) * draws[0] + np.sqrt(0.1) * own for own in draws[1:]]
    runs = []
    for seed in range(N_SEEDS):
        best = curve(1, 0.04, classes[0], vectors[0])
        grown = 0.04 * GAIN * (1 + seed_spread * random.standard_normal())
        last = curve(2, grown, classes[1], vectors[1])
        key = "permuted", "capacity", "mean-field"
        curves = {("best", *key): best, ("last", *key): last}
        runs.append(Run(8, 0.5, seed, {}, 50, curves))
    return runs


def examined(random, n_images, rate, agreement):
    """Runs tested on the same images, of which a part is right or wrong for all seeds alike."""
    same = random.random(n_images) < agreement
    common = random.random(n_images) < rate
    runs = []
    for seed in range(N_SEEDS):
        right = np.where(same, common, random.random(n_images) < rate)
        row = {"kind": "test", "metric": "accuracy", "value": right.mean(), "n": n_images}
        table = pd.DataFrame([{**row, "best": False, "last": True, "epoch": 9}])
        runs.append(Run(8, 0.5, seed, {"accuracy": table}, 50))
    return runs


def found_intervals(runs, effect):
    """Intervals of the mean over seeds; and the total one if seeds were taken as independent."""
    found = [measure(target(effect), run, {}) for run in runs]
    values = [each.effect for each in found]
    ends, _ = intervals(values, judge._errors(found), 0.95)
    spreads = {s: np.sqrt(sum(judge._errors([f])[s] ** 2 for f in found)) for s in SOURCES}
    apart, _ = intervals(values, {s: spread / N_SEEDS for s, spread in spreads.items()}, 0.95)
    return ends["total"], apart["total"]


GEOMETRY = {
    "vectors": {"n_classes": 40, "class_spread": 0.02, "vector_spread": 0.02, "seed_spread": 1e-4},
    "manifolds": {"n_classes": 40, "class_spread": 0.3, "vector_spread": 1e-4, "seed_spread": 1e-4},
    "seeds": {"n_classes": 40, "class_spread": 0.02, "vector_spread": 1e-3, "seed_spread": 0.1},
    "all": {"n_classes": 40, "class_spread": 0.2, "vector_spread": 0.05, "seed_spread": 0.03},
}


def coverage(source, repeats):
    """How often the total interval contains the truth: as it is, and with independent seeds."""
    random = np.random.default_rng(3)
    inside = np.zeros((repeats, 2), dtype=bool)
    for i in range(repeats):
        if source == "images":
            runs, truth = examined(random, 1000, 0.3, 0.95), 0.3
            ends = found_intervals(runs, lambda view: view.accuracy("last", "test"))
        else:
            runs, truth = gains(random, **GEOMETRY[source]), GAIN
            ends = found_intervals(runs, effects.permuted_gain)
        inside[i] = [low <= truth <= high for low, high in ends]
    return inside.mean(axis=0)


@pytest.mark.parametrize("source", ["vectors", "manifolds", "seeds", "all", "images"])
def test_intervals_contain_the_truth_as_often_as_they_say(source):
    """200 repeats: a true coverage of .95 gives at least .90 in all but one of 1000 cases."""
    found, _ = coverage(source, 200)
    assert found >= 0.90


@pytest.mark.slow
@pytest.mark.parametrize("source", ["vectors", "manifolds", "seeds", "all", "images"])
def test_coverage_in_many_repeats(source):
    """Adding half-widths in quadrature may be wide, never narrow. Manifolds are 40, so normal
    quantiles lose .003, and second-order terms of ratios a little more."""
    found, apart = coverage(source, 2000)
    print(f"{source}: {found:.3f}, seeds taken as independent {apart:.3f}")
    assert found >= 0.93


def test_an_absolute_value_is_no_narrower_than_what_it_is_of():
    """A true |x| of .1, an error of .05 that all seeds share: the upper end is below the truth in
    5 % of cases, not in the 8 % that the spread of |x| about its own mean would give."""
    random, truth, error = np.random.default_rng(0), 0.1, 0.05
    below, repeats = 0, 2000
    for _ in range(repeats):
        x = truth + error * random.standard_normal()
        moved = np.abs(x + error * random.standard_normal(judge.REPLICATES))
        still = np.full(judge.REPLICATES, abs(x))
        found = [judge.Measured(abs(x), {**dict.fromkeys(SOURCES, still), "images": moved}, None)]
        ends, _ = intervals([abs(x)], judge._errors(found), 0.95)
        below += ends["total"][1] < truth
    assert 0.03 < below / repeats < 0.06


def test_seeds_taken_as_independent_would_be_too_narrow():
    found, apart = coverage("manifolds", 200)
    assert apart < 0.85 < found


def test_the_error_of_a_change_is_that_of_paired_vectors():
    """The vectors' part of a ratio is far below that of its terms, by their correlation."""
    random = np.random.default_rng(0)
    [run, *_] = gains(random, 40, 0.02, 0.05, 1e-4)
    draws = {
        name: View(run, "vectors", 4000).geometry(name, "permuted", "capacity", every)[:, 0]
        for name in ("best", "last")
    }
    relative = {name: values.std() / values.mean() for name, values in draws.items()}
    ratio = draws["last"] / draws["best"]
    influences = [run.curve(name, "permuted", "capacity").influence[0] for name in draws]
    levels = [run.curve(name, "permuted", "capacity").means()[0, 0] for name in draws]
    change = influences[1] / levels[1] - influences[0] / levels[0]
    assert ratio.std() / ratio.mean() == pytest.approx(change.std(ddof=1) / np.sqrt(N_T), rel=0.05)
    assert ratio.std() / ratio.mean() < 0.6 * relative["last"]


def test_rewound_networks_are_compared_image_by_image():
    """The error of a fraction brought back, by a plain bootstrap over the images."""
    random = np.random.default_rng(4)
    n, difficulty = 800, random.random(800)
    right = {
        name: (difficulty < level) ^ (random.random(n) < 0.05)
        for name, level in {"none": 0.3, "all": 0.45, "suffix": 0.4}.items()
    }
    values = {(scheme, "test"): [bits.mean()] for scheme, bits in right.items()}
    values["suffix", "test"] *= LAYERS
    by_layer = [0.1] * 9 + [0.4] + [0.1] * (LAYERS - 10)
    table = rewind_table({**values, ("suffix", "validation"): by_layer}, n)
    for scheme, bits in right.items():
        chosen = (table["scheme"] == scheme) & (table["kind"] == "test")
        table.loc[chosen, "correct"] = pd.Series(
            [np.packbits(bits).tobytes()] * chosen.sum()
        ).set_axis(table.index[chosen])
    run = Run(8, 0.5, 0, {"rewind": table}, 50)
    found = effects.suffix_recovery(View(run, "images", 4000))
    again = random.integers(n, size=(4000, n))
    means = {scheme: bits[again].mean(axis=1) for scheme, bits in right.items()}
    slow = (means["suffix"] - means["none"]) / (means["all"] - means["none"])
    assert found.std() == pytest.approx(slow.std(), rel=0.08)
    other = Run(8, 0.5, 1, {"rewind": table}, 50)  # another seed, the same images
    np.testing.assert_array_equal(effects.suffix_recovery(View(other, "images", 4000)), found)


# --- p values ----------------------------------------------------------------------------------


def test_p_values_of_seeds_alone_are_students():
    values = [1.2, 1.5, 1.1, 1.45]
    mean, error = np.mean(values), np.std(values, ddof=1) / 2
    _, errors = intervals(values, dict.fromkeys(SOURCES, 0.0), 0.95)
    expected = 2 * student.sf((mean - 1.0) / error, 3)
    assert p_value(values, errors, 1.0) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("threshold", [0.2, 0.9, 1.2, 1.9, 40.0])
def test_p_is_the_level_at_which_the_interval_reaches_the_threshold(threshold):
    values = [1.2, 1.5, 1.1]
    errors = {"vectors": 0.02, "manifolds": 0.05, "images": 0.0}
    _, every_error = intervals(values, errors, 0.95)
    p = p_value(values, every_error, threshold)
    ends, _ = intervals(values, errors, 1 - p)
    assert min(abs(end - threshold) for end in ends["total"]) == pytest.approx(0, abs=1e-6)


def test_p_values_at_the_edges():
    nothing, values = dict.fromkeys(SOURCES, 0.0), [1.0]
    assert p_value(values, nothing, 2.0) == np.exp(-30)  # never 0
    assert p_value(values, nothing, 1.0) == 1
    assert p_value(values, {**nothing, "images": np.nan}, 2.0) == 1
    assert np.isnan(p_value([], {}, 2.0))
