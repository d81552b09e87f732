"""Lawson and Hanson's active-set method for non-negative least squares, compiled.

It is slower than block pivoting (`geomem.geometry.pivoting`), but never holds dependent points
together: a point joins or leaves at a time (Solving Least Squares Problems, 1974, ch. 23).
"""

import numpy as np

from geomem.geometry.compiled import FAST, njit
from geomem.geometry.pivoting import TOLERANCE

DEPENDENT = 1e-11  # squared distance from the others' span, relative to the squared length


@njit("float64(float64[::1], float64[::1])", fastmath=FAST)
def _inner(a, b):
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@njit("Tuple((float64, int64))(float64[::1], float64[::1], int64[::1], int64)", fastmath=FAST)
def _first_to_vanish(z, trial, chosen, size):
    """On the way from z[chosen] to `trial`: the fraction at which the first of them is zero, and
    which it is; 1 and -1 if all stay positive."""
    step, leaving = 1.0, -1
    for i in range(size):
        if not trial[i] > 0.0:
            ratio = z[chosen[i]] / (z[chosen[i]] - trial[i])
            if leaving < 0 or ratio < step:
                step, leaving = ratio, i
    return step, leaving


@njit("float64(float64[::1], float64[:,::1], float64[:,::1], int64)", fastmath=FAST)
def _append_point(point, basis, upper, size):
    """Add a point to the orthonormal basis of the first `size`; the part of it that is new."""
    q = basis[size]
    for d in range(len(point)):
        q[d] = point[d]
    for k in range(size):
        upper[k, size] = 0.0
    for _ in range(2):  # once more restores the orthogonality that cancellation took
        for k in range(size):
            along = _inner(basis[k], q)
            upper[k, size] += along
            for d in range(len(q)):
                q[d] -= along * basis[k, d]
    norm = np.sqrt(_inner(q, q))
    upper[size, size] = norm
    if norm > 0.0:
        for d in range(len(q)):
            q[d] /= norm
    return norm


@njit("void(float64[:,::1], float64[::1], float64, float64[::1])", fastmath=FAST)
def from_points(stack, t, scale, z):
    """Sets z: min |S z - t|, z >= 0, from the points S themselves, whose condition is the root of
    that of their products.

    Parameters
    ----------
    stack : ndarray, shape (n, r)
        The points as rows.
    t : ndarray, shape (r,)
    scale : float
        The largest |S't|.
    z : ndarray, shape (n,)
        Receives the weights.
    """
    n, dim = stack.shape
    most = min(n, dim)
    basis = np.empty((most + 1, dim))
    upper = np.zeros((most + 1, most + 1))
    chosen = np.empty(most + 1, dtype=np.int64)
    trial = np.empty(most + 1)
    barred = np.zeros(n, dtype=np.bool_)
    residual = t.copy()
    size = 0
    z[:] = 0.0
    for _ in range(10 * (n + dim)):
        best, entering = TOLERANCE * scale, -1
        for i in range(n):
            if z[i] == 0.0 and not barred[i]:
                slope = _inner(stack[i], residual)
                if slope > best:
                    best, entering = slope, i
        if entering < 0:
            return
        length = np.sqrt(_inner(stack[entering], stack[entering]))
        if size == most or not _append_point(stack[entering], basis, upper, size) > 1e-14 * length:
            barred[entering] = True
            continue
        chosen[size] = entering
        size += 1
        first = True
        while True:
            for i in range(size - 1, -1, -1):
                total = _inner(basis[i], t)
                for j in range(i + 1, size):
                    total -= upper[i, j] * trial[j]
                trial[i] = total / upper[i, i]
            if first and not trial[size - 1] > 0.0:  # only rounding made it look useful
                barred[entering] = True
                size -= 1
                break
            if first:
                barred[:] = False
            first = False
            step, leaving = _first_to_vanish(z, trial, chosen, size)
            if leaving < 0:
                for i in range(size):
                    z[chosen[i]] = trial[i]
                break
            for i in range(size):
                z[chosen[i]] += step * (trial[i] - z[chosen[i]])
            z[chosen[leaving]] = 0.0
            kept = 0
            for i in range(size):
                index = chosen[i]
                if z[index] > 0.0:
                    _append_point(stack[index], basis, upper, kept)
                    chosen[kept] = index
                    kept += 1
                else:
                    z[index] = 0.0
            size = kept
        for d in range(dim):
            residual[d] = t[d]
        for i in range(size):
            for d in range(dim):
                residual[d] -= z[chosen[i]] * stack[chosen[i], d]


@njit(
    "boolean(float64[:,::1], float64[::1], int64, int64[::1], int64, float64[:,::1], float64[::1])",
    fastmath=FAST,
)
def _append_product(part, target, entering, chosen, size, lower, forward):
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


@njit("boolean(float64[:,::1], float64[::1], float64, float64[::1])", fastmath=FAST)
def from_products(part, target, scale, z):
    """Sets z >= 0 with w = G z - b >= 0 and z . w = 0, from the positive z, whose points must be
    independent.

    Parameters
    ----------
    part : ndarray, shape (n, n)
        G, the products of the points.
    target : ndarray, shape (n,)
        b, their products with the Gaussian vector.
    scale : float
        The largest |b| of all points.
    z : ndarray, shape (n,)
        Where to start; receives the weights.

    Returns
    -------
    bool
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
            if _append_product(part, target, i, chosen, size, lower, forward):
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
            step, leaving = _first_to_vanish(z, trial, chosen, size)
            for i in range(size):
                k = chosen[i]
                z[k] = trial[i] if leaving < 0 else z[k] + step * (trial[i] - z[k])
            if leaving < 0:
                break
            z[chosen[leaving]] = 0.0
            before, size = size, 0
            for i in range(before):
                k = chosen[i]
                if z[k] > 0.0 and _append_product(part, target, k, chosen, size, lower, forward):
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
            if _append_product(part, target, entering, chosen, size, lower, forward):
                size += 1
            else:
                barred[entering] = True
                entering = -1
    return False
