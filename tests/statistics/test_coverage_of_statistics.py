"""Coverage and level of every interval and test, on made-up populations, at a small size.

`benchmarks/interval_coverage.py` takes more trials of the same. Bounds are such that a true rate as
it should be fails in fewer than one of 1000 runs, and the trials have fixed seeds.
"""

import dataclasses

import pytest
from geomem.statistics import bounded, inference, permutations
from scipy.stats import binom

from tests.statistics import coverage
from tests.statistics.coverage_rows import ROWS


def held(row, found):
    """Assert that the rates of a simulation are compatible with what they should be."""
    for name in row.names or found:
        rate, trials = found[name]
        wanted = row.expected if row.bound is None else row.bound
        if row.is_test:
            assert rate * trials <= binom.ppf(0.999, trials, wanted), (row.what, name, rate)
        else:
            assert rate * trials >= binom.ppf(1e-3, trials, wanted), (row.what, name, rate)


def simulated(name):
    row = ROWS[name]
    return row, row.simulate(trials=row.few, **{**row.arguments, **row.smaller})


@pytest.mark.parametrize("name", ROWS)
def test_rates_are_as_they_should_be(name):
    held(*simulated(name))


def test_groups_that_share_classes_need_the_classes_part():
    alone, trials = coverage.of_groups(None, 30)["capacity"]
    assert alone * trials < binom.ppf(1e-3, trials, 0.95)


@pytest.mark.parametrize("name", ["manifolds", "few-manifolds", "paired", "points"])
def test_intervals_of_half_the_width_are_found(monkeypatch, name):
    """The check above can fail: it does for bootstrap intervals that are too narrow."""
    interval = inference._interval

    def narrow(value, *others):
        lo, hi = interval(value, *others)
        return value + 0.5 * (lo - value), value + 0.5 * (hi - value)

    monkeypatch.setattr(inference, "_interval", narrow)
    with pytest.raises(AssertionError):
        held(*simulated(name))


@pytest.mark.parametrize("name", ["numbers", "paired-numbers"])
def test_quantiles_of_the_normal_distribution_are_found(monkeypatch, name):
    """As above, where Student's quantile is taken for the normal one."""
    from geomem.statistics import combined

    monkeypatch.setattr(combined, "stdtrit", lambda freedom, level: combined.ndtri(level))
    with pytest.raises(AssertionError):
        held(*simulated(name))


@pytest.mark.parametrize(
    ("name", "factor"),
    [("test", 0.25), ("paired-test", 0.25), ("group-test", 0.5), ("paired-group-test", 0.5)],
)
def test_p_values_that_are_too_small_are_found(monkeypatch, name, factor):
    """As above: half of a p-value is that of one side, a quarter takes fewer trials to see."""
    whole = permutations.p_value
    monkeypatch.setattr(permutations, "p_value", lambda *arguments: factor * whole(*arguments))
    with pytest.raises(AssertionError):
        held(*simulated(name))


def test_uncorrected_p_values_are_found(monkeypatch):
    from tests.statistics import coverage_of_numbers

    monkeypatch.setattr(coverage_of_numbers, "holm", list)
    with pytest.raises(AssertionError):
        held(*simulated("corrections"))


def test_a_shifted_interval_of_fractions_is_found(monkeypatch):
    score = bounded.score_interval
    monkeypatch.setattr(
        bounded, "score_interval", lambda *args: [end * 0.97 for end in score(*args)]
    )
    with pytest.raises(AssertionError):
        held(*simulated("fractions"))


def test_every_interval_and_test_has_a_row():
    """Functions of the package that return an interval or a p-value; others are not simulated."""
    from geomem import statistics

    simulated_here = {
        "at_common_size", "benjamini_hochberg", "bootstrap", "correlation", "difference",
        "extrapolated", "group_difference", "group_mean", "holm", "jackknife", "jeffreys",
        "mean_of_correlations", "mean_of_fractions", "shuffle_null", "split_halves", "wilson",
    }  # fmt: skip
    not_intervals = {
        "Difference", "GroupDifference", "Limit", "Null", "Sample", "Sweep", "power", "replicates",
        "sample", "seeds_needed", "times_needed",
    }  # fmt: skip
    of_others = {"sweep", "mean_in_range"}  # of `extrapolated`, of `mean_of_fractions` and Student
    assert set(statistics.__all__) == simulated_here | not_intervals | of_others
    assert len({dataclasses.astuple(row)[0:2] for row in ROWS.values()}) == len(ROWS)
