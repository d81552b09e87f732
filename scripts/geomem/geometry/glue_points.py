"""The points of a GLUE problem in coordinates, and its Gaussian vectors and dichotomies.

Gaussian vectors are drawn in the space of the points: for points X (n, N) with X X' = G and
xi in R^n, t = X'G^(-1/2) xi is normal in the span of the points, and its products with the points,
X t = G^(1/2) xi, depend on inner products alone. So numbers do not move when the points are
rotated, and one seed means nearly the same vectors in every layer.
"""

from dataclasses import dataclass

import numpy as np

from geomem.errors import InputError
from geomem.geometry import grams
from geomem.geometry import products as inner
from geomem.geometry.clouds import on_host, real_array

DICHOTOMIES = ("random", "balanced", "one-vs-rest", "pairs", "given")
PREPROCESS = ("center", "none")
# Squared lengths and distances below these fractions of the largest squared length are rounding.
# (Products lose half of the digits that values have.)
RESOLUTION_OF_VALUES = 1e-26
RESOLUTION_OF_PRODUCTS = 1e-13
SMALLEST = 1e-120  # squared length of the longest point


@dataclass(frozen=True)
class Points:
    """All points of P manifolds.

    Attributes
    ----------
    values : ndarray, shape (n, r)
        Coordinates, manifold by manifold; a point at the origin but for rounding is zero.
    counts : ndarray of int64, shape (P,)
        Points of each manifold.
    root : ndarray, shape (n, r)
        G^(-1/2) X: turns xi in R^n into a Gaussian vector t in R^r.
    rank : int
        Dimensions that the points span.
    resolution : float
        Squared distance that is rounding.
    """

    values: np.ndarray
    counts: np.ndarray
    root: np.ndarray
    rank: int
    resolution: float

    @classmethod
    def from_values(cls, values, counts, noise=0.0):
        """From coordinates (n, N), best with N below n: the cost is n N^2.

        Singular values whose squares are below `noise` are rounding of what the values were
        computed from.
        """
        _check_scale(_squares(values).max())
        basis, upper = np.linalg.qr(values)
        left, singular, right = np.linalg.svd(upper, full_matrices=False)
        kept = singular > max(values.shape) * np.finfo(np.float64).eps * singular[0]
        noisy = kept & (singular**2 <= noise)
        if noisy.any():  # what is left must not lie in dimensions without Gaussian vectors
            values, kept = values - (values @ right[noisy].T) @ right[noisy], kept & ~noisy
        root = (basis @ left[:, kept]) @ right[kept]
        resolution = RESOLUTION_OF_VALUES * _squares(values).max()
        return cls(_cut(values, resolution), counts, root, int(kept.sum()), resolution)

    @classmethod
    def from_gram(cls, gram, counts, scale, noise=0.0):
        """From inner products (n, n), the largest of which was `scale` before any centring.

        Eigenvalues below `noise` are rounding of the values that were multiplied.
        """
        _check_scale(scale)
        eigenvalues, vectors = grams.principal(gram, scale, noise)
        resolution = RESOLUTION_OF_PRODUCTS * scale
        values = _cut(vectors * np.sqrt(eigenvalues), resolution)
        return cls(values, counts, vectors, len(eigenvalues), resolution)

    def manifolds(self):
        """The rows of each manifold, as slices."""
        ends = np.cumsum(self.counts)
        return [slice(end - count, end) for end, count in zip(ends, self.counts, strict=True)]

    def offsets(self, rows):
        """A manifold's points relative to its first: exactly zero where they are the same."""
        offsets = self.values[rows] - self.values[rows][0]
        offsets[np.einsum("ij,ij->i", offsets, offsets) <= self.resolution] = 0.0
        return offsets

    def vectors(self, seed, n_t, indices):
        """Gaussian vectors (n_t, r).

        Parameters
        ----------
        indices : sequence of P int
            Of the manifolds in the set: a manifold's part of xi depends on `seed` and its index
            alone, and fewer vectors are the first of more.
        """
        parts = [
            np.random.default_rng(
                np.random.SeedSequence(seed, spawn_key=(3, int(index)))
            ).standard_normal((n_t, count))
            for index, count in zip(indices, self.counts, strict=True)
        ]
        return np.concatenate(parts, axis=1) @ self.root


def points_of_arrays(clouds, center):
    """A function of manifold indices that gives their `Points`, from arrays (M_mu, N)."""
    counts = np.array([len(cloud) for cloud in clouds], dtype=np.int64)
    if clouds[0].shape[1] >= counts.sum():
        gram = inner.gram_of_all(clouds, center)
        return points_of_gram(gram, counts, np.abs(gram).max(), inner.noise_of(clouds))
    values, noise = inner.points_of_all(clouds, center), inner.noise_of(clouds)

    def points(indices):
        part, chosen = values[_rows(counts, indices)], counts[indices]
        if part.shape[1] < len(part):
            return Points.from_values(part, chosen, noise(len(part)))
        gram = part @ part.T
        return Points.from_gram(gram, chosen, np.abs(gram).max(), noise(len(part)))

    return points


def points_of_gram(gram, counts, scale, noise=None):
    """A function of manifold indices that gives their `Points`, from inner products (n, n).

    Parameters
    ----------
    scale : float
        The largest product before any centring.
    noise : callable, optional
        Of the number of points: the eigenvalue that rounding of the values multiplied can make.
    """

    def points(indices):
        rows = _rows(counts, indices)
        part = gram if len(indices) == len(counts) else gram[np.ix_(rows, rows)]
        least = noise(len(rows)) if noise else 0.0
        return Points.from_gram(part, counts[indices], scale, least)

    return points


def draw_labels(dichotomies, labels, seed, n_t, n_manifolds):
    """The dichotomy of every draw, (n_t, P) of 1 and -1, from a stream of their own."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(4,)))
    if dichotomies == "given":
        return labels[np.arange(n_t) % len(labels)]
    if dichotomies == "random":
        return 2.0 * rng.integers(0, 2, (n_t, n_manifolds)) - 1.0
    if dichotomies == "balanced":  # the last number decides which label has one more if P is odd
        numbers = rng.random((n_t, n_manifolds + 1))
        ranks = numbers[:, :-1].argsort(axis=1).argsort(axis=1)
        sign = np.where(numbers[:, -1:] < 0.5, -1.0, 1.0)
        return np.where(ranks < n_manifolds // 2, -sign, sign)
    one = rng.integers(n_manifolds, size=n_t)
    return np.where(np.arange(n_manifolds) == one[:, np.newaxis], 1.0, -1.0)


def check_labels(labels, n_manifolds):
    """Dichotomies as a user gives them, one (P,) or several (L, P), as float64 (L, P)."""
    found = np.atleast_2d(on_host(real_array(labels, "labels", "dichotomies, manifolds")))
    if found.ndim != 2 or len(found) == 0 or found.shape[1] != n_manifolds:
        raise InputError(
            f"labels has shape {np.shape(labels)}; expected ({n_manifolds},) or (dichotomies, "
            f"{n_manifolds}), one label per manifold"
        )
    if found.dtype.kind not in "fiu" or not np.all(np.abs(found) == 1):
        raise InputError("labels holds values other than 1 and -1; give 1 or -1 per manifold")
    return found.astype(np.float64)


def check_vectors(t, n_features):
    """Gaussian vectors as a user gives them, as float64 (n_t, N)."""
    t = on_host(real_array(t, "t", "draws, features"))
    if t.dtype.kind not in "fiu":
        raise InputError(f"t has type {t.dtype}; expected real numbers")
    if t.ndim != 2 or len(t) < 1 or t.shape[1] != n_features:
        raise InputError(
            f"t has shape {t.shape}; expected (n_t, {n_features}), a vector in the space of the "
            "points per draw"
        )
    if not np.all(np.isfinite(t)):
        raise InputError("t holds values that are not finite")
    return t.astype(np.float64)


def _check_scale(largest):
    """`largest` squared length of a point: its square, too, has to be within double precision."""
    if largest and not SMALLEST <= largest <= 1.0 / SMALLEST:
        raise InputError(
            f"the longest point has length {np.sqrt(largest):.3g}; expected {SMALLEST**0.5:g} to "
            f"{SMALLEST**-0.5:g}. Multiply all manifolds by a common factor"
        )


def _rows(counts, indices):
    ends = np.cumsum(counts)
    return np.concatenate([np.arange(ends[i] - counts[i], ends[i]) for i in indices])


def _cut(values, resolution):
    """Values whose rows are exactly zero where their squared length is rounding."""
    values[_squares(values) <= resolution] = 0.0
    return values


def _squares(values):
    return np.einsum("ij,ij->i", values, values)
