"""The geometry of class manifolds: capacity, radius and dimension from mean-field theory.

Chung, Lee and Sompolinsky, Phys. Rev. X 8, 031003 (2018); Cohen, Chung, Lee and Sompolinsky,
Nat. Commun. 11, 746 (2020). Only inner products of the points enter, so nothing is projected at
random however wide a layer is.
"""

import numbers

import numpy as np

from geomem.errors import InputError
from geomem.geometry import products as inner
from geomem.geometry.intervals import relative_error
from geomem.geometry.lowrank import LowRank, find_low_rank
from geomem.geometry.parallel import thread_map
from geomem.geometry.products import ManifoldProducts
from geomem.geometry.residual import CONVENTIONS, Cloud
from geomem.geometry.result import ManifoldGeometry, summarize
from geomem.types import Manifolds, RandomState
from geomem.warning import MeasurementWarning

AUTO_START = 200
AUTO_LIMIT = 100_000
KKT_LIMIT = 1e-8
ROUGH = f"solved only to a KKT residual above {KKT_LIMIT:g}"
PROFILE_DRAWS = 50  # Gaussian vectors, the first ones, for what is only compared with the result
PLAUSIBLE_MOST = 8  # plausible fits of the low-rank structure that are measured


def manifold_geometry(
    manifolds: Manifolds,
    *,
    kappa: float = 0.0,
    n_t: int | str = 300,
    remove_low_rank: bool = True,
    random_state: RandomState = None,
    confidence: float = 0.95,
    auto_error: float = 0.005,
    low_rank_rule: str = "barrier",
    low_rank_k: int | str = "auto",
    low_rank_starts: int | None = None,
    profile: bool = False,
    dimension_convention: str = "points",
    threads: int | None = None,
) -> ManifoldGeometry:
    """Measure capacity, radius and dimension of class manifolds.

    Parameters
    ----------
    manifolds : sequence of P arrays (M_mu, N), or one array (P, M, N)
        NumPy arrays, memory maps or torch tensors (Grams are computed on their device).
    kappa : float
        Margin, in units of the norm of a manifold's residual centre.
    n_t : int or "auto"
        Gaussian vectors per manifold. "auto": as many as bring the standard error of the mean
        capacity below `auto_error` of it.
    remove_low_rank : bool
        Take off the directions common to the centres first.
    random_state : int, numpy.random.Generator or None
        Equal integers give equal vectors: manifold i gets the same ones in every call, and the
        first n of n_t vectors are those of n_t = n.
    confidence : float
        Of the intervals, which cover the choice of vectors.
    auto_error : float
    low_rank_rule, low_rank_k, low_rank_starts : {"barrier", "authors"}, int or "auto", int
        See `geomem.geometry.lowrank.find_low_rank`.
    profile : bool
        Measure at every number of removed directions that was looked at as well, for the result's
        `profile`.
    dimension_convention : {"points", "rank"}
        What D is in dimension = D (mean cos)^2. "points": min(M, N), as published numbers have it,
        which counts the direction that centring M points leaves empty. "rank": the dimensions that
        a manifold's points span. A segment has dimension 1 by "rank" and 8/pi^2 = .81, from its two
        ends alone, by "points".
    threads : int, optional
        Default: the environment's OMP_NUM_THREADS, or one per core.

    Returns
    -------
    ManifoldGeometry

    Raises
    ------
    InputError
        Names the argument that cannot be used.
    """
    clouds = inner.check_manifolds(manifolds)

    def read(run):
        counts = [len(cloud) for cloud in clouds]
        grams, means = zip(*run(inner.moments, clouds), strict=True)
        centers = inner.centered(means, counts)

        def along(weights):
            directions = inner.combine(weights, centers)
            return run(lambda cloud: inner.project(cloud, directions), clouds)

        return inner.center_products(centers), counts, int(clouds[0].shape[1]), grams, along

    return _measure(
        read,
        kappa,
        n_t,
        random_state,
        confidence,
        auto_error,
        threads,
        profile,
        dimension_convention,
        None,
        remove=remove_low_rank,
        rule=low_rank_rule,
        k=low_rank_k,
        starts=low_rank_starts,
    )


def geometry_from_products(
    products: ManifoldProducts,
    *,
    kappa: float = 0.0,
    n_t: int | str = 300,
    remove_low_rank: bool = True,
    random_state: RandomState = None,
    confidence: float = 0.95,
    auto_error: float = 0.005,
    low_rank_rule: str = "barrier",
    low_rank_k: int | str = "auto",
    low_rank_starts: int | None = None,
    profile: bool = False,
    dimension_convention: str = "points",
    low_rank: LowRank | None = None,
    threads: int | None = None,
) -> ManifoldGeometry:
    """`manifold_geometry` from stored inner products: same parameters, same numbers.

    Parameters
    ----------
    products : ManifoldProducts
        As `inner_products` returns them.
    low_rank : LowRank, optional
        What `find_low_rank` found for the same centres with the same options; by default it is
        searched for here.
    """

    def read(run):
        def along(weights):
            ends = np.cumsum(products.counts)[:-1]
            return np.split(weights.T @ products.cross, ends, axis=1)

        return products.centers, products.counts, products.n_features, products.grams, along

    return _measure(
        read,
        kappa,
        n_t,
        random_state,
        confidence,
        auto_error,
        threads,
        profile,
        dimension_convention,
        low_rank,
        remove=remove_low_rank,
        rule=low_rank_rule,
        k=low_rank_k,
        starts=low_rank_starts,
    )


def _measure(
    read,
    kappa,
    n_t,
    random_state,
    confidence,
    auto_error,
    threads,
    profile,
    convention,
    low_rank,
    **low_rank_options,
):
    kappa, confidence = _checked(kappa, n_t, confidence, auto_error)
    if convention not in CONVENTIONS:
        raise InputError(
            f"dimension_convention is {convention!r}; expected one of {', '.join(CONVENTIONS)}"
        )
    seed = as_seed(random_state)
    with thread_map(threads) as run:
        centers, counts, n_features, grams, along = read(run)
        if low_rank is None:
            options = {"confidence": confidence, **low_rank_options}
            low_rank = find_low_rank(centers, random_starts(seed), run, **options)

        def without(weights):
            """The manifolds off the directions `weights` (P, K)."""
            lengths = np.diag(centers) - ((weights.T @ centers) ** 2).sum(axis=0)
            return run(
                lambda index, gram, part, length, count: Cloud(
                    index, gram - part.T @ part, length, min(int(count), n_features), convention
                ),
                range(len(grams)),
                grams,
                along(weights),
                lengths,
                counts,
            )

        def measure(manifolds, n_draws):
            return run(lambda cloud: cloud.statistics(seed, n_draws, kappa), manifolds)

        clouds = without(low_rank.weights)
        warnings = list(low_rank.warnings)
        if n_t == "auto":
            statistics = _until(lambda n: measure(clouds, n), auto_error, warnings)
        else:
            statistics = measure(clouds, int(n_t))
        first = min(len(statistics[0].cosine), PROFILE_DRAWS)
        others = [measure(without(w), first) for w in _some(low_rank.plausible)]
        levels = [
            measure(without(level.weights), first)
            for level in (low_rank.profile if profile else ())
        ]
        compared = measure(clouds, first) if others or levels else None
    warnings += _remarks(clouds, statistics)
    return summarize(
        statistics,
        low_rank,
        warnings,
        seed=seed,
        confidence=confidence,
        kappa=kappa,
        dimension_convention=convention,
        compared=compared,
        others=others,
        levels=levels,
    )


def random_starts(seed):
    """The generator of the low-rank search's random starts, apart from the Gaussian vectors'."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))


def _some(plausible):
    """At most PLAUSIBLE_MOST of the plausible fits, the fewest and the most directions included."""
    ordered = sorted(plausible, key=lambda weights: weights.shape[1])
    if len(ordered) <= PLAUSIBLE_MOST:
        return ordered
    kept = np.linspace(0, len(ordered) - 1, PLAUSIBLE_MOST).round().astype(int)
    return [ordered[index] for index in kept]


def _until(measure, target, warnings):
    """Statistics from as many vectors as bring the mean capacity's relative error to `target`."""
    n_draws = AUTO_START
    while True:
        statistics = measure(n_draws)
        error = relative_error(statistics)
        if not error > target:  # NaN, an undefined capacity, needs no more vectors either
            return statistics
        if n_draws == AUTO_LIMIT:
            text = (
                f"the standard error of the mean capacity is {error:.2g} of it after {n_draws} "
                f"vectors, above the {target:g} asked for"
            )
            warnings.append(MeasurementWarning("few-vectors", text))
            return statistics
        n_draws = min(int(1.1 * n_draws * (error / target) ** 2) + 1, AUTO_LIMIT)


def _remarks(clouds, statistics):
    undefined = [c.index for c in clouds if not c.is_defined]
    centerless = [c.index for c in clouds if c.is_defined and not c.has_center]
    points = [c.index for c in clouds if c.has_center and not c.values.any()]
    free = [
        c.index for c, s in zip(clouds, statistics, strict=True) if not s.inverse_capacity.any()
    ]
    rough = [c.index for c, s in zip(clouds, statistics, strict=True) if s.kkt_residual > KKT_LIMIT]
    remarks = (
        ("not-defined", undefined, "no extent and no residual centre: its geometry is not defined"),
        (
            "no-center",
            centerless,
            "no residual centre: its radius is infinite, its capacity that limit's",
        ),
        ("single-point", points, "a single distinct point: radius and dimension are 0"),
        ("never-active", free, "no constraint active for any vector: its capacity is infinite"),
        ("kkt-residual", rough, f"a quadratic program {ROUGH}"),
    )
    return [
        MeasurementWarning(code, text, manifolds=tuple(found))
        for code, found, text in remarks
        if found
    ]


def _checked(kappa, n_t, confidence, auto_error):
    if not isinstance(kappa, numbers.Real) or not np.isfinite(kappa):
        raise InputError(f"kappa is {kappa!r}; expected a finite number")
    if n_t != "auto" and not (isinstance(n_t, numbers.Integral) and n_t >= 1):
        raise InputError(f"n_t is {n_t!r}; expected a whole number from 1 up, or 'auto'")
    if not isinstance(confidence, numbers.Real) or not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence!r}; expected a number between 0 and 1")
    if not isinstance(auto_error, numbers.Real) or not auto_error > 0:
        raise InputError(f"auto_error is {auto_error!r}; expected a positive number")
    return float(kappa), float(confidence)


def as_seed(random_state):
    """The whole number that decides all draws, from what callers may give."""
    if random_state is None:
        return np.random.SeedSequence().entropy
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63))
    if isinstance(random_state, numbers.Integral) and random_state >= 0:
        return int(random_state)
    raise InputError(
        f"random_state is {random_state!r}; expected None, a whole number from 0 up or a "
        "numpy.random.Generator"
    )
