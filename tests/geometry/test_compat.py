"""The authors' call: their numbers for the same vectors, their layout, their random seed."""

import json
from pathlib import Path

import numpy as np
import pytest
from geomem.compat import manifold_analysis_corr
from geomem.errors import InputError
from geomem.geometry import manifold_geometry

from tests.geometry import golden

NUMBERS = json.loads(Path(golden.__file__).with_suffix(".json").read_text(encoding="utf-8"))
COLUMNS = "ignore:every manifold has more columns:UserWarning"


@pytest.mark.filterwarnings(COLUMNS)
@pytest.mark.parametrize("name", golden.CALLS)
def test_the_authors_numbers_for_their_vectors(name):
    """To 1e-5: their search for the removed directions stops at a gradient of 1e-6."""
    manifolds, vectors, kappa = golden.call(name)
    numbers = NUMBERS["call"][name]
    assert golden.fingerprint(*manifolds, *vectors) == pytest.approx(numbers["inputs"], rel=1e-12)
    np.random.seed(0)
    *found, correlation, k = manifold_analysis_corr(
        [points.T for points in manifolds], kappa, 40, t_vecs=vectors
    )
    assert k == numbers["K"]
    assert correlation == pytest.approx(numbers["center_correlation"], rel=1e-8)
    for quantity, values in zip(("capacity", "radius", "dimension"), found, strict=True):
        np.testing.assert_allclose(values, numbers[quantity], rtol=1e-5, err_msg=quantity)


def test_without_vectors_it_is_the_library_with_the_authors_rule():
    manifolds, _, _ = golden.call("features")
    columns = [points.T for points in manifolds]
    np.random.seed(5)
    capacity, radius, dimension, correlation, k = manifold_analysis_corr(columns, 0.1, 50, n_reps=4)
    np.random.seed(5)
    again = manifold_analysis_corr(columns, 0.1, 50, None, 4)
    np.testing.assert_array_equal(again[0], capacity)
    np.random.seed(5)
    expected = manifold_geometry(
        manifolds, kappa=0.1, n_t=50, low_rank_rule="authors", low_rank_starts=4,
        random_state=int(np.random.randint(2**31)),
    )  # fmt: skip
    np.testing.assert_array_equal(capacity, expected.capacity)
    np.testing.assert_array_equal(radius, expected.radius)
    np.testing.assert_array_equal(dimension, expected.dimension)
    assert (correlation, k) == (expected.center_correlation, expected.low_rank_k)
    assert not np.array_equal(manifold_analysis_corr(columns, 0.1, 50, n_reps=4)[0], capacity)


def test_points_in_rows_get_a_hint():
    manifolds, _, _ = golden.call("features")
    with pytest.warns(UserWarning, match=r"XtotT\[0\]: 12 rows, 60 columns\).*give the transpose"):
        manifold_analysis_corr(manifolds, 0, 20)


def test_vectors_that_do_not_fit_are_named():
    manifolds, vectors, _ = golden.call("features")
    columns = [points.T for points in manifolds]
    with pytest.raises(InputError, match=r"t_vecs holds 7 arrays and XtotT 8"):
        manifold_analysis_corr(columns, 0, 40, t_vecs=vectors[1:])
    vectors[3] = vectors[3][1:]
    with pytest.raises(InputError, match=r"t_vecs\[3\] has shape \(12, 40\); expected \(13, 40\)"):
        manifold_analysis_corr(columns, 0, 40, t_vecs=vectors)
    with pytest.raises(InputError, match=r"XtotT\[0\] has shape \(12,\)"):
        manifold_analysis_corr([np.ones(12)], 0, 40)


def test_a_segment_has_dimension_one_by_its_rank():
    """By points: D = 2 counts the empty direction, and (mean |cos|)^2 is (2 / pi)^2 there."""
    rng = np.random.default_rng(1)
    ends = 3 * rng.standard_normal((40, 1, 90)) + rng.standard_normal((40, 2, 90))
    by_points, by_rank = (
        manifold_geometry(ends, n_t=2000, random_state=0, dimension_convention=convention)
        for convention in ("points", "rank")
    )
    assert by_rank.mean_dimension == pytest.approx(1.0, abs=1e-12)
    assert by_points.mean_dimension == pytest.approx(8 / np.pi**2, abs=0.005)
    np.testing.assert_allclose(by_rank.mean_capacity, by_points.mean_capacity, rtol=0.01)


def test_the_rank_of_points_on_a_line_is_one_however_many_they_are():
    rng = np.random.default_rng(2)
    along = rng.standard_normal((10, 8, 1)) * rng.standard_normal((10, 1, 50))
    found = manifold_geometry(
        along + 3 * rng.standard_normal((10, 1, 50)), random_state=0, dimension_convention="rank"
    )
    assert found.mean_dimension == pytest.approx(1.0, abs=1e-12)


def test_conventions_have_names():
    with pytest.raises(InputError, match="dimension_convention is 'rows'; expected one of points"):
        manifold_geometry(np.ones((3, 2, 4)), dimension_convention="rows")
