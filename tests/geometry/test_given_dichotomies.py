"""Dichotomies that a user gives take turns; intervals must not show whose turn it is."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.geometry import glue_from_draws, glue_from_gram, glue_geometry

LABELS = np.array([[1, 1, 1, -1, -1, -1], [1, -1, 1, -1, 1, -1]])
OPTIONS = {"preprocess": "none", "dichotomies": "given", "threads": 1}


def points():
    """Manifolds along a common axis, which makes the first dichotomy far easier than the second."""
    rng = np.random.default_rng(1)
    axis = 5 * LABELS[0][:, None, None] * rng.standard_normal((1, 1, 30))
    return axis + rng.standard_normal((6, 1, 30)) + 0.7 * rng.standard_normal((6, 4, 30))


def by_seed(manifolds, labels, seed):
    return glue_geometry(manifolds, labels=labels, n_t=60, random_state=seed, **OPTIONS)


def by_draws(manifolds, labels, seed):
    t = np.random.default_rng(seed).standard_normal((60, 30))
    return glue_from_draws(manifolds, t, np.resize(labels, (60, 6)), threads=1)


@pytest.mark.parametrize("measure", [by_seed, by_draws])
@pytest.mark.parametrize("turns", [[0, 1], [0, 0, 1, 1], [0, 1, 1, 0, 0, 1]])
def test_intervals_cover_whoever_takes_turns(measure, turns):
    """With 1, 2, 1, 2 each half of the jackknife held one dichotomy, and 12 of 20 covered."""
    manifolds = points()
    truth = glue_geometry(manifolds, labels=LABELS, n_t=4000, random_state=99, **OPTIONS)
    covered = {"capacity": 0, "radius": 0}
    for seed in range(20):
        found = measure(manifolds, LABELS[turns], seed)
        for name in covered:
            lo, hi = getattr(found, f"{name}_lo"), getattr(found, f"{name}_hi")
            covered[name] += lo <= getattr(truth, name) <= hi
    assert min(covered.values()) >= 17, covered


def test_more_dichotomies_than_draws_are_refused():
    """Those without a draw were left out without a word."""
    manifolds = points()
    labels = np.random.default_rng(0).choice([-1, 1], (41, 6))
    words = "labels holds 41 dichotomies and n_t is 40; give at least one draw to each"
    with pytest.raises(InputError, match=words):
        glue_geometry(manifolds, labels=labels, n_t=40, **OPTIONS)
    flat = manifolds.reshape(24, 30)
    with pytest.raises(InputError, match=words):
        glue_from_gram(flat @ flat.T, [4] * 6, labels=labels, n_t=40, **OPTIONS)
    found = glue_geometry(manifolds, labels=labels[:40], n_t=40, random_state=0, **OPTIONS)
    assert len(found.labels) == 40
