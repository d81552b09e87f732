"""Sums over draws from which GLUE's numbers follow, and their slopes along the centres S0."""

import numpy as np

CUTOFF = 1e-10  # of the largest eigenvalue: what the pseudo-inverse drops


class Sums:
    """Added chunk of draws by chunk of draws.

    Parameters
    ----------
    centers : ndarray, shape (P, r)
        S0.
    active : ndarray of bool, shape (n_t, P)
    lengths : ndarray, shape (n_t, P)
        Of the rows of S1.
    """

    def __init__(self, centers, active, lengths):
        self.centers, self.active, self.lengths = centers, active, lengths
        self.n_t = len(active)
        self.products = centers @ centers.T
        self.inverse = _inverse(np.sqrt(np.diag(self.products)))
        self.units = centers * self.inverse[:, np.newaxis]
        self.b, self.c, self.rounding = [], [], []
        self.parts_b, self.parts_c = np.zeros(len(centers)), np.zeros(len(centers))
        self.slope_b, self.slope_c = np.zeros_like(centers), np.zeros_like(centers)
        directed = lengths > 0  # a cosine needs a direction
        self.pairs = {
            "axis_alignment_cos": _PairMean(directed, centers),
            "center_axis_alignment_cos": _PairMean(directed, centers),
            "axis_alignment_abs": _PairMean(active, centers),
            "center_axis_alignment_abs": _PairMean(active, centers),
        }

    def add(self, chunk, axes, t):
        """Rows of S1 (k, P, r) and Gaussian vectors (k, r) of a slice of the draws."""
        inside = self.active[chunk].astype(np.float64)
        gram = axes @ axes.transpose(0, 2, 1)
        self._add_projections(axes, gram, t, inside)
        inverse = _inverse(self.lengths[chunk])
        units = axes * inverse[:, :, np.newaxis]
        self._add_cosines(chunk, units, inverse)
        self._add_products(chunk, axes, gram)

    def _add_projections(self, axes, gram, t, inside):
        u = np.einsum("kpr,kr->kp", axes, t)
        beta, spread_b = _pseudo_solve(gram, u)
        centers = self.products * inside[:, :, np.newaxis] * inside[:, np.newaxis]
        gamma, spread_c = _pseudo_solve(gram + centers, u)
        self.b.append((u * beta).sum(axis=1))
        self.c.append((u * gamma).sum(axis=1))
        # eigenvalues are off by a fraction of the largest: by a larger one of the smallest kept
        condition = np.maximum(spread_b, spread_c)
        self.rounding.append(np.finfo(np.float64).eps * condition * self.b[-1])
        self.parts_b += (u * beta).sum(axis=0)
        self.parts_c += (u * gamma).sum(axis=0)
        # db = 2 beta' dS1 (t - S1'beta) with dS1 = -dS0 in the active rows; c alike
        along = t - np.einsum("kp,kpr->kr", beta, axes)
        self.slope_b -= 2.0 / self.n_t * ((beta * inside).T @ along)
        gamma *= inside
        along = t - np.einsum("kp,kpr->kr", gamma, axes) + gamma @ self.centers
        self.slope_c -= 2.0 / self.n_t * (gamma.T @ along)

    def _add_cosines(self, chunk, units, inverse):
        mean = self.pairs["axis_alignment_cos"]
        cosines = units @ units.transpose(0, 2, 1)
        weights = mean.add(chunk, cosines)
        mean.slope -= 2.0 * _turn(weights, units, cosines, units, inverse).sum(axis=0)
        mean = self.pairs["center_axis_alignment_cos"]
        cosines = self.units @ units.transpose(0, 2, 1)
        weights = mean.add(chunk, cosines)
        mean.slope += _turn(weights, units, cosines, self.units, self.inverse).sum(axis=0)
        weights, cosines = weights.transpose(0, 2, 1), cosines.transpose(0, 2, 1)
        mean.slope -= _turn(weights, self.units, cosines, units, inverse).sum(axis=0)

    def _add_products(self, chunk, axes, gram):
        mean = self.pairs["axis_alignment_abs"]
        weights = mean.add(chunk, np.abs(gram)) * np.sign(gram)
        mean.slope -= 2.0 * (weights @ axes).sum(axis=0)
        mean = self.pairs["center_axis_alignment_abs"]
        products = self.centers @ axes.transpose(0, 2, 1)
        weights = mean.add(chunk, np.abs(products)) * np.sign(products)
        mean.slope += (weights @ axes).sum(axis=0)
        mean.slope -= weights.sum(axis=0).T @ self.centers

    def alignments(self):
        """By name: the number, each draw's own change of it (n_t,), its slope (P, r)."""
        found = {name: mean.result() for name, mean in self.pairs.items()}
        still = np.zeros(self.n_t)
        known = self.active.any(axis=0).astype(np.float64)
        weights = _normalized(known[:, np.newaxis] * known)
        value = (weights * np.abs(self.products)).sum() if weights.any() else np.nan
        slope = 2.0 * (weights * np.sign(self.products)) @ self.centers
        found["center_alignment_abs"] = value, still, slope
        known *= self.inverse > 0
        weights = _normalized(known[:, np.newaxis] * known)
        cosines = self.units @ self.units.T
        value = (weights * cosines).sum() if weights.any() else np.nan
        slope = 2.0 * _turn(weights, self.units, cosines, self.units, self.inverse)
        found["center_alignment_cos"] = value, still, slope
        return found


class _PairMean:
    """Mean over ordered pairs of manifolds of the mean over the draws that have both."""

    def __init__(self, present, centers):
        self.present = present.astype(np.float64)
        self.n_t = len(present)
        counts = self.present.T @ self.present
        self.weights = _normalized((counts > 0).astype(np.float64)) / np.maximum(counts, 1.0)
        self.total = np.zeros_like(counts)
        self.each = []
        self.slope = np.zeros_like(centers)

    def add(self, chunk, values):
        """Values (k, P, P) of a slice of the draws; returns their weights in the mean."""
        present = self.present[chunk]
        weights = self.weights * present[:, :, np.newaxis] * present[:, np.newaxis]
        weighted = weights * values
        self.total += weighted.sum(axis=0)
        self.each.append(weighted.sum(axis=(1, 2)))
        return weights

    def result(self):
        """The number, each draw's own change of it, its slope along the centres."""
        value = self.total.sum() if self.weights.any() else np.nan
        # a draw counts with its distance from the mean of each pair that it has
        counts = self.present.T @ self.present
        means = self.total / np.maximum(counts, 1.0)
        expected = (self.present @ means * self.present).sum(axis=1)
        return value, self.n_t * (np.concatenate(self.each) - expected), self.slope


def _turn(weights, others, cosines, units, inverse):
    """Slope of a weighted sum of cosines along the vectors whose directions are `units`."""
    along = (weights * cosines).sum(axis=-1)[..., np.newaxis]
    return (weights @ others - along * units) * inverse[..., np.newaxis]


def _normalized(weights):
    """Weights of pairs without the diagonal, summing to 1 where any are left."""
    weights = weights * ~np.eye(len(weights), dtype=bool)
    return weights / max(weights.sum(), 1.0)


def _pseudo_solve(matrices, vectors):
    """Pseudo-inverses of symmetric matrices (k, P, P) times vectors (k, P), and conditions (k,).

    A condition is the largest eigenvalue over the smallest that is not dropped, 0 if all are.
    """
    values, basis = np.linalg.eigh(matrices)
    kept = values > CUTOFF * values[:, -1:]
    inverse = np.divide(1.0, values, out=np.zeros_like(values), where=kept)
    along = np.einsum("kpq,kp->kq", basis, vectors)
    return np.einsum("kpq,kq->kp", basis, inverse * along), values[:, -1] * inverse.max(axis=1)


def _inverse(lengths):
    return np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
