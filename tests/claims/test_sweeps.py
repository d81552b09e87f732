"""Dips over width of made-up curves with noise between seeds: how often is a verdict wrong?

`pytest -s tests/claims/test_sweeps.py` prints it, with Student's interval alone and as it is.
"""

import numpy as np
import pytest
from geomem.claims import effects, judge
from geomem.claims.errors import NotMeasuredError
from geomem.claims.targets import Statement
from geomem.claims.words import SOURCES

SETTINGS = {"confidence": 0.95, "min_seeds": 3}
FLAT, RISING = np.zeros(7), 0.5 * np.arange(7.0)
DIP = 2 * np.array([0, 1, 0.5, 0, 0.5, 1, 1.5])  # in standard deviations between seeds


def dips(curves):
    """The dip of each seed, where the mean of the others has it."""
    guides = [np.delete(curves, seed, axis=0).mean(axis=0) for seed in range(len(curves))]
    return [effects.dip(y[None], guide)[0] for y, guide in zip(curves, guides, strict=True)]


@pytest.fixture
def verdict(monkeypatch):
    """Of a sweep's effects by seed, which nothing but seeds makes uncertain."""

    def measured(target, effect, settings, estimator, others):
        same = {source: np.full(judge.REPLICATES, effect) for source in SOURCES}
        return judge.Measured(effect, same, None)

    monkeypatch.setattr(judge, "measure", measured)
    monkeypatch.setattr(judge, "_others", lambda groups, seed: ())

    def of(found, bound, threshold):
        target = Statement("T", "C4", "{}", None, bound, threshold, "the truth", sweep=True)
        return judge.judge(target, dict(enumerate(found)), SETTINGS)["verdict"]

    return of


@pytest.mark.parametrize("n_seeds", [3, 5, 8])
@pytest.mark.parametrize(
    ("truth", "bound", "threshold"),
    [(FLAT, "at least", 0), (FLAT, "at most", 0), (RISING, "at least", 0), (DIP, "at least", 2)],
)
def test_noise_seldom_decides(verdict, monkeypatch, truth, bound, threshold, n_seeds):
    """2.5 % are meant; 600 trials give up to 4.4 % of them in 999 of 1000 cases."""
    random = np.random.default_rng(n_seeds)
    trials = [dips(truth + random.standard_normal((n_seeds, len(truth)))) for _ in range(600)]

    def wrong():
        return np.mean([verdict(found, bound, threshold) == "supported" for found in trials])

    as_it_is = wrong()
    monkeypatch.setattr(judge, "SWEEP_SPREAD", 1)
    alone = wrong()
    print(f"\n{n_seeds} seeds, {bound}: Student alone {100 * alone:.1f} %, {100 * as_it_is:.1f} %")
    assert as_it_is < 0.05
    assert alone > 0.05 or truth is not FLAT or n_seeds < 8  # what the factor is for


def test_a_clear_dip_is_decided(verdict):
    random = np.random.default_rng(0)
    found = [
        verdict(dips(5 * DIP + random.standard_normal((4, 7))), "at least", 1) for _ in range(100)
    ]
    assert found.count("supported") > 80


@pytest.mark.parametrize("n_seeds", [3, 4, 8])
def test_noise_alone_is_no_dip_on_average(n_seeds):
    random = np.random.default_rng(0)
    found = [dips(random.standard_normal((n_seeds, 7))) for _ in range(2000)]
    assert abs(np.mean(found)) < 0.1


def test_two_widths_have_no_dip():
    with pytest.raises(NotMeasuredError, match="2 widths; a dip over width takes at least 3"):
        effects.dip(np.zeros((1, 2)), np.zeros(2))


def test_nothing_on_both_sides_is_no_support(verdict):
    """No bump at all is none that exceeds another one by at least 0."""
    assert verdict([0.0, 0.0, 0.0], "at least", 0) == "undecided"
    assert effects._beyond(-0.2, -0.5) == -0.2
    assert effects._beyond(0.2, -0.5) == 0.2
