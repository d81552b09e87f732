"""The joint (GLUE) geometry of a set of manifolds."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from geomem.errors import InputError
from geomem.extras import pandas
from geomem.geometry.arguments import check_confidence, check_pair
from geomem.geometry.glue_measures import METRICS, SPLIT
from geomem.geometry.intervals import Estimate
from geomem.warning import column

if TYPE_CHECKING:
    from pandas import DataFrame

ENDS = ("", "_lo", "_hi")


@dataclass(frozen=True)
class GlueGeometry:
    """Capacity, dimension, radius, utility and alignments of P manifolds, measured jointly.

    `*_lo` and `*_hi` bound the interval over draws: Gaussian vectors, and dichotomies where these
    are drawn. A number that is not defined is NaN, and a warning says why.

    Attributes
    ----------
    capacity : float
        P over the mean squared distance of a Gaussian vector from the weights that a dichotomy
        admits.
    dimension, radius, utility : float
        capacity = utility (1 + 1 / radius^2) / dimension.
    center_alignment_cos, axis_alignment_cos, center_axis_alignment_cos : float
        Mean signed cosine between centres, between axis parts of anchor points (what a draw adds to
        the centre), and between centres and axis parts, of different manifolds.
    center_alignment_abs, axis_alignment_abs, center_axis_alignment_abs : float
        Mean absolute inner product of the same, in the squared unit of the points.
    inseparable : float
        Fraction of draws whose dichotomy no weights other than zero admit, in the span of the
        points.
    capacity_floor : float
        P over the dimensions that the points span: what capacity tends to when all are inseparable.
    kkt_residual : float
        The largest violation of the optimality conditions in any quadratic program, relative to
        the largest constraint of that program.
    warnings : tuple of MeasurementWarning
        What a reader of the numbers must know.
    n_manifolds, n_t : int
        Manifolds; draws (with "pairs", of each pair).
    seed : int or None
        What vectors and dichotomies were drawn from; None where they were given.
    confidence : float
    dichotomies, preprocess : str
        As asked for.
    inactive_rule : str
        How manifolds without weight in a draw count.
    counts : ndarray of int64, shape (P,)
        Points of each manifold.
    labels : ndarray, shape (L, P), or None
        The dichotomies where they were given.
    values : dict of str to ndarray, shape (n_problems,)
        By metric, of each problem: one, or one per pair of manifolds.
    pairs : ndarray of int64, shape (n_pairs, 2)
        The manifolds of each pair; no rows unless the dichotomies are "pairs".
    influence : dict of str to ndarray, shape (n_t,)
        By metric, each draw's first-order effect on the number; their standard deviation over the
        root of n_t is the standard error.
    of_manifolds : dict of str to ndarray, shape (P,)
        For capacity, dimension, radius and utility, each manifold's first-order effect on the
        number, its effect on the parts of others left out; their standard deviation over the root
        of P is the standard error from the choice of manifolds.
    draws : tuple of Measures
        Per problem; `a`, `b` and `c` hold what each draw adds to the means.
    """

    capacity: float
    capacity_lo: float
    capacity_hi: float
    dimension: float
    dimension_lo: float
    dimension_hi: float
    radius: float
    radius_lo: float
    radius_hi: float
    utility: float
    utility_lo: float
    utility_hi: float
    center_alignment_cos: float
    center_alignment_cos_lo: float
    center_alignment_cos_hi: float
    axis_alignment_cos: float
    axis_alignment_cos_lo: float
    axis_alignment_cos_hi: float
    center_axis_alignment_cos: float
    center_axis_alignment_cos_lo: float
    center_axis_alignment_cos_hi: float
    center_alignment_abs: float
    center_alignment_abs_lo: float
    center_alignment_abs_hi: float
    axis_alignment_abs: float
    axis_alignment_abs_lo: float
    axis_alignment_abs_hi: float
    center_axis_alignment_abs: float
    center_axis_alignment_abs_lo: float
    center_axis_alignment_abs_hi: float
    inseparable: float
    capacity_floor: float
    kkt_residual: float
    warnings: tuple
    n_manifolds: int
    n_t: int
    seed: int | None
    confidence: float
    dichotomies: str
    preprocess: str
    inactive_rule: str
    counts: np.ndarray = field(repr=False)
    labels: np.ndarray | None = field(repr=False)
    values: dict = field(repr=False)
    pairs: np.ndarray = field(repr=False)
    influence: dict = field(repr=False)
    of_manifolds: dict = field(repr=False)
    draws: tuple = field(repr=False)

    def to_frame(self) -> "DataFrame":
        """A long pandas table, one row per number.

        Columns metric, value, lo, hi, dichotomies, preprocess, warnings (those about the row,
        packed by `geomem.warning`).
        """
        frame = pandas().DataFrame(self.rows(), columns=["metric", "value", "lo", "hi"])
        for name in ("dichotomies", "preprocess"):
            frame[name] = getattr(self, name)
        frame["warnings"] = column(self.warnings, self.numbered())
        return frame

    def rows(self) -> list[tuple]:
        """The rows of `to_frame` as tuples (metric, value, lo, hi)."""
        rows = [(name, *(getattr(self, name + end) for end in ENDS)) for name in METRICS]
        for name in ("inseparable", "capacity_floor", "kkt_residual"):
            rows.append((name, getattr(self, name), np.nan, np.nan))
        return rows

    def numbered(self) -> list[tuple]:
        """Metric and manifold (None) of each row, as `geomem.warning.column` takes them."""
        return [(metric, None) for metric, *_ in self.rows()]

    def key(self) -> dict:
        """What geometries must have in common to be compared in pairs, by name."""
        return {
            "points per manifold": tuple(self.counts.tolist()),
            "random_state": self.seed,
            "n_t": self.n_t,
            "dichotomies": self.dichotomies,
            "preprocess": self.preprocess,
            "labels": None if self.labels is None else self.labels.tolist(),
        }


def summarize_glue(draws, confidence, **rest):
    """The `GlueGeometry` of one problem, or of the mean over several with common draws.

    Parameters
    ----------
    draws : tuple of Measures
    confidence : float
    rest : the attributes that do not follow from them
    """
    numbers, values, influence = {}, {}, {}
    for name in METRICS:
        values[name] = np.array([found.value[name] for found in draws])
        influence[name] = np.mean([found.influence[name] for found in draws], axis=0)
        bias = np.mean([found.bias[name] for found in draws])
        # numbers that are positive have intervals that are symmetric in the logarithm
        value, logarithmic = values[name].mean(), name in SPLIT
        estimate = _estimate(value, bias, influence[name], confidence, logarithmic)
        numbers[name], numbers[f"{name}_lo"], numbers[f"{name}_hi"] = map(
            float, (estimate.value, estimate.lo, estimate.hi)
        )
    return GlueGeometry(
        **numbers,
        confidence=confidence,
        n_t=len(draws[0].a),
        values=values,
        influence=influence,
        of_manifolds=_of_manifolds(draws, values, rest["pairs"], rest["n_manifolds"]),
        draws=draws,
        **rest,
    )


def _of_manifolds(draws, values, pairs, n_manifolds):
    if not len(pairs):
        return draws[0].of_manifolds
    # a mean over pairs is a U-statistic: a manifold moves it by twice its own pairs' deviation
    found = {}
    for name in SPLIT:
        total = np.bincount(pairs.ravel(), np.repeat(values[name], 2), minlength=n_manifolds)
        mean = values[name].mean() if np.isfinite(values[name]).all() else np.nan
        found[name] = 2.0 * (total / (n_manifolds - 1) - mean)
    return found


def glue_difference(
    first: GlueGeometry, second: GlueGeometry, confidence: float = 0.95
) -> dict[str, Estimate]:
    """Second minus first, every number of two geometries with common draws.

    Layers, epochs or networks measured with one `random_state` share their draws, so the error of
    a difference is below that of its terms.

    Parameters
    ----------
    first, second : GlueGeometry
        Of as many manifolds, in the same order, with the same points in each.
    confidence : float

    Returns
    -------
    dict of str to Estimate (value, lo, hi)
        By metric, with the keys of `GlueGeometry.values`.

    Raises
    ------
    InputError
        If the two do not share their draws, differ in the points of each manifold or in a setting
        that makes another number of it (`GlueGeometry.key`), or `confidence` cannot be used.
    """
    check_confidence(confidence)
    check_pair(first, second, GlueGeometry)
    if first.seed is None:
        raise InputError(
            "the geometries are of given vectors, which may differ; measure both by glue_geometry "
            "with the same random_state and n_t"
        )
    return {
        name: _estimate(
            getattr(second, name) - getattr(first, name),
            np.mean([found.bias[name] for found in second.draws])
            - np.mean([found.bias[name] for found in first.draws]),
            second.influence[name] - first.influence[name],
            confidence,
            logarithmic=False,
        )
        for name in METRICS
    }


def _estimate(value, bias, influence, confidence, logarithmic):
    """A number with its interval, which is centred on the number less its bias."""
    n_draws = len(influence)
    if n_draws < 2 or not np.isfinite(value):
        return Estimate(value, np.nan, np.nan)
    reach = influence.std(ddof=1) / np.sqrt(n_draws)
    reach *= stdtrit(n_draws - 1, 0.5 + 0.5 * confidence)
    if not np.isfinite(bias):  # a half of the draws leaves the number undefined
        bias = 0.0
    if not logarithmic:
        return Estimate(value, value - bias - reach, value - bias + reach)
    if value == 0.0:
        return Estimate(value, value, value)
    centre, factor = value * np.exp(-bias / value), np.exp(reach / value)
    return Estimate(value, centre / factor, centre * factor)
