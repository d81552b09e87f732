"""Power: what the pilot's numbers promise is what simulated runs do."""

import numpy as np
import pytest
from geomem.statistics import power, seeds_needed, times_needed
from geomem.statistics.combined import intervals
from scipy import stats


def decided(random, distance, common, n_seeds, spread, repeats=1500):
    """How often the total interval leaves the threshold 0 out, on the effect's side."""
    found = 0
    for _ in range(repeats):
        shift = common * random.standard_normal()
        effects = distance + shift + spread * random.standard_normal(n_seeds)
        ends, _ = intervals(effects, {"manifolds": common}, 0.95)
        found += ends["total"][0] > 0
    return found / repeats


@pytest.mark.parametrize(
    ("distance", "common", "n", "spread"),
    [(1.0, 0.2, 5, 0.5), (1.0, 0.3, 8, 0.5), (0.8, 0.0, 12, 0.9), (1.0, 0.4, 20, 0.1)],
)
def test_power_is_how_often_such_runs_decide(distance, common, n, spread):
    found = power(distance, {"manifolds": common}, n, spread)
    assert found == pytest.approx(
        decided(np.random.default_rng(n), distance, common, n, spread), abs=0.08
    )


def test_seeds_alone_are_those_of_the_textbook():
    """Of a one-sample t test: the least n whose non-central t beyond the quantile is .8."""
    effects = np.array([-1.0, 0.0, 1.0]) * 0.8 + 1.0  # mean 1, standard deviation .8

    def exact(n):
        return stats.nct(n - 1, np.sqrt(n) / 0.8).sf(stats.t.ppf(0.975, n - 1))

    expected = next(n for n in range(2, 100) if exact(n) >= 0.8)
    assert abs(seeds_needed(effects, {}, 0.0) - expected) <= 1


def test_no_number_of_seeds_helps_against_what_they_have_in_common():
    effects, errors = [0.9, 1.0, 1.1], {"manifolds": 0.6, "images": 0.05}
    assert seeds_needed(effects, errors, 0.0) == np.inf
    times = times_needed(effects, errors, 0.0, "manifolds")
    assert 1 < times < 20
    scaled = {**errors, "manifolds": 0.6 / np.sqrt(times)}
    assert power(1.0, scaled, 3, 0.1) == pytest.approx(0.8, abs=0.005)
    assert times_needed(effects, errors, 0.0, "images") == np.inf


def test_what_is_enough_and_what_is_not_known():
    assert times_needed([1.0, 1.01, 0.99], {"manifolds": 0.01}, 0.0, "manifolds") == 1
    assert np.isnan(seeds_needed([1.0], {"manifolds": 0.1}, 0.0))
    assert np.isnan(seeds_needed([1.0, 2.0], {"manifolds": np.nan}, 0.0))
    assert np.isnan(times_needed([1.0, 2.0], {"manifolds": 0.0}, 0.0, "manifolds"))
    assert power(0.0, {}, 5, 0.0) == 0.0 and power(1.0, {}, 5, 0.0) == 1.0
