"""GLUE: capacity, radius, dimension and alignments of manifolds measured jointly.

Chou et al., ICML 2025 (arXiv 2503.18114); the capacity with correlations is that of Wakhloo,
Sussman and Chung, Phys. Rev. Lett. 131, 027301 (2023). A draw is a Gaussian vector t and a
dichotomy y, one label per manifold. With v the vector nearest to t that has y <v, x> >= 0 for every
point x, the difference t - v is a sum over manifolds of weighted points: their anchor points. One
draw is one convex problem with one solution; there is no low-rank step and no random start.
"""

import dataclasses
import itertools
import numbers
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from geomem.errors import InputError
from geomem.geometry import glue_points, grams
from geomem.geometry import products as inner
from geomem.geometry.arguments import as_seed, check_choice, check_confidence
from geomem.geometry.glue_measures import METRICS, measure, solve
from geomem.geometry.glue_result import GlueGeometry, summarize_glue
from geomem.geometry.measure import KKT_LIMIT, ROUGH
from geomem.geometry.parallel import default_threads, thread_map
from geomem.types import Manifolds, RandomState
from geomem.warning import MeasurementWarning

INACTIVE_RULE = "zero rows; centres are means over active draws"


def glue_geometry(
    manifolds: Manifolds,
    *,
    dichotomies: str = "random",
    n_t: int = 200,
    preprocess: str = "center",
    random_state: RandomState = None,
    confidence: float = 0.95,
    labels: ArrayLike | None = None,
    threads: int | None = None,
) -> GlueGeometry:
    """Measure the joint geometry of class manifolds.

    Parameters
    ----------
    manifolds : sequence of P arrays (M_mu, N), or one array (P, M, N)
        NumPy arrays, memory maps or torch tensors.
    dichotomies : {"random", "balanced", "one-vs-rest", "pairs", "given"}
        "random": independent labels. "balanced": half of the manifolds get one label.
        "one-vs-rest": one manifold, drawn at random, against all others. "pairs": every two
        manifolds are a problem of their own with P = 2 and opposite labels, with `n_t` draws each;
        numbers are means over pairs. "given": `labels`, one after the other; a multiple of L
        draws counts all alike.
    n_t : int
        Draws.
    preprocess : {"center", "none"}
        Subtract the mean of all points first, or nothing.
    random_state : int, numpy.random.Generator or None
        Equal integers give equal draws. A manifold's part of the vectors depends on its index
        alone, dichotomies have a stream of their own, and the first n of n_t draws are those of
        n_t = n.
    confidence : float
        Of the intervals, which cover the choice of draws.
    labels : array, shape (P,) or (L, P)
        1 and -1; with "given" only.
    threads : int, optional
        Default: the environment's OMP_NUM_THREADS, or one per core.

    Returns
    -------
    GlueGeometry

    Raises
    ------
    InputError
        Names the argument that cannot be used.
    """
    clouds = inner.check_manifolds(manifolds)
    counts = np.array([len(cloud) for cloud in clouds], dtype=np.int64)
    settings = _Settings(
        dichotomies, n_t, preprocess, random_state, confidence, labels, threads, counts
    )
    with thread_map(settings.threads) as run:
        points = glue_points.points_of_arrays(clouds, preprocess == "center")
        return _measure(points, settings, run)


def glue_from_gram(
    gram: ArrayLike,
    counts: ArrayLike,
    *,
    dichotomies: str = "random",
    n_t: int = 200,
    preprocess: str = "center",
    random_state: RandomState = None,
    confidence: float = 0.95,
    labels: ArrayLike | None = None,
    threads: int | None = None,
    noise: Callable[[int], float] | None = None,
) -> GlueGeometry:
    """`glue_geometry` from inner products: same further parameters, same numbers.

    Parameters
    ----------
    gram : array, shape (n, n)
        Products of all points with each other, manifold by manifold; centred or not.
    counts : sequence of P int
        Points per manifold, n together.
    noise : callable, optional
        Of a number of points: the squared singular value that rounding of the values that were
        multiplied can make in as many (`geomem.geometry.rounding`). Default: 0.

    Returns
    -------
    GlueGeometry

    Raises
    ------
    InputError
        If `gram` is not square, symmetric and finite, has eigenvalues below zero, is of points too
        long or too short for double precision or does not fit `counts`, or another argument cannot
        be used.
    """
    gram, counts = grams.check_gram(gram, counts)
    settings = _Settings(
        dichotomies, n_t, preprocess, random_state, confidence, labels, threads, counts
    )
    scale = np.abs(gram).max()
    with thread_map(settings.threads) as run:
        if preprocess == "center":
            gram = grams.center_given(gram)
        return _measure(glue_points.points_of_gram(gram, counts, scale, noise), settings, run)


def glue_from_draws(
    manifolds: Manifolds,
    t: ArrayLike,
    labels: ArrayLike,
    *,
    confidence: float = 0.95,
    threads: int | None = None,
) -> GlueGeometry:
    """The joint geometry for exactly these draws, without preprocessing.

    Parameters
    ----------
    manifolds : sequence of P arrays (M_mu, N), or one array (P, M, N)
        NumPy arrays, memory maps or torch tensors.
    t : array, shape (n_t, N)
        Gaussian vectors.
    labels : array, shape (n_t, P)
        The dichotomy of each draw, 1 and -1.
    confidence, threads
        As for `glue_geometry`.

    Returns
    -------
    GlueGeometry
        Its `seed` is None.

    Raises
    ------
    InputError
        If `t` or `labels` does not fit `manifolds`, they hold different numbers of draws, or
        another argument cannot be used.
    """
    return of_draws(
        inner.check_manifolds(manifolds), t, labels, confidence=confidence, threads=threads
    )


def of_draws(clouds, t, labels, *, confidence=0.95, threads=None):
    """`glue_from_draws` of arrays that `check_manifolds` returned, or the like."""
    counts = np.array([len(cloud) for cloud in clouds], dtype=np.int64)
    values = inner.points_of_all(clouds, center=False)
    t = glue_points.check_vectors(t, values.shape[1])
    labels = glue_points.check_labels(labels, len(clouds))
    if len(labels) != len(t):
        raise InputError(f"labels holds {len(labels)} dichotomies and t {len(t)}; give one each")
    settings = _Settings("given", len(t), "none", None, confidence, labels, threads, counts)
    noise = inner.noise_of(clouds)(len(values))
    if values.shape[1] > len(values):  # the points span fewer dimensions
        basis, upper = np.linalg.qr(values.T)
        values, t = np.ascontiguousarray(upper.T), t @ basis
    with thread_map(settings.threads) as run:
        points = glue_points.Points.from_values(values, counts, noise)
        problem = _Problem(points, t, labels, range(len(counts)), run, settings.threads, True)
        return _summary([problem], [], settings, None)


class _Settings:
    """What callers may ask for, checked."""

    def __init__(
        self,
        dichotomies,
        n_t,
        preprocess,
        random_state,
        confidence,
        labels,
        threads,
        counts,
    ):
        check_choice(dichotomies, "dichotomies", glue_points.DICHOTOMIES)
        check_choice(preprocess, "preprocess", glue_points.PREPROCESS)
        if not isinstance(n_t, numbers.Integral) or isinstance(n_t, bool) or n_t < 1:
            raise InputError(f"n_t is {n_t!r}; expected a whole number from 1 up")
        check_confidence(confidence)
        if (labels is not None) != (dichotomies == "given"):
            raise InputError(
                f"dichotomies is {dichotomies!r} and labels is "
                f"{'given' if labels is not None else 'not given'}; give labels with 'given' only"
            )
        self.dichotomies, self.preprocess, self.n_t = dichotomies, preprocess, int(n_t)
        self.confidence, self.counts, self.n_manifolds = float(confidence), counts, len(counts)
        self.random_state = random_state
        self.threads = default_threads() if threads is None else threads
        self.labels = None if labels is None else glue_points.check_labels(labels, len(counts))
        if labels is not None and len(self.labels) > n_t:
            raise InputError(
                f"labels holds {len(self.labels)} dichotomies and n_t is {n_t}; give at least one "
                "draw to each"
            )


def _measure(points, settings, run):
    seed, n_t = as_seed(settings.random_state), settings.n_t
    n_manifolds = settings.n_manifolds

    def problem(indices, labels, run, parts):
        chosen = points(np.array(indices))
        t = chosen.vectors(seed, n_t, indices)
        return _Problem(chosen, t, labels, indices, run, parts, settings.dichotomies == "given")

    if settings.dichotomies == "pairs":
        labels = np.tile([1.0, -1.0], (n_t, 1))
        pairs = list(itertools.combinations(range(n_manifolds), 2))
        problems = run(lambda pair: problem(pair, labels, map, 1), pairs)
        return _summary(problems, pairs, settings, seed)
    labels = glue_points.draw_labels(settings.dichotomies, settings.labels, seed, n_t, n_manifolds)
    return _summary(
        [problem(range(n_manifolds), labels, run, settings.threads)], [], settings, seed
    )


class _Problem:
    """The measures of one problem, and what its remarks need."""

    def __init__(self, points, t, labels, indices, run, parts, fixed=False):
        solution = solve(points, t, labels, run, parts)
        # Dichotomies that take turns would all be in one half: each is in both, if it is given.
        order = np.lexsort(labels.T) if fixed else np.arange(len(t))
        self.measures = measure(points, t, solution, order)
        self.rank = points.rank
        self.kkt_residual = solution.kkt_residual
        self.inseparable = float(solution.inseparable.mean())
        indices, rows = np.asarray(indices), points.manifolds()
        self.idle = set(indices[~solution.active.any(axis=0)].tolist())
        self.single = {
            int(index)
            for index, part in zip(indices, rows, strict=True)
            if not points.offsets(part).any()
        }


def _summary(problems, pairs, settings, seed):
    inseparable = float(np.mean([problem.inseparable for problem in problems]))
    n_manifolds = 2 if pairs else settings.n_manifolds
    floors = [n_manifolds / problem.rank if problem.rank else np.nan for problem in problems]
    floor = float(np.mean(floors))
    kkt_residual = max(problem.kkt_residual for problem in problems)
    geometry = summarize_glue(
        tuple(problem.measures for problem in problems),
        settings.confidence,
        inseparable=inseparable,
        capacity_floor=floor,
        kkt_residual=kkt_residual,
        warnings=(),
        n_manifolds=settings.n_manifolds,
        seed=seed,
        dichotomies=settings.dichotomies,
        preprocess=settings.preprocess,
        inactive_rule=INACTIVE_RULE,
        counts=settings.counts,
        labels=settings.labels,
        pairs=np.array(pairs, dtype=np.int64).reshape(-1, 2),
    )
    return dataclasses.replace(geometry, warnings=tuple(_remarks(geometry, problems)))


def _remarks(geometry, problems):
    single = tuple(sorted(set().union(*(problem.single for problem in problems))))
    idle = tuple(sorted(set().union(*(problem.idle for problem in problems))))
    undefined = tuple(name for name in METRICS if np.isnan(getattr(geometry, name)))
    flat = any(problem.rank == 0 for problem in problems)
    infinite = np.isinf(geometry.radius)
    where, then = (
        ("a problem", "is infinite, without an interval")
        if infinite
        else ("half of the draws or more", "has no interval")
    )
    same = (
        f"E[b] and E[c] are equal in {where}, as where at least twice as many manifolds are active "
        f"as the points span dimensions: radius {then}"
    )
    infinite |= not flat and any(np.isnan(p.measures.bias["radius"]) for p in problems)
    inseparable = (
        f"{geometry.inseparable:.3g} of the draws are inseparable: no weights other than zero "
        "admit their dichotomy. Capacity counts them at its floor of "
        f"{geometry.capacity_floor:.4g}; of the many weights of points that solve them, the "
        "other numbers take those of least squared length"
    )
    remarks = (
        (flat, "not-defined", "all points of a problem are the same: its geometry is not defined"),
        (geometry.inseparable > 0, "inseparable", inseparable),
        (single, "single-point", "a single distinct point, without axes", (), single),
        (idle, "idle", "active in no draw of a problem", (), idle),
        (
            np.isinf(geometry.capacity),
            "never-active",
            "no constraint active in any draw: capacity is infinite",
        ),
        (infinite, "infinite-radius", same, ("radius",)),
        (
            undefined,
            "metrics-not-defined",
            f"not defined for these points: {', '.join(undefined)}",
            undefined,
        ),
        (geometry.kkt_residual > KKT_LIMIT, "kkt-residual", f"a quadratic program {ROUGH}"),
    )
    return [MeasurementWarning(*record) for found, *record in remarks if found]
