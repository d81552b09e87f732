"""Companions against other libraries, where these are installed. geomem needs none of them."""

import numpy as np
import pytest
from geomem.measures import intrinsic_dimension, linear_probe, participation_ratio

from tests.measures.test_participation import sample
from tests.measures.test_probes import data
from tests.measures.test_twonn import torus


@pytest.mark.parametrize(("n", "seed"), [(12, 0), (60, 1), (200, 2)])
def test_participation_ratios_of_dimensionality(n, seed):
    library = pytest.importorskip("dimensionality")
    points = sample(n, seed)
    expected = library.participation_ratio(points, return_all=True)
    assert participation_ratio(points).value == pytest.approx(expected["row"], rel=1e-9)
    plain = participation_ratio(points, corrected=False).value
    assert plain == pytest.approx(expected["naive"], rel=1e-9)


@pytest.mark.parametrize("dimension", [1, 3])
def test_two_nn_of_scikit_dimension(dimension):
    library = pytest.importorskip("skdim")
    points = torus(250, dimension, 4)
    for discard in (0.1, 0.3):
        expected = library.id.TwoNN(discard_fraction=discard).fit(points).dimension_
        found = intrinsic_dimension(points, discard=discard, splits=2)
        assert found.value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("dimension", [1, 3])
def test_two_nn_of_dadapy(dimension):
    library = pytest.importorskip("dadapy")
    points = torus(250, dimension, 4)
    for method, algorithm in (("likelihood", "ml"), ("fit", "base")):
        expected = library.Data(coordinates=points, verbose=False).compute_id_2NN(algorithm)[0]
        found = intrinsic_dimension(points, method=method, splits=2)
        assert found.value == pytest.approx(expected, rel=1e-6)  # curve_fit stops there


def test_linear_probe_is_the_ridge_regression_of_scikit_learn():
    library = pytest.importorskip("sklearn.linear_model")
    points, labels, test_points, test_labels = data(n_features=12)
    found = linear_probe(points, labels, test_points, test_labels)
    scale = ((points - points.mean(axis=0)) ** 2).sum() / len(points)
    ridge = library.Ridge(alpha=found.penalty * scale).fit(points, np.eye(4)[labels])
    np.testing.assert_array_equal(found.predictions, ridge.predict(test_points).argmax(axis=1))
