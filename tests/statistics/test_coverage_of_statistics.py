"""Coverage and level on made-up populations; `benchmarks/interval_coverage.py` takes more trials.

Bounds are such that a true rate of .95 (or .05) fails in fewer than one of 1000 runs, and the
trials have fixed seeds.
"""

import pytest
from scipy.stats import binom

from tests.statistics import coverage


def held(found, least=0.95, metrics=("capacity", "radius", "dimension")):
    """Assert that as many trials as a true coverage of `least` gives hold the truth."""
    for metric in metrics:
        rate, trials = found[metric]
        assert rate * trials >= binom.ppf(1e-3, trials, least), (metric, rate)


@pytest.mark.parametrize("over", ["manifolds", "points", "both"])
def test_intervals_hold_the_truth(over):
    held(coverage.of_intervals(over, 60, n_manifolds=12, n_points=8))


def test_intervals_of_joint_numbers_hold_the_truth():
    held(coverage.of_intervals("points", 40, measure="glue", n_manifolds=6, n_points=8), 0.93)


@pytest.mark.parametrize(("paired", "over"), [(True, "manifolds"), (False, "manifolds")])
def test_intervals_of_differences_hold_the_truth(paired, over):
    held(coverage.of_differences(paired, over, 60, n_manifolds=12, n_points=8))


@pytest.mark.parametrize("paired", [True, False])
def test_tests_have_their_level(paired):
    for metric, (rate, trials) in coverage.of_tests(paired, 80).items():
        assert rate * trials <= binom.ppf(0.999, trials, 0.05), (metric, rate)


def test_groups_that_share_classes_need_the_classes_part():
    held(coverage.of_groups("manifolds", 30), metrics=("capacity", "radius"))
    alone, trials = coverage.of_groups(None, 30)["capacity"]
    assert alone * trials < binom.ppf(1e-3, trials, 0.95)


def test_shuffles_have_their_level():
    for metric, (rate, trials) in coverage.of_shuffles(40).items():
        assert rate * trials <= binom.ppf(0.999, trials, 0.1), (metric, rate)


def test_common_sizes_hold_the_truth():
    held(coverage.of_common_sizes(40))
