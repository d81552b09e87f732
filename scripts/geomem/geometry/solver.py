"""The quadratic program of every Gaussian vector, as non-negative least squares."""

import numpy as np
from scipy.optimize import nnls


def solve(points, gram, products, t, shifted):
    n_points = points.shape[1]
    stack = np.vstack([points, np.ones(n_points)])
    weights = np.zeros_like(products)
    worst = 0.0
    for i in range(products.shape[1]):
        b = products[:, i] + shifted[i]
        if b.max() <= 0:
            weights[np.argmax(products[:, i]), i] = 1
            continue
        z, _ = nnls(stack, np.append(t[:, i], shifted[i]))
        w = gram @ z + z.sum() - b
        worst = max(worst, np.max(np.abs(np.where(z > 0, w, np.minimum(w, 0)))) / np.abs(b).max())
        weights[:, i] = z / z.sum()
    return weights, worst
