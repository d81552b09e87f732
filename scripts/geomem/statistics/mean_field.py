"""Capacity, radius and dimension by mean-field theory, taken apart by manifold and by point.

Every manifold is a problem of its own once the directions are off, so the numbers of other
manifolds follow from those at hand without another quadratic program.
"""

import numpy as np

from geomem.errors import InputError
from geomem.geometry.anchors import anchor_statistics
from geomem.geometry.measure import PROFILE_DRAWS, geometry_from_products
from geomem.geometry.parallel import thread_map
from geomem.geometry.residual import Cloud
from geomem.statistics.scales import SCALES

METRICS = {"capacity": "reciprocal", "radius": "positive", "dimension": "positive"}
HALVES = (slice(None), slice(None, None, 2), slice(1, None, 2))  # of the vectors
# Settings that make another number of it, with their defaults.
DEFINING = {
    "kappa": 0.0,
    "remove_low_rank": True,
    "low_rank_rule": "shrinkage",
    "low_rank_k": "auto",
    "dimension_convention": "points",
}
TRIMMED = {"radius_iqm": "radius", "dimension_iqm": "dimension"}


def taken_apart(manifolds, groups, settings):
    """The attributes of a `Sample`, as a dict.

    Parameters
    ----------
    manifolds : Manifolds
    groups : int
        Groups of points to leave out; 0: none.
    settings : dict
        Keywords of `manifold_geometry`.
    """
    products = manifolds.products()
    settings = {"random_state": 0, **settings}
    found = geometry_from_products(products, **settings)
    values, scales, parts = {}, {}, {}
    for metric, scale in METRICS.items():
        single = getattr(found, metric)
        scales[metric] = SCALES[scale]
        with np.errstate(divide="ignore"):
            parts[metric] = SCALES[scale].forward(single)
        values[metric] = getattr(found, f"mean_{metric}")
    for name, metric in TRIMMED.items():
        values[name] = getattr(found, f"iqm_{metric}")
        scales[name], parts[name] = SCALES["positive"], getattr(found, metric)
    name = "center_correlation"
    values[name] = found.center_correlation
    scales[name], parts[name] = _correlation(products.centers, found.center_correlation)
    moved, freedom = {}, len(products.counts) - 1
    if groups:
        threads = settings.get("threads")
        moved, freedom = _by_points(products, found, groups, parts, threads)
    return {
        "values": values,
        "scales": scales,
        "parts": parts,
        "trimmed": frozenset(TRIMMED),
        "moved": moved,
        "freedom": freedom,
        "key": {
            "measure": "geometry",
            "points per manifold": tuple(products.counts.tolist()),
            "n_t": found.n_t,
            "random_state": found.seed,
            **{name: settings.get(name, usual) for name, usual in DEFINING.items()},
        },
        "warnings": found.warnings,
    }


def profile(products, **settings):
    """The geometry at each number K of removed directions, `{"capacity, K = 3": number}`.

    The level that the rule removes is called "K removed": its number is a fraction and another one
    of other manifolds or points.

    Parameters
    ----------
    products : ManifoldProducts
    settings
        Keywords of `geometry_from_products`; 50 Gaussian vectors unless they say otherwise.
    """
    settings = {"random_state": 0, "n_t": PROFILE_DRAWS, **settings}
    found = geometry_from_products(products, profile=True, **settings)
    return {
        f"{metric}, {_level(level['k'], found.low_rank_k)}": level[metric]
        for level in found.profile
        for metric in METRICS
    }


def _level(k, removed):
    return "K removed" if k == removed else f"K = {k:g}"


def middle(n_units):
    """Which of n sorted units are in the middle half, as a slice."""
    return slice(n_units // 4, n_units - n_units // 4)


def _correlation(centers, value):
    """Scale and pseudo-values of the mean absolute cosine, by leaving manifolds out."""
    n = len(centers)
    everything = np.arange(n)
    rest = np.array([_mean_cosine(centers, everything[everything != mu]) for mu in range(n)])
    inside = (rest > 0).all() and (rest < 1).all() and 0 < value < 1
    scale = SCALES["logit" if inside else "fraction"]
    rest = scale.forward(rest)
    return scale, scale.forward(value) + (n - 1) * (rest.mean() - rest)


def _mean_cosine(centers, kept):
    """Mean |cos| between centres about their mean, over pairs; NaN with fewer than two."""
    part = centers[np.ix_(kept, kept)]
    part = part - part.mean(axis=0)
    part = part - part.mean(axis=1, keepdims=True)
    lengths = np.sqrt(np.maximum(np.diag(part), 0.0))
    some = lengths > 1e-10 * lengths.max(initial=0.0)
    if some.sum() < 2:
        return np.nan
    cosines = np.abs(part[np.ix_(some, some)] / np.outer(lengths[some], lengths[some]))
    n = len(cosines)
    return (cosines.sum() - n) / (n * (n - 1))


def _by_points(products, found, groups, parts, threads):
    """What groups of points and Gaussian vectors move the means by, and degrees of freedom."""
    counts = products.counts
    n_groups = min(groups, int(counts.min()))
    if n_groups < 2:
        raise InputError(
            f"counts is {counts.tolist()}; uncertainty from points needs two or more in each "
            "manifold"
        )
    weights = found.low_rank.weights
    columns = np.split(np.arange(counts.sum()), np.cumsum(counts)[:-1])
    along_directions = weights.T @ products.centers  # (K, P)

    def one(mu):
        cross = products.cross[:, columns[mu]]
        part = weights.T @ cross
        length = products.centers[mu, mu] - (along_directions[:, mu] ** 2).sum()
        cloud = Cloud(
            mu,
            products.grams[mu] - part.T @ part,
            length,
            min(int(counts[mu]), products.n_features),
            found.dimension_convention,
            0.0 if products.noise is None else products.noise[mu],
        )
        if not cloud.has_center:
            return np.full((len(METRICS), n_groups, len(HALVES)), np.nan)
        along = (cross[mu] - along_directions[:, mu] @ part) / length
        return _left_out(cloud, along, found, n_groups)

    with thread_map(threads) as run:
        logs = np.array(run(one, range(len(counts))))  # (P, metrics, groups, vectors)
    with np.errstate(invalid="ignore"):  # one point alone has no radius: the logarithm is infinite
        spread = (logs - logs.mean(axis=2, keepdims=True)) * np.sqrt((n_groups - 1) / n_groups)
    moved = {}
    for index, metric in enumerate(METRICS):
        groups_of = spread[:, index]
        vectors = _by_vectors(metric, found.statistics)
        vectors = vectors * _not_counted_yet(groups_of, vectors, parts[metric])
        moved[metric] = np.concatenate([groups_of[..., 0], vectors], axis=1)
    n = len(counts)
    result = {}
    for metric, deviations in moved.items():
        # d(1/a) = -(1/a) d(log a); d(r) = r d(log r)
        sign = -1.0 if METRICS[metric] == "reciprocal" else 1.0
        result[metric] = (sign * parts[metric][:, np.newaxis] * deviations / n).ravel()
    for name, metric in TRIMMED.items():
        kept = np.argsort(parts[metric], kind="stable")[middle(n)]
        chosen = np.zeros((n, 1))
        chosen[kept] = 1.0 / len(kept)
        result[name] = (chosen * parts[metric][:, np.newaxis] * moved[metric]).ravel()
    result["center_correlation"] = np.array([np.nan])  # products of points of two classes decide
    return result, n * (n_groups - 1)


def _left_out(cloud, along, found, n_groups):
    """Logarithms of the metrics without each group of points: (3, n_groups, 3).

    The last axis: by all Gaussian vectors, which are those of the full manifold, and by each half
    of them. Points are in units of the centre of those that are left.
    """
    t, points = cloud.draws(found.seed, found.n_t), cloud.points
    logs = np.empty((len(METRICS), n_groups, len(HALVES)))
    for group in range(n_groups):
        kept = np.arange(points.shape[1]) % n_groups != group
        shift = points[:, kept].mean(axis=1, keepdims=True)
        square = 1.0 + 2.0 * along[kept].mean() + (shift**2).sum()
        rest = anchor_statistics((points[:, kept] - shift) / np.sqrt(square), t, found.kappa)
        with np.errstate(all="ignore"):
            logs[:, group] = [
                [-np.log(rest.inverse_capacity[half].mean()) for half in HALVES],
                [0.5 * np.log(rest.spread[half].mean()) for half in HALVES],
                [2.0 * np.log(np.abs(rest.cosine[half].mean())) for half in HALVES],
            ]
    return logs


def _not_counted_yet(groups, vectors, parts):
    """Factor for what vectors move a number by, so that no variance counts twice.

    Points that are left out meet the same vectors, and other points would meet them differently.
    This interaction is in the variance from points as well as in that from vectors. It is what
    doubles in the former with half of the vectors.
    """
    squares = (parts[:, np.newaxis] ** 2 * (groups**2).sum(axis=1)).sum(axis=0)
    interaction = squares[1:].mean() - squares[0]
    total = (parts**2 * (vectors**2).sum(axis=1)).sum()
    with np.errstate(all="ignore"):
        return np.sqrt(np.clip(1.0 - interaction / total, 0.0, 1.0)) if total > 0 else 1.0


def _by_vectors(metric, statistics):
    """What each Gaussian vector moves the logarithm by, (P, n_t), in standard deviations."""
    names = {"capacity": "inverse_capacity", "radius": "spread", "dimension": "cosine"}
    power = {"capacity": -1.0, "radius": 0.5, "dimension": 2.0}
    rows = np.array([getattr(found, names[metric]) for found in statistics])
    n_t = rows.shape[1]
    with np.errstate(all="ignore"):
        relative = rows / rows.mean(axis=1, keepdims=True) - 1.0
        return power[metric] * relative / np.sqrt(n_t * (n_t - 1.0))
