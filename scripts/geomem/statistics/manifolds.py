"""Manifolds as callers have them, and parts of them: fewer manifolds, fewer points, shuffled ones.

Copies of a manifold or a point are never made. A manifold twice has a centre with cosine 1 to
another one and no hyperplane between the two, and a point twice adds nothing to its manifold, so
measures of samples drawn with replacement are not what other manifolds or points would give.
"""

import numbers

import numpy as np

from geomem.errors import InputError
from geomem.geometry import grams
from geomem.geometry import products as inner
from geomem.geometry.clouds import on_host
from geomem.geometry.products import ManifoldProducts


class Manifolds:
    """P manifolds: arrays, inner products of all points, or `ManifoldProducts`.

    Parameters
    ----------
    data : sequence of P arrays (M_mu, N), array (P, M, N), ManifoldProducts, or array (n, n)
        An array (n, n) is the inner products of all points, manifold by manifold.
    counts : sequence of P int, optional
        Points of each manifold; given with an array (n, n) and with nothing else.

    Raises
    ------
    InputError
        If they cannot be used.
    """

    def __init__(self, data, counts=None):
        if isinstance(data, ManifoldProducts):
            if counts is not None:
                raise InputError("counts is given with ManifoldProducts, which hold their own")
            self.source, self._data, self.counts = "products", data, data.counts
            self.n_features = data.n_features
        elif counts is not None:
            self.source, self.n_features = "gram", None
            self._data, self.counts = grams.check_gram(data, counts)
        else:
            self.source, self._data = "features", inner.check_manifolds(data)
            self.counts = np.array([len(cloud) for cloud in self._data], dtype=np.int64)
            self.n_features = int(self._data[0].shape[1])

    def _of(self, source, data, counts):
        made = Manifolds.__new__(Manifolds)
        made.source, made._data, made.counts = source, data, counts
        made.n_features = self.n_features
        return made

    def __len__(self):
        return len(self.counts)

    def features(self):
        """The arrays."""
        if self.source != "features":
            raise self._lacks("the features", "arrays")
        return self._data

    def gram(self, center=True):
        """Inner products of all points: of arrays, about their mean unless told otherwise."""
        if self.source == "products":
            raise self._lacks(
                "inner products of all points", "arrays, or a gram of all points with counts"
            )
        if self.source == "gram":
            return self._data
        return inner.gram_of_all(self._data, center)

    def products(self):
        """`ManifoldProducts`."""
        if self.source == "products":
            return self._data
        if self.source == "gram":
            return grams.products_from_gram(self._data, self.counts, self.n_features)
        return inner.inner_products(self._data)

    def as_gram(self):
        """The same as inner products of all points, if these are arrays."""
        if self.source != "features":
            return self
        return self._of("gram", self.gram(), self.counts)

    def keep(self, manifolds):
        """Some of the manifolds, by their index."""
        manifolds = np.asarray(manifolds)
        counts = self.counts[manifolds]
        if self.source == "products":
            return self._of("products", inner.some_manifolds(self._data, manifolds), counts)
        if self.source == "gram":
            rows = self._rows(manifolds)
            return self._of("gram", self._data[np.ix_(rows, rows)], counts)
        return self._of("features", [self._data[mu] for mu in manifolds], counts)

    def keep_points(self, kept):
        """Some of the points of each manifold, a sequence of P index arrays."""
        counts = np.array([len(rows) for rows in kept], dtype=np.int64)
        if self.source == "products":
            raise self._lacks(
                "what fewer points have in common", "arrays, or a gram of all points with counts"
            )
        if self.source == "gram":
            starts = np.cumsum(self.counts) - self.counts
            rows = np.concatenate(
                [start + np.asarray(part) for start, part in zip(starts, kept, strict=True)]
            )
            return self._of("gram", self._data[np.ix_(rows, rows)], counts)
        clouds = [cloud[rows] for cloud, rows in zip(self._data, kept, strict=True)]
        return self._of("features", clouds, counts)

    def keep_features(self, chosen):
        """Some of the features, by their index."""
        made = self._of("features", [cloud[:, chosen] for cloud in self.features()], self.counts)
        made.n_features = len(chosen)
        return made

    def shuffled(self, rng):
        """All points dealt to the manifolds at random, as many to each as before."""
        if self.source == "products":
            raise self._lacks(
                "what points of different manifolds have in common",
                "arrays, or a gram of all points with counts",
            )
        order = rng.permutation(self.counts.sum())
        if self.source == "gram":
            return self._of("gram", self._data[np.ix_(order, order)], self.counts)
        points = np.concatenate([np.asarray(on_host(cloud)) for cloud in self._data])
        return self._of(
            "features", np.split(points[order], np.cumsum(self.counts)[:-1]), self.counts
        )

    def _rows(self, manifolds):
        ends = np.cumsum(self.counts)
        return np.concatenate([np.arange(ends[m] - self.counts[m], ends[m]) for m in manifolds])

    def _lacks(self, what, needed):
        kind = {"products": "ManifoldProducts", "gram": "a gram", "features": "arrays"}
        return InputError(f"{kind[self.source]} do not hold {what}; give {needed}")


def check_count(value, name, least=1):
    """A whole number from `least` up, as an int; InputError for anything else."""
    if not isinstance(value, numbers.Integral) or value < least:
        raise InputError(f"{name} is {value!r}; expected a whole number from {least} up")
    return int(value)
