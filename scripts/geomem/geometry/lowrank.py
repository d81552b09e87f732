"""The low-rank structure shared by the centres, found and taken off before the geometry.

Cohen et al., Nat. Commun. 11, 746 (2020), methods: for K = 1, 2, ... the K directions that leave
the least sum of squared cosines between the residual centres; of these the K whose residual
centres have the least mean absolute cosine.
"""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from geomem.errors import InputError

# decrease of the cost in a Newton step to stop at, relative to the pairs' cost before the descent
START_TOLERANCE = 1e-3  # enough to follow a minimum from K to K + 1 and to tell it from another
TOLERANCE = 1e-7
FINAL_TOLERANCE = 1e-20  # for the K chosen: rounding in the centres must not show in the capacity
MAX_ITERATIONS = 40  # where the cost is flat along a valley, more gain less than 1e-3 of it
FINAL_ITERATIONS = 1000  # for the K chosen, to the end of its valley: one to three hundred do
NEAR = 0.02  # above the least mean cosine, relative: more than START_TOLERANCE leaves open
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
        Starting points. The minimum is followed from K - 1 to K by adding the strongest direction
        of the residual centres; for the K chosen, `starts - 1` random directions are tried as
        well, and for others where that one swallows a centre.
    keep : {"cost", "stability"}
        Which minimum to keep: the lowest, or for each K, of `starts` random ones, the one that
        leaves the largest share of the centre it shortens most. The latter with 10 starts is what
        the authors of the method do.
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
    x = np.ascontiguousarray(coordinates[kept])
    x /= np.sqrt((x**2).sum(axis=1)).mean()
    fits = []
    for _ in range(k_max):
        v = fits[-1].v if fits else np.zeros((rank, 0))
        if keep == "cost":
            fits.append(_follow(x, v, rng, starts))
        else:
            fits.append(max(_from_random(x, v, rng, run, starts), key=lambda fit: fit.share))
        if len(fits) > 4 and all(np.diff([fit.correlation for fit in fits[-4:]]) > 0):
            break
    if keep == "cost":
        best = _choose(x, fits, rng, run, starts)
    else:
        chosen = int(np.argmin([fit.correlation for fit in fits]))
        best = fits[chosen] = _finish(x, fits[chosen])
    if not best.converged:
        warnings.append(
            f"the cost of the low-rank structure still fell after {FINAL_ITERATIONS} Newton steps"
        )
    short = np.flatnonzero(kept)[_shares(x, best.v) < COLLAPSED]
    if len(short):
        warnings.append(
            f"manifold {', '.join(map(str, short))}: less than a tenth of its centre's length is "
            "left after the low-rank structure is off; its radius says little"
        )
    weights = vectors[:, :rank] / np.sqrt(values[:rank]) @ best.v
    correlations, costs = zip(*((fit.correlation, fit.cost) for fit in fits), strict=True)
    return LowRank(weights, correlation, correlations, costs, tuple(warnings))


def mean_cosine(rows):
    """Mean over pairs of rows of the absolute cosine between them."""
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    n = len(units)
    return float((np.abs(units @ units.T).sum() - n) / (n * (n - 1)))


@dataclass(frozen=True)
class _Fit:
    """Directions (rank, K), their cost, the mean cosine between the residual centres, the squared
    share of its length left to the centre that loses most, and whether the descent came to its end.
    """

    v: np.ndarray
    cost: float
    correlation: float
    share: float
    converged: bool


def _finish(x, fit):
    return _descend(x, fit.v, FINAL_TOLERANCE, FINAL_ITERATIONS)


def _descend(x, start, tolerance, max_iterations=MAX_ITERATIONS):
    from geomem.geometry.newton import cost, minimize  # compiled: loaded when first needed

    products = x @ x.T
    start = np.ascontiguousarray(start)
    excess = cost(x, products, start) - 0.5 * len(x)
    v, value, _, iterations, _ = minimize(x, products, start, tolerance * excess, max_iterations)
    correlation = mean_cosine(x - (x @ v) @ v.T)
    return _Fit(v, value, correlation, _shares(x, v).min(), iterations < max_iterations)


def _with(v, direction):
    return np.linalg.qr(np.column_stack([v, direction]))[0]


def _from_random(x, v, rng, run, starts):
    """Minima with one direction more than `v`, at first a random one."""
    initial = [_with(v, rng.standard_normal(len(x)) @ x) for _ in range(starts)]
    return run(lambda start: _descend(x, start, START_TOLERANCE), initial)


def _follow(x, v, rng, starts):
    """The minimum with one direction more than `v`, at first the residual centres' strongest."""
    residual = x - (x @ v) @ v.T
    units = residual / np.linalg.norm(residual, axis=1, keepdims=True)
    last = len(x.T) - 1
    direction = scipy.linalg.eigh(units.T @ units, subset_by_index=(last, last))[1][:, 0]
    fits = []
    for _ in range(starts):
        fits.append(_descend(x, _with(v, direction), START_TOLERANCE))
        # a centre that vanishes has no direction left: the cost ends in a cliff there, no minimum
        if fits[-1].share > COLLAPSED:
            return fits[-1]
        direction = rng.standard_normal(len(x)) @ x
    return max(fits, key=lambda fit: fit.share)


def _choose(x, fits, rng, run, starts):
    """The fit with the least mean cosine, or the first after it that swallows no centre.

    Fits that may be it descend further, in place.
    """
    least = min(fit.correlation for fit in fits)
    near = [k for k, fit in enumerate(fits) if fit.correlation <= (1.0 + NEAR) * least]
    before = {k: fits[k - 1].v if k else fits[k].v[:, :0] for k in near}
    refined = run(lambda k: _descend(x, fits[k].v, TOLERANCE), near)
    for k, fit in zip(near, refined, strict=True):
        fits[k] = fit
    near.sort(key=lambda k: fits[k].correlation)
    for k in near:
        for fit in _minima(x, before[k], fits[k], rng, run, starts):
            fits[k] = _finish(x, fit)
            if fits[k].share > COLLAPSED:
                return fits[k]
    fits[near[0]] = _finish(x, fits[near[0]])
    return fits[near[0]]


def _minima(x, before, fit, rng, run, starts):
    """Those of `fit` and the lowest other minimum that swallow no centre; the lower one first."""
    found = [fit] if fit.share > COLLAPSED else []
    for rival in sorted(_from_random(x, before, rng, run, starts - 1), key=lambda r: r.cost):
        rival = _descend(x, rival.v, TOLERANCE)
        if rival.share > COLLAPSED:
            found.append(rival)
            break
    return sorted(found, key=lambda f: f.cost)


def _shares(x, v):
    """Squared share of each centre's length that the directions leave."""
    return 1.0 - ((x @ v) ** 2).sum(axis=1) / (x**2).sum(axis=1)
