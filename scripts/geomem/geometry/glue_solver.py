"""The quadratic programs of GLUE: non-negative least squares over the points of all manifolds.

For every Gaussian vector t and dichotomy y: z >= 0 with w = A'(A z - t) >= 0 and z . w = 0, where
the columns of A are -y x for all points x in units of their length. Of thousands of points a few
per manifold carry weight. So the program is solved for a subset of them, the points that violate
w >= 0 most join it, and this is repeated until none does: column generation, which is exact. The
subset's program goes to `geomem.geometry.pivoting`.
"""

import numpy as np

from geomem.geometry.active_set import from_points, from_products
from geomem.geometry.compiled import FAST, njit
from geomem.geometry.pivoting import GOOD, TOLERANCE, from_guess

WHOLE = 160  # points up to which all of them are the subset
FIRST = 2  # points of each manifold in the first subset: those that t violates most
ROUNDS = 1000
VANISHING = 1e-9  # of w, relative to the largest |A't|: v is zero


def solve_draws(gram, points, t, along, labels, owner, weights, violations, vanishing):
    """Solve the program of every draw.

    Parameters
    ----------
    gram, points : ndarrays, shape (n, n) and (n, r)
        Cosines between the points; the points in units of their length (zero rows: no constraint).
    t, along : ndarrays, shape (n_t, r) and (n_t, n)
        Gaussian vectors, and their products with `points`.
    labels : ndarray, shape (n_t, P)
        The dichotomies, 1 or -1.
    owner : ndarray of int64, shape (n,)
        The manifold of each point, in order.
    weights : ndarray, shape (n_t, n)
        Receives z.
    violations : ndarray, shape (n_t,)
        Receives the largest violation of the optimality conditions, relative to the largest |A't|.
    vanishing : ndarray of bool, shape (n_t,)
        Receives whether v = t - A z is zero in the space of the points.
    """
    for k in range(len(t)):
        signs = labels[k, owner]
        b = -signs * along[k]
        weights[k], w, violations[k] = _solve(gram, points, t[k], signs, b, owner)
        vanishing[k] = np.abs(w).max() <= VANISHING * np.abs(b).max()


def _solve(gram, points, t, signs, b, owner):
    """One program: z, w, and the largest violation relative to the largest |A't|."""
    n, n_manifolds = len(b), owner[-1] + 1
    z = np.zeros(n)
    if not b.max() > 0.0:
        return z, -b, 0.0
    scale = np.abs(b).max()
    # a point at the origin is no constraint
    inside = gram.diagonal() > 0.0 if n <= WHOLE else _most_violated(b, owner)
    most = max(n_manifolds, 32)
    fresh = np.zeros(n, dtype=bool)
    w = np.empty(n)
    for _ in range(ROUNDS):
        chosen = np.flatnonzero(inside)
        z[chosen] = _solve_subset(gram, points, t, signs, b, chosen, fresh[chosen], z[chosen])
        violation = _gradient(gram, signs, b, z, w)
        outside = np.flatnonzero((w < -TOLERANCE * scale) & ~inside)
        if len(outside) == 0:
            break
        if len(outside) > most:
            outside = outside[np.argpartition(w[outside], most)[:most]]
        fresh[:] = False
        inside[outside] = fresh[outside] = True
    if not violation <= GOOD * scale:
        other, gradient = np.zeros(n), np.empty(n)
        from_points(-signs[:, np.newaxis] * points, t, scale, other)
        second = _gradient(gram, signs, b, other, gradient)
        if second < violation:
            z, w, violation = other, gradient, second
    return z, w, violation / scale


def _most_violated(b, owner):
    """Marks the points that t violates most, `FIRST` of each manifold."""
    order = np.lexsort((-b, owner))  # by manifold, which all are already, then by b
    rank = np.arange(len(b)) - np.searchsorted(owner, owner)
    leading = order[rank < FIRST]
    inside = np.zeros(len(b), dtype=bool)
    inside[leading] = b[leading] > 0.0
    return inside


def _solve_subset(gram, points, t, signs, b, chosen, fresh, z):
    """z of the points `chosen`, from z of the subset before the `fresh` points joined."""
    part = _signed(gram, signs, chosen)
    target = b[chosen]
    found = from_guess(part, target, np.where(fresh, 1.0, z), sweep_first=not z.any())
    if found is None:
        found = z.copy()
        scale = np.abs(b).max()
        if not from_products(part, target, scale, found):
            from_points(-signs[chosen, np.newaxis] * points[chosen], t, scale, found)
    return np.maximum(found, 0.0)


@njit("float64[:,::1](float64[:,::1], float64[::1], int64[::1])")
def _signed(gram, signs, chosen):
    """Products of the points `chosen` with their signs."""
    part = np.empty((len(chosen), len(chosen)))
    for i in range(len(chosen)):
        row = gram[chosen[i]]
        for j in range(len(chosen)):
            part[i, j] = signs[chosen[i]] * signs[chosen[j]] * row[chosen[j]]
    return part


@njit("float64(float64[:,::1], float64[::1], float64[::1], float64[::1], float64[::1])",
      fastmath=FAST)  # fmt: skip
def _gradient(gram, signs, b, z, w):
    """Sets w = A'A z - A't, and returns the largest violation of the optimality conditions."""
    n = len(b)
    for j in range(n):
        w[j] = 0.0
    for i in range(n):
        if z[i] != 0.0:
            factor = signs[i] * z[i]
            row = gram[i]
            for j in range(n):
                w[j] += factor * row[j]
    worst = 0.0
    for i in range(n):
        w[i] = signs[i] * w[i] - b[i]
        worst = max(worst, abs(w[i]) if z[i] != 0.0 else -w[i])
    return worst
