"""The compiled solver against an independent slow one, degenerate inputs included."""

from math import comb

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.geometry import anchor_geometry
from geomem.geometry.anchors import anchor_statistics
from geomem.geometry.pivoting import solve_all
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.geometry import clouds, slow

# a coarse grid makes duplicates, collinear points and ties common
coarse = st.integers(-2, 2).map(float)
fine = st.floats(-3, 3, allow_subnormal=False).map(lambda x: round(x, 6))


@st.composite
def problems(draw):
    n_dimensions, n_points = draw(st.integers(1, 6)), draw(st.integers(1, 9))
    values = draw(st.sampled_from([coarse, fine]))
    points = draw(arrays(np.float64, (n_dimensions, n_points), elements=values))
    t = draw(arrays(np.float64, (n_dimensions + 1, 1), elements=fine))
    return points, t, draw(st.sampled_from([0.0, 0.5, -0.5, 2.0]))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(problems())
def test_agrees_with_slow_solver(problem):
    points, t, kappa = problem
    inverse, anchor, total = slow.anchor(points, t[:, 0], kappa)
    found = anchor_statistics(points, t, kappa)
    assert found.kkt_residual < 1e-10
    assert found.inverse_capacity[0] == pytest.approx(inverse, rel=1e-9, abs=1e-9)
    length = np.linalg.norm(anchor) * np.linalg.norm(t[:-1, 0])
    # with weights that vanish the anchor is a quotient of rounding errors
    if total > 1e-3 and np.linalg.norm(anchor) > 1e-3 and length > 0:
        assert found.cosine[0] == pytest.approx(t[:-1, 0] @ anchor / length, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", clouds.KINDS)
@pytest.mark.parametrize("kappa", [0.0, 0.7])
def test_statistics_agree_with_slow_solver(kind, kappa):
    rng = np.random.default_rng(1)
    points = kind(rng)
    t = rng.standard_normal((len(points) + 1, 60))
    found = anchor_geometry(points, t, kappa)
    assert found == pytest.approx(slow.geometry(points, t, kappa), rel=1e-9)


@pytest.mark.parametrize("duplicates", [2, 5])
def test_duplicated_points_change_nothing(duplicates):
    rng = np.random.default_rng(2)
    points, t = clouds.gaussian(rng), rng.standard_normal((21, 100))
    repeated = np.repeat(points, duplicates, axis=1)
    assert anchor_geometry(repeated, t) == pytest.approx(anchor_geometry(points, t), rel=1e-9)


def test_smooth_curves_are_solved_to_rounding():
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    points = np.array([np.cos(k * angle) for k in (1, 2, 3)] + [np.sin(k * angle) for k in (1, 2)])
    t = np.random.default_rng(3).standard_normal((6, 100))
    assert anchor_statistics(points, t, 0.0).kkt_residual < 1e-10
    assert anchor_geometry(points, t) == pytest.approx(slow.geometry(points, t, 0.0), rel=1e-9)


def test_arguments_are_left_alone():
    points, t = np.ones((3, 2)), np.ones((4, 1))
    anchor_geometry(points, t, 0.5)
    assert np.all(points == 1) and np.all(t == 1)


@pytest.mark.parametrize("kappa", ["a", None, np.inf, np.array([0.1, 0.2])])
def test_margins_that_cannot_be_used(kappa):
    with pytest.raises(InputError, match=r"kappa is .*; expected a finite number"):
        anchor_geometry(np.ones((3, 2)), np.ones((4, 1)), kappa)


def test_separability_follows_covers_theorem():
    """Random points are as often separable as Cover (1965, theorem 1) counts.

    Some V has V . s < 0 for all points s just where t = -sum(s), of which every such V has a
    positive share, has a projection V* on the cone that is not zero.
    """
    rng = np.random.default_rng(4)
    n_features, trials = 8, 400
    for n_points in (12, 16, 20):
        separable = 0
        for _ in range(trials):
            signed = rng.standard_normal((n_points, n_features))
            t = -signed.sum(axis=0, keepdims=True)
            weights = np.empty((1, n_points))
            solve_all(signed @ signed.T, signed, t @ signed.T, t, weights)
            anchor = weights @ signed
            rest = t - anchor * np.sum(t * anchor) / np.sum(anchor**2)
            separable += bool(np.all(t @ signed.T <= 0) or np.linalg.norm(rest) > 1e-6)
        share = sum(comb(n_points - 1, k) for k in range(n_features)) / 2 ** (n_points - 1)
        error = np.sqrt(share * (1 - share) / trials)
        assert abs(separable / trials - share) < 3.5 * error
