"""Inner products of manifold points: all that the geometry needs, whatever the feature dimension.

Points are read class by class in blocks of features and turned into float64 block by block, so
memory beyond the input stays at one block and one (P, N) array of class means.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from geomem.errors import DamagedFileError, InputError
from geomem.geometry import rounding
from geomem.geometry.clouds import check_manifolds, is_tensor
from geomem.geometry.parallel import thread_map
from geomem.types import Manifolds

_BLOCK_VALUES = 2**18  # 2 MB in float64: a block stays in the processor's cache
_LEAST = 1e-280  # below which squares lose digits (from 2e-308 on, and all from 5e-324)
_GPU_BLOCK_VALUES = 2**25


@dataclass(frozen=True)
class ManifoldProducts:
    """Inner products of P manifolds with M_mu points each in N features, all float64.

    Attributes
    ----------
    grams : tuple of P ndarrays, shape (M_mu, M_mu)
        Products of a manifold's points after subtracting their own mean.
    centers : ndarray, shape (P, P)
        Products of the class means after subtracting the mean of all points.
    cross : ndarray, shape (P, sum of M_mu)
        Products of those centres (rows) with the points of `grams` (columns, class by class).
    counts : ndarray of int64, shape (P,)
        M_mu.
    n_features : int
        N.
    noise : ndarray, shape (P,), or None
        Eigenvalues of `grams` up to this are rounding of what the products were computed from, for
        `dimension_convention="rank"`. None: where it is not known, as in files of earlier versions.
    """

    grams: tuple
    centers: np.ndarray
    cross: np.ndarray
    counts: np.ndarray
    n_features: int
    noise: np.ndarray | None = None

    def to_arrays(self, prefix: str = "") -> dict[str, np.ndarray]:
        """Named arrays for an .npz file; `from_arrays` with the same prefix reads them back.

        Returns
        -------
        dict of str to ndarray
            The attributes by name, each with `prefix` in front. `grams` is one array, shape
            (sum of M_mu^2,): their rows one after the other. `noise` is left out if it is None.
        """
        known = {} if self.noise is None else {f"{prefix}noise": self.noise}
        return {
            f"{prefix}grams": np.concatenate([gram.ravel() for gram in self.grams]),
            f"{prefix}centers": self.centers,
            f"{prefix}cross": self.cross,
            f"{prefix}counts": self.counts,
            f"{prefix}n_features": np.int64(self.n_features),
            **known,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], prefix: str = "") -> "ManifoldProducts":
        """Rebuild from a mapping that holds what `to_arrays(prefix)` returned.

        Raises
        ------
        DamagedFileError
            If a name is missing or the shapes do not belong together.
        """
        try:
            flat, centers, cross, counts, n_features = (
                arrays[prefix + name]
                for name in ("grams", "centers", "cross", "counts", "n_features")
            )
        except KeyError as error:
            raise DamagedFileError(f"inner products lack the array {error}") from None
        n_manifolds = len(counts)
        fits = (
            flat.shape == (np.sum(counts**2),)
            and centers.shape == (n_manifolds, n_manifolds)
            and cross.shape == (n_manifolds, np.sum(counts))
        )
        if not fits:
            raise DamagedFileError(
                f"inner products under {prefix!r} have shapes that do not belong together: grams "
                f"{flat.shape}, centers {centers.shape}, cross {cross.shape}, "
                f"{n_manifolds} manifolds of {np.sum(counts)} points"
            )
        ends = np.cumsum(counts**2)
        grams = tuple(
            flat[end - m * m : end].reshape(m, m) for end, m in zip(ends, counts, strict=True)
        )
        return cls(grams, centers, cross, counts, int(n_features), arrays.get(f"{prefix}noise"))


def inner_products(manifolds: Manifolds, *, threads: int | None = None) -> ManifoldProducts:
    """All inner products the manifold geometry needs.

    Parameters
    ----------
    manifolds : sequence of P arrays (M_mu, N), or one array (P, M, N)
        NumPy arrays, memory maps or torch tensors (left on their device), real-valued.
    threads : int, optional
        Default: the environment's OMP_NUM_THREADS, or one per core.

    Returns
    -------
    ManifoldProducts

    Raises
    ------
    InputError
        If shapes do not fit or a value is not finite.
    """
    clouds = check_manifolds(manifolds)
    with thread_map(threads) as run:
        grams, means = zip(*run(moments, clouds), strict=True)
        centers = centered(means, list(map(len, clouds)))
        cross = run(lambda cloud: project(cloud, centers), clouds)
        noise = np.array(list(map(noise_of_cloud, clouds, grams, means)))
    return ManifoldProducts(
        grams,
        center_products(centers),
        np.concatenate(cross, axis=1),
        np.array([len(cloud) for cloud in clouds], dtype=np.int64),
        int(clouds[0].shape[1]),
        noise,
    )


def some_manifolds(products, kept):
    """`ManifoldProducts` of some of the manifolds, about the mean of their own points.

    Parameters
    ----------
    products : ManifoldProducts
    kept : sequence of int
        Indices of the manifolds.
    """
    kept = np.asarray(kept)
    counts = products.counts[kept]
    owner = np.repeat(np.arange(len(products.counts)), products.counts)
    columns = np.concatenate([np.flatnonzero(owner == mu) for mu in kept])
    shift = np.eye(len(kept)) - counts / counts.sum()
    centers = shift @ products.centers[np.ix_(kept, kept)] @ shift.T
    cross = shift @ products.cross[np.ix_(kept, columns)]
    grams = tuple(products.grams[mu] for mu in kept)
    noise = None if products.noise is None else products.noise[kept]
    return ManifoldProducts(grams, centers, cross, counts, products.n_features, noise)


def moments(cloud):
    """Products of one cloud's points (M, N) about their mean with each other, and that mean.

    Returns
    -------
    float64 ndarray (M, M), and a float64 array (N,), numpy or torch as the cloud. What is not
    finite in the points is not finite in the mean.
    """
    gram, means = 0.0, []
    with np.errstate(all="ignore"):  # the callers report what is not finite
        for _, first, offsets in _blocks(cloud):
            mean = offsets.mean(0)
            means.append(first + mean)
            offsets -= mean
            gram = gram + offsets @ offsets.T
    mean = _library(cloud).concatenate(means)
    if _all_finite(mean):
        _check_size(gram)
        _check_least(gram.diagonal(), (offsets for _, _, offsets in _blocks(cloud)))
    return to_numpy(gram), mean


def project(cloud, directions):
    """Products of `directions` (K, N) with one cloud's points (M, N) about their mean: (K, M)."""
    products = 0.0
    for start, _, offsets in _blocks(cloud):
        products = products + directions[:, start : start + len(offsets.T)] @ offsets.T
    _check_size(products)
    products = to_numpy(products)
    return products - products.mean(axis=1, keepdims=True)


def centered(means, counts):
    """Class means minus the mean of all points: float64 (P, N), numpy or torch as the means.

    Parameters
    ----------
    means : sequence of P arrays (N,)
    counts : sequence of int
        Points of each class.
    """
    centers = _library(means[0]).stack(means)
    if not _all_finite(centers):
        index = next(i for i, mean in enumerate(means) if not _all_finite(mean))
        raise InputError(
            f"manifolds[{index}] holds values that are not finite (or too large to add up); "
            "remove those points or fix the layer that made them"
        )
    weights = np.array(counts, dtype=np.float64)
    # relative to one mean, so that means that are equal stay so: a constant layer gives zeros
    centers -= means[0]
    centers -= _like(weights / weights.sum(), centers) @ centers
    return centers


def center_products(centers):
    """Products of the centres (P, N) with each other, as a float64 ndarray (P, P)."""
    products = centers @ centers.T
    _check_size(products)
    _check_least(products.diagonal(), [centers])
    return to_numpy(products)


def gram_of_all(clouds, center=True):
    """Products of all points (about their mean, unless told otherwise): float64 ndarray (m, m)."""
    library, n_features = _library(clouds[0]), clouds[0].shape[1]
    width = max(_GPU_BLOCK_VALUES // sum(map(len, clouds)), 64)
    gram = 0.0
    for start in range(0, n_features, width):
        block = library.concatenate([_double(cloud[:, start : start + width]) for cloud in clouds])
        with np.errstate(all="ignore"):  # reported below
            block = about_mean(block) if center else block
            gram = gram + block @ block.T
    if not _all_finite(gram):
        raise _unusable()
    first = clouds[0][0] if center else 0
    _check_least(gram.diagonal(), (cloud != first for cloud in clouds))
    return to_numpy(gram)


def points_of_all(clouds, center=True):
    """All points (about their mean, unless told otherwise), a float64 ndarray (m, N)."""
    points = _library(clouds[0]).concatenate([_double(cloud) for cloud in clouds])
    with np.errstate(all="ignore"):
        points = to_numpy(about_mean(points) if center else points)
        if not np.isfinite(np.einsum("ij,ij->", points, points)):
            raise _unusable()
        _check_least(np.einsum("ij,ij->i", points, points), [points])
    return points


def noise_of(clouds):
    """A function of a number of points: the squared singular value that rounding can make in them.

    What the points lost to an offset counts, so it is found from points as they are given. They
    have to be finite.
    """
    longest = 0.0
    with np.errstate(over="ignore"):  # of an offset: products about the mean are checked
        for cloud in clouds:
            squares = 0.0
            for _, first, offsets in _blocks(cloud):
                offsets += first
                squares = squares + (offsets * offsets).sum(-1)
            longest = max(longest, float(squares.max()))
    error, n_features = max(map(rounding.unit, clouds)), clouds[0].shape[1]
    return lambda n_points: rounding.noise(error, longest, (n_points, n_features))


def noise_of_cloud(cloud, gram, mean):
    """The same for one cloud (M, N), from what `moments` returns for it."""
    # the farthest point about the mean may be on the far side of it
    with np.errstate(over="ignore"):
        square = float((mean * mean).sum())
        longest = (np.sqrt(gram.diagonal().max()) + np.sqrt(square)) ** 2
    return rounding.noise(rounding.unit(cloud), longest, cloud.shape)


def about_mean(points):
    """Points (m, N) minus their mean; equal points give equal values."""
    offsets = points - points[0]
    offsets -= offsets.mean(0)
    return offsets


def _unusable():
    return InputError(
        "manifolds hold values that are not finite or too large to multiply in double precision; "
        "fix the layer that made them, or divide all of them by a common factor"
    )


def to_numpy(array):
    """A float64 ndarray of a NumPy array or a torch tensor on any device."""
    return array.cpu().numpy() if is_tensor(array) else array


def combine(weights, centers):
    """Directions `weights`' `centers` (K, N), on the device of the centres."""
    return _like(weights.T, centers) @ centers


def _check_size(products):
    if not _all_finite(products):
        raise InputError(
            "manifolds holds values too large to multiply in double precision; divide all of them "
            "by a common factor"
        )


def _check_least(squares, values):
    """Raise InputError if the largest square is lost below what double precision can hold."""
    if float(squares.max()) < _LEAST and any(bool((x != 0).any()) for x in values):
        raise InputError(
            "manifolds holds values, or differences of them, too small to multiply in double "
            "precision; multiply all of them by a common factor"
        )


def _blocks(cloud):
    """Blocks of features of one cloud (M, N): first column, first point, offsets from it.

    Offsets from a point, in float64, keep the digits of data far from the origin, and are exactly
    zero for points that are duplicates of each other.
    """
    n_points, n_features = cloud.shape
    values = _GPU_BLOCK_VALUES if is_tensor(cloud) and cloud.is_cuda else _BLOCK_VALUES
    width = max(values // n_points, 64)
    for start in range(0, n_features, width):
        block = cloud[:, start : start + width]
        block = _double(block)
        yield start, block[0], block - block[0]


def _double(block):
    return block.double() if is_tensor(block) else np.asarray(block, dtype=np.float64)


def _library(array):
    return sys.modules["torch"] if is_tensor(array) else np


def _like(array, other):
    if is_tensor(other):
        return sys.modules["torch"].as_tensor(array, dtype=other.dtype, device=other.device)
    return array


def _all_finite(array):
    return bool(_library(array).isfinite(array).all())
