"""What each manifold, and each point, contributes to the numbers of one condition.

A condition is a set of manifolds: a layer, an epoch, a network, a subject. `sample` measures it and
takes the numbers apart; everything else in this package (intervals, differences, groups, power)
works on the parts and measures nothing again.

Two sources of uncertainty are kept apart:

- *manifolds*: other classes, each with points and Gaussian vectors of its own. The parts scatter by
  all three, so this covers them all.
- *points*: the same classes with other points, and other Gaussian vectors. The parts are what a
  number loses when a group of points is left out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from geomem import types
from geomem.errors import InputError
from geomem.geometry.arguments import differing
from geomem.geometry.products import ManifoldProducts
from geomem.statistics import joint, mean_field
from geomem.statistics.manifolds import Manifolds, check_count
from geomem.statistics.measured import Named, named
from geomem.statistics.scales import scale_of

GROUPS = 10  # of points, left out one after the other
MANIFOLD_GROUPS = 40  # at most, for measures that have to be computed again without them
FEWEST = 3  # manifolds: of two, one would be left
SPLITS = 25  # in halves, for measures that leaving few points out says too much about


@dataclass(frozen=True)
class Sample:
    """The numbers of one condition, apart.

    Attributes
    ----------
    values : dict of str to float
        By metric.
    scales : dict of str to Scale
        A number is `scale.backward` of the mean of its parts.
    parts : dict of str to ndarray, shape (n_units,)
        On that scale, by manifold (or group of manifolds, where the measure is joint: then NaN
        with two manifolds, as there is no measure of one).
    trimmed : frozenset of str
        Metrics that are the mean over the middle half of their parts.
    moved : dict of str to ndarray, shape (n_sources,)
        What each group of points and each Gaussian vector moves the mean of the parts by, in
        standard deviations of that: the variance is the sum of squares. Empty without `points`.
    freedom : int
        Degrees of freedom of these variances.
    key : dict
        What two samples must have in common to be compared in pairs: the measure, the points per
        manifold, and settings that make another number of it.
    warnings : tuple
        As the measure gave them.
    """

    values: dict
    scales: dict = field(repr=False)
    parts: dict = field(repr=False)
    trimmed: frozenset = field(repr=False)
    moved: dict = field(repr=False)
    freedom: int
    key: dict
    warnings: tuple = ()


_DRAWN = ("points per manifold", "random_state", "n_t")  # what samples may differ in unpaired


def unlike(first: Sample, second: Sample, paired: bool = True) -> str:
    """In what two samples differ that they must have in common, in words; "" if in nothing.

    Pairs must have all of `key` in common, others what is not about how much was drawn.
    """
    return differing(first.key, second.key, () if paired else _DRAWN)


def require_sample(value):
    """Raise InputError unless it is a Sample."""
    if not isinstance(value, Sample):
        raise InputError(
            f"{type(value).__name__} is no Sample; make one of it first: sample(manifolds)"
        )


def sample(
    data: types.Manifolds | ManifoldProducts,
    *,
    counts: ArrayLike | None = None,
    measure: str | Callable = "geometry",
    points: bool = False,
    groups: int | None = None,
    **settings,
) -> Sample:
    """Measure one condition and take its numbers apart.

    Parameters
    ----------
    data : sequence of P arrays (M_mu, N), array (P, M, N), ManifoldProducts, or array (n, n)
        Manifolds, or stored inner products of them.
    counts : sequence of P int, optional
        With an array (n, n), the inner products of all points: points of each manifold. Features
        are then taken to be as many as points.
    measure : str or callable
        "geometry" (mean-field theory), "glue", the name of another measure of
        `geomem.registry.measures`, an import path, or a function. A function's first argument is
        called `products`, `gram` or `features`, for what it wants; it may take `counts`, and
        returns a dict by metric of numbers, or of arrays (P,) with one number per manifold.
    points : bool
        Find the uncertainty from points as well. Radius and dimension have none (NaN) where a
        manifold has two points: one point alone has no radius.
    groups : int, optional
        Groups of points that are left out, one after the other. Default: 10.
    settings
        Passed on to the measure: `n_t`, `kappa`, `random_state`, ...

    Returns
    -------
    Sample

    Raises
    ------
    InputError
        If the arguments do not fit, or the data lack what the measure wants.

    Notes
    -----
    What is held fixed. For "geometry" the directions removed and the mean of all points are those
    of the full sample, whatever is left out or drawn: no low-rank step runs again, and quadratic
    programs are solved again only for `points`, once per group of points, with the same Gaussian
    vectors. For "glue" the mean of all points, the vectors and the dichotomies are. Other measures
    are computed again from the start without the part that is left out.
    """
    manifolds = data if isinstance(data, Manifolds) else Manifolds(data, counts)
    groups = GROUPS if groups is None else check_count(groups, "groups", 2)
    if measure == "geometry":
        return Sample(**mean_field.taken_apart(manifolds, groups if points else 0, settings))
    if measure == "glue":
        problem = joint.Problem(manifolds, settings)
        return _by_leaving_out(problem, points, groups)
    known = named(measure)
    if known.source != "features":  # multiplied once, not for every part that is left out
        manifolds = manifolds.as_gram()
    return _by_leaving_out(Computed(manifolds, known, settings), points, groups)


@dataclass(frozen=True)
class Computed:
    """A measure of manifolds that can be computed again without some of them or their points."""

    manifolds: Manifolds
    measure: Named
    settings: dict
    warnings: tuple = ()

    @property
    def counts(self):
        return self.manifolds.counts

    @property
    def by_halves(self):
        return self.measure.by_halves

    @property
    def key(self):
        settings = {name: self.settings[name] for name in self.settings if name != "threads"}
        points = tuple(self.counts.tolist())
        return {"measure": self.measure.name, "points per manifold": points, **settings}

    def numbers(self, kept=None, kept_points=None):
        """`{metric: number}` of the manifolds and points that are kept."""
        chosen = self.manifolds
        if kept is not None:
            chosen = chosen.keep(kept)
        if kept_points is not None:
            chosen = chosen.keep_points(kept_points)
        return self.measure.numbers(chosen, self.settings)

    def moved(self, metric):
        """What else moves the number, in standard deviations: nothing."""
        return np.zeros(0)

    def unit(self, metric):
        return self.measure.units.get(metric, "")


def _by_leaving_out(problem, points, groups):
    """The `Sample` of a measure that is computed again without parts (grouped jackknife)."""
    values = problem.numbers()
    n_manifolds = len(problem.counts)
    everything = np.arange(n_manifolds)
    n_units = min(n_manifolds, MANIFOLD_GROUPS)
    rest = []
    if n_manifolds >= FEWEST:
        rest = [problem.numbers(everything[everything % n_units != u]) for u in range(n_units)]
    scales, parts, moved = {}, {}, {}
    for metric, value in values.items():
        without = np.array([found.get(metric, np.nan) for found in rest])
        scales[metric] = scale = scale_of(problem.unit(metric), [value, *without])
        parts[metric] = np.full(n_units, np.nan)
        if rest:
            with np.errstate(all="ignore"):
                on_scale = scale.forward(without)
                apart = (n_units - 1) * (on_scale.mean() - on_scale)
                parts[metric] = scale.forward(value) + apart
    freedom = n_units - 1
    if points:
        lost, freedom = _points_left_out(problem, groups)
        for metric, value in values.items():
            scale = scales[metric]
            with np.errstate(all="ignore"):
                deviations = lost(
                    lambda found, m=metric, s=scale: s.forward(np.array(found.get(m, np.nan)))
                )
                other = problem.moved(metric) * scale.slope(np.float64(value))
            moved[metric] = np.concatenate([deviations, other])
    return Sample(
        values, scales, parts, frozenset(), moved, freedom, problem.key, tuple(problem.warnings)
    )


def _points_left_out(problem, groups):
    """A function of `number(found)` that gives standard deviations by group, and freedom."""
    counts = problem.counts
    if problem.by_halves:
        rng = np.random.default_rng(0)
        pairs = []
        for _ in range(SPLITS):
            orders = [rng.permutation(count) for count in counts]
            halves = (
                [np.sort(order[: len(order) // 2]) for order in orders],
                [np.sort(order[len(order) // 2 :]) for order in orders],
            )
            pairs.append([problem.numbers(kept_points=half) for half in halves])

        def apart(number):
            return np.array([0.5 * (number(a) - number(b)) for a, b in pairs]) / np.sqrt(SPLITS)

        return apart, SPLITS
    n_groups = min(groups, counts.min())
    if n_groups < 2:
        raise InputError(
            f"counts is {counts.tolist()}; uncertainty from points needs two or more in each "
            "manifold"
        )
    without = [
        problem.numbers(
            kept_points=[np.flatnonzero(np.arange(m) % n_groups != group) for m in counts]
        )
        for group in range(n_groups)
    ]

    def lost(number):
        found = np.array([number(each) for each in without])
        return (found - found.mean()) * np.sqrt((n_groups - 1) / n_groups)

    return lost, n_groups - 1


def needs_points(found):
    """Raise InputError unless a sample has the uncertainty from points."""
    if not found.moved:
        raise InputError(
            "the sample was taken without points; give sample(..., points=True) for uncertainty "
            "from points"
        )
