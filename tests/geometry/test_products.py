"""Inner products from arrays of every sort, and the geometry from them."""

import os
import subprocess
import sys

import numpy as np
import pytest
from geomem.errors import DamagedFileError
from geomem.geometry import (
    ManifoldProducts,
    geometry_from_products,
    inner_products,
    manifold_geometry,
    residual,
)
from geomem.places import IMPORTED_FROM


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    return rng.standard_normal((9, 5, 700)) + rng.standard_normal((9, 1, 700))


def test_definition(points):
    found = inner_products(points)
    means = points.mean(axis=1)
    centers = means - points.mean(axis=(0, 1))
    centred = points - means[:, np.newaxis]
    np.testing.assert_allclose(found.grams[3], centred[3] @ centred[3].T, atol=1e-10)
    np.testing.assert_allclose(found.centers, centers @ centers.T, atol=1e-10)
    np.testing.assert_allclose(found.cross[:, 5:10], centers @ centred[1].T, atol=1e-10)
    assert found.n_features == 700 and list(found.counts) == [5] * 9


def test_same_geometry_from_products(points):
    direct = manifold_geometry(points, random_state=0)
    stored = geometry_from_products(inner_products(points), random_state=0)
    np.testing.assert_allclose(stored.capacity, direct.capacity, rtol=1e-9)
    np.testing.assert_allclose(stored.radius, direct.radius, rtol=1e-9)
    assert stored.low_rank_k == direct.low_rank_k


def test_a_profile_does_not_depend_on_the_plausible_range(points):
    shared = 60 * np.eye(700)[0] * np.array([1, -1, 1, -1, 1, -1, 1, -1, 1])[:, None, None]
    clouds = points + shared  # a direction that all centres have in common
    settings = {"random_state": 0, "n_t": 50, "profile": True}
    whole, alone = (
        geometry_from_products(inner_products(clouds), plausible=plausible, **settings)
        for plausible in (True, False)
    )
    assert 0 < whole.low_rank_k < 1 and len(whole.profile) > 2
    assert repr(alone.profile) == repr(whole.profile)
    assert alone.mean_capacity == whole.mean_capacity
    assert np.isfinite(whole.plausible_range["mean_capacity"]).all()
    assert np.isnan(alone.plausible_range["mean_capacity"]).all()


def test_remembered_gaussian_vectors_are_those_drawn(points, monkeypatch):
    products = inner_products(points)
    before, again = (geometry_from_products(products, random_state=5) for _ in range(2))
    monkeypatch.setattr(residual, "_REMEMBERED", 0)
    fresh = geometry_from_products(products, random_state=5)
    for found in (again, fresh):
        np.testing.assert_array_equal(found.capacity, before.capacity)
        np.testing.assert_array_equal(found.radius, before.radius)


def test_arrays_survive_a_file(points, tmp_path):
    products = inner_products([points[0], points[1, :3], points[2]])
    np.savez(tmp_path / "products.npz", **products.to_arrays("0/test/"))
    with np.load(tmp_path / "products.npz") as file:
        found = ManifoldProducts.from_arrays(dict(file), "0/test/")
    for mine, stored in zip(products.grams, found.grams, strict=True):
        np.testing.assert_array_equal(mine, stored)
    np.testing.assert_array_equal(products.cross, found.cross)
    assert found.n_features == 700


def test_arrays_that_do_not_belong_together(points):
    arrays = inner_products(points).to_arrays()
    with pytest.raises(DamagedFileError, match="do not belong together"):
        ManifoldProducts.from_arrays({**arrays, "cross": arrays["cross"][:, :-1]})
    del arrays["counts"]
    with pytest.raises(DamagedFileError, match="counts"):
        ManifoldProducts.from_arrays(arrays)


def test_memory_maps_and_narrow_types(points, tmp_path):
    np.save(tmp_path / "points.npy", points.astype(np.float32))
    mapped = np.load(tmp_path / "points.npy", mmap_mode="r")
    found = manifold_geometry(mapped, random_state=0)
    exact = manifold_geometry(points, random_state=0)
    np.testing.assert_allclose(found.capacity, exact.capacity, rtol=4e-6)
    assert isinstance(mapped, np.memmap)


def test_whole_numbers_do_not_wrap():
    pixels = np.random.default_rng(0).integers(0, 256, (6, 5, 40)).astype(np.uint8)
    found = manifold_geometry(pixels, random_state=0)
    exact = manifold_geometry(pixels.astype(float), random_state=0)
    np.testing.assert_array_equal(found.capacity, exact.capacity)


def test_tensors(points):
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(points)
    exact = manifold_geometry(points, random_state=0)
    for given in (tensor, list(tensor), tensor.clone().requires_grad_()):
        found = manifold_geometry(given, random_state=0)
        np.testing.assert_allclose(found.capacity, exact.capacity, rtol=1e-9)
    half = manifold_geometry(tensor.to(torch.bfloat16), random_state=0)
    np.testing.assert_allclose(half.mean_capacity, exact.mean_capacity, rtol=0.01)


def test_a_gpu_gives_the_same(points):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    found = manifold_geometry(torch.from_numpy(points).cuda(), random_state=0)
    exact = manifold_geometry(points, random_state=0)
    np.testing.assert_allclose(found.capacity, exact.capacity, rtol=1e-6)


def test_importing_is_light():
    heavy = ("torch", "pandas", "numba")
    code = f"import sys, geomem.geometry; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(IMPORTED_FROM)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
