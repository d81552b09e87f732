"""Fewer manifolds, fewer points, shuffled points: from arrays, Grams and stored products alike."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.geometry import inner_products
from geomem.geometry.grams import products_from_gram
from geomem.geometry.products import gram_of_all, some_manifolds
from geomem.statistics.manifolds import Manifolds

COUNTS = (5, 7, 4, 6)


@pytest.fixture(scope="module")
def clouds():
    rng = np.random.default_rng(0)
    return [rng.standard_normal((m, 30)) + 2 * rng.standard_normal(30) for m in COUNTS]


def same(first, second):
    for one, other in zip(first.grams, second.grams, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)
    np.testing.assert_allclose(first.centers, second.centers, atol=1e-10)
    np.testing.assert_allclose(first.cross, second.cross, atol=1e-10)
    np.testing.assert_array_equal(first.counts, second.counts)
    assert first.n_features == second.n_features


def test_products_from_a_gram(clouds):
    gram = gram_of_all(clouds, center=False)
    same(products_from_gram(gram, COUNTS, 30), inner_products(clouds))


def test_some_manifolds_are_about_their_own_mean(clouds):
    same(some_manifolds(inner_products(clouds), [2, 0]), inner_products([clouds[2], clouds[0]]))


@pytest.mark.parametrize("source", ["features", "gram", "products"])
def test_fewer_manifolds(clouds, source):
    found = {
        "features": Manifolds(clouds),
        "gram": Manifolds(gram_of_all(clouds), COUNTS),
        "products": Manifolds(inner_products(clouds)),
    }[source].keep([3, 1])
    expected = inner_products([clouds[3], clouds[1]])
    for one, other in zip(found.products().grams, expected.grams, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)
    np.testing.assert_allclose(found.products().centers, expected.centers, atol=1e-10)
    assert found.counts.tolist() == [6, 7]


@pytest.mark.parametrize("source", ["features", "gram"])
def test_fewer_points_and_shuffled_points(clouds, source):
    given = Manifolds(clouds) if source == "features" else Manifolds(gram_of_all(clouds), COUNTS)
    kept = [np.array([0, 2]), np.array([1, 5, 6]), np.array([3]), np.array([0, 1])]
    expected = gram_of_all([cloud[rows] for cloud, rows in zip(clouds, kept, strict=True)])
    found = given.keep_points(kept).gram()
    found = found - found.mean(axis=0)
    np.testing.assert_allclose(found - found.mean(axis=1, keepdims=True), expected, atol=1e-10)
    shuffled = given.shuffled(np.random.default_rng(3))
    order = np.random.default_rng(3).permutation(sum(COUNTS))
    points = np.concatenate(clouds)[order]
    expected = points - points.mean(axis=0)
    np.testing.assert_allclose(shuffled.gram(), expected @ expected.T, atol=1e-10)
    assert shuffled.counts.tolist() == list(COUNTS)


def test_what_stored_products_lack_is_said(clouds):
    stored = Manifolds(inner_products(clouds))
    for ask in (stored.gram, stored.features, lambda: stored.shuffled(None)):
        with pytest.raises(InputError, match=r"ManifoldProducts do not hold .*; give arrays"):
            ask()
    with pytest.raises(InputError, match="counts is given with ManifoldProducts"):
        Manifolds(inner_products(clouds), COUNTS)
