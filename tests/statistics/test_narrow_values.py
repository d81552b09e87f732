"""Statistics of float32 points that span few dimensions: rounding is no dimension there either."""

import warnings

import numpy as np
import pytest
from geomem.geometry import glue_geometry
from geomem.statistics import at_common_size, sample, shuffle_null, sweep

P, M, DIMENSIONS = 8, 10, 6
SETTINGS = {"n_t": 20, "dichotomies": "balanced", "threads": 1}


@pytest.fixture(scope="module")
def wide():
    rng = np.random.default_rng(0)
    inside = rng.standard_normal((P, 1, DIMENSIONS)) + 0.5 * rng.standard_normal((P, M, DIMENSIONS))
    return inside @ rng.standard_normal((DIMENSIONS, 200)) + 40


@pytest.fixture(scope="module")
def points(wide):
    return wide.astype(np.float32)


def test_glue_of_shuffled_points(points, wide):
    found, exact = (shuffle_null(x, measure="glue", n=2, **SETTINGS) for x in (points, wide))
    whole = glue_geometry(points, random_state=0, **SETTINGS)
    assert found["capacity"].value == pytest.approx(whole.capacity, rel=1e-9)
    assert found["radius"].value == pytest.approx(whole.radius, rel=1e-9)
    shuffled = [each["capacity"].shuffled for each in (found, exact)]
    np.testing.assert_allclose(*shuffled, rtol=1e-3)


@pytest.mark.parametrize("kind", ["array", "tensor"])
def test_glue_over_the_number_of_points(points, wide, kind):
    given = points if kind == "array" else pytest.importorskip("torch").from_numpy(points)
    found, exact = (
        sweep(x, [5, M], measure="glue", repeats=2, **SETTINGS).values["capacity"]
        for x in (given, wide)
    )
    np.testing.assert_allclose(found, exact, rtol=1e-3)


@pytest.mark.parametrize("n_points", [M - 1, M])
def test_glue_at_a_common_size(points, wide, n_points):
    found, exact = (
        at_common_size(x, n_points, measure="glue", repeats=2, **SETTINGS)["capacity"]
        for x in (points, wide)
    )
    assert found.value == pytest.approx(exact.value, rel=1e-3)


def test_preprocessing_is_kept(points):
    near = points - 40
    for preprocess in ("center", "none"):
        options = {"preprocess": preprocess, **SETTINGS}
        found = shuffle_null(near, measure="glue", n=1, **options)["capacity"].value
        assert found == pytest.approx(glue_geometry(near, random_state=0, **options).capacity)


def test_coordinates_of_few_dimensions_are_not_taken_for_transposed(points):
    """`sample` measures in coordinates, of which there are fewer than points."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sample(points, measure="glue", points=True, groups=4, **SETTINGS)
    assert not [str(each.message) for each in caught]
