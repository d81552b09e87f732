"""Anchor points of one manifold: what each Gaussian vector meets on it.

Chung, Lee and Sompolinsky, Phys. Rev. X 8, 031003 (2018), eqs. 16, 17, 28, 29, in the form of
Cohen et al., Nat. Commun. 11, 746 (2020).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geomem.errors import InputError
from geomem.geometry.arguments import check_kappa
from geomem.geometry.clouds import doubles


@dataclass(frozen=True)
class AnchorStatistics:
    """Per Gaussian vector (n_t of them) and for all of them.

    Attributes
    ----------
    inverse_capacity : ndarray, shape (n_t,)
        |V* - T|^2; capacity is the inverse of its mean.
    spread : ndarray, shape (n_t,)
        Squared distance of the anchor point from the mean anchor point; radius is the root of
        its mean, in units of the centre's norm.
    cosine : ndarray, shape (n_t,)
        Between T and the anchor point, centre coordinate left out; dimension is D mean^2.
    n_dimensions : int
        D.
    kkt_residual : float
        Largest violation of the optimality conditions, relative to the largest constraint.
    """

    inverse_capacity: np.ndarray
    spread: np.ndarray
    cosine: np.ndarray
    n_dimensions: int
    kkt_residual: float


def anchor_statistics(points, t, kappa):
    """Solve every Gaussian vector's problem for one manifold.

    Parameters
    ----------
    points : ndarray, shape (D, m)
        Centred points in units of the centre's norm; the centre direction is left out.
    t : ndarray, shape (D + 1, n_t)
        Gaussian vectors, the last row along the centre.
    kappa : float
        Margin, in units of the centre's norm.

    Returns
    -------
    AnchorStatistics
    """
    from geomem.geometry.pivoting import solve_all  # compiled: loaded when first needed

    vectors = np.array(t.T, order="C")
    vectors[:, -1] += kappa  # a margin only shifts the coordinate along the centre
    stack = np.ones((points.shape[1], len(t)))
    stack[:, :-1] = points.T
    products = vectors @ stack.T
    weights = np.empty_like(products)
    kkt_residual = solve_all(stack @ stack.T, stack, products, vectors, weights)
    anchors = weights @ stack[:, :-1]
    norms = np.einsum("nd,nd->n", anchors, anchors)
    along = np.einsum("nd,nd->n", anchors, vectors[:, :-1])
    excess = np.maximum(along + vectors[:, -1], 0.0)
    offsets = anchors - anchors.mean(axis=0)
    lengths = np.sqrt(norms * np.einsum("nd,nd->n", vectors[:, :-1], vectors[:, :-1]))
    # a point manifold's anchor is its centre: no direction, cosine 0
    cosine = np.divide(along, lengths, out=np.zeros_like(along), where=lengths > 0)
    return AnchorStatistics(
        inverse_capacity=excess**2 / (norms + 1.0),
        spread=np.einsum("nd,nd->n", offsets, offsets),
        cosine=cosine,
        n_dimensions=len(points),
        kkt_residual=kkt_residual,
    )


def anchor_geometry(
    points: ArrayLike, t: ArrayLike, kappa: float = 0.0
) -> tuple[float, float, float]:
    """Capacity, radius and dimension of one manifold for exactly these Gaussian vectors.

    Parameters
    ----------
    points : array, shape (D, m)
        m points minus their centre, divided by the centre's norm, without the centre direction.
    t : array, shape (D + 1, n_t)
        Gaussian vectors; the last row is the coordinate along the centre.
    kappa : float
        Margin, in units of the centre's norm.

    Returns
    -------
    capacity, radius, dimension : float
        Capacity is infinite where no vector meets a constraint. Radius is in units of the centre's
        norm.

    Raises
    ------
    InputError
        If `points` or `t` does not hold real numbers or has another shape, a value is not finite,
        or `kappa` is no finite number.
    """
    points, t = doubles(points, "points"), doubles(t, "t")
    _check(points, t, kappa)
    found = anchor_statistics(points, t, float(kappa))
    mean = found.inverse_capacity.mean()
    return (
        float(1.0 / mean) if mean > 0 else np.inf,
        float(np.sqrt(found.spread.mean())),
        float(found.n_dimensions * found.cosine.mean() ** 2),
    )


def _check(points, t, kappa):
    if points.ndim != 2 or 0 in points.shape:
        raise InputError(f"points has shape {points.shape}; expected (D, m), at least one of each")
    if t.ndim != 2 or t.shape[0] != points.shape[0] + 1 or t.shape[1] < 1:
        raise InputError(
            f"t has shape {t.shape}; expected (D + 1, n_t) = ({points.shape[0] + 1}, n_t): one row "
            "per row of points and one for the centre"
        )
    for name, values in (("points", points), ("t", t)):
        if not np.all(np.isfinite(values)):
            raise InputError(f"{name} holds values that are not finite")
    check_kappa(kappa)
