"""GLUE's radius where axes and centres cannot be told apart: infinite, whatever rounding says."""

import numpy as np
import pytest
from geomem.geometry import glue_difference, glue_geometry

OPTIONS = dict(n_t=50, random_state=0)


def cloud(n_manifolds, n_features, radius=1.0, spread=0.0):
    """Points with a centre each, features of falling size; more manifolds than twice these."""
    rng = np.random.default_rng(0)
    points = radius * rng.standard_normal((n_manifolds, 10, n_features))
    points += rng.standard_normal((n_manifolds, 1, n_features))
    return points * np.logspace(0, -spread, n_features)


def moved(points):
    """The same points as far as numbers go."""
    turn = np.linalg.qr(np.random.default_rng(3).standard_normal((points.shape[2],) * 2))[0]
    return {"scaled": 3 * points, "reversed": points[:, :, ::-1], "turned": points @ turn}


def codes(found):
    return [warning.code for warning in found.warnings]


@pytest.mark.filterwarnings("ignore:every manifold has more points")
@pytest.mark.parametrize(
    ("n_manifolds", "n_features", "radius", "spread"),
    [
        (60, 16, 1.0, 0),
        (20, 3, 1.0, 0),
        (60, 6, 0.05, 1),
        (60, 6, 0.1, 3),  # b - c is rounding of 1e-8 of b: eigenvalues differ by factors of 1e9
    ],
)
def test_infinite_however_the_points_are_turned(n_manifolds, n_features, radius, spread):
    points = cloud(n_manifolds, n_features, radius, spread)
    for name, other in {"as they are": points, **moved(points)}.items():
        found = glue_geometry(other, **OPTIONS)
        assert found.radius == np.inf, name
        assert np.isnan([found.radius_lo, found.radius_hi]).all()
        assert np.isnan(found.influence["radius"]).all()
        assert np.isnan(found.of_manifolds["radius"]).all()
        assert codes(found).count("infinite-radius") == 1
        (warning,) = (w for w in found.warnings if w.code == "infinite-radius")
        assert warning.metrics == ("radius",) and warning.is_about("radius_pseudovalue")
        for metric in ("capacity", "dimension", "utility"):
            assert np.isfinite(found.influence[metric]).all()
            assert getattr(found, f"{metric}_lo") <= getattr(found, f"{metric}_hi")
        assert found.utility == pytest.approx(found.capacity * found.dimension, rel=1e-6)


@pytest.mark.filterwarnings("ignore:every manifold has more points")
def test_no_interval_where_half_of_the_draws_make_it_infinite():
    """One draw of 50 has fewer active manifolds than twice the dimensions."""
    rng = np.random.default_rng(0)
    points = 0.7 * rng.standard_normal((20, 10, 8)) + 0.7 * rng.standard_normal((20, 1, 8))
    expected = glue_geometry(points, **OPTIONS)
    for other in moved(points).values():
        found = glue_geometry(other, **OPTIONS)
        assert found.radius == pytest.approx(expected.radius, rel=1e-6) and found.radius < 1e3
        assert np.isnan([found.radius_lo, found.radius_hi]).all()
        assert np.isnan(found.of_manifolds["radius"]).all()
        assert "infinite-radius" in codes(found)
        change = glue_difference(expected, found)
        assert np.isnan([change["radius"].lo, change["radius"].hi]).all()
        assert np.isfinite([change["capacity"].lo, change["capacity"].hi]).all()


@pytest.mark.filterwarnings("ignore:every manifold has more points")
def test_pairs_in_a_line_have_an_infinite_mean():
    found = glue_geometry(cloud(4, 1), dichotomies="pairs", preprocess="none", **OPTIONS)
    assert found.radius == np.inf and np.isnan(found.radius_lo)
    assert np.isnan(found.of_manifolds["radius"]).all()
    assert "infinite-radius" in codes(found)


def test_ordinary_points_have_no_such_warning():
    found = glue_geometry(cloud(8, 60), **OPTIONS)
    assert found.radius_lo < found.radius < found.radius_hi
    assert "infinite-radius" not in codes(found)
