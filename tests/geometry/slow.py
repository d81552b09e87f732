"""Independent and slow: the same quantities from their definitions, one problem at a time."""

import numpy as np
from scipy.optimize import nnls


def anchor(points, t, kappa):
    """|V* - T|^2 and the anchor point (D,) for one vector; weights sum to `total`."""
    stack = np.vstack([points, np.ones(points.shape[1])])
    target = np.append(t[:-1], t[-1] + kappa)
    weights = nnls(stack, target, maxiter=10_000)[0]
    difference = stack @ weights
    total = weights.sum()
    if total == 0.0:
        return 0.0, points[:, np.argmax(t[:-1] @ points)], 0.0
    return float(difference @ difference), difference[:-1] / total, total


def geometry(points, t, kappa):
    """Capacity, radius and dimension for exactly these vectors."""
    found = [anchor(points, vector, kappa) for vector in t.T]
    anchors = np.array([point for _, point, _ in found])
    spread = anchors - anchors.mean(axis=0)
    lengths = np.linalg.norm(t[:-1], axis=0) * np.linalg.norm(anchors, axis=1)
    cosines = np.einsum("dn,nd->n", t[:-1], anchors) / lengths
    return (
        1.0 / np.mean([inverse for inverse, _, _ in found]),
        np.sqrt(np.mean((spread**2).sum(axis=1))),
        len(points) * cosines.mean() ** 2,
    )


def low_rank_cost(x, v, barrier=0.0):
    """Half the sum of squared cosines between the rows of x (P, r) off the directions v (r, K).

    With a barrier, minus its product with the sum of log squared fractions left of the rows.
    """
    residual = x - x @ v @ v.T
    lengths = np.linalg.norm(residual, axis=1)
    units = residual / lengths[:, np.newaxis]
    left = 2.0 * np.log(lengths / np.linalg.norm(x, axis=1))
    return 0.5 * ((units @ units.T) ** 2).sum() - barrier * left.sum()


def mean_cosine(rows):
    """Mean over pairs of different rows of the absolute cosine."""
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return np.mean([abs(a @ b) for i, a in enumerate(units) for b in units[:i]])
