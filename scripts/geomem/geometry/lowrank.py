"""The low-rank structure shared by the centres, found and removed before the geometry.

Classes that resemble each other have centres with directions in common. A linear readout ignores
those, so capacity is measured in their orthogonal complement (Cohen et al., Nat. Commun. 11, 746,
2020, methods). How many directions K are common is estimated from the centres.
"""

import numbers
from dataclasses import dataclass, field

import numpy as np

from geomem.errors import InputError
from geomem.geometry import lowrank_authors, lowrank_barrier
from geomem.geometry.center_fits import descend
from geomem.warning import MeasurementWarning

RULES = ("barrier", "authors")
UNCONFIRMED = "low-rank-unconfirmed"  # code of a warning that the range over K takes care of
STARTS = {"barrier": 12, "authors": 10}
FINAL_TOLERANCE = 1e-20  # for the fit chosen: rounding in the centres must not show in capacity
FINAL_ITERATIONS = 1000
SHORT = 1e-2  # squared fraction left of a centre below which its manifold is named in a warning
FEW_CLASSES = 20  # below it K cannot be told well: docs/low-rank.md has the measurement


@dataclass(frozen=True)
class LowRankLevel:
    """The best fit with K directions.

    Attributes
    ----------
    k : int
    objective, cost : float
        With and without the barrier; cost is half the sum of squared cosines between residual
        centres, each with itself included.
    bound : float
        The least cost that any P vectors in the remaining dimensions can have (Welch, IEEE Trans.
        Inf. Theory 20, 397, 1974). At the bound every further direction is as good as any other.
    correlation : float
        Mean over pairs of |cos| between residual centres.
    smallest_fraction : float
        Squared length left of the centre that is shortened most, as a fraction.
    plausible : bool
        Whether the objective differs from the least one by no more than uncertainty over
        manifolds allows.
    weights : ndarray, shape (P, K)
        The directions, orthonormal, as combinations of the centres.
    """

    k: int
    objective: float
    cost: float
    bound: float
    correlation: float
    smallest_fraction: float
    plausible: bool
    weights: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class LowRank:
    """Directions common to the centres.

    Attributes
    ----------
    weights : ndarray, shape (P, K)
        The directions removed, orthonormal, as combinations of the centres.
    center_correlation : float
        Mean over pairs of |cos| between the centres about their mean, nothing removed. NaN
        where fewer than two centres differ from the mean.
    profile : tuple of LowRankLevel
        For K = 0, 1, 2, ...; empty where nothing was searched.
    plausible : tuple of ndarray, shape (P, K)
        Directions of every other fit, with this or another K, that the centres do not tell apart
        from the one chosen.
    hits : int or None
        Starts that ended in the minimum chosen: with 1 nothing confirms that it is the lowest.
        None where nothing was searched, and for the authors' rule.
    warnings : tuple of MeasurementWarning
    """

    weights: np.ndarray
    center_correlation: float
    profile: tuple = ()
    plausible: tuple = ()
    hits: int | None = None
    warnings: tuple = ()


def find_low_rank(
    centers, rng, run, *, remove=True, rule="barrier", k="auto", starts=None, confidence=0.95
):
    """Find the directions to remove.

    Parameters
    ----------
    centers : ndarray, shape (P, P)
        Products of the centres; any common shift of them is taken off.
    rng : numpy.random.Generator
        Draws the random starts of the authors' rule.
    run : callable
        `map` that returns a list; starts run through it side by side.
    remove : bool
        False: measure the correlation only.
    rule : {"barrier", "authors"}
        See `lowrank_barrier` and `lowrank_authors`.
    k : int or "auto"
        Number of directions; "auto": as the rule says.
    starts : int, optional
        Random starts for each K that matters. Default: 12, and 10 for the authors' rule.
    confidence : float
        Of the set of plausible fits. The authors' rule has no such set.

    Raises
    ------
    InputError
        Names the option that cannot be used.
    """
    _check(rule, k, starts, len(centers))
    starts = STARTS[rule] if starts is None else starts
    n_manifolds = len(centers)
    projector = np.eye(n_manifolds) - 1.0 / n_manifolds
    centered = projector @ centers @ projector
    # centres that are the mean itself have no direction: they take no part in the fit
    lengths = np.sqrt(np.maximum(np.diag(centered), 0.0))
    scale = max(lengths.max(), np.sqrt(max(np.trace(centers), 0.0)))
    kept = lengths > 1e-10 * scale
    nothing = np.zeros((n_manifolds, 0))
    if kept.sum() < 2:
        warning = MeasurementWarning(
            "same-centers", "the centres coincide: they have no correlation, and nothing to remove"
        )
        return LowRank(nothing, np.nan, warnings=(warning,))
    values, vectors = np.linalg.eigh(centered)
    values, vectors = values[::-1], vectors[:, ::-1]
    rank = int(np.sum(values > 1e-12 * values[0]))
    coordinates = vectors[:, :rank] * np.sqrt(values[:rank])
    x = np.ascontiguousarray(coordinates[kept])
    x /= np.sqrt((x**2).sum(axis=1)).mean()
    correlation = descend(x, np.zeros((rank, 0)), 0.0, 0.0, 0).correlation
    if not remove or k == 0:
        return LowRank(nothing, correlation)
    warnings = []
    if not kept.all():
        text = (
            "its centre is the mean of the centres; it takes no part in the centre correlation and "
            "the low-rank structure"
        )
        absent = tuple(np.flatnonzero(~kept).tolist())
        warnings.append(MeasurementWarning("center-is-mean", text, manifolds=absent))
    # with one dimension left all residual centres are parallel, whatever was removed
    if rank < 3:
        text = (
            f"the centres span {rank} dimension(s), too few for a low-rank structure: none removed"
        )
        warnings.append(MeasurementWarning("few-center-dimensions", text))
        return LowRank(nothing, correlation, warnings=tuple(warnings))
    if k != "auto" and k > rank - 2:
        text = (
            f"the centres span {rank} dimensions: {rank - 2} directions removed, not the {k} asked"
        )
        warnings.append(MeasurementWarning("fewer-directions", text))
        k = rank - 2
    weights_of = vectors[:, :rank] / np.sqrt(values[:rank])
    hits = None
    if rule == "authors":
        best, levels = _by_authors(x, values, k, starts, rng, run)
        others = []
    else:
        # by length, so that the order in which the manifolds come decides nothing
        order = np.argsort(np.diag(centered)[kept], kind="stable")
        best, levels, others, hits = _by_barrier(x[order], run, starts, k, confidence)
    if not best.converged:
        text = (
            f"the objective of the low-rank structure still fell after {FINAL_ITERATIONS} Newton "
            "steps"
        )
        warnings.append(MeasurementWarning("low-rank-not-converged", text))
    if hits is not None and hits < lowrank_barrier.ENOUGH:
        text = (
            f"{hits} start(s) of the search agree on the low-rank structure, "
            f"{lowrank_barrier.ENOUGH} are wanted: rounding may decide which one is used; k_lo and "
            "k_hi are the range over all that were found"
        )
        warnings.append(MeasurementWarning(UNCONFIRMED, text))
    short = np.flatnonzero(kept)[1.0 - ((x @ best.v) ** 2).sum(1) / (x**2).sum(1) < SHORT]
    if len(short):
        text = (
            "less than a tenth of its centre's length is left after the low-rank structure is off; "
            "its radius says little"
        )
        about = {"metrics": ("radius",), "manifolds": tuple(short.tolist())}
        warnings.append(MeasurementWarning("short-center", text, **about))
    plausible_levels = {best.k, *(fit.k for fit in others)}
    return LowRank(
        weights=weights_of @ best.v,
        center_correlation=correlation,
        profile=tuple(
            LowRankLevel(
                k=fit.k,
                objective=fit.objective,
                cost=fit.cost,
                bound=0.5 * len(x) ** 2 / (rank - fit.k),
                correlation=fit.correlation,
                smallest_fraction=float(fit.fractions.min()),
                plausible=fit.k in plausible_levels,
                weights=weights_of @ fit.v,
            )
            for fit in levels
        ),
        plausible=tuple(weights_of @ fit.v for fit in others),
        hits=hits,
        warnings=tuple(warnings),
    )


def _by_barrier(x, run, starts, k, confidence):
    """The fit chosen, the best one of each K, other plausible ones, the starts that found it."""
    levels, hits = lowrank_barrier.search(x, run, starts=starts, k=k, confidence=confidence)
    chosen = lowrank_barrier.lowest(levels) if k == "auto" else levels[k][0]
    best = descend(x, chosen.v, lowrank_barrier.BARRIER, FINAL_TOLERANCE, FINAL_ITERATIONS)
    candidates = [fit for level in levels for fit in level] if k == "auto" else levels[k]
    others = [
        fit
        for fit in candidates
        if fit is not chosen and lowrank_barrier.is_plausible(fit, best, confidence)
    ]
    profile = [level[0] for level in levels]
    profile[best.k] = best
    return best, profile, others, hits


def _by_authors(x, values, k, starts, rng, run):
    fractions = np.cumsum(values) / values.sum()
    k_max = int(np.argmax(np.where(fractions < 0.95, fractions, 0.0))) + 11
    k_max = min(k_max, x.shape[1] - 2) if k == "auto" else k
    fits = lowrank_authors.search(x, k_max, rng, run, starts=starts, stop=k == "auto")
    chosen = 1 + int(np.argmin([fit.correlation for fit in fits[1:]])) if k == "auto" else k
    fits[chosen] = descend(x, fits[chosen].v, 0.0, FINAL_TOLERANCE, FINAL_ITERATIONS)
    return fits[chosen], fits


def _check(rule, k, starts, n_manifolds):
    if rule not in RULES:
        raise InputError(f"low_rank_rule is {rule!r}; expected one of {', '.join(RULES)}")
    if k != "auto" and not (isinstance(k, numbers.Integral) and 0 <= k < n_manifolds):
        raise InputError(
            f"low_rank_k is {k!r}; expected 'auto' or a whole number from 0 to {n_manifolds - 1}"
        )
    if starts is not None and not (isinstance(starts, numbers.Integral) and starts >= 1):
        raise InputError(f"low_rank_starts is {starts!r}; expected a whole number from 1 up")
