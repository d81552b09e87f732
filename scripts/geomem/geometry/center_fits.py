"""What is left of the centres' correlations, and the directions that leave least of them.

x (P, r) are the coordinates of the centres about their mean, in the span of dimension r; V (r, K)
holds orthonormal directions. `geomem.geometry.newton` has the objective and its minimization.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Left(NamedTuple):
    """What residual centres have in common.

    cost: half the sum of squared cosines (a centre with itself included); correlation: mean over
    pairs of |cos|; fractions (P,): squared length left of each centre.
    """

    cost: float
    correlation: float
    fractions: np.ndarray


def left_of(products):
    """`Left` for products (P, P) of residual centres that had unit length before."""
    lengths = np.diag(products)
    with np.errstate(all="ignore"):
        squares = products**2 / np.outer(lengths, lengths)
        n = len(products)
        return Left(
            cost=float(0.5 * squares.sum()),
            correlation=float((np.sqrt(squares).sum() - n) / (n * (n - 1))),
            fractions=lengths,
        )


@dataclass(frozen=True, eq=False)
class Fit:
    """K directions and what they leave of the centres.

    Attributes
    ----------
    v : ndarray, shape (r, K)
    cost, correlation, fractions
        As in `Left`.
    converged : bool
    """

    v: np.ndarray
    cost: float
    correlation: float
    fractions: np.ndarray
    converged: bool


def descend(x, start, tolerance, max_iterations):
    """The minimum that Newton's steps reach from `start` (r, K).

    Parameters
    ----------
    x : ndarray, shape (P, r)
        See the module.
    start : ndarray, shape (r, K)
        Orthonormal directions.
    tolerance : float
        Decrease of the cost in a step to stop at.
    max_iterations : int
        Reaching it leaves the fit not converged.

    Returns
    -------
    Fit
    """
    from geomem.geometry.newton import minimize  # compiled: loaded when first needed

    iterations = 0
    v = np.ascontiguousarray(start)
    if v.shape[1]:
        v, _, _, iterations, _ = minimize(x, x @ x.T, v, tolerance, max_iterations)
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    residual = units - (units @ v) @ v.T
    return Fit(v, *left_of(residual @ residual.T), converged=iterations < max_iterations)


def with_direction(v, direction):
    """V (r, K) and one direction (r,) more, orthonormal: (r, K + 1)."""
    return np.linalg.qr(np.column_stack([v, direction]))[0]
