"""Intervals and differences of samples against slow bootstraps, exact swaps, and the truth."""

import itertools

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.statistics import Sample, bootstrap, difference, replicates, sample
from geomem.statistics.scales import SCALES


def made(parts, scale="plain", trimmed=(), moved=None, freedom=0):
    """A sample with one number, `x`."""
    parts, scale = np.asarray(parts, float), SCALES[scale]
    level = parts.mean()
    if trimmed:
        n = len(parts)
        level = np.sort(parts)[n // 4 : n - n // 4].mean()
    return Sample(
        {"x": float(scale.backward(level))}, {"x": scale}, {"x": parts}, frozenset(trimmed),
        {} if moved is None else {"x": np.asarray(moved, float)}, freedom, {"measure": "made"},
    )  # fmt: skip


def test_the_bootstrap_is_the_plain_one():
    parts = np.random.default_rng(0).gamma(2.0, size=25)
    draws = replicates(made(parts, "reciprocal"), n=20000)["x"]
    rng = np.random.default_rng(1)
    slow = 1 / parts[rng.integers(25, size=(20000, 25))].mean(axis=1)
    levels = [0.025, 0.25, 0.5, 0.75, 0.975]
    np.testing.assert_allclose(np.quantile(draws, levels), np.quantile(slow, levels), rtol=0.02)


def test_the_middle_half_is_trimmed_in_every_replicate():
    parts = np.r_[np.random.default_rng(2).standard_normal(19), 1e6]
    draws = replicates(made(parts, trimmed={"x"}), n=400)["x"]
    assert np.median(draws) < 5
    rng = np.random.default_rng([0, 0])
    rows = np.sort(parts[rng.integers(20, size=(400, 20))], axis=1)
    np.testing.assert_allclose(draws, rows[:, 5:15].mean(axis=1))


def test_few_units_have_students_interval():
    parts = np.array([0.2, 0.5, 0.3, 0.9, 0.4])
    found = bootstrap(made(parts), n=200_000)["x"]
    half = 2.776445 * parts.std(ddof=1) / np.sqrt(5)
    assert (found.lo, found.hi) == pytest.approx((0.46 - half, 0.46 + half), rel=0.01)


@pytest.mark.parametrize(("scale", "low", "high"), [("logit", 0, 1), ("fisher", -1, 1)])
def test_intervals_stay_in_the_range(scale, low, high):
    for n in (4, 30):
        parts = np.random.default_rng(n).standard_normal(n) * 3 + 4
        found = bootstrap(made(parts, scale))["x"]
        assert low < found.lo < found.value < found.hi < high


def test_points_move_a_number_by_their_standard_deviations():
    moved = np.random.default_rng(3).standard_normal(500) * 0.01
    found = made([1.0, 2.0], "logarithm", moved=moved, freedom=300)
    draws = np.log(replicates(found, over="points", n=4000)["x"])
    assert draws.std() == pytest.approx(np.sqrt((moved**2).sum()), rel=0.04)
    assert draws.mean() == pytest.approx(1.5, abs=0.02)


def test_both_count_nothing_twice():
    """Manifolds that differ as much as their points explain: the variance is that of points."""
    rng = np.random.default_rng(4)
    n = 400
    parts, moved = rng.standard_normal(n), rng.standard_normal(n) / n
    both = replicates(made(parts, moved=moved, freedom=n), over="both", n=4000)["x"]
    classes = replicates(made(parts), n=4000)["x"]
    assert both.std() == pytest.approx(classes.std(), rel=0.1)
    nested = np.sqrt(classes.var() + (moved**2).sum())
    assert nested > 1.3 * both.std()


def test_paired_replicates_share_their_draws():
    parts = np.random.default_rng(5).standard_normal(20)
    moved = np.random.default_rng(6).standard_normal(40)
    for over in ("manifolds", "points", "both"):
        first, second = (
            replicates(made(parts + shift, moved=moved, freedom=40), over=over)["x"]
            for shift in (0, 3)
        )
        np.testing.assert_allclose(second - first, 3)


def test_paired_p_is_that_of_all_sign_flips():
    first, second = np.array([1.0, 2, 4, 3, 6]), np.array([2.0, 2.5, 3.9, 4.2, 7])
    found = difference(made(first), made(second))["x"]
    change = second - first
    flips = [abs(np.dot(s, change)) for s in itertools.product((-1, 1), repeat=5)]
    assert found.p == np.mean(np.array(flips) >= abs(change.sum()) - 1e-12)
    assert found.value == pytest.approx(change.mean())


def test_unpaired_p_is_that_of_all_splits():
    first, second = np.array([1.0, 2, 4, 3]), np.array([2.5, 6, 5])
    found = difference(made(first), made(second), paired=False)["x"]
    pool = np.r_[first, second]
    splits = []
    for chosen in itertools.combinations(range(7), 4):
        rest = np.delete(pool, chosen)
        splits.append(abs(rest.mean() - pool[list(chosen)].mean()))
    assert found.p == np.mean(np.array(splits) >= abs(found.value) - 1e-12)


def test_many_units_are_swapped_at_random_and_p_is_never_zero():
    parts = np.random.default_rng(7).standard_normal(30)
    assert difference(made(parts), made(parts + 9), permutations=99)["x"].p == 1 / 100
    assert difference(made(parts), made(parts + 9), paired=False, permutations=99)["x"].p == 1 / 100


@pytest.mark.parametrize("paired", [True, False])
def test_the_level_of_swapping(paired):
    """600 tests without an effect: 5 % of p-values are below .05 (exactly, but for chance)."""
    rng = np.random.default_rng(8)
    found = []
    for _ in range(600):
        common = rng.standard_normal(12) if paired else 0.0
        first, second = common + rng.gamma(1.0, size=12), common + rng.gamma(1.0, size=12)
        found.append(difference(made(first), made(second), paired=paired, n=2, permutations=199))
    assert 0.025 < np.mean([each["x"].p <= 0.05 for each in found]) < 0.08


def test_a_difference_in_pairs_is_the_narrower_one():
    rng = np.random.default_rng(9)
    classes = rng.standard_normal((12, 1, 60))
    before = classes + rng.standard_normal((12, 6, 60))
    after = 1.3 * classes + (before - classes)
    first, second = (sample(each, points=True, n_t=40) for each in (before, after))
    for over in ("manifolds", "points", "both"):
        pair = difference(first, second, over=over)["capacity"]
        apart = difference(first, second, over=over, paired=False)["capacity"]
        assert pair.hi - pair.lo < 0.8 * (apart.hi - apart.lo)
        assert pair.lo > 0


def _spread(features, power=1):
    return {"spread": float(np.mean([np.std(cloud) ** power for cloud in features]))}


def test_pairs_have_to_match():
    rng = np.random.default_rng(10)
    points = rng.standard_normal((4, 5, 20))
    first = sample(points, n_t=10)
    four = "samples do not match: manifold 0 has 5 and 4 points; .*Give paired=False"
    with pytest.raises(InputError, match=four):
        difference(first, sample(points[:, :4], n_t=10))
    with pytest.raises(InputError, match="there are 4 and 3 manifolds, n_t is 10 and 20;"):
        difference(first, sample(points[:3], n_t=20))
    with pytest.raises(InputError, match=r"kappa is 0\.0 and 0\.1; pairs need"):
        difference(first, sample(points, n_t=10, kappa=0.1))
    joint = [sample(points, measure="glue", n_t=10, preprocess=p) for p in ("center", "none")]
    with pytest.raises(InputError, match="preprocess is center and none; pairs need"):
        difference(*joint)
    given = [
        sample(points, measure="glue", n_t=10, dichotomies="given", labels=labels)
        for labels in ([1, 1, -1, -1], [1, -1, 1, -1], [[1, 1, -1, -1]])
    ]
    with pytest.raises(InputError, match="they are of other labels; pairs need"):
        difference(given[0], given[1])
    assert difference(given[0], given[2], n=9)["capacity"].value == 0
    codes = [sample(points, measure=_spread, power=power) for power in (1, 2)]
    with pytest.raises(InputError, match="power is 1 and 2; pairs need"):
        difference(*codes)
    with pytest.raises(InputError, match="ndarray is no Sample; make one of it"):
        difference(points, points)
    with pytest.raises(InputError, match="list is no Sample; make one"):
        bootstrap([points])
    with pytest.raises(InputError, match=r"expected one of manifolds, .*did you mean manifolds\?"):
        bootstrap(first, over="classes")
    with pytest.raises(InputError, match="samples are of geometry and glue"):
        difference(first, sample(points, measure="glue", n_t=10))
    with pytest.raises(InputError, match="taken without points"):
        bootstrap(first, over="points")
    with pytest.raises(InputError, match="over is 'images'; expected one of manifolds"):
        bootstrap(first, over="images")
    with pytest.raises(InputError, match="confidence is 95"):
        bootstrap(first, confidence=95)
