"""The quadratic programs of GLUE, compiled: non-negative least squares over the points of all
manifolds.

For every Gaussian vector t and dichotomy y: z >= 0 with w = A'(A z - t) >= 0 and z . w = 0, where
the columns of A are -y x for all points x in units of their length. Of thousands of points a few
per manifold carry weight. So the program is solved for a subset of them, the points that violate
w >= 0 most join it, and this is repeated until none does: column generation, which is exact. The
subset's program goes to `geomem.geometry.pivoting`.
"""

import numpy as np

from geomem.geometry.compiled import njit
from geomem.geometry.pivoting import GOOD, TOLERANCE, active_set, jit, pivot, sweep

WHOLE = 160  # points up to which all of them are the subset
FIRST = 2  # points of each manifold in the first subset: those that t violates most
ROUNDS = 1000
DEPENDENT = 1e-11  # squared distance from the others' span, relative to the squared length
VANISHING = 1e-9  # of w, relative to the largest |A't|: v is zero


@jit
def _append(part, target, entering, chosen, size, lower, forward):
    """Extend the Cholesky factor of part[chosen, chosen] by one point; False if it depends on
    the others."""
    row = lower[size]
    remaining = part[entering, entering]
    value = target[entering]
    for i in range(size):
        total = part[entering, chosen[i]]
        for j in range(i):
            total -= lower[i, j] * row[j]
        row[i] = total / lower[i, i]
        remaining -= row[i] * row[i]
        value -= row[i] * forward[i]
    if not remaining > DEPENDENT * part[entering, entering]:
        return False
    row[size] = np.sqrt(remaining)
    forward[size] = value / row[size]
    chosen[size] = entering
    return True


@jit
def _one_by_one(part, target, scale, z):
    """Lawson and Hanson's method from the positive z, whose points must be independent.

    It never holds dependent points together, as block pivoting does when several join at a time.
    False where rounding hides the next step.
    """
    n = len(target)
    lower = np.zeros((n, n))
    forward, trial = np.empty(n), np.empty(n)
    chosen = np.empty(n, dtype=np.int64)
    barred = np.zeros(n, dtype=np.bool_)
    w = np.empty(n)
    size = 0
    for i in range(n):
        if z[i] > 0.0:
            if _append(part, target, i, chosen, size, lower, forward):
                size += 1
            else:
                z[i] = 0.0
    entering = -1
    for _ in range(20 * n + 100):
        while True:
            for i in range(size - 1, -1, -1):
                total = forward[i]
                for j in range(i + 1, size):
                    total -= lower[j, i] * trial[j]
                trial[i] = total / lower[i, i]
            if entering >= 0 and not trial[size - 1] > 0.0:  # only rounding made it look useful
                barred[entering] = True
                size -= 1
                entering = -1
                continue
            if entering >= 0:
                barred[:] = False
            entering = -1
            step, leaving = 1.0, -1
            for i in range(size):
                if not trial[i] > 0.0:
                    ratio = z[chosen[i]] / (z[chosen[i]] - trial[i])
                    if leaving < 0 or ratio < step:
                        step, leaving = ratio, i
            for i in range(size):
                k = chosen[i]
                z[k] = trial[i] if leaving < 0 else z[k] + step * (trial[i] - z[k])
            if leaving < 0:
                break
            z[chosen[leaving]] = 0.0
            before, size = size, 0
            for i in range(before):
                k = chosen[i]
                if z[k] > 0.0 and _append(part, target, k, chosen, size, lower, forward):
                    size += 1
                else:
                    z[k] = 0.0
        for i in range(n):
            w[i] = -target[i]
        for i in range(size):
            row = part[chosen[i]]
            for j in range(n):
                w[j] += z[chosen[i]] * row[j]
        while entering < 0:
            least = -TOLERANCE * scale
            for i in range(n):
                if z[i] == 0.0 and not barred[i] and w[i] < least:
                    least, entering = w[i], i
            if entering < 0:
                return not barred.any()
            if _append(part, target, entering, chosen, size, lower, forward):
                size += 1
            else:
                barred[entering] = True
                entering = -1
    return False


@jit
def _solve_subset(gram, points, t, signs, b, chosen, fresh, z):
    """Solve for the points `chosen`, given z of the subset before the `fresh` points joined."""
    size = len(chosen)
    part = np.empty((size, size))
    target, found, guess, w = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    for i in range(size):
        k = chosen[i]
        row = gram[k]
        for j in range(size):
            part[i, j] = signs[k] * signs[chosen[j]] * row[chosen[j]]
        target[i], found[i] = b[k], z[k]
        guess[i] = 1.0 if fresh[k] else z[k]  # the guess: a fresh one is positive
    if not found.any():
        sweep(part, np.ones(size), target, guess, w)
    solved = pivot(
        part,
        target,
        guess,
        w,
        np.empty(size, dtype=np.bool_),
        np.empty(size, dtype=np.int64),
        np.empty((size, size + 1)),
        np.empty(size),
        np.empty(size),
    )
    scale = np.abs(b).max()
    if solved:
        found = guess
    elif not _one_by_one(part, target, scale, found):
        stack = np.empty((size, points.shape[1]))
        for i in range(size):
            for d in range(points.shape[1]):
                stack[i, d] = -signs[chosen[i]] * points[chosen[i], d]
        active_set(stack, t, scale, found)
    for i in range(size):
        z[chosen[i]] = max(found[i], 0.0)


@jit
def _gradient(gram, signs, b, z, w):
    """Sets w = A'A z - A't, and returns the largest violation of the optimality conditions."""
    n = len(b)
    w[:] = 0.0
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


@jit
def _first(b, owner, inside, n_manifolds):
    """Marks the points that t violates most, `FIRST` of each manifold."""
    best = np.empty(n_manifolds, dtype=np.int64)
    for _ in range(FIRST):
        best[:] = -1
        for i in range(len(b)):
            mu = owner[i]
            if b[i] > 0.0 and not inside[i] and (best[mu] < 0 or b[i] > b[best[mu]]):
                best[mu] = i
        for i in best:
            if i >= 0:
                inside[i] = True


@jit
def _solve(gram, points, t, signs, b, owner, n_manifolds, z, w):
    """One program; returns its violation relative to the largest |A't|."""
    n = len(b)
    scale = np.abs(b).max()
    z[:] = 0.0
    if not b.max() > 0.0:
        for i in range(n):
            w[i] = -b[i]
        return 0.0
    inside = np.zeros(n, dtype=np.bool_)
    if n <= WHOLE:
        for i in range(n):
            inside[i] = gram[i, i] > 0.0  # a point at the origin is no constraint
    else:
        _first(b, owner, inside, n_manifolds)
    most = max(n_manifolds, 32)
    fresh = np.zeros(n, dtype=np.bool_)
    violation = np.inf
    for _ in range(ROUNDS):
        _solve_subset(gram, points, t, signs, b, np.flatnonzero(inside), fresh, z)
        violation = _gradient(gram, signs, b, z, w)
        outside = np.flatnonzero((w < -TOLERANCE * scale) & ~inside)
        if len(outside) == 0:
            break
        if len(outside) > most:
            outside = outside[np.argsort(w[outside])[:most]]
        fresh[:] = False
        for i in outside:
            inside[i] = fresh[i] = True
    if not violation <= GOOD * scale:
        other = np.zeros(n)
        gradient = np.empty(n)
        active_set(-signs.reshape(-1, 1) * points, t, scale, other)
        second = _gradient(gram, signs, b, other, gradient)
        if second < violation:
            for i in range(n):
                z[i], w[i] = other[i], gradient[i]
            violation = second
    return violation / scale


@njit(
    "void(float64[:,::1], float64[:,::1], float64[:,::1], float64[:,::1], float64[:,::1], "
    "int64[::1], float64[:,::1], float64[::1], boolean[::1])",
)
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
        The manifold of each point.
    weights : ndarray, shape (n_t, n)
        Receives z.
    violations : ndarray, shape (n_t,)
        Receives the largest violation of the optimality conditions, relative to the largest |A't|.
    vanishing : ndarray of bool, shape (n_t,)
        Receives whether v = t - A z is zero in the space of the points.
    """
    n = len(gram)
    signs = np.empty(n)
    b = np.empty(n)
    w = np.empty(n)
    for k in range(len(t)):
        for i in range(n):
            signs[i] = labels[k, owner[i]]
            b[i] = -signs[i] * along[k, i]
        violations[k] = _solve(gram, points, t[k], signs, b, owner, labels.shape[1], weights[k], w)
        scale = np.abs(b).max()
        vanishing[k] = np.abs(w).max() <= VANISHING * scale
