"""Inner products about a point far from all points, of which few digits are left."""

import warnings

import numpy as np
import pytest
from geomem.geometry import geometry_from_products, glue_from_gram
from geomem.geometry.grams import products_from_gram

COUNTS = [10] * 8
POINTS = np.random.default_rng(0).standard_normal((80, 100))


def gram(offset):
    return (POINTS + offset) @ (POINTS + offset).T


def capacity(offset):
    products = products_from_gram(gram(offset), COUNTS)
    return geometry_from_products(products, random_state=0).mean_capacity


def test_what_is_lost_is_told():
    near = capacity(0)
    assert capacity(1e3) == pytest.approx(near, rel=1e-6)
    with pytest.warns(UserWarning, match="results have about 6 digits. Take the mean of all"):
        assert capacity(1e5) == pytest.approx(near, rel=1e-4)


def test_for_glue_as_well():
    options = dict(n_t=5, random_state=0, threads=1)
    with pytest.warns(UserWarning, match="results have about 6 digits"):
        glue_from_gram(gram(1e5), COUNTS, **options)
    glue_from_gram(gram(1e3), COUNTS, **options)


def test_points_without_any_variance_are_another_matter():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        products_from_gram(np.full((80, 80), 1e12), COUNTS)
