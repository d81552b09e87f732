"""What the number of points does: a common number for a comparison, a sweep, and the limit.

Capacity falls and radius and dimension rise as manifolds are sampled more densely, so numbers from
different M (points per manifold) or N (features) do not compare. Subsets at a common size do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import stdtrit

from geomem import types
from geomem.errors import InputError
from geomem.geometry.arguments import check_confidence
from geomem.geometry.intervals import Estimate
from geomem.geometry.products import ManifoldProducts
from geomem.registry.measures import MEASURES
from geomem.statistics.manifolds import Manifolds, check_count
from geomem.statistics.measured import is_random, numbers_of
from geomem.statistics.scales import scale_of

EXPONENTS = np.geomspace(0.05, 4.0, 120)  # of M in the law of the limit
PRECISION = 1e-3  # relative, of a value: closer fits are as good as each other
MOST_GAP = 0.5  # of the limit from the largest M's value, relative: beyond, the law says little


def at_common_size(
    data: types.Manifolds | ManifoldProducts,
    n_points: int,
    *,
    n_features: int | None = None,
    counts: ArrayLike | None = None,
    measure: str | Callable = "geometry",
    repeats: int = 20,
    confidence: float = 0.95,
    random_state: int = 0,
    **settings,
) -> dict[str, Estimate]:
    """Numbers that `n_points` points of each manifold (and `n_features` features) give.

    Parameters
    ----------
    data, counts, measure, settings
        See `geomem.statistics.sample`. `ManifoldProducts` have no subsets of points.
    n_points : int
        M of every subset, at most the points that the smallest manifold has.
    n_features : int, optional
        N of every subset; of arrays only. Default: all.
    repeats : int
        Subsets, drawn at random without replacement.
    confidence : float
    random_state : int
        Of the subsets and of the Gaussian vectors, which differ between subsets.

    Returns
    -------
    dict of str to Estimate (value, lo, hi)
        Mean over subsets, and an interval for other points (and features): the variance between
        subsets of m points times m / (M - m) (delete-d jackknife; Shao and Wu, Ann. Stat. 17, 1176,
        1989). It contains the error from Gaussian vectors, so the interval is wide where `n_t` is
        small. NaN where all points are taken.

    Raises
    ------
    InputError
        If `n_points` is below 2 or above the points of the smallest manifold, `n_features` not from
        1 to N, `repeats` below 2, `confidence` not between 0 and 1, or the data or the measure
        cannot be used.
    """
    check_confidence(confidence)
    manifolds, n_points, repeats = _checked(data, counts, n_points, repeats)
    rng = np.random.default_rng([random_state, 4])
    draws = []
    for repeat in range(repeats):
        kept = [rng.permutation(count)[:n_points] for count in manifolds.counts]
        seed = random_state + repeat  # so that the scatter shows the Gaussian vectors' error, too
        draws.append(_measured(manifolds, kept, n_features, measure, seed, rng, settings))
    left = int(manifolds.counts.min())
    factor = n_points / (left - n_points) if left > n_points else np.inf
    if n_features is not None:
        width = manifolds.features()[0].shape[1]
        factor = max(factor, n_features / (width - n_features) if width > n_features else np.inf)
    units = _units(measure)
    return {
        metric: _estimate(
            np.array([each.get(metric, np.nan) for each in draws]),
            factor,
            confidence,
            units.get(metric, ""),
        )
        for metric in draws[0]
    }


@dataclass(frozen=True)
class Sweep:
    """Numbers over M.

    Attributes
    ----------
    n_points : ndarray of int, shape (S,)
    values : dict of str to ndarray, shape (repeats, S)
        By metric. Each repeat takes the first points of one random order, so that its curve over M
        is smooth; the largest M may be all points, the same in every repeat.
    limits : dict of str to Limit
    """

    n_points: np.ndarray
    values: dict = field(repr=False)
    limits: dict

    def rows(self) -> list[tuple]:
        """Tuples (n_points, metric, value, lo, hi); lo and hi: least and greatest repeat.

        The limit has n_points infinity; its lo and hi are those of `Limit`.
        """
        found = []
        for metric, values in self.values.items():
            for size, column in zip(self.n_points, values.T, strict=True):
                found.append((int(size), metric, column.mean(), column.min(), column.max()))
            limit = self.limits[metric]
            found.append((np.inf, metric, limit.value, limit.lo, limit.hi))
        return found


@dataclass(frozen=True)
class Limit:
    """What a number tends to as M grows, by the law a + b M^-c.

    Attributes
    ----------
    value : float
        a of the best fit; NaN where no fit was possible.
    lo, hi : float
        Of all exponents c that fit as well. The end of the range (for numbers without one,
        infinite) where the values do not bound it.
    exponent : float
        c.
    determined : bool
        Whether lo to hi is narrower than half of the largest M's value. Where not, the value at a
        stated M is all that can be reported.
    """

    value: float
    lo: float
    hi: float
    exponent: float
    determined: bool


def sweep(
    data: types.Manifolds | ManifoldProducts,
    n_points: int | Sequence[int] | None = None,
    *,
    counts: ArrayLike | None = None,
    measure: str | Callable = "geometry",
    repeats: int = 8,
    confidence: float = 0.95,
    random_state: int = 0,
    **settings,
) -> Sweep:
    """Measure with fewer and fewer points per manifold, and extrapolate.

    Parameters
    ----------
    data, counts, measure, settings
        See `geomem.statistics.sample`. `ManifoldProducts` have no subsets of points.
    n_points : int or sequence of int, optional
        The sizes M (each 2 or more), or the largest of them (4 or more). Default: up to all points,
        eight sizes in equal ratios from a tenth of that (5 at least).
    repeats : int
        Random orders of the points.
    confidence : float
        Of the limits.
    random_state : int

    Returns
    -------
    Sweep

    Raises
    ------
    InputError
        If a size is too small or above the points of the smallest manifold, `repeats` below 2,
        `confidence` not between 0 and 1, or the data or the measure cannot be used.
    """
    manifolds = Manifolds(data, counts)
    most = int(manifolds.counts.min())
    if n_points is None or np.ndim(n_points) == 0:
        end = most if n_points is None else n_points
        check_count(end, "n_points", 4)
        sizes = np.unique(np.geomspace(max(end / 10, min(5, end / 2)), end, 8).round().astype(int))
    else:
        sizes = np.unique([check_count(size, "n_points", 2) for size in n_points])
    _checked(manifolds, None, int(sizes[-1]), repeats)
    values = {}
    for repeat in range(repeats):
        rng = np.random.default_rng([random_state, 5, repeat])
        orders = [rng.permutation(count) for count in manifolds.counts]
        for size in sizes:
            kept = [order[:size] for order in orders]
            seed = random_state + repeat  # so that the noise of vectors differs between curves
            found = _measured(manifolds, kept, None, measure, seed, rng, settings)
            for metric, value in found.items():
                values.setdefault(metric, []).append(value)
    grids = {m: np.reshape(v, (repeats, -1)) for m, v in values.items() if len(v) % repeats == 0}
    grids = {m: grid for m, grid in grids.items() if grid.shape[1] == len(sizes)}
    reciprocal = ("capacity",)
    units = _units(measure)
    limits = {
        metric: extrapolated(
            sizes,
            grid,
            reciprocal=metric in reciprocal,
            confidence=confidence,
            span=scale_of(units.get(metric, ""), grid).range,
        )
        for metric, grid in grids.items()
    }
    return Sweep(sizes, grids, limits)


def extrapolated(
    sizes: ArrayLike,
    values: ArrayLike,
    *,
    reciprocal: bool = False,
    confidence: float = 0.95,
    span: tuple[float, float] = (-np.inf, np.inf),
) -> Limit:
    """The limit of values over M, by least squares of a + b M^-c.

    Parameters
    ----------
    sizes : array, shape (S,)
        The numbers M of points per manifold.
    values : array, shape (repeats, S)
        The law is fitted to their mean over repeats.
    reciprocal : bool
        Whether the law is one of 1 / value (capacity).
    confidence : float
    span : (float, float)
        What a value can be. The limit and its range stay inside.

    Returns
    -------
    Limit
        The exponents that are as plausible are those whose squared deviations are above the least
        ones by no more than an F test with S - 3 degrees of freedom allows. Fewer than four sizes,
        or means that are not finite (with `reciprocal`, not above 0), allow no fit: NaN, and the
        whole span.

    Raises
    ------
    InputError
        If `confidence` is not between 0 and 1.
    """
    check_confidence(confidence)
    nothing = Limit(np.nan, *map(float, span), np.nan, False)
    values = np.asarray(values, dtype=np.float64)
    curve = values.mean(axis=0)
    freedom = len(sizes) - 3
    if freedom < 1 or not np.isfinite(curve).all() or (reciprocal and not (curve > 0).all()):
        return nothing
    y = 1.0 / curve if reciprocal else curve
    sizes = np.asarray(sizes, dtype=np.float64)

    def fit(exponent):
        """Sum of squared deviations, a, and the variance of a in units of that of y."""
        design = np.stack([np.ones(len(sizes)), sizes**-exponent], axis=1)
        solution, *_ = np.linalg.lstsq(design, y, rcond=None)
        square = float(((design @ solution - y) ** 2).sum())
        return square, float(solution[0]), float(np.linalg.pinv(design.T @ design)[0, 0])

    squares = np.array([fit(exponent)[0] for exponent in EXPONENTS])
    best = int(squares.argmin())
    around = np.log(EXPONENTS[[max(best - 1, 0), min(best + 1, len(EXPONENTS) - 1)]])
    exponent = np.exp(minimize_scalar(lambda c: fit(np.exp(c))[0], bounds=around).x)
    exponents = np.append(EXPONENTS, exponent)
    squares, limits, units = np.array([fit(each) for each in exponents]).T
    best = len(EXPONENTS)
    noise = max(squares[best], (PRECISION * np.abs(y).max()) ** 2) / freedom
    t = stdtrit(freedom, 0.5 + 0.5 * confidence)
    near = squares <= squares[best] + t**2 * noise
    reach = t * np.sqrt(noise * units[near])
    ends = np.array([(limits[near] - reach).min(), (limits[near] + reach).max()])
    if near[0]:  # a slower law would fit as well: its limit may be anywhere beyond
        side = limits[0] > limits[best]
        ends[int(side)] = np.inf if side else -np.inf
    value = limits[best]
    if reciprocal:
        with np.errstate(divide="ignore"):
            value = 1.0 / value if value > 0 else np.nan
            ends = np.array([1.0 / max(ends[1], 0.0), 1.0 / ends[0] if ends[0] > 0 else np.inf])
    value, ends = np.clip(value, *span), np.clip(ends, *span)
    width = ends[1] - ends[0]
    determined = bool(np.isfinite(width) and width < MOST_GAP * abs(curve[-1]))
    return Limit(float(value), *map(float, ends), float(exponent), determined)


def _checked(data, counts, n_points, repeats):
    manifolds = data if isinstance(data, Manifolds) else Manifolds(data, counts)
    check_count(repeats, "repeats", 2)
    check_count(n_points, "n_points", 2)
    least = int(manifolds.counts.min())
    if n_points > least:
        raise InputError(
            f"n_points is {n_points} and the smallest manifold has {least}; take {least} or fewer, "
            "or leave that manifold out"
        )
    return manifolds, int(n_points), int(repeats)


def _measured(manifolds, kept, n_features, measure, random_state, rng, settings):
    part = manifolds.keep_points(kept)
    if n_features is not None:
        width = part.features()[0].shape[1]
        if not 1 <= check_count(n_features, "n_features") <= width:
            raise InputError(f"n_features is {n_features}; expected 1 to {width}")
        part = part.keep_features(np.sort(rng.permutation(width)[:n_features]))
    if is_random(measure):
        settings = {"random_state": random_state, **settings}
    return numbers_of(part, measure, settings)


def _units(measure):
    entry = MEASURES.get(measure) if isinstance(measure, str) else None
    return {metric.name: metric.unit for metric in entry.metrics} if entry else {}


def _estimate(draws, factor, confidence, unit):
    """Mean over subsets, with the interval of all subsets of that size."""
    scale = scale_of(unit, draws)
    with np.errstate(all="ignore"):
        levels = scale.forward(draws)
        level, spread = levels.mean(), levels.var(ddof=1)
        error = np.sqrt(spread * (factor + 1.0 / len(draws)))
        reach = stdtrit(len(draws) - 1, 0.5 + 0.5 * confidence) * error
        lo, hi = sorted(map(float, scale.backward(np.array([level - reach, level + reach]))))
    if not np.isfinite(factor):
        lo = hi = np.nan
    return Estimate(float(draws.mean()), lo, hi)
