"""The low-rank structure shared by the centres, found and taken off before the geometry.

Cohen et al., Nat. Commun. 11, 746 (2020), methods: for K = 1, 2, ... the K directions that leave
the least sum of squared cosines between the residual centres; of these the K whose residual
centres have the least mean absolute cosine.
"""

from dataclasses import dataclass

import numpy as np

from geomem.errors import InputError

# decrease of the cost in a Newton step to stop at, relative to the pairs' cost before the descent
START_TOLERANCE = 1e-3  # enough to tell one minimum from another
TOLERANCE = 1e-7
FINAL_TOLERANCE = 1e-20  # for the K chosen: rounding in the centres must not show in the capacity
MAX_ITERATIONS = 40  # where the cost is flat along a valley, more gain less than 1e-3 of it
COLLAPSED = 1e-2  # squared share left of a centre, below which the directions swallowed it
KEEP = ("cost", "stability")


@dataclass(frozen=True)
class LowRank:
    """Directions common to the centres.

    Attributes
    ----------
    weights : ndarray, shape (P, K)
        The directions, orthonormal, as combinations of the centres.
    center_correlation : float
        Mean over pairs of |cos| between the centres about their mean, nothing removed. NaN
        where fewer than two centres differ from the mean.
    residual_correlations : tuple of float
        The same between residual centres, after removing 1, 2, ... directions.
    warnings : tuple of str
    """

    weights: np.ndarray
    center_correlation: float
    residual_correlations: tuple = ()
    costs: tuple = ()
    warnings: tuple = ()


def find_low_rank(centers, rng, run, *, remove=True, starts=4, keep="cost"):
    """Find the directions to remove.

    Parameters
    ----------
    centers : ndarray, shape (P, P)
        Products of the centres; any common shift of them is taken off.
    rng : numpy.random.Generator
        Draws the random starts.
    run : callable
        `map` that returns a list; starts run through it side by side.
    remove : bool
        False: measure the correlation only.
    starts : int
        Starting points for each K: the directions of K - 1 with the strongest direction of the
        residual centres, and `starts - 1` times with a random one.
    keep : {"cost", "stability"}
        Which of the minima to keep: the lowest, or the one that leaves the largest share of the
        centre it shortens most. The latter with 10 starts, all of them random, is what the
        authors of the method do.
    """
    if keep not in KEEP:
        raise InputError(f"low_rank_keep is {keep!r}; expected one of {', '.join(KEEP)}")
    if starts < 1:
        raise InputError(f"low_rank_starts is {starts}; expected 1 or more")
    n_manifolds = len(centers)
    projector = np.eye(n_manifolds) - 1.0 / n_manifolds
    centered = projector @ centers @ projector
    # centres that are the mean itself have no direction: they take no part in the fit
    lengths = np.sqrt(np.maximum(np.diag(centered), 0.0))
    scale = max(lengths.max(), np.sqrt(max(np.trace(centers), 0.0)))
    kept = lengths > 1e-10 * scale
    nothing = np.zeros((n_manifolds, 0))
    if kept.sum() < 2:
        warning = "the centres coincide: they have no correlation, and nothing to remove"
        return LowRank(nothing, np.nan, warnings=(warning,))
    values, vectors = np.linalg.eigh(centered)
    values, vectors = values[::-1], vectors[:, ::-1]
    rank = int(np.sum(values > 1e-12 * values[0]))
    coordinates = vectors[:, :rank] * np.sqrt(values[:rank])
    correlation = mean_cosine(coordinates[kept])
    if not remove:
        return LowRank(nothing, correlation)
    warnings = []
    if not kept.all():
        absent = ", ".join(map(str, np.flatnonzero(~kept)))
        warnings.append(
            f"manifold {absent}: its centre is the mean of the centres; it takes no part in the "
            "centre correlation and the low-rank structure"
        )
    shares = np.cumsum(values) / values.sum()
    k_max = int(np.argmax(np.where(shares < 0.95, shares, 0.0))) + 11
    # with one dimension left all residual centres are parallel, whatever was removed
    k_max = min(k_max, rank - 2)
    if k_max < 1:
        warnings.append(
            f"the centres span {rank} dimension(s), too few for a low-rank structure: none removed"
        )
        return LowRank(nothing, correlation, warnings=tuple(warnings))
    from geomem.geometry.newton import minimize  # compiled: loaded when first needed

    x = np.ascontiguousarray(coordinates[kept])
    x /= np.sqrt((x**2).sum(axis=1)).mean()
    fits, correlations, costs = [], [], []
    v = np.zeros((rank, 0))
    for _ in range(k_max):
        v, cost = _best(x, v, rng, run, minimize, starts, keep)
        fits.append(v)
        costs.append(cost)
        correlations.append(mean_cosine(x - (x @ v) @ v.T))
        if len(fits) > 4 and all(np.diff(correlations[-4:]) > 0):
            break
    chosen = int(np.argmin(correlations))
    best, costs[chosen], *_ = minimize(
        x, x @ x.T, fits[chosen], FINAL_TOLERANCE * costs[chosen], MAX_ITERATIONS
    )
    short = np.flatnonzero(kept)[_shares(x, best) < COLLAPSED]
    if len(short):
        warnings.append(
            f"manifold {', '.join(map(str, short))}: less than a tenth of its centre's length is "
            "left after the low-rank structure is off; its radius says little"
        )
    weights = vectors[:, :rank] / np.sqrt(values[:rank]) @ best
    return LowRank(weights, correlation, tuple(correlations), tuple(costs), tuple(warnings))


def mean_cosine(rows):
    """Mean over pairs of rows of the absolute cosine between them."""
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    n = len(units)
    return float((np.abs(units @ units.T).sum() - n) / (n * (n - 1)))


def _best(x, previous, rng, run, minimize, starts, keep):
    """The best minimum with one direction more than `previous`, and its cost."""
    products = x @ x.T
    residual = x - (x @ previous) @ previous.T
    units = residual / np.linalg.norm(residual, axis=1, keepdims=True)
    excess = 0.5 * (((units @ units.T) ** 2).sum() - len(x))
    extra = [rng.standard_normal(len(x)) @ x for _ in range(starts - (keep == "cost"))]
    if keep == "cost":
        extra.insert(0, np.linalg.eigh(units.T @ units)[1][:, -1])
    initial = [np.linalg.qr(np.column_stack([previous, direction]))[0] for direction in extra]

    def descend(v, tolerance):
        start = np.ascontiguousarray(v)
        return minimize(x, products, start, tolerance * excess, MAX_ITERATIONS)

    def shortest(result):
        return _shares(x, result[0]).min()

    if keep == "stability":
        return max(run(lambda v: descend(v, TOLERANCE), initial), key=shortest)[:2]
    rough = run(lambda v: descend(v, START_TOLERANCE), initial)
    fine = []
    for v, *_ in sorted(rough, key=lambda result: result[1]):
        fine.append(descend(v, TOLERANCE))
        # a centre that vanishes has no direction left: the cost ends in a cliff there, no minimum
        if shortest(fine[-1]) > COLLAPSED:
            return fine[-1][:2]
    return max(fine, key=shortest)[:2]


def _shares(x, v):
    """Squared share of each centre's length that the directions leave."""
    return 1.0 - ((x @ v) ** 2).sum(axis=1) / (x**2).sum(axis=1)
