"""Corrections for many p-values: textbook examples, and what they promise."""

import numpy as np
from geomem.statistics.multiple import benjamini_hochberg, holm
from scipy.stats import false_discovery_control, norm


def test_holm_is_the_textbook_example_and_skips_what_was_not_measured():
    found = holm([0.01, np.nan, 0.04, 0.03, 0.005])
    expected = [0.03, np.nan, 0.06, 0.06, 0.02]
    np.testing.assert_allclose(found, expected)


def test_holm_keeps_the_chance_of_any_error():
    random = np.random.default_rng(0)
    p = random.random((4000, 20))
    any_wrong = np.array([min(holm(row)) <= 0.05 for row in p])
    assert 0.03 < any_wrong.mean() < 0.065
    assert (p <= 0.05).any(axis=1).mean() > 0.5  # without it


def test_benjamini_hochberg_is_that_of_scipy_and_skips_nan():
    p = np.random.default_rng(1).random(15) ** 3
    np.testing.assert_allclose(benjamini_hochberg(p), false_discovery_control(p))
    with_gap = benjamini_hochberg(np.insert(p, 4, np.nan))
    assert np.isnan(with_gap.pop(4))
    np.testing.assert_allclose(with_gap, benjamini_hochberg(p))
    assert holm([]) == benjamini_hochberg([]) == []


def test_benjamini_hochberg_keeps_the_fraction_of_wrong_ones():
    random = np.random.default_rng(2)
    wrong = []
    for _ in range(1000):
        shift = np.repeat([0.0, 3.0], [15, 5])
        p = 2 * norm.sf(np.abs(random.standard_normal(20) + shift))
        found = np.array(benjamini_hochberg(p)) <= 0.1
        wrong.append(found[:15].sum() / max(found.sum(), 1))
    assert 0.05 < np.mean(wrong) < 0.09  # 0.1 times the 15 of 20 without an effect
