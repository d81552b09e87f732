"""Directions fitted to the centres of manifolds: one candidate for the low-rank structure.

x (P, r) are the coordinates of the centres about their mean, in the span of dimension r; V (r, K)
holds orthonormal directions. `geomem.geometry.newton` has the objective and its minimization.
"""

from dataclasses import dataclass

import numpy as np

SAME = 1e-6  # objectives that differ by less, relative, belong to one minimum


@dataclass(frozen=True, eq=False)
class Fit:
    """K directions and what they leave of the centres.

    Attributes
    ----------
    v : ndarray, shape (r, K)
    objective : float
        Half the sum of squared cosines of the residual centres (a centre with itself included),
        plus the barrier.
    cost : float
        The same without the barrier.
    correlation : float
        Mean over pairs of |cos| between residual centres.
    fractions : ndarray, shape (P,)
        Squared length left of each centre, as a fraction.
    influence : ndarray, shape (P,)
        Change of the objective when a manifold is left out, up to its sign.
    converged : bool
    """

    v: np.ndarray
    objective: float
    cost: float
    correlation: float
    fractions: np.ndarray
    influence: np.ndarray
    converged: bool

    @property
    def k(self):
        """Number of directions."""
        return self.v.shape[1]


def descend(x, start, barrier, tolerance, max_iterations):
    """The minimum that Newton's steps reach from `start` (r, K).

    Parameters
    ----------
    tolerance : float
        Decrease of the objective in a step to stop at.
    max_iterations : int
        Reaching it leaves the fit not converged.
    """
    from geomem.geometry.newton import minimize  # compiled: loaded when first needed

    products = x @ x.T
    iterations = 0
    v = np.ascontiguousarray(start)
    if v.shape[1]:
        v, _, _, iterations, _ = minimize(x, products, v, barrier, tolerance, max_iterations)
    residual = x - (x @ v) @ v.T
    gram = residual @ residual.T
    lengths = np.diag(gram)
    with np.errstate(all="ignore"):
        squares = gram**2 / np.outer(lengths, lengths)
        fractions = lengths / np.diag(products)
        guard = -barrier * np.log(fractions) if barrier else np.zeros(len(x))
        n = len(x)
        return Fit(
            v=v,
            objective=float(0.5 * squares.sum() + guard.sum()),
            cost=float(0.5 * squares.sum()),
            correlation=float((np.sqrt(squares).sum() - n) / (n * (n - 1))),
            fractions=fractions,
            influence=squares.sum(axis=1) + guard,
            converged=iterations < max_iterations,
        )


def difference_error(first, second):
    """Standard error, over manifolds, of the difference between two fits' objectives.

    The jackknife: pairs of manifolds share members, so a manifold's influence is its whole row of
    squared cosines, not half of it.
    """
    change = first.influence - second.influence
    n = len(change)
    return float(np.sqrt(n / (n - 1) * ((change - change.mean()) ** 2).sum()))


def distinct(fits):
    """Fits by rising objective, one of each minimum."""
    found = []
    for fit in sorted(fits, key=lambda fit: fit.objective):
        if not found or fit.objective - found[-1].objective > SAME * abs(fit.objective):
            found.append(fit)
    return found


def with_direction(v, direction):
    """V and one direction more, orthonormal."""
    return np.linalg.qr(np.column_stack([v, direction]))[0]


def strongest(x, v, count):
    """Directions (r, count) that the residual centres, each of unit length, share most."""
    residual = x - (x @ v) @ v.T
    units = residual / np.linalg.norm(residual, axis=1, keepdims=True)
    return np.linalg.eigh(units.T @ units)[1][:, ::-1][:, :count]
