"""Trust-region Newton on a Grassmannian for the low-rank structure of the centres (compiled).

Notation, for centre coordinates X (P, r) and an orthonormal V (r, K): c = X V, A = X X' - c c',
d = diag A, B_mn = A_mn / (d_m d_n), h_m = sum_n A_mn B_mn / d_m. The objective is
F = sum(A * B) / 2: half the sum of squared cosines of the residual centres. Its gradient is
2 X' (diag(h) c - B c), and F depends on V V' alone, so steps are tangent to the Grassmannian:
V' Z = 0. Steihaug's conjugate gradients solve each Newton step within a trust region (Absil,
Mahony and Sepulchre, Optimization Algorithms on Matrix Manifolds, 2008, ch. 7), preconditioned
by the Hessian's Kronecker-shaped part, Z -> S Z - Z V'G with S = 2 X' (diag(h) - B) X: at first by
its diagonal in the given coordinates (near enough for short descents where those are the centres'
principal axes), then in its eigenvectors, in which all coordinates are kept from there on.
"""

import numpy as np

from geomem.geometry.compiled import FAST, njit

FIRST = 60  # conjugate-gradient steps that the first preconditioner, a diagonal, serves
STALE = 80  # steps that a later one serves: it costs as much as some 30 of them

_STATE = (
    "Tuple((float64[:,::1], float64[::1], float64[:,::1], float64[:,::1], float64[::1], "
    "float64[:,::1], float64[:,::1], float64[:,::1], float64[:,::1], float64[:,::1]))"
)

_jit = njit(fastmath=FAST)


@_jit
def _inner(a, b):
    """Sum of products of two matrices' elements."""
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            total += a[i, j] * b[i, j]
    return total


@njit("float64(float64[:,::1], float64[:,::1], float64[:,::1])", fastmath=FAST)
def cost(x, products, v):
    """F at V, or infinity where a residual centre vanishes."""
    c = np.dot(x, v)
    a = products - np.dot(c, c.T)
    total = 0.0
    n = len(x)
    inverse = np.empty(n)
    for i in range(n):
        if not a[i, i] > 0.0:
            return np.inf
        inverse[i] = 1.0 / a[i, i]
        row = 0.0
        for j in range(i):
            row += a[i, j] * a[i, j] * inverse[j]
        total += row * inverse[i]
    return total + 0.5 * n


@njit(f"{_STATE}(float64[:,::1], float64[:,::1], float64[:,::1])", fastmath=FAST)
def _state(x, products, v):
    """Everything at V that the Hessian needs; see the module's notation."""
    c = np.dot(x, v)
    a = products - np.dot(c, c.T)
    n, k = c.shape
    d, h, inverse = np.empty(n), np.empty(n), np.empty(n)
    b, ab = np.empty_like(a), np.empty_like(a)
    scaled, change = np.empty_like(c), np.empty_like(c)
    for i in range(n):
        d[i] = a[i, i]
        inverse[i] = 1.0 / d[i]
    for i in range(n):
        total = 0.0
        for j in range(n):
            b[i, j] = a[i, j] * (inverse[i] * inverse[j])
            ab[i, j] = a[i, j] * b[i, j]
            total += ab[i, j]
        h[i] = total * inverse[i]
    bc = np.dot(b, c)
    for i in range(n):
        for j in range(k):
            scaled[i, j] = c[i, j] * inverse[i]
            change[i, j] = 2.0 * (h[i] * c[i, j] - bc[i, j])
    euclidean = np.dot(x.T, change)
    vg = np.dot(v.T, euclidean)
    for i in range(k):
        for j in range(i):
            vg[i, j] = vg[j, i] = 0.5 * (vg[i, j] + vg[j, i])
    gradient = euclidean - np.dot(v, vg)
    return c, d, b, ab, h, bc, vg, gradient, scaled, np.dot(c.T, scaled)


@_jit
def _hessian(x, v, state, z):
    """The Riemannian Hessian at V applied to a tangent Z (r, K)."""
    c, d, b, ab, h, bc, vg, _, scaled, cdc = state
    n, k = c.shape
    e = np.dot(x, z)
    rate = np.empty_like(d)  # relative change of d
    both = np.empty((n, 2 * k))
    for i in range(n):
        change = 0.0
        for j in range(k):
            change += c[i, j] * e[i, j]
        rate[i] = -2.0 * change / d[i]
        for j in range(k):
            both[i, j] = e[i, j]
            both[i, k + j] = rate[i] * c[i, j]
    b_both = np.dot(b, both)
    ab_rate = np.dot(ab, rate)
    change_c = np.dot(e, cdc) + np.dot(c, np.dot(e.T, scaled))
    for i in range(n):
        ab_change = 0.0
        for j in range(k):
            ab_change -= e[i, j] * bc[i, j] + c[i, j] * b_both[i, j]
        h_change = (2.0 * ab_change - ab_rate[i]) / d[i] - 2.0 * h[i] * rate[i]
        for j in range(k):
            bc_change = -change_c[i, j] / d[i] - rate[i] * bc[i, j] - b_both[i, k + j]
            change_c[i, j] = 2.0 * (h_change * c[i, j] + h[i] * e[i, j] - bc_change - b_both[i, j])
    result = np.dot(x.T, change_c)
    return result - np.dot(v, np.dot(v.T, result)) - np.dot(z, vg)


@_jit
def _precondition(v, divisor, z):
    y = z / divisor
    return y - np.dot(v, np.dot(v.T, y))


@_jit
def _step(x, v, state, divisor, radius, tolerance, max_steps):
    """Steihaug's conjugate gradients: step, predicted decrease, steps taken, edge reached."""
    gradient = state[7]
    z = np.zeros_like(gradient)
    hz = np.zeros_like(gradient)
    p = np.zeros_like(gradient)
    residual = gradient.copy()
    zz, zp, pp = 0.0, 0.0, 0.0
    before, length = np.inf, 0.0
    edge = False
    steps = 0
    while steps < max_steps:
        steps += 1
        y = _precondition(v, divisor, residual)
        ry = _inner(residual, y)
        ratio = ry / before
        before = ry
        zp = ratio * (zp + length * pp)
        pp = ry + ratio * ratio * pp
        p = ratio * p - y
        hp = _hessian(x, v, state, p)
        curvature = _inner(p, hp)
        length = ry / curvature if curvature > 0.0 else np.inf
        if curvature <= 0.0 or zz + 2.0 * length * zp + length * length * pp >= radius * radius:
            length = (-zp + np.sqrt(max(zp * zp + pp * (radius * radius - zz), 0.0))) / pp
            edge = True
        z += length * p
        hz += length * hp
        if edge:
            break
        zz += 2.0 * length * zp + length * length * pp
        residual += length * hp
        if _inner(residual, residual) <= tolerance * tolerance:
            break
    predicted = -(_inner(gradient, z) + 0.5 * _inner(z, hz))
    return z - np.dot(v, np.dot(v.T, z)), predicted, steps, edge


@_jit
def _orthonormal(w):
    """The orthonormal basis of w's columns that turns them least: w (w'w)^(-1/2)."""
    values, vectors = np.linalg.eigh(np.dot(w.T, w))
    return np.dot(w, np.dot(vectors / np.sqrt(values), vectors.T))


@njit(
    "Tuple((float64[:,::1], float64, float64, float64, int64, int64, boolean))"
    f"(float64[:,::1], float64[:,::1], float64[:,::1], float64, {_STATE}, float64[:,::1], "
    "float64, float64, int64, int64)"
)
def _iterate(x, products, v, value, state, divisor, radius, tolerance, most, steps_left):
    """Newton's iterations from V with one preconditioner.

    Returns V, F, gradient norm, radius, iterations, conjugate-gradient steps, and whether V is
    where the descent ends.
    """
    total = iteration = 0
    norm = np.inf
    while iteration < most and total <= steps_left:
        gradient = state[7]
        norm = np.sqrt(_inner(gradient, gradient))
        if norm <= 1e-13 * value:
            return v, value, norm, radius, iteration, total, True
        iteration += 1
        z, predicted, steps, edge = _step(x, v, state, divisor, radius, 0.1 * norm, v.size)
        total += steps
        moved = _orthonormal(v + z)
        after = cost(x, products, moved)
        slack = 1e3 * 2.3e-16 * max(1.0, value)  # rounding of F, near the minimum
        gain = (value - after + slack) / (predicted + slack)
        if gain < 0.25:
            radius *= 0.25
        elif gain > 0.75 and edge:
            radius *= 2.0
        if gain > 0.1:
            v, value = moved, after
            if predicted < tolerance and not edge:
                return v, value, norm, radius, iteration, total, True
            state = _state(x, products, v)
        elif radius < 1e-14:
            return v, value, norm, radius, iteration, total, True
    return v, value, norm, radius, iteration, total, False


def minimize(x, products, v, tolerance, max_iterations):
    """Minimize F from V.

    Parameters
    ----------
    x : ndarray, shape (P, r), C order
    products : ndarray, shape (P, P)
        x x'.
    v : ndarray, shape (r, K), C order
        Orthonormal start.
    tolerance : float
        Decrease of F in a Newton step to stop at.
    max_iterations : int

    Returns
    -------
    v, cost, gradient norm, Newton iterations, conjugate-gradient steps
    """
    value, norm = cost(x, products, v), np.inf
    iterations, steps, steps_left = 0, 0, FIRST
    if not np.isfinite(value):
        return v, value, norm, iterations, steps
    state = _state(x, products, v)
    rotation = np.eye(len(v))
    divisor = _diagonal(x, state)
    gradient = state[7]
    radius = 4.0 * np.sqrt(np.sum(gradient * gradient / divisor))  # tangent: V' gradient = 0
    while True:
        v, value, norm, radius, taken, needed, ended = _iterate(
            x, products, v, value, state, divisor, radius, tolerance,
            max_iterations - iterations, steps_left,
        )  # fmt: skip
        iterations, steps = iterations + taken, steps + needed
        if ended or iterations >= max_iterations:
            break
        vectors, right, divisor = _eigenvectors(x, v, _state(x, products, v))
        x, v = x @ vectors, vectors.T @ v @ right
        rotation = rotation @ vectors
        state = _state(x, products, v)
        steps_left = STALE
    return rotation @ v, value, norm, iterations, steps


def _diagonal(x, state):
    """What the preconditioner divides by in the given coordinates, its other elements left out."""
    b, h, vg = state[2], state[4], state[6]
    s = 2.0 * np.sum(x * (h[:, np.newaxis] * x - b @ x), axis=0)
    return _divisor(s, np.diag(vg))


def _divisor(values, mu):
    """|values - mu| (r, K), bounded away from zero: directions of little curvature stay short."""
    divisor = np.abs(values[:, np.newaxis] - mu)
    return np.maximum(divisor, 1e-3 * divisor.max())


def _eigenvectors(x, v, state):
    """Bases in which the preconditioner divides element by element, and what it divides by."""
    b, h, vg = state[2], state[4], state[6]
    s = x.T @ (h[:, np.newaxis] * x - b @ x)
    s -= v @ (v.T @ s)
    s -= (s @ v) @ v.T
    values, vectors = np.linalg.eigh(s + s.T)
    mu, right = np.linalg.eigh(vg)
    return np.ascontiguousarray(vectors), np.ascontiguousarray(right), _divisor(values, mu)
