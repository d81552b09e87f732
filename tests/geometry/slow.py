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


def low_rank_cost(x, v):
    """Half the sum of squared cosines between the rows of x (P, r) off the directions v (r, K)."""
    residual = x - x @ v @ v.T
    units = residual / np.linalg.norm(residual, axis=1, keepdims=True)
    return 0.5 * ((units @ units.T) ** 2).sum()


def shrunk(points, threshold=2.0, power=2):
    """Points (P, M, N) with the directions that their centres share taken off in part.

    One singular direction of the unit centres after the other, in the space of features.
    """
    centers = points.mean(axis=1) - points.mean(axis=(0, 1))
    centers = centers - centers.mean(axis=0)
    units = centers / np.linalg.norm(centers, axis=1, keepdims=True)
    _, lengths, directions = np.linalg.svd(units, full_matrices=False)
    lengths = lengths[lengths > 1e-5 * lengths[0]]
    mean = len(units) / len(lengths)
    found = points.copy()
    for length, direction in zip(lengths, directions, strict=False):
        factor = min(1.0, (threshold * mean / length**2) ** power)
        found -= (1.0 - factor) * (points @ direction)[..., np.newaxis] * direction
    return found


def mean_cosine(rows):
    """Mean over pairs of different rows of the absolute cosine."""
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return np.mean([abs(a @ b) for i, a in enumerate(units) for b in units[:i]])


def glue(points, t, labels):
    """GLUE's numbers (sequence of (M, N), (n_t, N), (n_t, P)), in all N dimensions."""
    n_manifolds, n_t = len(points), len(t)
    a, anchors, active = [], np.zeros((n_t, n_manifolds, t.shape[1])), np.zeros(labels.shape, bool)
    for k in range(n_t):
        cone = np.concatenate([-y * x for y, x in zip(labels[k], points, strict=True)])
        weights = nnls(cone.T, t[k], maxiter=100_000)[0]
        a.append(((cone.T @ weights) ** 2).sum())
        parts = np.split(weights, np.cumsum([len(x) for x in points])[:-1])
        for mu, part in enumerate(parts):
            active[k, mu] = part.sum() > 1e-10 * weights.sum()
            if active[k, mu]:
                anchors[k, mu] = part @ points[mu] / part.sum()
    means = anchors.sum(axis=0) / np.maximum(active.sum(axis=0), 1)[:, np.newaxis]
    axes = np.where(active[..., np.newaxis], anchors - means, 0.0)
    b, c = [], []
    for k in range(n_t):
        centers = means * active[k][:, np.newaxis]
        u = axes[k] @ t[k]
        b.append(u @ _pinv(axes[k] @ axes[k].T) @ u)
        c.append(u @ _pinv(centers @ centers.T + axes[k] @ axes[k].T) @ u)
    mean_a, mean_b, mean_c = np.mean(a), np.mean(b), np.mean(c)
    found = {
        "capacity": n_manifolds / mean_a,
        "dimension": mean_b / n_manifolds,
        "radius": np.sqrt(mean_c / (mean_b - mean_c)),
        "utility": mean_c / mean_a,
    }
    alignments = {name: [] for name in ("center", "axis", "center_axis")}
    for mu in range(n_manifolds):
        for nu in range(n_manifolds):
            both = active[:, mu] & active[:, nu]
            if mu == nu or not both.any():
                continue
            alignments["center"].append([(means[mu], means[nu])])
            alignments["axis"].append([(axes[k, mu], axes[k, nu]) for k in np.flatnonzero(both)])
            alignments["center_axis"].append(
                [(means[mu], axes[k, nu]) for k in np.flatnonzero(both)]
            )
    for name, pairs in alignments.items():
        found[f"{name}_alignment_cos"] = np.mean([np.mean([_cos(*p) for p in q]) for q in pairs])
        found[f"{name}_alignment_abs"] = np.mean(
            [np.mean([abs(x @ y) for x, y in q]) for q in pairs]
        )
    return found, np.array(a), anchors


def _pinv(matrix):
    return np.linalg.pinv(matrix, rcond=1e-10, hermitian=True)


def _cos(x, y):
    return x @ y / np.linalg.norm(x) / np.linalg.norm(y)
