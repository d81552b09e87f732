"""Whether a hyperplane separates labelled points: an exact test with a certificate.

For points with their labels' sign and a column for the bias, s_i = y_i (x_i, 1), just one holds
(Stiemke, Math. Ann. 76, 340, 1915, for points in general position; Gordan's theorem otherwise):
some w has S w > 0, or some weights z >= 0, not all zero, have S'z = 0. A primal-dual interior-point
method (Mehrotra, SIAM J. Optim. 2, 575, 1992) for max u, S w >= u, u <= 1, comes near both; it ends
as soon as an iterate proves either: few steps, as proofs are found long before the optimum.
"""

import numpy as np
from scipy import linalg

_MAX_STEPS = 60
_ROUNDING = 1e-12  # of a sum, relative to its largest term


def is_separable(points, labels):
    """Tell whether some hyperplane, not through any point, has all points of a label on one side.

    Parameters
    ----------
    points : ndarray, shape (m, n)
    labels : ndarray, shape (m,)
        1 or -1.

    Returns
    -------
    bool
    """
    m = len(points)
    # any basis of the features does; with an orthonormal one z - S S'z is the part with S'z = 0
    centered = points - points.mean(axis=0)
    basis, independent = _independent(centered)
    if independent.sum() < min(m - 1, points.shape[1]):
        # among the first m columns some depend on others: later ones may have what they lack
        basis, independent = _independent(centered, pivoting=True)
    basis = np.column_stack([basis[:, independent], np.full(m, m**-0.5)])
    signed = basis * labels[:, np.newaxis]
    proof = _interior_point(signed)
    return _linear_program(signed) if proof is None else proof


def _independent(centered, pivoting=False):
    """Orthonormal columns (m, k), and which of them are more than rounding."""
    basis, upper = linalg.qr(centered, mode="economic", pivoting=pivoting, check_finite=False)[:2]
    lengths = np.linalg.norm(upper, axis=0)[: len(upper)]
    return basis, np.abs(np.diag(upper)) > len(centered) * np.finfo(np.float64).eps * lengths


def _interior_point(signed):
    """True or False as an iterate proves it, None where rounding ends the search first."""
    m, n = signed.shape
    rows = np.zeros((m + 1, n + 1))  # constraints rows @ (w, u) >= bounds
    rows[:m, :n], rows[:, n], bounds = signed, -1.0, np.append(np.zeros(m), -1.0)
    x = np.append(signed.sum(axis=0), -1.0)  # from the least-squares solution of S w = 1
    slack = np.maximum(rows @ x - bounds, 1e-2)
    weights = np.full(m + 1, 1.0 / m)
    for _ in range(_MAX_STEPS):
        along = signed @ x[:n]
        if along.min() > _ROUNDING * np.abs(along).max():
            return True
        balanced = weights[:m] - signed @ (signed.T @ weights[:m])
        if balanced.min() > _ROUNDING * balanced.max():
            return False
        scaled = np.sqrt(weights / slack)[:, np.newaxis] * rows
        try:
            factor = linalg.cho_factor(scaled.T @ scaled, check_finite=False)
        except linalg.LinAlgError:
            return None
        gap = rows @ x - bounds - slack
        drift = rows.T @ weights
        drift[n] += 1.0

        def step(products, weights=weights, slack=slack, gap=gap, drift=drift, factor=factor):
            """Newton's step towards the given products of slacks and weights."""
            target = (products - weights * gap) / slack - weights
            dx = linalg.cho_solve(factor, drift + rows.T @ target, check_finite=False)
            dslack = rows @ dx + gap
            return dx, dslack, (products - weights * dslack) / slack - weights

        mean = slack @ weights / (m + 1)
        _, dslack, dweights = step(np.zeros(m + 1))
        after = (slack + _room(slack, dslack) * dslack) @ (
            weights + _room(weights, dweights) * dweights
        )
        centering = mean * (after / (m + 1) / mean) ** 3
        dx, dslack, dweights = step(centering - dslack * dweights)
        primal, dual = 0.99 * _room(slack, dslack), 0.99 * _room(weights, dweights)
        x, slack = x + primal * dx, slack + primal * dslack
        weights = weights + dual * dweights
    return None


def _room(values, changes):
    """The longest step, up to 1, that keeps all values from falling below zero."""
    falling = changes < 0.0
    return min(1.0, (-values[falling] / changes[falling]).min(initial=np.inf))


def _linear_program(signed):
    """By the simplex method: some w has S w >= 1. For points whose proof lies on a face."""
    from scipy.optimize import linprog  # heavy, and rarely needed

    m, n = signed.shape
    found = linprog(
        np.zeros(n), A_ub=-signed, b_ub=-np.ones(m), bounds=(None, None), method="highs-ds"
    )
    # Where margins are near rounding HiGHS may know neither.
    return found.status == 0 if found.status in (0, 2) else _least_distance(signed)


def _least_distance(signed):
    """By the point of the cone of (S, 1) nearest to (0, 1), a non-negative least-squares problem.

    The residual (r, d) has d >= 0 and S r <= -d: with d > 0 the plane -r separates; with d = 0 the
    weights found have S'z = 0.
    """
    from scipy.optimize import nnls

    m, n = signed.shape
    cone = np.vstack([signed.T, np.ones(m)])
    target = np.append(np.zeros(n), 1.0)
    weights, _ = nnls(cone, target, maxiter=30 * m)
    normal = (cone @ weights - target)[:n]
    along = signed @ normal
    exact = np.linalg.norm(normal) > m * np.finfo(np.float64).eps  # else S'z = 0 but for rounding
    return bool(exact and along.min() > _ROUNDING * np.abs(along).max())
