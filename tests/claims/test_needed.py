"""What would decide an undecided target, as the verdict table says it."""

import numpy as np
import pytest
from geomem.claims import judge
from geomem.claims.targets import Statement
from geomem.claims.words import SOURCES
from geomem.statistics import seeds_needed

SETTINGS = {"confidence": 0.95, "min_seeds": 3}


def row(monkeypatch, effects, spreads, threshold, low_rank=None, warned=()):
    """The verdict on a made-up statement with these effects by seed and errors by source."""
    random = np.random.default_rng(0)
    common = {source: random.standard_normal(400) for source in SOURCES}
    common = {name: (x - x.mean()) / x.std() for name, x in common.items()}

    def measured(target, effect, settings, estimator, others):
        replicates = {s: effect + spreads.get(s, 0.0) * common[s] for s in SOURCES}
        return judge.Measured(effect, replicates, low_rank, list(warned))

    monkeypatch.setattr(judge, "measure", measured)
    target = Statement("made-up", "C2", "{}", None, "at least", threshold, "the truth")
    return judge.judge(target, dict(enumerate(effects)), SETTINGS)


def test_seeds_or_manifolds_that_would_decide(monkeypatch):
    effects = [1.0, 1.3, 0.8]
    found = row(monkeypatch, effects, {"manifolds": 0.1}, 0.7)
    assert found["verdict"] == "undecided"
    expected = seeds_needed(effects, {"manifolds": 0.1}, 0.7)
    assert found["seeds_needed"] == pytest.approx(expected)
    assert 3 < expected < 30
    assert found["manifolds_times"] == np.inf  # three seeds differ too much
    assert np.isnan(found["images_times"])  # play no part


def test_manifolds_alone_when_seeds_agree(monkeypatch):
    found = row(monkeypatch, [1.0, 1.01, 0.99], {"manifolds": 0.4}, 0.5)
    assert found["seeds_needed"] == np.inf
    assert 1 < found["manifolds_times"] < 20


def test_what_is_decided_needs_nothing(monkeypatch):
    found = row(monkeypatch, [1.0, 1.01, 0.99], {"manifolds": 0.01}, 0.5)
    assert found["verdict"] == "supported"
    assert np.isnan([found[name] for name in judge.NEEDED]).all()


def test_no_fewer_seeds_than_asked_for(monkeypatch):
    found = row(monkeypatch, [1.0, 1.0001], {"manifolds": 0.01}, 0.5)
    assert found["verdict"] == "undecided"
    assert found["seeds_needed"] == SETTINGS["min_seeds"]


@pytest.mark.parametrize("more", [{"warned": ["slow"]}, {"low_rank": (0.4, 1.2)}])
def test_nothing_is_promised_where_something_else_keeps_it_undecided(monkeypatch, more):
    for spread in (0.01, 0.4):
        found = row(monkeypatch, [1.0, 1.01, 0.99], {"manifolds": spread}, 0.5, **more)
        assert found["verdict"] == "undecided"
        assert np.isnan([found[name] for name in judge.NEEDED]).all()


def test_the_range_over_k_has_to_be_left_out_as_well(monkeypatch):
    """With a range that reaches to .6 the interval has to leave out .5 from there, so .9 from 1."""
    effects, spreads = [1.0, 1.3, 0.8], {"manifolds": 0.1}
    mean = np.mean(effects)
    found = row(monkeypatch, effects, spreads, 0.5, low_rank=(0.6, 1.4))
    assert found["verdict"] == "undecided"
    expected = seeds_needed(effects, spreads, 0.5 + mean - 0.6)
    assert found["seeds_needed"] == expected > seeds_needed(effects, spreads, 0.5)
    found = row(monkeypatch, effects, spreads, 0.5, low_rank=(-np.inf, 1.4))
    assert np.isnan([found[name] for name in judge.NEEDED]).all()
