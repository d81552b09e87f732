"""Labels in files as other programs write them: read rightly, or refused."""

import numpy as np
import pandas as pd
import pytest
from geomem.errors import InputError
from geomem.geometry.files import checked_labels, read_manifolds

POINTS = np.random.default_rng(0).poisson(3.0, (24, 10)).astype(float)
CONDITIONS = np.tile(np.arange(1, 5), 6)


@pytest.mark.parametrize("kind", [float, np.int16])
def test_neurons_in_rows_are_refused(tmp_path, kind):
    """MATLAB's usual layout, neurons times trials, beside a row of conditions."""
    path = tmp_path / "recording.npz"
    np.savez(path, X=POINTS.T, cond=CONDITIONS[None].astype(kind))
    with pytest.raises(InputError, match=r"X \(10, 24\) has 24 columns and cond \(1, 24\)"):
        read_manifolds(path)
    np.savez(path, X=POINTS, cond=CONDITIONS[None].astype(kind))
    names, manifolds = read_manifolds(path)
    assert names == ["1", "2", "3", "4"]
    np.testing.assert_array_equal(manifolds[1], POINTS[CONDITIONS == 2])


def test_a_manifold_of_one_point_is_none_of_labels(tmp_path):
    path = tmp_path / "two.npz"
    np.savez(path, many=POINTS, one=POINTS[:1] + 0.5)
    assert [len(points) for points in read_manifolds(path)[1]] == [24, 1]


@pytest.mark.parametrize("names", [("labels", "points"), ("points", "labels")])
def test_points_of_one_feature(tmp_path, names):
    path = tmp_path / "a.npz"
    arrays = {"points": POINTS[:, :1], "labels": CONDITIONS[:, None]}
    np.savez(path, **{name: arrays[name] for name in names})
    assert read_manifolds(path)[0] == ["1", "2", "3", "4"]


def test_labels_of_two_dimensions_have_no_order():
    """MATLAB's order of them is another one than NumPy's."""
    labels = np.tile(np.arange(4), (6, 1))
    with pytest.raises(InputError, match=r"labels of shape \(6, 4\); expected one dimension"):
        checked_labels(labels, 24, "a.mat")
    assert len(checked_labels(labels.reshape(1, -1), 24, "a.mat")) == 24


def test_text_as_pandas_holds_it():
    words = ["cat", "dog ", "cat"]
    for labels in (pd.Series(words), np.array(words, dtype=object), pd.Categorical(words)):
        assert checked_labels(labels, 3, "here").tolist() == ["cat", "dog", "cat"]
    with pytest.raises(InputError, match="labels of type object"):
        checked_labels(np.array(["cat", None, "dog"], dtype=object), 3, "here")
