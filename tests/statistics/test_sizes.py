"""Common sizes and limits over M, where the answer is known."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.geometry import manifold_geometry
from geomem.statistics import at_common_size, extrapolated, sweep

SETTINGS = {"n_t": 50, "threads": 1, "remove_low_rank": False}


def clouds(rng, n_points, n_manifolds=12):
    return rng.standard_normal((n_manifolds, n_points, 200))


def test_unequal_samples_of_the_same_manifolds_agree_at_a_common_size():
    rng = np.random.default_rng(0)
    few, many = clouds(rng, 10), clouds(rng, 20)
    apart = manifold_geometry(many, random_state=0, **SETTINGS).mean_capacity
    assert apart < 0.6 * manifold_geometry(few, random_state=0, **SETTINGS).mean_capacity
    first, second = (at_common_size(each, 8, repeats=10, **SETTINGS) for each in (few, many))
    assert first["capacity"].value == pytest.approx(second["capacity"].value, rel=0.05)
    assert first["capacity"].value == pytest.approx(2 / 8, rel=0.06)


def test_a_profile_at_a_common_size():
    rng = np.random.default_rng(1)
    centers = rng.standard_normal((12, 2)) @ rng.standard_normal((2, 200)) * 3
    found = at_common_size(
        clouds(rng, 10) + centers[:, np.newaxis], 8, measure="low_rank", repeats=3, n_t=20
    )
    assert np.isfinite(found["capacity, K removed"].value)
    assert np.isfinite(found["capacity, K = 0"].value)


def test_the_interval_of_a_mean_is_that_of_all_points():
    """A mean over points, whose variance is known: coverage over samples of 20, subsets of 10."""

    def scatter(features):
        return {"mean": float(np.mean([cloud.mean() for cloud in features]) + 10)}

    rng = np.random.default_rng(1)
    inside = 0
    for i in range(300):
        points = rng.standard_normal((2, 20, 3))
        found = at_common_size(points, 10, measure=scatter, repeats=30, random_state=i)["mean"]
        inside += found.lo <= 10 <= found.hi
    assert 0.90 < inside / 300 < 0.985


def test_fewer_features():
    points = np.random.default_rng(2).standard_normal((6, 10, 50))
    found = at_common_size(points, 5, n_features=12, repeats=4, **SETTINGS)["capacity"]
    assert found.lo < found.value < found.hi
    with pytest.raises(InputError, match="n_features is 51; expected 1 to 50"):
        at_common_size(points, 5, n_features=51, **SETTINGS)
    with pytest.raises(InputError, match="n_points is 11 and the smallest manifold has 10"):
        at_common_size(points, 11, **SETTINGS)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_the_limit_of_a_power_law(exponent):
    sizes = np.array([5, 8, 12, 20, 30, 50, 80])
    values = np.tile(3.0 - 2.0 * sizes**-exponent, (2, 1))
    found = extrapolated(sizes, values)
    assert found.determined
    assert found.lo <= 3.0 <= found.hi
    assert found.value == pytest.approx(3.0, abs=0.005)
    assert found.exponent == pytest.approx(exponent, rel=0.05)
    upside = extrapolated(sizes, 1 / values, reciprocal=True)
    assert (upside.lo, upside.hi) == pytest.approx((1 / found.hi, 1 / found.lo))


def test_a_slow_law_is_said_to_be_undetermined():
    sizes = np.array([5, 8, 12, 20, 30, 50, 80])
    rng = np.random.default_rng(3)
    values = np.log(sizes) + 0.01 * rng.standard_normal((4, 7))
    found = extrapolated(sizes, values)
    assert not found.determined
    assert not extrapolated(sizes[:3], values[:, :3]).determined


def test_manifolds_of_dimension_one_are_extrapolated_to_their_ends():
    """Uniform points on segments: the hull is known soon, and radius and capacity have limits."""
    rng = np.random.default_rng(4)
    centers = np.eye(48)[:40] * 3
    axes = np.eye(48)[[40 + i % 8 for i in range(40)]]
    along = rng.uniform(-3, 3, (40, 60, 1))
    points = centers[:, None] + along * axes[:, None]
    found = sweep(points, repeats=3, **{**SETTINGS, "n_t": 300})
    ends = centers[:, None] + np.array([-3, 3])[:, None] * axes[:, None]
    expected = manifold_geometry(ends, random_state=1, **{**SETTINGS, "n_t": 2000})
    before = found.values["capacity"].mean(axis=0)
    limit = found.limits["capacity"]
    assert before[0] > 1.1 * expected.mean_capacity
    assert limit.determined
    assert limit.value == pytest.approx(expected.mean_capacity, rel=0.06)
    rows = found.rows()
    assert {row[1] for row in rows} >= {"capacity", "radius", "dimension"}
    assert sum(row[0] == np.inf for row in rows) == len(found.limits)
