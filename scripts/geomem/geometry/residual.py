"""One manifold after the low-rank structure is off, and its Gaussian vectors."""

import functools

import numpy as np

from geomem.geometry.anchors import AnchorStatistics, anchor_statistics

CONVENTIONS = ("points", "rank")
_REMEMBERED = 2**16  # Gaussian numbers of a manifold: more are drawn again, not kept
NO_CENTER = 1e-12  # squared centre norm, relative to the scatter, below which it is rounding


class Cloud:
    """A manifold in units of its residual centre.

    Parameters
    ----------
    index : int
        Decides which Gaussian vectors it meets.
    gram : ndarray, shape (M, M)
        Products of its points about their mean.
    length : float
        Squared norm of the residual centre.
    n_dimensions : int
        min(M, N).
    convention : {"points", "rank"}
        Whether D is `n_dimensions` or the dimensions that the points span (1 for a single point).
    noise : float
        Eigenvalues of `gram` up to this are rounding of the points, and no dimensions.
    """

    def __init__(self, index, gram, length, n_dimensions, convention="points", noise=0.0):
        self.index = index
        scatter = np.trace(gram) / len(gram)
        self.has_center = length > NO_CENTER * scatter
        self.is_defined = self.has_center or scatter > 0
        square = length if self.has_center else 1.0
        values, vectors = np.linalg.eigh(gram / length if self.has_center else gram)
        values = np.where(values > len(gram) * np.finfo(np.float64).eps * values[-1], values, 0.0)
        if convention == "rank":
            n_dimensions = min(n_dimensions, max(int((values > noise / square).sum()), 1))
        self.n_dimensions = n_dimensions
        spanned = int((values > 0.0).sum())
        if spanned < n_dimensions < len(gram):
            vectors = _settled(vectors, spanned)
        self.values, self.vectors = values[-n_dimensions:], vectors[:, -n_dimensions:]

    @property
    def points(self):
        """Its points (D, M) in D orthogonal directions."""
        return np.sqrt(self.values)[:, np.newaxis] * self.vectors.T

    def draws(self, seed, n_draws):
        """Gaussian vectors (D + 1, n_draws), the last row along the centre.

        They are drawn in the space of the points and turned into the D dimensions, so that one
        seed means nearly the same vectors in every layer.
        """
        shape = (n_draws, len(self.vectors) + 1)
        draw = _remembered if shape[0] * shape[1] <= _REMEMBERED else _drawn
        draws = draw(seed, self.index, shape)
        t = np.empty((n_draws, len(self.values) + 1))
        np.matmul(draws[:, :-1], self.vectors, out=t[:, :-1])
        t[:, -1] = draws[:, -1]
        return t.T

    def statistics(self, seed, n_draws, kappa):
        """`AnchorStatistics` for the first `n_draws` Gaussian vectors of this manifold."""
        t = self.draws(seed, n_draws)
        if self.has_center:
            return anchor_statistics(self.points, t, kappa)
        return self._without_center(t, kappa)

    def _without_center(self, t, kappa):
        """The limit of a vanishing centre: V must be orthogonal to every direction of the cloud."""
        inside = (t[:-1][self.values > 0] ** 2).sum(axis=0)
        undefined = 0.0 if self.is_defined else np.nan
        return AnchorStatistics(
            inverse_capacity=inside + np.maximum(t[-1] + kappa, 0.0) ** 2 + undefined,
            spread=np.full(t.shape[1], np.inf) + undefined,
            cosine=np.sqrt(inside / (t[:-1] ** 2).sum(axis=0)) + undefined,
            n_dimensions=self.n_dimensions,
            kkt_residual=0.0,
        )


def _settled(vectors, spanned):
    """Eigenvectors (M, M) whose first M - `spanned`, of eigenvalue 0, no longer depend on rounding.

    Any basis of their space is one of eigenvectors. This one comes from fixed vectors projected on
    it, so a part of it is the same space whichever basis was given.
    """
    rest = len(vectors) - spanned
    fixed = np.random.default_rng(len(vectors)).standard_normal((len(vectors), rest))
    kept = vectors[:, rest:]
    outside, _ = np.linalg.qr(fixed - kept @ (kept.T @ fixed))
    return np.hstack([outside[:, ::-1], kept])


def _drawn(seed, index, shape):
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1, index)))
    return rng.standard_normal(shape)


@functools.lru_cache(128)  # every layer and kind asks for those of the same manifolds
def _remembered(seed, index, shape):
    draws = _drawn(seed, index, shape)
    draws.flags.writeable = False
    return draws
