"""Shuffled manifolds: no structure is found in them, and p-values are as frequent as they say."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.geometry import inner_products
from geomem.geometry.products import gram_of_all
from geomem.statistics import shuffle_null

SETTINGS = {"n_t": 20, "threads": 1, "remove_low_rank": False}


def test_structure_is_found_and_shuffled_points_have_none():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((8, 8, 60)) + 1.5 * rng.standard_normal((8, 1, 60))
    found = shuffle_null(points, n=39, **SETTINGS)["capacity"]
    assert found.p == 2 / 40
    assert found.value > 1.5 * found.hi
    assert found.mean == pytest.approx(2 / 8, rel=0.15)


def test_arrays_and_their_gram_are_shuffled_alike():
    points = np.random.default_rng(1).standard_normal((5, 6, 30))
    first = shuffle_null(points, n=5, **SETTINGS)
    second = shuffle_null(gram_of_all(list(points)), counts=[6] * 5, n=5, **SETTINGS)
    for name in ("capacity", "radius", "dimension", "center_correlation"):
        np.testing.assert_allclose(second[name].shuffled, first[name].shuffled, rtol=1e-6)


def test_the_level_of_the_null():
    """A measure of one's own on exchangeable manifolds; p <= .1 in a tenth of 300 tests."""

    def between(gram, counts):
        owner = np.repeat(np.arange(len(counts)), counts) == np.arange(len(counts))[:, None]
        means = owner / counts[:, None]
        return {"between": np.trace(means @ gram @ means.T)}

    rng = np.random.default_rng(2)
    p = [
        shuffle_null(rng.standard_normal((4, 5, 6)), measure=between, n=39, random_state=i)[
            "between"
        ].p
        for i in range(300)
    ]
    assert 0.05 < np.mean(np.array(p) <= 0.1) < 0.15


def test_stored_products_cannot_be_shuffled():
    points = np.random.default_rng(3).standard_normal((4, 5, 20))
    with pytest.raises(InputError, match="points of different manifolds have in common"):
        shuffle_null(inner_products(points), n=3)
