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
SPLIT = METRICS[:4]  # numbers that are made of sums over manifolds
ACTIVE = 1e-10  # of the sum of all weights
NEWTON_STEPS = 60
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
    parts : ndarray, shape (n_t, P)
        What each manifold's points add to a.
    kkt_residual : float
        The largest violation of the optimality conditions, relative to the largest constraint.
    inseparable : ndarray of bool, shape (n_t,)
        Draws whose dichotomy no v other than zero separates, in the span of the points.
    """

    weights: np.ndarray
    active: np.ndarray
    a: np.ndarray
    parts: np.ndarray
    kkt_residual: float
    inseparable: np.ndarray


@dataclass(frozen=True)
class Measures:
    """The numbers of one problem.

    Attributes
    ----------
    value : dict of str to float
        By `METRICS`; NaN where a number is not defined. The radius is infinite where b = c.
    bias : dict of str to float
        How far the number is expected to be from what infinitely many draws would give, as far as
        it falls with 1 / n_t (twofold jackknife: the mean of two halves of the draws is twice as
        biased). NaN for a radius that is infinite, or would be with half of the draws.
    influence : dict of str to ndarray, shape (n_t,)
        NaN where the bias is.
    of_manifolds : dict of str to ndarray, shape (P,)
        By `SPLIT`, how far each manifold moves the number, with mean 0; see `_by_manifolds`. NaN
        where the bias is.
    a, b, c : ndarrays, shape (n_t,)
        What each draw adds to the means in capacity, dimension, radius and utility.
    """

    value: dict
    bias: dict
    influence: dict
    of_manifolds: dict
    a: np.ndarray
    b: np.ndarray
    c: np.ndarray


def solve(points, t, labels, run=map, parts=1):
    """`Solution` for Gaussian vectors t (n_t, r) and dichotomies `labels` (n_t, P).

    Parameters
    ----------
    points : Points
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
    signs = -labels[:, owner]
    difference = (signs * weights) @ units
    # t is in the cone of the constraints: many solutions
    for k in np.flatnonzero(vanishing & difference.any(axis=1)):
        weights[k] = least_weights(signs[k][:, np.newaxis] * units, difference[k], weights[k])
    starts = np.cumsum(points.counts) - points.counts
    parts = np.add.reduceat(signs * weights * (difference @ units.T), starts, axis=1)
    weights *= inverse
    totals = np.add.reduceat(weights, starts, axis=1)
    active = totals > ACTIVE * totals.sum(axis=1, keepdims=True)
    weights /= np.where(active, totals, np.inf)[:, owner]
    return Solution(
        weights=weights,
        active=active,
        a=_dot(difference, difference),
        parts=parts,
        kkt_residual=float(violations.max()),
        inseparable=inseparable,
    )


def least_weights(columns, target, weights):
    """The weights z >= 0 of least squared length with the same sum z' columns = target.

    Where v is zero, as for inseparable labels, many weights are solutions; these are the only ones
    that do not depend on the solver or on the order of points. They are
    max(columns nu, 0) for a minimum nu of |max(columns nu, 0)|^2 / 2 - target . nu, which Newton's
    method finds in a few steps.

    Parameters
    ----------
    columns : ndarray, shape (n, r)
    target : ndarray, shape (r,)
    weights : ndarray, shape (n,)
        Some solution: returned where rounding hides the least one.
    """
    scale, nu = np.linalg.norm(target), np.zeros_like(target)
    active, value, slope = np.ones(len(columns), dtype=bool), 0.0, -target
    for _ in range(NEWTON_STEPS):
        curvature = columns[active].T @ columns[active]
        curvature.flat[:: len(target) + 1] += 1e-12 * np.trace(curvature)
        step, length = np.linalg.solve(curvature, -slope), 1.0
        bound, descent = 0.1 * np.linalg.norm(slope), 1e-4 * (slope @ step)
        while True:
            trial = nu + length * step
            found = np.maximum(columns @ trial, 0.0)
            reached = 0.5 * found @ found - target @ trial
            slope = found @ columns - target
            # near the minimum rounding hides the descent, but not that the slope falls
            enough = reached <= value + length * descent or np.linalg.norm(slope) <= bound
            if enough or length < 1e-8:
                break
            length *= 0.5
        nu, value, active = trial, reached, found > 0
        if np.linalg.norm(slope) <= 1e-12 * max(scale, np.linalg.norm(found)):
            return found
    return weights


def measure(points, t, solution, order):
    """`Measures` of the draws of one problem, for Gaussian vectors t (n_t, r).

    Bias is told from two halves of the draws: every second one in `order` (n_t,), and the others.
    """
    value, influence, sums = _evaluate(points, t, solution)
    bias, halves = dict.fromkeys(METRICS, 0.0), []
    if len(t) >= 4:
        parts = [order[start::2] for start in (0, 1)]
        halves = [_evaluate(points, t[part], _subset(solution, part))[0] for part in parts]
        bias = {name: 0.5 * (halves[0][name] + halves[1][name]) - value[name] for name in METRICS}
    with np.errstate(all="ignore"):
        of_manifolds = _by_manifolds(value, solution.parts.mean(axis=0), sums)
    if any(np.isinf(found["radius"]) for found in (value, *halves)):  # far from a linear function
        bias["radius"] = np.nan
        for changes in (influence, of_manifolds):
            changes["radius"] = np.full_like(changes["radius"], np.nan)
    b, c = np.concatenate(sums.b), np.concatenate(sums.c)
    return Measures(value, bias, influence, of_manifolds, solution.a, b, c)


def _subset(solution, part):
    return replace(
        solution,
        weights=solution.weights[part],
        active=solution.active[part],
        a=solution.a[part],
        parts=solution.parts[part],
        inseparable=solution.inseparable[part],
    )


def _evaluate(points, t, solution):
    """The numbers, the influence of each draw on them, and the sums that they follow from."""
    anchors = _Anchors(points, solution)
    chunks = anchors.chunks()
    lengths = np.concatenate([_norms(anchors.axes(chunk)) for chunk in chunks])
    sums = Sums(anchors.centers, solution.active, lengths)
    for chunk in chunks:
        sums.add(chunk, anchors.axes(chunk), t[chunk])
    with np.errstate(all="ignore"):  # what is 0 / 0 is not defined: NaN
        value, influence = _numbers(solution.a, sums, anchors)
    return (value if points.rank else dict.fromkeys(METRICS, np.nan)), influence, sums


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
    # with 2r or more manifolds active in r dimensions b = c: what is left then is rounding
    rest = mean_b - mean_c
    rest = rest if rest > np.concatenate(sums.rounding).mean() else 0.0
    n_manifolds = len(sums.centers)
    value = {
        "capacity": n_manifolds / mean_a,
        "dimension": mean_b / n_manifolds,
        "radius": np.sqrt(np.divide(mean_c, rest)) if mean_b > 0 else 0.0,
        "utility": mean_c / mean_a,
    }
    change_a = a - mean_a
    change_b = b - mean_b + anchors.influence(sums.slope_b)
    change_c = c - mean_c + anchors.influence(sums.slope_c)
    in_radius = 0.5 * value["radius"] * (change_c / mean_c - (change_b - change_c) / rest)
    influence = {
        "capacity": -value["capacity"] * change_a / mean_a,
        "dimension": change_b / n_manifolds,
        "radius": in_radius if mean_b > 0 else np.zeros_like(a),
        "utility": (change_c - value["utility"] * change_a) / mean_a,
    }
    for name, (number, direct, slope) in sums.alignments().items():
        value[name], influence[name] = number, direct + anchors.influence(slope)
    return {name: float(value[name]) for name in METRICS}, influence


def _by_manifolds(value, a, sums):
    """How far each manifold moves the numbers of `SPLIT`, to first order, ndarrays (P,).

    a, b and c are sums over manifolds: of y_mu <x_mu, t - v> and, with u = S1 t, of u_mu times an
    entry of (S1 S1')^+ u or (S0 S0' + S1 S1')^+ u. What a manifold changes in the parts of the
    others is left out, as it is where manifolds are measured one by one.
    """
    b, c = sums.parts_b / sums.n_t, sums.parts_c / sums.n_t
    (mean_a, in_a), (mean_b, in_b), (mean_c, in_c) = (
        (part.mean(), part - part.mean()) for part in (a, b, c)
    )
    change = 0.5 * (in_c / mean_c - (in_b - in_c) / (mean_b - mean_c))
    return {
        "capacity": -value["capacity"] * in_a / mean_a,
        "dimension": in_b,
        "radius": value["radius"] * change if mean_b > 0 else np.zeros_like(b),
        "utility": (in_c - value["utility"] * in_a) / mean_a,
    }


def _norms(rows):
    return np.sqrt(_dot(rows, rows))


def _dot(first, second):
    return np.einsum("...i,...i->...", first, second)
