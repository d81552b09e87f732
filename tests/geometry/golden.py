"""Inputs whose results by the authors' code are in golden.json, regenerated from seeds.

Random numbers come from `numpy.random.default_rng`. The rest is sums, products and quotients. So
the inputs are equal on every processor up to rounding (about 1e-16), which results follow
smoothly. `fingerprint` tells changed inputs (an edited function, a NumPy that draws other numbers)
from wrong results. `benchmarks/golden.py` writes the numbers.
"""

import numpy as np

from tests.geometry import clouds

N_T = 200  # Gaussian vectors of a single manifold


def wide(rng):
    return 5 * clouds.gaussian(rng)


MANIFOLDS = {  # the function of the points, and the margin
    "gaussian": (clouds.gaussian, 0.0),
    "gaussian_margin": (clouds.gaussian, 0.5),
    "many_points": (clouds.many_points, 0.0),
    "many_points_margin": (clouds.many_points, 0.3),
    "low_rank": (clouds.low_rank, 0.0),
    "tight": (clouds.tight, 0.0),
    "wide": (wide, 0.0),
    "clustered": (clouds.clustered, 0.0),
}


def single_manifold(name):
    """Points (D, m), Gaussian vectors (D + 1, N_T) and margin."""
    rng = np.random.default_rng(list(MANIFOLDS).index(name))
    make, kappa = MANIFOLDS[name]
    points = make(rng)
    return points, rng.standard_normal((len(points) + 1, N_T)), kappa


def equal_sizes():
    """24 manifolds of 16 points, centres with three strong common directions."""
    return _planted(np.random.default_rng(100), [16] * 24, n_features=200, rank=3)


def unequal_sizes():
    """30 manifolds of 8 to 16 points, centres with five strong common directions."""
    sizes = [8 + i % 9 for i in range(30)]
    return _planted(np.random.default_rng(101), sizes, n_features=160, rank=5)


SETS = {  # the function of the manifolds, and the margin
    "equal_sizes": (equal_sizes, 0.0),
    "unequal_sizes_margin": (unequal_sizes, 0.2),
}


CALLS = {"features": 60, "points": 11}  # what there is more of, and the features of 8 x 12 points


def call(name):
    """Manifolds, Gaussian vectors and margin for the authors' whole function."""
    n_features = CALLS[name]
    rng = np.random.default_rng(200 + n_features)
    manifolds = _planted(rng, [12] * 8, n_features, rank=1)
    size = min(12, n_features) + 1
    return manifolds, [rng.standard_normal((size, 40)) for _ in manifolds], 0.1


def fingerprint(*arrays):
    """Two sums that other inputs would hardly share."""
    values = np.concatenate([array.ravel() for array in arrays])
    weights = np.arange(1, len(values) + 1) / len(values)
    return [float((values * weights).sum()), float((values**2).sum())]


def _planted(rng, sizes, n_features, rank):
    common = rng.standard_normal((len(sizes), rank)) @ rng.standard_normal((rank, n_features))
    centers = common + rng.standard_normal((len(sizes), n_features))
    return [
        center + 1.2 * rng.standard_normal((size, n_features))
        for center, size in zip(centers, sizes, strict=True)
    ]
