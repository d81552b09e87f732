"""Dimensions that are only rounding of the values given are none, in whatever precision."""

import numpy as np
import pytest
from geomem.geometry import (
    ManifoldProducts,
    geometry_from_products,
    glue_from_draws,
    glue_from_gram,
    glue_geometry,
    inner_products,
    manifold_geometry,
    simulated_capacity,
)
from geomem.geometry.glue_points import points_of_arrays
from geomem.geometry.grams import products_from_gram
from geomem.geometry.products import some_manifolds

P, M, DIMENSIONS = 6, 12, 5


def flat(n_features, offset=0.0):
    """Points that span five dimensions, about a common offset in all features."""
    rng = np.random.default_rng(0)
    inside = rng.standard_normal((P, 1, DIMENSIONS)) + rng.standard_normal((P, M, DIMENSIONS)) / 2
    return inside @ rng.standard_normal((DIMENSIONS, n_features)) / DIMENSIONS**0.5 + offset


def segments(offset=0.0):
    rng = np.random.default_rng(0)
    centers, axes = rng.standard_normal((2, 12, 1, 200))
    return centers + rng.uniform(-1, 1, (12, 10, 1)) * axes / 5 + offset


def rank(points):
    return points_of_arrays(points, True)(np.arange(len(points))).rank


@pytest.mark.filterwarnings("ignore:every manifold has more points")
@pytest.mark.parametrize("offset", [0.0, 100.0])
@pytest.mark.parametrize("n_features", [8, 40, 200])  # coordinates, coordinates, inner products
@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_glue_and_simulated_capacity_count_real_dimensions(n_features, offset, precision):
    points = flat(n_features, offset)
    narrow = points.astype(precision)
    assert rank(list(points)) == rank(list(narrow)) == DIMENSIONS
    exact, found = (glue_geometry(x, n_t=40, random_state=0) for x in (points, narrow))
    assert found.inseparable == exact.inseparable > 0.5
    assert found.capacity_floor == exact.capacity_floor == P / DIMENSIONS
    assert [w.code for w in found.warnings] == [w.code for w in exact.warnings]
    tolerance = 1e-3 if precision == "float32" or not offset else 0.1
    assert found.capacity == pytest.approx(exact.capacity, rel=tolerance)
    simulated = simulated_capacity(narrow, n_dichotomies=10, random_state=0)
    assert simulated.n_max == DIMENSIONS


@pytest.mark.parametrize("n_features", [40, 200])
@pytest.mark.filterwarnings("ignore:every manifold has more points")
def test_pairs_and_given_draws_count_real_dimensions(n_features):
    points = flat(n_features)
    pairs = [
        glue_geometry(x, n_t=20, random_state=0, dichotomies="pairs")
        for x in (points, points.astype(np.float32))
    ]
    assert pairs[1].capacity_floor == pairs[0].capacity_floor
    assert pairs[1].capacity == pytest.approx(pairs[0].capacity, rel=1e-4)
    rng = np.random.default_rng(1)
    t, labels = rng.standard_normal((30, n_features)), rng.choice([-1, 1], (30, P))
    exact, found = (glue_from_draws(x, t, labels) for x in (points, points.astype(np.float32)))
    assert found.inseparable == exact.inseparable > 0
    assert found.capacity == pytest.approx(exact.capacity, rel=1e-4)


def test_products_of_computed_float32_values():
    """As a layer computes them; the products of the same values are known to double precision."""
    rng = np.random.default_rng(0)
    inside = rng.standard_normal((P, M, DIMENSIONS)).astype(np.float32)
    points = inside @ rng.standard_normal((DIMENSIONS, 40)).astype(np.float32)
    everything = points.reshape(-1, 40).astype(np.float64)
    found = glue_geometry(points, n_t=40, random_state=0)
    stored = glue_from_gram(everything @ everything.T, [M] * P, n_t=40, random_state=0)
    assert found.capacity == pytest.approx(stored.capacity, rel=1e-4)


@pytest.mark.filterwarnings("ignore:every manifold has more points")
@pytest.mark.parametrize("n_features", [30, 72, 200])
@pytest.mark.parametrize("precision", ["float16", "float32"])
def test_real_dimensions_stay(n_features, precision):
    points = np.random.default_rng(0).standard_normal((P, M, n_features)) + 0.5
    narrow = points.astype(precision)
    assert rank(list(narrow)) == min(P * M - 1, n_features)
    same = narrow.astype(np.float64)
    found, wide = (glue_geometry(x, n_t=10, random_state=0) for x in (narrow, same))
    assert found.capacity == wide.capacity and found.radius == wide.radius


@pytest.mark.filterwarnings("ignore:every manifold has more points")
@pytest.mark.parametrize("n_features", [30, 200])
@pytest.mark.parametrize("precision", ["bfloat16", "float8_e4m3fn"])
def test_real_dimensions_of_narrow_tensors_stay(n_features, precision):
    torch = pytest.importorskip("torch")
    points = np.random.default_rng(0).standard_normal((P, M, n_features)) + 0.5
    tensor = torch.from_numpy(points).to(getattr(torch, precision))
    assert rank(list(tensor)) == min(P * M - 1, n_features)


@pytest.mark.parametrize("offset", [0.0, 5.0])
@pytest.mark.parametrize("precision", ["float64", "float32", "float16"])
def test_a_segment_has_one_dimension(offset, precision):
    points = segments(offset).astype(precision)
    options = dict(random_state=0, n_t=50, dimension_convention="rank")
    direct = manifold_geometry(points, **options)
    assert [s.n_dimensions for s in direct.statistics] == [1] * 12
    assert direct.mean_dimension == pytest.approx(1, abs=0.01)
    products = inner_products(points)
    again = ManifoldProducts.from_arrays(products.to_arrays("a/"), "a/")
    for stored in (products, again, some_manifolds(products, [3, 1, 2, 7])):
        found = geometry_from_products(stored, **options)
        assert {s.n_dimensions for s in found.statistics} == {1}


def test_a_segment_from_a_gram_about_a_far_point():
    everything = segments(20.0).reshape(-1, 200)
    products = products_from_gram(everything @ everything.T, [10] * 12)
    found = geometry_from_products(products, random_state=0, dimension_convention="rank")
    assert {s.n_dimensions for s in found.statistics} == {1}


def test_products_of_earlier_versions():
    arrays = inner_products(segments()).to_arrays()
    del arrays["noise"]
    products = ManifoldProducts.from_arrays(arrays)
    assert products.noise is None and "noise" not in products.to_arrays()
    assert some_manifolds(products, [0, 1, 2]).noise is None
    found = geometry_from_products(products, random_state=0, dimension_convention="rank")
    assert {s.n_dimensions for s in found.statistics} == {1}


def test_tensors_round_as_arrays_do():
    torch = pytest.importorskip("torch")
    points = segments(5.0).astype(np.float32)
    options = dict(random_state=0, n_t=50, dimension_convention="rank")
    found = manifold_geometry(torch.from_numpy(points), **options)
    assert {s.n_dimensions for s in found.statistics} == {1}
    tensor = torch.from_numpy(flat(40, 100.0).astype(np.float32))
    assert rank(list(tensor)) == DIMENSIONS


def test_an_offset_that_cannot_be_squared():
    points = 1e150 * np.random.default_rng(0).standard_normal((6, 5, 30)) + 1e160
    found = manifold_geometry(points, random_state=0, n_t=20, dimension_convention="rank")
    assert {s.n_dimensions for s in found.statistics} == {4}


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_rounding_of_centers_is_no_dimension(precision):
    """Else K jumps where the centres span fewer dimensions than there are manifolds."""
    rng = np.random.default_rng(0)
    inside = rng.standard_normal((60, 1, 10)) + 0.5 * rng.standard_normal((60, 10, 10))
    points = inside @ np.linalg.qr(rng.standard_normal((300, 10)))[0].T * 5
    exact = manifold_geometry(points, random_state=0, n_t=50)
    narrow = points.astype(precision)
    found = manifold_geometry(narrow, random_state=0, n_t=50)
    stored = geometry_from_products(inner_products(narrow), random_state=0, n_t=50)
    assert found.low_rank_k == stored.low_rank_k == pytest.approx(exact.low_rank_k, abs=0.01)
    assert found.mean_capacity == pytest.approx(exact.mean_capacity, rel=1e-3)
    assert stored.mean_capacity == pytest.approx(found.mean_capacity, rel=1e-6)
