"""What theory says about capacity, radius and dimension."""

import numpy as np
import pytest
from geomem.geometry import anchor_geometry, manifold_geometry
from geomem.geometry.anchors import anchor_statistics
from scipy import integrate, stats


@pytest.mark.parametrize("n_points", [5, 10, 25])
def test_structureless_clouds(n_points):
    points = np.random.default_rng(0).standard_normal((40, n_points, 3000))
    found = manifold_geometry(points, random_state=1, remove_low_rank=False)
    assert found.mean_capacity == pytest.approx(2 / n_points, rel=0.03)


def test_example_of_the_authors():
    """N 5000, M 50, P 100, normal: their README gives .04, 1.47, 36.2, .01 and K = 1."""
    points = np.random.default_rng(0).standard_normal((100, 50, 5000))
    found = manifold_geometry(points, n_t=100, random_state=0, low_rank_rule="authors")
    assert found.mean_capacity == pytest.approx(0.04, rel=0.02)
    assert found.mean_radius == pytest.approx(1.47, rel=0.02)
    assert found.mean_dimension == pytest.approx(36.2, rel=0.02)
    assert found.center_correlation == pytest.approx(0.01, abs=0.005)
    assert found.low_rank_k == 1


def test_orthonormal_points():
    points = np.eye(200)[:, np.newaxis]
    found = manifold_geometry(points, n_t=500, random_state=0, remove_low_rank=False)
    assert found.mean_capacity_lo < 2 < found.mean_capacity_hi
    assert np.all(found.radius == 0) and np.all(found.dimension == 0)
    assert "single-point" in {warning.code for warning in found.warnings}


@pytest.mark.parametrize("kappa", [-0.5, 0.0, 1.0])
def test_points_with_margin_follow_gardner(kappa):
    """1/alpha is the mean of (t + kappa)^2 over t > -kappa (Gardner, J. Phys. A 21, 257, 1988)."""
    expected, _ = integrate.quad(lambda t: (t + kappa) ** 2 * stats.norm.pdf(t), -kappa, 12)
    t = np.random.default_rng(0).standard_normal((2, 100_000))
    capacity, _, _ = anchor_geometry(np.zeros((1, 1)), t, kappa)
    assert 1 / capacity == pytest.approx(expected, rel=0.02)


def ball_inverse_capacity(radius, n_dimensions, kappa):
    """Chung, Lee and Sompolinsky (2018), section on balls; the integral over |t| and t_0.

    V must lie in the cone R |v| + v_0 + kappa <= 0. A T outside is projected on its side, or,
    when it points away from the cone, on its tip.
    """

    chi = stats.chi(n_dimensions)
    lengths = np.linspace(1e-6, chi.ppf(1 - 1e-12), 1500)
    along = np.linspace(-9, 9, 1500)
    density = chi.pdf(lengths)[:, np.newaxis] * stats.norm.pdf(along)
    length, shifted = lengths[:, np.newaxis], along + kappa
    reach = radius * length + shifted
    values = np.where(
        length >= radius * shifted, reach**2 / (1 + radius**2), length**2 + shifted**2
    )
    values = np.where(reach <= 0, 0.0, values)
    return integrate.simpson(integrate.simpson(values * density, along), lengths)


def _sphere(n_dimensions):
    if n_dimensions == 1:
        return np.array([[-1.0, 1.0]])
    if n_dimensions == 2:
        angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
        return np.array([np.cos(angle), np.sin(angle)])
    height = np.linspace(-1, 1, 900)  # a spiral over the sphere
    turn = np.pi * (1 + 5**0.5) * np.arange(900)
    ring = np.sqrt(1 - height**2)
    return np.array([ring * np.cos(turn), ring * np.sin(turn), height])


@pytest.mark.parametrize("n_dimensions", [1, 2, 3])
@pytest.mark.parametrize("radius", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("kappa", [0.0, 0.8])
def test_balls_follow_the_closed_form(radius, n_dimensions, kappa):
    rng = np.random.default_rng(0)
    t = rng.standard_normal((n_dimensions + 1, 400 if n_dimensions == 3 else 4000))
    found = anchor_statistics(radius * _sphere(n_dimensions), t, kappa).inverse_capacity
    expected = ball_inverse_capacity(radius, n_dimensions, kappa)
    error = found.std() / np.sqrt(len(found))
    # 900 points miss up to 0.6 % of a sphere's reach
    assert abs(found.mean() - expected) < 4 * error + (0.012 * expected if n_dimensions == 3 else 0)


def test_capacity_falls_with_radius_dimension_and_margin():
    t = np.random.default_rng(0).standard_normal((21, 300))
    points = np.random.default_rng(1).standard_normal((20, 10)) / 4

    def capacity(scale=1.0, n_dimensions=20, kappa=0.0):
        flat = np.where(np.arange(20)[:, np.newaxis] < n_dimensions, points, 0.0)
        flat = flat * np.linalg.norm(points) / np.linalg.norm(flat)
        return anchor_geometry(scale * flat, t, kappa)[0]

    for values in (
        [capacity(scale=s) for s in (0.5, 1, 2, 4)],
        [capacity(n_dimensions=d) for d in (1, 3, 8, 20)],
        [capacity(kappa=k) for k in (-1, 0, 1, 2)],
    ):
        assert np.all(np.diff(values) < 0)


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(5)
    shared = rng.standard_normal((3, 60))
    centers = 2 * rng.standard_normal((14, 3)) @ shared + rng.standard_normal((14, 60))
    return centers[:, np.newaxis] + rng.standard_normal((14, 8, 60))


@pytest.fixture(scope="module")
def measured(points):
    return manifold_geometry(points, random_state=3)


def test_rotation_scale_and_shift_change_nothing(points, measured):
    rng = np.random.default_rng(6)
    rotation = np.linalg.qr(rng.standard_normal((60, 60)))[0]
    moved = manifold_geometry(7.5 * points @ rotation + rng.standard_normal(60), random_state=3)
    assert moved.low_rank_k == pytest.approx(measured.low_rank_k, rel=1e-10) != 0
    for name in ("capacity", "radius", "dimension"):
        np.testing.assert_allclose(getattr(moved, name), getattr(measured, name), rtol=1e-8)


def test_order_of_points_matters_only_through_the_draw(points, measured):
    shuffled = manifold_geometry(points[:, ::-1], random_state=3)
    t = np.random.default_rng(0).standard_normal((61, 50))
    cloud = points[0].T - points[0].T.mean(axis=1, keepdims=True)
    assert anchor_geometry(cloud[:, ::-1], t) == pytest.approx(anchor_geometry(cloud, t), rel=1e-9)
    for name in ("capacity", "radius", "dimension"):
        error = getattr(measured, f"mean_{name}_hi") - getattr(measured, f"mean_{name}_lo")
        difference = getattr(shuffled, f"mean_{name}") - getattr(measured, f"mean_{name}")
        assert abs(difference) < error  # two intervals of half that width


def test_order_of_classes_matters_only_through_the_draw(points, measured):
    turned = manifold_geometry(points[::-1], random_state=3)
    assert turned.center_correlation == pytest.approx(measured.center_correlation, rel=1e-12)
    assert turned.low_rank_k == pytest.approx(measured.low_rank_k, rel=1e-10)
    first, second = measured.low_rank.weights, turned.low_rank.weights[::-1]
    np.testing.assert_allclose(first @ first.T, second @ second.T, atol=1e-9)
    for name in ("capacity", "radius", "dimension"):
        error = getattr(measured, f"mean_{name}_hi") - getattr(measured, f"mean_{name}_lo")
        difference = getattr(turned, f"mean_{name}") - getattr(measured, f"mean_{name}")
        assert abs(difference) < error
