"""The quadratic programs of one manifold, compiled: many right-hand sides, one matrix.

For every Gaussian vector: z >= 0 with w = G z - b >= 0 and z . w = 0, where G = S'S and b = S't
for the points S with their centre coordinate. This is non-negative least squares, min |S z - t|.
Projected Gauss-Seidel sweeps guess which z are positive; block principal pivoting (Judice and
Pires, Comput. Oper. Res. 21, 587, 1994) corrects the guess, several at a time. Where its Cholesky
factorization breaks down or it takes too many rounds, as for points along a smooth curve, the
problem goes to `geomem.geometry.active_set`.
"""

import numpy as np

from geomem.geometry.compiled import FAST, njit

# Arrays are copied element by element here, and few compiled functions call others: the compiler
# takes seconds for the message about shapes that differ, and compiles what is called once more
# with every caller.

SWEEPS = 2, 150  # at least; one more for so many points, whose factorizations cost more
LARGE = 96  # positive z from which LAPACK factorizes faster than the loop here
ROUNDS = 12
TOLERANCE = 1e-12  # of w, relative to the largest |b|; of z, to the largest z
_PIVOT = 1e-13
GOOD = 1e-11

jit = njit(fastmath=FAST)


@jit
def sweep(gram, inverse, b, z, w):
    """Projected Gauss-Seidel from z = 0 with 1 / diag G; leaves z, and w = G z - b."""
    n = len(b)
    for i in range(n):
        z[i], w[i] = 0.0, -b[i]
    for _ in range(SWEEPS[0] + n // SWEEPS[1]):
        for i in range(n):
            new = max(z[i] - w[i] * inverse[i], 0.0)
            change = new - z[i]
            if change != 0.0:
                z[i] = new
                row = gram[i]
                for j in range(n):
                    w[j] += change * row[j]


@jit
def _factorize(gram, b, free, size, upper, inverse):
    """Upper U of G = L U, L = U' D^-1, D = diag U, on the indices free[:size], with L^-1 b as its
    column `size`; and 1 / D. False where G is singular."""
    for i in range(size):
        row = gram[free[i]]
        for j in range(i, size):
            upper[i, j] = row[free[j]]
        upper[i, size] = b[free[i]]
    for i in range(size):
        target = upper[i]
        whole = i - i % 4
        for k in range(0, whole, 4):  # four rows at a time: `target` is read and written once
            p, q, r, s = upper[k], upper[k + 1], upper[k + 2], upper[k + 3]
            pi, qi = p[i] * inverse[k], q[i] * inverse[k + 1]
            ri, si = r[i] * inverse[k + 2], s[i] * inverse[k + 3]
            for j in range(i, size + 1):
                target[j] -= (pi * p[j] + qi * q[j]) + (ri * r[j] + si * s[j])
        for k in range(whole, i):
            factor = upper[k, i] * inverse[k]
            for j in range(i, size + 1):
                target[j] -= factor * upper[k, j]
        if not target[i] > _PIVOT * gram[free[i], free[i]]:
            return False
        inverse[i] = 1.0 / target[i]
    return True


@jit
def _factorize_large(gram, b, free, size, upper, inverse):
    """As `_factorize`, by LAPACK."""
    part = np.empty((size, size))
    for i in range(size):
        row = gram[free[i]]
        for j in range(size):
            part[i, j] = row[free[j]]
    try:
        lower = np.linalg.cholesky(part)
    except Exception:
        return False
    for i in range(size):
        pivot = lower[i, i] * lower[i, i]
        if not pivot > _PIVOT * part[i, i]:
            return False
        inverse[i] = 1.0 / pivot
        for j in range(i, size):
            upper[i, j] = lower[j, i] * lower[i, i]
        upper[i, size] = b[free[i]]
    for i in range(size):
        factor = upper[i, size] * inverse[i]
        for j in range(i + 1, size):
            upper[j, size] -= factor * upper[i, j]
    return True


@jit
def _solve_free(gram, b, free, size, upper, inverse, z):
    """Solve G z = b on the indices free[:size]; False where G is singular there."""
    if size < LARGE:
        regular = _factorize(gram, b, free, size, upper, inverse)
    else:
        regular = _factorize_large(gram, b, free, size, upper, inverse)
    if not regular:
        return False
    for i in range(size - 1, -1, -1):
        total = upper[i, size]
        for j in range(i + 1, size):
            total -= upper[i, j] * z[j]
        z[i] = total * inverse[i]
    return True


@jit
def _largest(b):
    """The largest |b|."""
    largest = 0.0
    for i in range(len(b)):
        largest = max(largest, abs(b[i]))
    return largest


@jit
def _indices(is_free, free):
    """Writes the indices where `is_free` holds, and returns how many they are."""
    size = 0
    for i in range(len(is_free)):
        if is_free[i]:
            free[size] = i
            size += 1
    return size


@jit
def pivot(gram, b, z, w, is_free, free, upper, inverse, compact):
    """Block principal pivoting from the positive z; leaves z and w, and tells if it succeeded."""
    n = len(b)
    for i in range(n):
        is_free[i] = z[i] > 0.0
    scale = _largest(b)
    fewest, patience = n + 1, 3
    for _ in range(ROUNDS):
        size = _indices(is_free, free)
        if not _solve_free(gram, b, free, size, upper, inverse, compact):
            return False
        for i in range(n):
            z[i], w[i] = 0.0, -b[i]
        largest = 0.0
        for i in range(size):
            value = compact[i]
            z[free[i]] = value
            largest = max(largest, value)
            row = gram[free[i]]
            for j in range(n):
                w[j] += value * row[j]
        wrong, last = 0, -1
        for i in range(n):
            if z[i] < -TOLERANCE * largest if is_free[i] else w[i] < -TOLERANCE * scale:
                wrong += 1
                last = i
        if wrong == 0:
            return True
        if wrong < fewest:
            fewest, patience = wrong, 3
        elif patience > 0:
            patience -= 1
        else:
            is_free[last] = not is_free[last]
            continue
        for i in range(n):
            if z[i] < -TOLERANCE * largest if is_free[i] else w[i] < -TOLERANCE * scale:
                is_free[i] = not is_free[i]
    return False


@jit
def _violation(gram, b, z, w):
    """The largest violation of the optimality conditions, relative to the largest |b|."""
    n = len(b)
    worst = 0.0
    for i in range(n):
        worst = max(worst, abs(w[i]) if z[i] != 0.0 else -w[i])
        worst = max(worst, -z[i] * gram[i, i])
    return worst / _largest(b)


@njit("void(float64[:,::1], float64[:,::1], float64[:,::1], float64[::1])")
def _solve(gram, b, weights, violations):
    """Sweeps and block pivoting for every row of b: z, and the violation, infinite where they
    fail."""
    n = len(gram)
    w = np.empty(n)
    is_free = np.empty(n, dtype=np.bool_)
    free = np.empty(n, dtype=np.int64)
    upper = np.empty((n, n + 1))
    inverse_diagonal = np.empty(n)
    for i in range(n):
        inverse_diagonal[i] = 1.0 / gram[i, i]
    inverse = np.empty(n)
    compact = np.empty(n)
    for k in range(len(b)):
        z = weights[k]
        top = 0
        for i in range(n):
            if b[k, i] > b[k, top]:
                top = i
        if b[k, top] <= 0.0:
            z[:] = 0.0
            z[top] = 1.0
            violations[k] = 0.0
            continue
        sweep(gram, inverse_diagonal, b[k], z, w)
        violations[k] = np.inf
        if pivot(gram, b[k], z, w, is_free, free, upper, inverse, compact):
            violations[k] = _violation(gram, b[k], z, w)


def from_guess(gram, b, guess, sweep_first=False):
    """Block pivoting for one vector, from the positive elements of `guess` or from sweeps.

    Parameters
    ----------
    gram : ndarray, shape (m, m)
        Products of the points, which must have unit length for sweeps.
    b, guess : ndarrays, shape (m,)
        Products of the points with the vector; a guess of z.
    sweep_first : bool
        The guess is of no use: take what sweeps find.

    Returns
    -------
    ndarray or None
        z; None where block pivoting fails.
    """
    n = len(b)
    z, w = guess.copy(), np.empty(n)
    if sweep_first:
        sweep(gram, np.ones(n), b, z, w)
    is_free, free = np.empty(n, dtype=bool), np.empty(n, dtype=np.int64)
    solved = pivot(gram, b, z, w, is_free, free, np.empty((n, n + 1)), np.empty(n), np.empty(n))
    return z if solved else None


def solve_all(gram, stack, b, t, weights):
    """Solve the program of every Gaussian vector.

    Parameters
    ----------
    gram : ndarray, shape (m, m)
        Products of the points, centre coordinate included.
    stack : ndarray, shape (m, D + 1)
        The points as rows, centre coordinate included.
    b, t : ndarrays, shape (n_t, m) and (n_t, D + 1)
        Products of the points with the vectors; the vectors themselves.
    weights : ndarray, shape (n_t, m)
        Receives z / sum(z); where no constraint is active, 1 for the point furthest along t.

    Returns
    -------
    float
        The largest violation of the optimality conditions, relative to the largest |b|.
    """
    violations = np.empty(len(b))
    _solve(gram, b, weights, violations)
    for k in np.flatnonzero(~(violations <= GOOD)):
        from geomem.geometry.active_set import from_points  # compiled: loaded when first needed

        z = np.zeros(len(gram))
        from_points(stack, t[k], np.abs(b[k]).max(), z)
        second = _violation(gram, b[k], z, gram @ z - b[k])
        if second < violations[k]:
            weights[k], violations[k] = z, second
    weights /= weights.sum(axis=1, keepdims=True)
    return violations.max()
