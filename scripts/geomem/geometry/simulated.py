"""Simulated capacity: how many features random dichotomies of the manifolds need.

Cohen, Chung, Lee and Sompolinsky, Nat. Commun. 11, 746 (2020), methods. All points are projected
at random to n features; half of the manifolds, drawn at random, get one label, the rest the other;
a hyperplane (with bias) separates them or not. n_c is where it does for half of the draws, and the
capacity is P / n_c. Only inner products enter: for points X and a Gaussian A, X A has the law of
G^(1/2) Z with G = X X' and a Gaussian Z.

A draw keeps its projections when a feature is added, so each has a least number of features from
which on it is separable, and n_c is the median of these. The binomial (Wilson score) interval of
the fraction 1/2 is carried over to the number of features.
"""

import numbers
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from geomem.errors import InputError
from geomem.geometry import grams
from geomem.geometry import products as inner
from geomem.geometry.arguments import as_seed, check_confidence
from geomem.geometry.parallel import thread_map
from geomem.geometry.separability import is_separable
from geomem.types import Manifolds, RandomState
from geomem.warning import MeasurementWarning

_RESOLUTION = 1 / 200  # of n_c: the separable share is interpolated over less than its error


@dataclass(frozen=True)
class SimulatedCapacity:
    """The number of features at which half of the dichotomies become separable.

    Attributes
    ----------
    capacity, capacity_lo, capacity_hi : float
        P / n_c and its interval. Not reached: NaN, and `capacity_hi` is the bound P / n_max.
    n_c, n_c_lo, n_c_hi : float
        Features, interpolated between the numbers tried nearest to them, which are neighbours or
        0.5 % apart. Not reached: NaN; `n_c_hi` is infinite where
        n_max features do not suffice for the interval's upper end.
    reached : bool
        Whether half of the dichotomies are separable in any number of features.
    n_max : int
        Dimensions that the points span: further features add nothing.
    n_features, separable : ndarrays of int64
        The numbers of features tried for all dichotomies, rising, and how many were separable.
    n_dichotomies, seed : int
    confidence : float
    warnings : tuple of MeasurementWarning
        What a reader of the numbers must know.
    """

    capacity: float
    capacity_lo: float
    capacity_hi: float
    n_c: float
    n_c_lo: float
    n_c_hi: float
    reached: bool
    n_max: int
    n_features: np.ndarray
    separable: np.ndarray
    n_dichotomies: int
    seed: int
    confidence: float
    warnings: tuple


def simulated_capacity(
    manifolds: Manifolds,
    *,
    n_dichotomies: int = 100,
    random_state: RandomState = None,
    confidence: float = 0.95,
    threads: int | None = None,
) -> SimulatedCapacity:
    """Measure the capacity of manifolds by separating them.

    Parameters
    ----------
    manifolds : sequence of P arrays (M_mu, N), or one array (P, M, N)
        NumPy arrays, memory maps or torch tensors.
    n_dichotomies : int
        Dichotomies, each with projections of its own; 10 or more. With P odd one label has one
        manifold more.
    random_state : int, numpy.random.Generator or None
        Equal integers give the same dichotomies, and nearly the same projections, in every layer.
    confidence : float
        Of the interval, which covers the choice of dichotomies and projections.
    threads : int, optional
        Default: the environment's OMP_NUM_THREADS, or one per core.

    Returns
    -------
    SimulatedCapacity

    Raises
    ------
    InputError
        Names the argument that cannot be used.
    """
    clouds = inner.check_manifolds(manifolds)
    gram = inner.gram_of_all(clouds)
    return _simulate(
        gram,
        [len(cloud) for cloud in clouds],
        n_dichotomies,
        random_state,
        confidence,
        threads,
        noise=inner.noise_of(clouds)(len(gram)),
    )


def simulated_capacity_from_gram(
    gram: ArrayLike,
    counts: ArrayLike,
    *,
    n_dichotomies: int = 100,
    random_state: RandomState = None,
    confidence: float = 0.95,
    threads: int | None = None,
) -> SimulatedCapacity:
    """`simulated_capacity` from inner products: same further parameters, same numbers.

    Parameters
    ----------
    gram : array, shape (m, m)
        Products of all points with each other, manifold by manifold; any common shift of the
        points is taken off.
    counts : sequence of P int
        Points per manifold, m together.

    Returns
    -------
    SimulatedCapacity

    Raises
    ------
    InputError
        If `gram` is not square, symmetric and finite, has eigenvalues below zero or does not fit
        `counts`, or another argument cannot be used.
    """
    return _simulate(gram, counts, n_dichotomies, random_state, confidence, threads, noise=0.0)


def _simulate(gram, counts, n_dichotomies, random_state, confidence, threads, noise):
    gram, counts = grams.check_gram(gram, counts)
    if not isinstance(n_dichotomies, numbers.Integral) or n_dichotomies < 10:
        raise InputError(f"n_dichotomies is {n_dichotomies!r}; expected a whole number from 10 up")
    check_confidence(confidence)
    seed = as_seed(random_state)
    with thread_map(threads) as run:
        root, n_max = _root(gram, noise)
        search = _Search(root, counts, n_max, int(n_dichotomies), seed, run)
        reach = ndtri(0.5 + 0.5 * confidence) / (2.0 * np.sqrt(n_dichotomies))
        n_c, n_lo, n_hi = (search.features_for(0.5 + shift) for shift in (0.0, -reach, reach))
    reached = bool(np.isfinite(n_c))
    warnings = () if reached else (_not_reached(search, n_max, n_dichotomies),)
    tried = np.array(sorted(search.counted), dtype=np.int64)
    n_manifolds = len(counts)
    with np.errstate(divide="ignore"):
        capacities = n_manifolds / np.array([n_c, n_hi, min(n_lo, n_max)])
    return SimulatedCapacity(
        capacity=float(capacities[0]) if reached else np.nan,
        capacity_lo=float(capacities[1]),
        capacity_hi=float(capacities[2]),
        n_c=float(n_c) if reached else np.nan,
        n_c_lo=float(min(n_lo, n_max)),
        n_c_hi=float(n_hi),
        reached=reached,
        n_max=n_max,
        n_features=tried,
        separable=np.array([search.counted[n] for n in tried], dtype=np.int64),
        n_dichotomies=int(n_dichotomies),
        seed=seed,
        confidence=float(confidence),
        warnings=warnings,
    )


class _Search:
    """The draws, and for each of them between which numbers of features it becomes separable."""

    def __init__(self, root, counts, n_max, n_dichotomies, seed, run):
        self.root, self.counts, self.n_max = root, counts, n_max
        self.seed, self.run = seed, run
        self.failed = np.zeros(n_dichotomies, dtype=np.int64)  # the most features known to fail
        self.managed = np.full(n_dichotomies, n_max + 1)  # the fewest known to do
        self.counted = {}
        self.guess = None
        if n_max == len(root) - 1:  # points in general position: a plane through any labels
            self.managed[:] = n_max

    def features_for(self, share):
        """Features that make this fraction of the draws separable, interpolated; inf if none do."""
        needed = share * len(self.failed)
        if needed <= 0:
            return 0.0
        if self._count(self.n_max) < needed:
            return np.inf
        low, high = 0, self.n_max
        n = self.guess = self.guess or self._pilot()
        step = 1 + n // 50
        while high - low > max(1.0, _RESOLUTION * low):
            n = min(max(n, low + 1), high - 1)
            low, high = (low, n) if self._count(n) >= needed else (n, high)
            if low == 0 or high == self.n_max:  # step away from the guess until it is bracketed
                n = low + step if low else high - step
                step *= 2
            else:
                n = (low + high) // 2
        below = self._count(low)
        return low + (high - low) * (needed - below) / (self._count(high) - below)

    def _pilot(self):
        """The features that the first draw needs."""
        while self.managed[0] - self.failed[0] > 1:
            self._test(0, (self.failed[0] + self.managed[0]) // 2)
        return int(self.managed[0])

    def _count(self, n):
        """How many draws are separable with n features."""
        if n == 0:
            return 0
        if n not in self.counted:
            open_draws = np.flatnonzero((self.failed < n) & (n < self.managed))
            self.run(lambda draw: self._test(draw, n), open_draws)
            self.counted[n] = int((self.managed <= n).sum())
        return self.counted[n]

    def _test(self, draw, n):
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(2, int(draw))))
        n_manifolds = len(self.counts)
        labels = np.ones(n_manifolds)
        labels[rng.permutation(n_manifolds)[: n_manifolds // 2]] = -1.0
        # a row per feature: fewer features are the first of more
        projected = self.root @ rng.standard_normal((n, len(self.root))).T
        if is_separable(projected, np.repeat(labels, self.counts)):
            self.managed[draw] = n
        else:
            self.failed[draw] = n


def _root(gram, noise):
    """The symmetric root of the Gram about the points' mean, and its rank above `noise`."""
    values, vectors = grams.principal(grams.center_gram(gram), np.abs(gram).max(), noise)
    return (vectors * np.sqrt(values)) @ vectors.T, len(values)


def _not_reached(search, n_max, n_dichotomies):
    separable = search.counted.get(n_max, 0)
    text = (
        f"not reached: with all {n_max} dimensions that the points span {separable} of "
        f"{n_dichotomies} dichotomies are separable, fewer than half"
    )
    return MeasurementWarning("not-reached", text)
