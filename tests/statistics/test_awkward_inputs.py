"""Two manifolds, unequal ones, ties, equal networks, NaN: a right answer or one clear error."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.geometry import inner_products
from geomem.geometry.products import gram_of_all
from geomem.registry.measures import MEASURES, STORES
from geomem.statistics import (
    at_common_size,
    bootstrap,
    difference,
    extrapolated,
    group_difference,
    group_mean,
    holm,
    jeffreys,
    mean_of_correlations,
    mean_of_fractions,
    power,
    sample,
    shuffle_null,
    sweep,
    times_needed,
    wilson,
)
from geomem.statistics.measured import is_random
from geomem.statistics.scales import scale_of

SETTINGS = {"n_t": 20, "threads": 1}


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(0)
    return rng.standard_normal((6, 8, 30)) + rng.standard_normal((6, 1, 30))


def settings(measure):
    return SETTINGS if is_random(measure) else {}


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_of_the_registry_from_arrays_and_from_stored_products(points, measure):
    """Equal numbers and intervals from arrays, Gram and, as far as they go, stored products."""
    keywords = {"measure": measure, **settings(measure)}
    gram, counts = gram_of_all(points, center=False), [8] * 6
    taken = sample(points, points=True, **keywords)
    stored = [sample(gram, counts=counts, points=True, **keywords)]
    if "products" in MEASURES[measure].source:
        stored.append(sample(inner_products(points), **keywords))
    else:
        wants = "|".join(STORES)
        with pytest.raises(InputError, match=f"ManifoldProducts do not hold.*(?:{wants}|arrays)"):
            sample(inner_products(points), **keywords)
    for over in ("manifolds", "points", "both"):
        expected = bootstrap(taken, over=over, n=50)
        for other in stored if over == "manifolds" else stored[:1]:
            found = bootstrap(other, over=over, n=50)
            assert found.keys() == expected.keys()
            for name, each in found.items():
                np.testing.assert_allclose(
                    (each.value, each.lo, each.hi),
                    (expected[name].value, expected[name].lo, expected[name].hi),
                    rtol=1e-6,
                    err_msg=name,
                )
                low, high = taken.scales[name].range
                if np.isfinite(each.lo):
                    assert low <= each.lo <= each.value <= each.hi <= high, name
    for function in (shuffle_null, at_common_size):
        more = {"n": 3} if function is shuffle_null else {"n_points": 5, "repeats": 3}
        one = function(points, **more, **keywords)
        other = function(gram, counts=counts, **more, **keywords)
        for name, each in one.items():
            assert each.value == pytest.approx(other[name].value, rel=1e-6, nan_ok=True)


def test_few_manifolds_leave_no_range(points):
    """The smallest numbers of manifolds have the widest quantiles: 12.7 and 4.3."""
    for n in (2, 3):
        found = bootstrap(sample(points[:n], points=True, **SETTINGS), over="both")
        for name in ("capacity", "radius", "dimension", "radius_iqm", "dimension_iqm"):
            assert 0 <= found[name].lo < found[name].value < found[name].hi, name


def test_two_manifolds_of_a_joint_measure_say_nothing_about_others(points):
    taken = sample(points[:2], measure="glue", points=True, **SETTINGS)
    found = bootstrap(taken, over="points")["capacity"]
    assert 0 < found.lo < found.value < found.hi
    for over in ("manifolds", "both"):
        with pytest.raises(InputError, match="give three manifolds or more"):
            bootstrap(taken, over=over)


@pytest.mark.parametrize(("unit", "ends"), [("fraction", (0, 1)), ("cosine", (-1, 1))])
def test_numbers_at_the_end_of_their_range_do_not_leave_it(unit, ends):
    for values in ([0.2, 0.5], [ends[0], 0.5], [*ends, 0.5]):
        scale = scale_of(unit, values)
        assert scale.range == ends
        low, high = scale.backward(scale.forward(np.array([0.5])) + np.array([-50.0, 50.0]))
        assert (low, high) == pytest.approx(ends)


def test_scaled_points_are_ties(points):
    """Capacity does not change with scale, but for rounding: p is 1, not what rounding says."""
    first, second = (sample(factor * points + 1, **SETTINGS) for factor in (1.0, 3.7))
    for paired in (True, False):
        found = difference(first, second, paired=paired)
        for name in ("capacity", "radius", "dimension"):
            assert found[name].value == pytest.approx(0, abs=1e-9)
            assert found[name].p == 1


def test_p_values_over_points_are_never_zero(points):
    rng = np.random.default_rng(1)
    classes = rng.standard_normal((40, 1, 60))
    noise = 0.01 * rng.standard_normal((40, 6, 60))
    first, second = (
        sample(factor * classes + noise, points=True, **SETTINGS) for factor in (0.02, 2)
    )
    found = difference(first, second, over="points")["radius"]
    assert found.hi < 0 < found.p < 1e-10


def test_differences_of_fractions_stay_between_minus_one_and_one():
    rng = np.random.default_rng(2)
    first, second = ([{"x": rate} for rate in rng.uniform(0, 1, 2)] for _ in range(2))
    found = group_difference(first, second, units={"x": "fraction"})["x"]
    assert (found.lo, found.hi) == (-1, 1)
    assert group_difference(first, second)["x"].hi > 1
    mean, lo, hi = group_mean([{"x": 0.99}, {"x": 0.8}], units={"x": "fraction"})["x"]
    assert 0 < lo < mean < hi < 1
    assert group_mean([{"x": 0.1}, {"x": 2.0}], units={"x": "positive"})["x"][1] == 0
    with pytest.raises(InputError, match="units holds 'percent' for x; expected fraction"):
        group_mean([{"x": 0.99}], units={"x": "percent"})


def test_groups_that_say_nothing():
    def numbers(*values):
        return [{"x": value} for value in values]

    equal = group_difference(numbers(1.0, 1.0), numbers(2.0, 2.0))["x"]
    assert equal.value == 1 and np.isnan([equal.lo, equal.hi, equal.p]).all()
    broken = group_difference(numbers(1.0, np.nan), numbers(2.0, 3.0))["x"]
    assert np.isnan([broken.value, broken.lo, broken.p, broken.p_permutation]).all()
    mean, lo, hi = group_mean(numbers(0.5))["x"]
    assert mean == 0.5 and np.isnan([lo, hi]).all()
    with pytest.raises(InputError, match="no number is in all of 4 networks; the first has x"):
        group_difference(numbers(1.0, 2.0), [{"y": 1.0}, {"y": 2.0}])
    with pytest.raises(InputError, match="the group holds no network"):
        group_mean([])
    with pytest.raises(InputError, match="confidence is 95"):
        group_difference(numbers(1.0, 2.0), numbers(1.0, 2.0), confidence=95)


def test_a_manifold_of_two_points_has_no_radius_without_one(points):
    unequal = [cloud[:count] for cloud, count in zip(points, (3, 8, 5, 2, 7, 8), strict=True)]
    found = bootstrap(sample(unequal, points=True, **SETTINGS), over="points")
    assert 0 < found["capacity"].lo < found["capacity"].value < found["capacity"].hi
    assert np.isnan(found["radius"].lo)
    with pytest.raises(InputError, match="pairs need the same points per manifold"):
        difference(sample(unequal, **SETTINGS), sample(points, **SETTINGS))
    apart = difference(sample(unequal, **SETTINGS), sample(points, **SETTINGS), paired=False)
    assert 0 < apart["radius"].p <= 1


def test_limits_of_what_is_positive_are_not_negative(points):
    found = sweep(points, measure="participation_ratio", repeats=2)
    limit = found.limits["participation_ratio"]
    assert 0 <= limit.lo <= limit.value <= limit.hi
    assert extrapolated([5, 10], np.ones((2, 2)), span=(0, 1)).hi == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wilson(5, 3), "right is 5 and n is 3; expected n > 0"),
        (lambda: jeffreys(0, 0), "right is 0 and n is 0"),
        (lambda: mean_of_fractions([0.5, 1.2], 0.1, 3), "mean is 0.5 to 1.2; expected fractions"),
        (lambda: mean_of_correlations(-1.5, 0.1, 3), "expected -1 to 1"),
        (lambda: holm([0.1, np.nan, 2]), "p_values holds 2; expected numbers from 0 to 1"),
        (lambda: power(1.0, {}, 0, 1.0), "n_seeds is 0"),
        (lambda: power(1.0, {}, 3, -1.0), "spread is -1.0"),
        (lambda: times_needed([1.0, 2.0], {"a": 1.0}, 0.0, "b"), "source is 'b'; expected one of"),
    ],
)
def test_wrong_numbers_are_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
