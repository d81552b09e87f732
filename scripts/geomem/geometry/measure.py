"""The geometry of class manifolds: capacity, radius and dimension from mean-field theory.

Chung, Lee and Sompolinsky, Phys. Rev. X 8, 031003 (2018); Cohen, Chung, Lee and Sompolinsky,
Nat. Commun. 11, 746 (2020). Only inner products of the points enter, so nothing is projected at
random however wide a layer is.
"""

import numbers

import numpy as np

from geomem.errors import InputError
from geomem.geometry import products as inner
from geomem.geometry import rounding
from geomem.geometry.arguments import as_seed, check_choice, check_confidence, check_kappa
from geomem.geometry.intervals import relative_error
from geomem.geometry.lowrank import find_low_rank
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


def manifold_geometry(
    manifolds: Manifolds,
    *,
    kappa: float = 0.0,
    n_t: int | str = 300,
    remove_low_rank: bool = True,
    random_state: RandomState = None,
    confidence: float = 0.95,
    auto_error: float = 0.005,
    low_rank_rule: str = "shrinkage",
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
        capacity below `auto_error` of it, at most 100,000.
    remove_low_rank : bool
        Take off the directions common to the centres first.
    random_state : int, numpy.random.Generator or None
        Equal integers give equal vectors: manifold i gets the same ones in every call, and the
        first n of n_t vectors are those of n_t = n.
    confidence : float
        Of the intervals, which cover the choice of vectors.
    auto_error : float
        Relative standard error of the mean capacity that `n_t="auto"` draws for.
    low_rank_rule : {"shrinkage", "authors"}
        How these directions are found: "shrinkage" takes strong ones off in part, "authors" is the
        rule of the paper's code, which takes each off as a whole (docs/low-rank.md).
    low_rank_k : int or "auto"
        How many of the strongest directions are taken off as a whole; "auto": as the rule says.
    low_rank_starts : int, optional
        Random starts for each number of directions with the authors' rule; default 10.
    profile : bool
        Measure with several numbers of directions removed as well, for the result's `profile`.
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
        Printed, it is a summary; `to_frame()` is a table.

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

        def along(*weights):
            stack = np.concatenate(weights, axis=1)
            few = stack.shape[1] < len(clouds)
            directions = inner.combine(stack, centers) if few else centers
            parts = run(lambda cloud: inner.project(cloud, directions), clouds)
            if not few:
                return [[each.T @ part for part in parts] for each in weights]
            ends = np.cumsum([each.shape[1] for each in weights])[:-1]
            return list(zip(*(np.split(part, ends) for part in parts), strict=True))

        n_features = int(clouds[0].shape[1])
        noise = list(map(inner.noise_of_cloud, clouds, grams, means))
        return inner.center_products(centers), counts, n_features, grams, noise, along

    return _measure(
        read,
        kappa,
        n_t,
        random_state,
        confidence,
        auto_error,
        threads,
        True,
        profile,
        dimension_convention,
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
    low_rank_rule: str = "shrinkage",
    low_rank_k: int | str = "auto",
    low_rank_starts: int | None = None,
    profile: bool = False,
    dimension_convention: str = "points",
    threads: int | None = None,
    plausible: bool = True,
) -> ManifoldGeometry:
    """`manifold_geometry` from stored inner products: same parameters, same numbers.

    Parameters
    ----------
    products : ManifoldProducts
        As `inner_products` returns them.
    plausible : bool
        False leaves out the plausible range, two measurements with `PROFILE_DRAWS` vectors (50);
        it is NaN then.

    Returns
    -------
    ManifoldGeometry

    Raises
    ------
    InputError
        Names the argument that cannot be used; what `products` hold is not checked.
    """
    if not isinstance(products, ManifoldProducts):
        raise InputError(
            f"products is {type(products).__name__}; expected ManifoldProducts, as inner_products "
            "returns them (for arrays of points: manifold_geometry)"
        )

    def read(run):
        def along(*weights):
            ends = np.cumsum(products.counts)[:-1]
            return [np.split(each.T @ products.cross, ends, axis=1) for each in weights]

        noise = np.zeros(len(products.grams)) if products.noise is None else products.noise
        n_features = products.n_features
        return products.centers, products.counts, n_features, products.grams, noise, along

    return _measure(
        read,
        kappa,
        n_t,
        random_state,
        confidence,
        auto_error,
        threads,
        plausible,
        profile,
        dimension_convention,
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
    plausible,
    profile,
    convention,
    **low_rank_options,
):
    kappa, confidence = _checked(kappa, n_t, confidence, auto_error)
    check_choice(convention, "dimension_convention", CONVENTIONS)
    seed = as_seed(random_state)
    with thread_map(threads) as run:
        centers, counts, n_features, grams, noise, along = read(run)
        # apart from the Gaussian vectors' generator
        starts = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
        scatter = np.array([np.trace(gram) / len(gram) for gram in grams])
        # A mean is no more exact than its points where all are rounded alike, as beside an offset.
        of_centers = rounding.of_means(np.array(noise), np.array(counts), n_features)
        low_rank = find_low_rank(
            centers, starts, run, scatter=scatter, noise=of_centers, **low_rank_options
        )

        def without(weights, parts):
            """The manifolds off the directions `weights` (P, n), along which they have `parts`."""
            lengths = np.diag(centers) - ((weights.T @ centers) ** 2).sum(axis=0)
            return run(
                lambda index, gram, part, length, count, least: Cloud(
                    index,
                    gram - part.T @ part,
                    length,
                    min(int(count), n_features),
                    convention,
                    least,
                ),
                range(len(grams)),
                grams,
                parts,
                lengths,
                counts,
                noise,
            )

        def measure(manifolds, n_draws):
            return run(lambda cloud: cloud.statistics(seed, n_draws, kappa), manifolds)

        levels = [level.weights for level in (low_rank.profile if profile else ())]
        used = low_rank.weights
        ends = low_rank.plausible if plausible else ()
        further = [*ends, *(w for w in levels if w is not used)]
        if not used.size:  # so that what takes nothing off either is not measured again
            further = [weights for weights in further if weights.size]
        parts, *parts_of_further = along(used, *further)
        clouds = without(used, parts)
        warnings = list(low_rank.warnings)
        if n_t == "auto":
            statistics = _until(lambda n: measure(clouds, n), auto_error, warnings)
        else:
            statistics = measure(clouds, int(n_t))
        first = min(len(statistics[0].cosine), PROFILE_DRAWS)
        again = further and first < len(statistics[0].cosine)
        compared = measure(clouds, first) if again else statistics
        known = {
            id(weights): measure(without(weights, parts), first)
            for weights, parts in zip(further, parts_of_further, strict=True)
        }
    warnings += _remarks(clouds, statistics)
    return summarize(
        statistics,
        low_rank,
        warnings,
        seed=seed,
        confidence=confidence,
        kappa=kappa,
        dimension_convention=convention,
        counts=np.array(counts, dtype=np.int64),
        low_rank_settings={name: low_rank_options[name] for name in ("remove", "rule", "k")},
        compared=compared,
        others=[known.get(id(weights), compared) for weights in ends],
        levels=[known.get(id(weights), compared) for weights in levels],
    )


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
    check_kappa(kappa)
    whole = isinstance(n_t, numbers.Integral) and not isinstance(n_t, bool)
    if not (isinstance(n_t, str) and n_t == "auto") and not (whole and n_t >= 1):
        raise InputError(f"n_t is {n_t!r}; expected a whole number from 1 up, or 'auto'")
    check_confidence(confidence)
    if not isinstance(auto_error, numbers.Real) or not auto_error > 0:
        raise InputError(f"auto_error is {auto_error!r}; expected a positive number")
    return float(kappa), float(confidence)
