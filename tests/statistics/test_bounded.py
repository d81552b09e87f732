"""Intervals of fractions and correlations: in their range, and covering."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.statistics import bounded
from scipy import stats


@pytest.mark.parametrize(("right", "n"), [(0, 10), (3, 10), (10, 10), (480, 500)])
def test_wilson_and_jeffreys_by_scipy(right, n):
    test = stats.binomtest(right, n).proportion_ci(method="wilson")
    found = bounded.wilson(right, n)
    assert (found.lo, found.hi) == pytest.approx((test.low, test.high), abs=1e-12)
    assert found == bounded.proportion(np.arange(n) < right)
    posterior = stats.beta(right + 0.5, n - right + 0.5)
    found = bounded.jeffreys(right, n)
    assert found.lo == pytest.approx(posterior.ppf(0.025) if right else 0.0)
    assert found.hi == pytest.approx(posterior.ppf(0.975) if right < n else 1.0)


@pytest.mark.parametrize("p", [0.02, 0.2, 0.5])
def test_coverage_of_fractions_summed_over_all_outcomes(p):
    """Exact, not simulated: the probability of the outcomes whose interval holds p."""
    n = 60
    chance = stats.binom(n, p).pmf(np.arange(n + 1))
    for interval in (bounded.wilson, bounded.jeffreys):
        ends = [interval(right, n) for right in range(n + 1)]
        inside = np.array([each.lo <= p <= each.hi for each in ends])
        assert 0.92 < chance[inside].sum() < 0.985
        assert all(0 <= each.lo <= each.value <= each.hi <= 1 for each in ends)


def test_fishers_interval_is_scipys_and_covers():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(1000):
        x = rng.standard_normal(12)
        y = 0.9 * x + np.sqrt(1 - 0.81) * rng.standard_normal(12)
        r = stats.pearsonr(x, y)
        found = bounded.correlation(r.statistic, 12)
        inside += found.lo <= 0.9 <= found.hi
    expected = r.confidence_interval()
    assert (found.lo, found.hi) == pytest.approx((expected.low, expected.high))
    assert 0.93 < inside / 1000 < 0.97
    assert bounded.correlation(1.0, 9).lo == 1.0
    with pytest.raises(InputError, match="4 pairs or more"):
        bounded.correlation(0.5, 3)


def test_means_of_fractions_stay_inside_and_cover():
    rng = np.random.default_rng(1)
    # the last: rates as skewed as an exponential, of which five are few for any interval
    for mean, concentration, least in ((0.5, 30, 0.93), (0.95, 30, 0.93), (0.99, 100, 0.91)):
        rates = rng.beta(mean * concentration, (1 - mean) * concentration, (4000, 5))
        error = rates.std(axis=1, ddof=1) / np.sqrt(5)
        lo, hi = bounded.mean_of_fractions(rates.mean(axis=1), error, 4)
        assert (lo >= 0).all() and (hi <= 1).all()
        covered = ((lo <= mean) & (mean <= hi)).mean()
        assert least < covered < 0.985, mean
        students = np.abs(rates.mean(axis=1) - mean) <= 2.776 * error
        assert covered > students.mean() - 0.01
        beyond = rates.mean(axis=1) + 2.776 * error > 1  # which Student's are
        assert mean < 0.9 or beyond.mean() > 0.05


def test_in_the_middle_it_is_students():
    lo, hi = bounded.mean_of_fractions(0.5, 0.001, 9)
    assert (lo, hi) == pytest.approx((0.5 - 2.262e-3, 0.5 + 2.262e-3), rel=1e-3)
    assert bounded.mean_of_fractions(1.0, 0.0, 4) == (1.0, 1.0)
    lo, hi = bounded.mean_of_correlations(0.97, 0.02, 4)
    assert -1 < lo < 0.97 < hi < 1
    assert np.isnan(bounded.mean_of_fractions(0.5, 0.1, 0)).all()
