"""GLUE's numbers of one problem, and what every draw contributes to each of them.

Chou et al., ICML 2025 (arXiv 2503.18114). Each number is a smooth function of means over draws and
of the centres S0, which are means over draws themselves. Its influence values, one per draw, are
its first-order change when that draw's weight grows; the standard error of a number is their
standard deviation over the root of the number of draws (the infinitesimal jackknife; Efron, The
Jackknife, the Bootstrap and Other Resampling Plans, 1982, ch. 6).
"""

from dataclasses import dataclass, replace

import numpy as np

from geomem.geometry.glue_sums import Sums

METRICS = (
    "capacity",
    "dimension",
    "radius",
    "utility",
    "center_alignment_cos",
    "axis_alignment_cos",
    "center_axis_alignment_cos",
    "center_alignment_abs",
    "axis_alignment_abs",
    "center_axis_alignment_abs",
)
ACTIVE = 1e-10  # of the sum of all weights
_CHUNK_VALUES = 2**22


@dataclass(frozen=True)
class Solution:
    """Every draw of one problem solved.

    Attributes
    ----------
    weights : ndarray, shape (n_t, n)
        Of each point within its manifold's anchor point: they sum to 1 where it is active.
    active : ndarray of bool, shape (n_t, P)
    a : ndarray, shape (n_t,)
        |t - v|^2.
    kkt_residual : float
        The largest violation of the optimality conditions, relative to the largest constraint.
    inseparable : ndarray of bool, shape (n_t,)
        Draws whose dichotomy no v other than zero separates, in the span of the points.
    """

    weights: np.ndarray
    active: np.ndarray
    a: np.ndarray
    kkt_residual: float
    inseparable: np.ndarray


@dataclass(frozen=True)
class Measures:
    """The numbers of one problem.

    Attributes
    ----------
    value : dict of str to float
        By `METRICS`; NaN where a number is not defined.
    bias : dict of str to float
        How far the number is expected to be from what infinitely many draws would give, as far as
        it falls with 1 / n_t (twofold jackknife: the mean of two halves of the draws is twice as
        biased).
    influence : dict of str to ndarray, shape (n_t,)
    a, b, c : ndarrays, shape (n_t,)
        What each draw adds to the means in capacity, dimension, radius and utility.
    """

    value: dict
    bias: dict
    influence: dict
    a: np.ndarray
    b: np.ndarray
    c: np.ndarray


def solve(points, t, labels, run=map, parts=1):
    """`Solution` for Gaussian vectors t (n_t, r) and dichotomies `labels` (n_t, P).

    Parameters
    ----------
    run : callable
        Like `map`; solves `parts` parts of the draws, side by side if it can.
    """
    from geomem.geometry.glue_solver import solve_draws  # compiled: loaded when first needed

    lengths = np.linalg.norm(points.values, axis=1)
    inverse = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    units = np.ascontiguousarray(points.values * inverse[:, np.newaxis])
    cosines = units @ units.T
    owner = np.repeat(np.arange(len(points.counts)), points.counts)

    def solve_part(draws, sign):
        vectors = np.ascontiguousarray(sign * t[draws])
        chosen = np.ascontiguousarray(labels[draws])
        found = np.empty((len(vectors), len(owner)))
        violations = np.empty(len(vectors))
        vanishing = np.empty(len(vectors), dtype=bool)
        along = np.ascontiguousarray(vectors @ units.T)
        if len(vectors):
            solve_draws(cosines, units, vectors, along, chosen, owner, found, violations, vanishing)
        return found, violations, vanishing

    draws = np.array_split(np.arange(len(t)), parts)
    solved = list(run(lambda part: solve_part(part, 1.0), draws))
    weights, violations, vanishing = (np.concatenate(part) for part in zip(*solved, strict=True))
    # v = 0 for t and for -t: then for every vector (t lies inside the cone of the constraints)
    inseparable = vanishing.copy()
    inseparable[vanishing] = solve_part(np.flatnonzero(vanishing), -1.0)[2]
    difference = (-labels[:, owner] * weights) @ units
    weights *= inverse
    starts = np.cumsum(points.counts) - points.counts
    totals = np.add.reduceat(weights, starts, axis=1)
    active = totals > ACTIVE * totals.sum(axis=1, keepdims=True)
    weights /= np.where(active, totals, np.inf)[:, owner]
    return Solution(
        weights, active, _dot(difference, difference), float(violations.max()), inseparable
    )


def measure(points, t, solution):
    """`Measures` of the draws of one problem, for Gaussian vectors t (n_t, r)."""
    value, influence, b, c = _evaluate(points, t, solution)
    bias = dict.fromkeys(METRICS, 0.0)
    if len(t) >= 4:
        parts = [slice(start, None, 2) for start in (0, 1)]
        halves = [_evaluate(points, t[part], _subset(solution, part))[0] for part in parts]
        bias = {name: 0.5 * (halves[0][name] + halves[1][name]) - value[name] for name in METRICS}
    return Measures(value, bias, influence, solution.a, b, c)


def _subset(solution, part):
    return replace(
        solution,
        weights=solution.weights[part],
        active=solution.active[part],
        a=solution.a[part],
        inseparable=solution.inseparable[part],
    )


def _evaluate(points, t, solution):
    """The numbers, the influence of each draw on them, and b and c of each draw."""
    anchors = _Anchors(points, solution)
    chunks = anchors.chunks()
    lengths = np.concatenate([_norms(anchors.axes(chunk)) for chunk in chunks])
    sums = Sums(anchors.centers, solution.active, lengths)
    for chunk in chunks:
        sums.add(chunk, anchors.axes(chunk), t[chunk])
    with np.errstate(all="ignore"):  # what is 0 / 0 is not defined: NaN
        value, *rest = _numbers(solution.a, sums, anchors)
    return (value if points.rank else dict.fromkeys(METRICS, np.nan)), *rest


class _Anchors:
    """Anchor points as weights of points: their means, the centres S0, and the axis parts S1."""

    def __init__(self, points, solution):
        self.active, self.resolution = solution.active, points.resolution
        self.n_t = len(self.active)
        self.inverse_counts = 1.0 / np.maximum(self.active.sum(axis=0), 1)
        self.offsets, self.changes, centers = [], [], []
        for mu, rows in enumerate(points.manifolds()):
            weights = solution.weights[:, rows]
            mean = weights.sum(axis=0) * self.inverse_counts[mu]
            centers.append(mean @ points.values[rows])
            self.changes.append(np.where(self.active[:, [mu]], weights - mean, 0.0))
            self.offsets.append(points.offsets(rows))
        self.centers = np.array(centers)

    def chunks(self):
        """Slices of draws whose axis parts fit in memory."""
        width = max(_CHUNK_VALUES // max(self.centers.size, 1), 1)
        return [slice(start, start + width) for start in range(0, self.n_t, width)]

    def axes(self, chunk):
        """Rows of S1 (k, P, r): anchor points minus centres, exactly zero where that is rounding.

        The weights of a change sum to zero, so the points may be taken relative to any of them.
        """
        axes = np.stack(
            [c[chunk] @ o for c, o in zip(self.changes, self.offsets, strict=True)], axis=1
        )
        axes[_dot(axes, axes) <= self.resolution] = 0.0
        return axes

    def influence(self, slope):
        """What each draw adds, to first order, to a function of the centres of slope (P, r)."""
        total = np.zeros(self.n_t)
        for mu, offset in enumerate(self.offsets):
            total += self.changes[mu] @ (offset @ slope[mu]) * (self.n_t * self.inverse_counts[mu])
        return total


def _numbers(a, sums, anchors):
    b, c = np.concatenate(sums.b), np.concatenate(sums.c)
    mean_a, mean_b, mean_c = a.mean(), b.mean(), c.mean()
    n_manifolds = len(sums.centers)
    value = {
        "capacity": n_manifolds / mean_a,
        "dimension": mean_b / n_manifolds,
        "radius": np.sqrt(mean_c / (mean_b - mean_c)) if mean_b > 0 else 0.0,
        "utility": mean_c / mean_a,
    }
    change_a = a - mean_a
    change_b = b - mean_b + anchors.influence(sums.slope_b)
    change_c = c - mean_c + anchors.influence(sums.slope_c)
    rest = mean_b - mean_c
    in_radius = 0.5 * value["radius"] * (change_c / mean_c - (change_b - change_c) / rest)
    influence = {
        "capacity": -value["capacity"] * change_a / mean_a,
        "dimension": change_b / n_manifolds,
        "radius": in_radius if mean_b > 0 else np.zeros_like(a),
        "utility": (change_c - value["utility"] * change_a) / mean_a,
    }
    for name, (number, direct, slope) in sums.alignments().items():
        value[name], influence[name] = number, direct + anchors.influence(slope)
    return {name: float(value[name]) for name in METRICS}, influence, b, c


def _norms(rows):
    return np.sqrt(_dot(rows, rows))


def _dot(first, second):
    return np.einsum("...i,...i->...", first, second)
