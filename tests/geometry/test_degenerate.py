"""Inputs at the edge: each right, a named error, or a named warning."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.geometry import geometry_from_products, inner_products, manifold_geometry


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def test_two_manifolds():
    found = manifold_geometry(normal(2, 10, 50), random_state=0)
    assert found.low_rank_k == 0
    assert np.all(np.isfinite(found.capacity))
    assert "few-center-dimensions" in {warning.code for warning in found.warnings}


def test_unequal_counts_and_single_points():
    clouds = [normal(m, 40, seed=m) for m in (1, 3, 60, 8, 12, 5)]
    found = manifold_geometry(clouds, random_state=0)
    assert np.all(np.isfinite(found.capacity))
    assert found.radius[0] == 0 and found.dimension[0] == 0
    (warning,) = found.warnings
    assert str(warning) == "manifold 0: a single distinct point: radius and dimension are 0"
    products = geometry_from_products(inner_products(clouds), random_state=0)
    np.testing.assert_allclose(products.capacity, found.capacity, rtol=1e-9)


def test_unequal_counts_are_centred_on_all_points():
    clouds = [normal(m, 20, seed=m) + m for m in (3, 30, 6, 9)]
    everything = np.concatenate(clouds)
    centers = np.array([cloud.mean(axis=0) - everything.mean(axis=0) for cloud in clouds])
    np.testing.assert_allclose(inner_products(clouds).centers, centers @ centers.T, atol=1e-12)


@pytest.mark.filterwarnings("ignore:every manifold has more points")
def test_more_points_than_features():
    found = manifold_geometry(normal(12, 40, 7), random_state=0)
    assert found.statistics[0].n_dimensions == 7
    assert np.all(np.isfinite(found.capacity)) and found.kkt_residual < 1e-10


def test_duplicates_are_points():
    clouds = np.repeat(normal(9, 1, 30), 5, axis=1)
    found = manifold_geometry(clouds, n_t=2000, random_state=0, remove_low_rank=False)
    assert np.all(found.radius == 0) and np.all(found.dimension == 0)
    assert found.mean_capacity_lo < 2 < found.mean_capacity_hi
    assert found.warnings[0].code == "single-point"


def test_far_from_the_origin():
    near = manifold_geometry(normal(8, 6, 30), random_state=0)
    far = manifold_geometry(normal(8, 6, 30) + 1e6, random_state=0)
    np.testing.assert_allclose(far.capacity, near.capacity, rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-100, 1e-20, 1e20, 1e100])
def test_extreme_scales(scale):
    near = manifold_geometry(normal(8, 6, 30), random_state=0)
    scaled = manifold_geometry(scale * normal(8, 6, 30), random_state=0)
    np.testing.assert_allclose(scaled.capacity, near.capacity, rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_constant_layer(value):
    found = manifold_geometry(np.full((6, 5, 30), value), random_state=0)
    assert np.isnan(found.mean_capacity) and np.isnan(found.center_correlation)
    assert {warning.code for warning in found.warnings} >= {"same-centers", "not-defined"}


@pytest.mark.parametrize("offset", [0.0, 0.1, 1e3])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_centres_that_are_rounding_of_the_points(offset, precision):
    clouds = normal(20, 15, 200)
    clouds -= clouds.mean(axis=1, keepdims=True)
    for points in (clouds, np.concatenate([clouds, -clouds], axis=1) + offset):
        if precision == "float32" and offset == 1e3:
            continue  # the centres of what float32 leaves of them do differ
        for remove in (True, False):
            found = manifold_geometry(
                points.astype(precision), n_t=20, random_state=0, remove_low_rank=remove
            )
            assert np.isnan(found.center_correlation) and found.low_rank_k == 0
            assert [warning.code for warning in found.warnings] == ["same-centers", "no-center"]


def test_centres_that_are_short_but_no_rounding():
    clouds = normal(20, 15, 200)
    clouds += 1e-4 * normal(20, 1, 200, seed=1) - clouds.mean(axis=1, keepdims=True)
    found = manifold_geometry(clouds, n_t=20, random_state=0)
    assert np.isfinite(found.center_correlation) and not found.warnings


@pytest.mark.parametrize("kappa", [0.0, 0.5])
def test_zero_residual_centre_is_the_limit_of_a_small_one(kappa):
    clouds = normal(8, 6, 30)
    clouds[2] += clouds[np.arange(8) != 2].mean(axis=(0, 1)) - clouds[2].mean(axis=0)
    options = {"kappa": kappa, "random_state": 0, "n_t": 4000, "remove_low_rank": False}
    exact = manifold_geometry(clouds, **options)
    assert np.isinf(exact.radius[2])
    assert [(w.code, w.manifolds) for w in exact.warnings] == [("no-center", (2,))]
    clouds[2] += 1e-4 * normal(30, seed=1)
    near = manifold_geometry(clouds, **options)
    assert near.radius[2] > 1e3
    assert exact.capacity[2] == pytest.approx(near.capacity[2], rel=0.02)
    assert exact.dimension[2] == pytest.approx(near.dimension[2], rel=0.02)


def test_a_constant_feature_adds_nothing():
    clouds = normal(8, 6, 30)
    wider = np.concatenate([clouds, np.full((8, 6, 5), 3.0)], axis=2)
    narrow, wide = (manifold_geometry(x, random_state=0) for x in (clouds, wider))
    np.testing.assert_allclose(wide.capacity, narrow.capacity, rtol=1e-9)


def test_inactive_constraints():
    found = manifold_geometry(normal(5, 1, 30), kappa=-50.0, random_state=0)
    assert np.all(np.isinf(found.capacity))
    assert "never-active" in {warning.code for warning in found.warnings}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite(bad):
    clouds = normal(5, 4, 30)
    clouds[3, 1, 7] = bad
    with pytest.raises(InputError, match=r"manifolds\[3\] holds values that are not finite"):
        manifold_geometry(clouds)


def test_values_too_large_to_multiply():
    with np.errstate(over="ignore"), pytest.raises(InputError, match="too large to multiply"):
        manifold_geometry(1e200 * normal(5, 4, 30))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"manifolds": normal(1, 4, 30)}, "1 manifold"),
        ({"manifolds": normal(4, 30)}, r"manifolds\[0\] has shape"),
        ({"manifolds": [normal(4, 30), normal(4, 31)]}, r"manifolds\[1\] has 31 features"),
        ({"manifolds": [normal(4, 30), normal(0, 30)]}, r"manifolds\[1\] has shape"),
        ({"manifolds": normal(3, 4, 30) + 1j}, "real numbers"),
        ({"manifolds": 3}, "manifolds is int"),
        ({"kappa": np.nan}, "kappa is nan"),
        ({"n_t": 0}, "n_t is 0"),
        ({"n_t": "many"}, "n_t is 'many'"),
        ({"n_t": np.array([1, 2])}, r"n_t is array\(\[1, 2\]\)"),
        ({"low_rank_k": np.array([1, 2])}, r"low_rank_k is array\(\[1, 2\]\)"),
        ({"low_rank_rule": np.array(["a", "b"])}, "low_rank_rule is array"),
        ({"dimension_convention": np.array(["a", "b"])}, "dimension_convention is array"),
        ({"kappa": "a"}, "kappa is 'a'"),
        ({"confidence": 1.0}, "confidence is 1.0"),
        ({"auto_error": 0.0}, "auto_error is 0.0"),
        ({"random_state": -1}, "random_state is -1"),
        ({"threads": 0}, "threads is 0"),
        ({"low_rank_starts": 0}, "low_rank_starts is 0"),
        ({"low_rank_rule": "best"}, "low_rank_rule is 'best'"),
        ({"low_rank_k": 6}, "low_rank_k is 6"),
        ({"low_rank_k": "shared"}, "low_rank_k is 'shared'"),
    ],
)
def test_arguments_that_cannot_be_used(arguments, message):
    with pytest.raises(InputError, match=message):
        manifold_geometry(**{"manifolds": normal(6, 4, 30), **arguments})


def test_what_are_no_products():
    with pytest.raises(InputError, match="products is ndarray; expected ManifoldProducts"):
        geometry_from_products(normal(6, 4, 30))
