"""Intervals cover, means too; equal seeds give equal vectors; comparisons are paired."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.geometry import intervals, manifold_geometry, paired_difference
from geomem.geometry.anchors import anchor_statistics

from tests.geometry import clouds

N_T = 200
ESTIMATES = {
    "capacity": intervals.capacities,
    "radius": intervals.radii,
    "dimension": intervals.dimensions,
}


def _coverage(trials, truth_draws):
    """Share of trials whose interval covers, by quantity: per cloud, and for the mean."""
    rng = np.random.default_rng(0)
    points = [kind(rng) for kind in clouds.KINDS]

    def sample(n_draws):
        return [
            anchor_statistics(p, rng.standard_normal((len(p) + 1, n_draws)), 0.0) for p in points
        ]

    truth = sample(truth_draws)
    single = {name: np.zeros(len(points)) for name in ESTIMATES}
    joint = dict.fromkeys(ESTIMATES, 0)
    expected = {name: estimate(truth, 0.95) for name, estimate in ESTIMATES.items()}
    for _ in range(trials):
        statistics = sample(N_T)
        for name, estimate in ESTIMATES.items():
            each, mean = estimate(statistics, 0.95)
            values, value = (found.value for found in expected[name])
            single[name] += (each.lo <= values) & (values <= each.hi)
            joint[name] += bool(mean.lo <= value <= mean.hi)
    return {n: s / trials for n, s in single.items()}, {n: j / trials for n, j in joint.items()}


def test_intervals_cover():
    single, joint = _coverage(trials=300, truth_draws=60_000)
    for name in ESTIMATES:
        assert 0.925 < single[name].mean() < 0.975, (name, single[name])  # 1800 trials
        assert np.all(single[name] > 0.90), (name, single[name])
        assert 0.91 < joint[name] < 0.985, name


@pytest.mark.slow
def test_intervals_cover_92_to_97_percent_of_the_time():
    single, joint = _coverage(trials=4000, truth_draws=1_000_000)
    for name in ESTIMATES:
        assert np.all((single[name] > 0.92) & (single[name] < 0.97)), (name, single[name])
        assert 0.92 < joint[name] < 0.97, name


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).standard_normal((8, 6, 30))


def test_fewer_vectors_are_the_first_of_more(points):
    few, many = (manifold_geometry(points, n_t=n, random_state=4) for n in (20, 50))
    for first, all_of_them in zip(few.statistics, many.statistics, strict=True):
        np.testing.assert_array_equal(first.inverse_capacity, all_of_them.inverse_capacity[:20])


def test_a_manifold_has_its_own_vectors(points):
    apart = np.repeat(points[:1], 4, axis=0) + np.eye(4, 30)[:, np.newaxis] * 3
    same = manifold_geometry(apart, random_state=0)
    # whole rows, for a single vector may well cost nothing (exactly 0) in two manifolds
    assert len({s.inverse_capacity.tobytes() for s in same.statistics}) == 4


@pytest.mark.parametrize("threads", [1, 3])
def test_random_state_decides_everything(points, threads):
    first = manifold_geometry(points, random_state=4, threads=1)
    again = manifold_geometry(points, random_state=4, threads=threads)
    np.testing.assert_array_equal(first.capacity, again.capacity)
    other = manifold_geometry(points, random_state=5)
    assert not np.any(first.capacity == other.capacity)
    assert manifold_geometry(points, random_state=first.seed).seed == first.seed


def test_paired_differences_are_sharper_and_cover(points):
    moved = points + 0.2 * np.random.default_rng(1).standard_normal(points.shape)
    options = {"remove_low_rank": False}
    truth = [manifold_geometry(x, n_t=20_000, random_state=9, **options) for x in (points, moved)]
    covered = dict.fromkeys(ESTIMATES, 0)
    for seed in range(60):
        pair = [
            manifold_geometry(x, n_t=100, random_state=seed, **options) for x in (points, moved)
        ]
        for name, found in paired_difference(*pair).items():
            expected = getattr(truth[1], f"mean_{name}") - getattr(truth[0], f"mean_{name}")
            covered[name] += found.lo <= expected <= found.hi
            apart = [getattr(g, f"mean_{name}_hi") - getattr(g, f"mean_{name}_lo") for g in pair]
            assert found.hi - found.lo < np.hypot(*apart)
    assert min(covered.values()) >= 51  # of 60 at 95 %


def test_pairs_need_common_vectors(points):
    first, second = (manifold_geometry(points, n_t=10, random_state=seed) for seed in (1, 2))
    with pytest.raises(InputError, match="same random_state"):
        paired_difference(first, second)


def test_auto_reaches_the_error_asked_for(points):
    found = manifold_geometry(points, n_t="auto", auto_error=0.01, random_state=0)
    error = (np.log(found.mean_capacity_hi) - np.log(found.mean_capacity_lo)) / 2 / 1.96
    assert found.n_t > 200
    assert 0.007 < error < 0.0101
    assert manifold_geometry(points, n_t=found.n_t, random_state=0).capacity == pytest.approx(
        found.capacity, rel=0
    )


def test_one_vector_has_no_interval(points):
    found = manifold_geometry(points, n_t=1, random_state=0)
    assert np.isfinite(found.mean_capacity) and np.isnan(found.mean_capacity_lo)


def test_an_interval_holds_its_value():
    """Also where a bias, which moves the interval and not the value, is above the error."""
    found = intervals.Estimate(
        np.array([1.0, 2.0, np.nan]), np.array([1.1, 1.5, np.nan]), np.full(3, 1.9)
    )
    np.testing.assert_array_equal(found.lo, [1.0, 1.5, np.nan])
    np.testing.assert_array_equal(found.hi, [1.9, 2.0, np.nan])
