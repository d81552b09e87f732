"""Groups of networks or subjects: Student's and Welch's tests, and what all have in common."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.statistics import difference, group_difference, group_mean, sample
from scipy import stats


def numbers(values):
    return [{"x": float(value)} for value in values]


def test_networks_alone_give_welchs_and_students_test():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, 6), rng.normal(1, 3, 9)
    found = group_difference(numbers(first), numbers(second))["x"]
    welch = stats.ttest_ind(second, first, equal_var=False)
    ends = welch.confidence_interval()
    assert (found.lo, found.hi) == pytest.approx((ends.low, ends.high))
    assert found.p == pytest.approx(welch.pvalue)
    pair = group_difference(numbers(first), numbers(second[:6]), paired=True)["x"]
    student = stats.ttest_rel(second[:6], first)
    assert pair.p == pytest.approx(student.pvalue)
    exact = stats.permutation_test(
        (second[:6] - first,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert pair.p_permutation == pytest.approx(exact.pvalue)
    (mean, lo, hi) = group_mean(numbers(first))["x"]
    assert (lo, hi) == pytest.approx(
        stats.t.interval(0.95, 5, loc=mean, scale=stats.sem(first)), rel=1e-9
    )


def test_three_against_three_cannot_have_a_small_permutation_p():
    found = group_difference(numbers([1, 2, 3]), numbers([101, 102, 103]))["x"]
    assert found.p_permutation == 2 / 20
    assert found.p < 1e-3


def networks(rng, classes, shift, n_networks, n_points=6):
    found = []
    for _ in range(n_networks):
        moved = (shift + 0.02 * rng.standard_normal()) * classes
        noise = rng.standard_normal((len(classes), n_points, classes.shape[-1]))
        found.append(sample(moved[:, np.newaxis] + noise, n_t=40, threads=1))
    return found


def test_what_all_networks_have_in_common_is_added():
    rng = np.random.default_rng(1)
    spread = np.exp(0.5 * rng.standard_normal((10, 1)))
    classes = spread * rng.standard_normal((10, 50))
    first, second = (networks(rng, classes, shift, 3) for shift in (0.8, 1.2))
    apart = group_difference(first, second)["capacity"]
    common = group_difference(first, second, in_common="manifolds")["capacity"]
    assert common.value == apart.value
    assert common.hi - common.lo > apart.hi - apart.lo
    halves = [0.5 * (hi - lo) for lo, hi in common.sources.values()]
    assert 0.5 * (common.hi - common.lo) == pytest.approx(np.hypot(*halves), rel=1e-9)
    assert common.sources.keys() == {"networks", "manifolds"}


@pytest.mark.parametrize("paired", [True, False])
def test_the_level_of_tests_between_groups(paired):
    rng = np.random.default_rng(2)
    p = []
    for _ in range(500):
        subject = rng.standard_normal(6) if paired else 0.0
        first, second = (subject + 0.5 * rng.standard_normal(6) for _ in range(2))
        found = group_difference(numbers(first), numbers(second), paired=paired)["x"]
        p.append([found.p, found.p_permutation])
    rate = (np.array(p) <= 0.05).mean(axis=0)
    assert ((rate > 0.02) & (rate < 0.085)).all(), rate


def test_groups_that_do_not_fit():
    rng = np.random.default_rng(3)
    points = rng.standard_normal((4, 5, 20))
    one, other = sample(points, n_t=10), sample(points[:, :4], n_t=10)
    with pytest.raises(InputError, match="two or more in each"):
        group_difference([one], [one, one])
    with pytest.raises(InputError, match="2 and 3 networks; pairs need as many"):
        group_difference([one] * 2, [one] * 3, paired=True)
    with pytest.raises(InputError, match="give a Sample of each network"):
        group_difference(numbers([1, 2]), numbers([3, 4]), in_common="manifolds")
    with pytest.raises(InputError, match="samples do not match"):
        group_difference([one, one], [one, other], in_common="manifolds")


def test_groups_of_other_measures_or_settings_are_refused():
    points = np.random.default_rng(5).standard_normal((4, 5, 20))
    usual, other, glue = (
        sample(points, n_t=10, **more) for more in ({}, {"kappa": 0.5}, {"measure": "glue"})
    )
    for group in ([usual, other], [usual, glue]):
        with pytest.raises(InputError, match=r"cannot be compared: (kappa|measure) is"):
            group_mean(group)
        with pytest.raises(InputError, match=r"cannot be compared: (kappa|measure) is"):
            group_difference([usual, usual], group)
    with pytest.raises(InputError, match=r"kappa is 0\.0 and 0\.5; measure both alike"):
        difference(usual, other, paired=False)


def test_groups_of_equal_networks_do_not_say_how_much_networks_differ():
    """Nor where only rounding keeps their scatter from zero."""
    for value in (0.1, 0.25):
        found = group_difference(numbers([value] * 3), numbers([0.7] * 3))["x"]
        assert found.value == pytest.approx(0.7 - value)
        assert np.isnan([found.lo, found.hi, found.p]).all()
