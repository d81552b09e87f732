"""The measured geometry of a set of manifolds."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from geomem.extras import pandas
from geomem.geometry import intervals
from geomem.geometry.arguments import check_confidence, check_pair
from geomem.geometry.intervals import Estimate
from geomem.warning import column, pack

if TYPE_CHECKING:
    from pandas import DataFrame

METRICS = ("capacity", "radius", "dimension")
ROBUST = ("radius", "dimension")  # those with a mean over the middle half as well
ENDS = ("", "_lo", "_hi")
ROW = ["manifold", "metric", "value", "lo", "hi", "k_lo", "k_hi"]
LEVEL = ("k", "eigenvalue", "cost", "bound", "correlation", "smallest_fraction", "plausible")


@dataclass(frozen=True)
class ManifoldGeometry:
    """Capacity, radius and dimension of P manifolds, with intervals over the Gaussian vectors.

    Attributes
    ----------
    capacity, radius, dimension : ndarray, shape (P,)
        Per manifold; `*_lo` and `*_hi` bound the interval. Radius is in units of the norm of the
        manifold's residual centre.
    mean_capacity : float
        Harmonic mean over manifolds; `mean_radius` and `mean_dimension` are arithmetic ones.
    iqm_radius, iqm_dimension : float
        Mean over the middle half of the manifolds, which single manifolds that nearly lose their
        centre do not move.
    plausible_range : dict of str to (lo, hi)
        For "capacity", "radius", "dimension" (arrays of shape (P,)) and "mean_capacity",
        "mean_radius", "mean_dimension", "iqm_radius", "iqm_dimension" (floats): the least and
        greatest value over the plausible ways to take shared directions off
        (`LowRank.plausible`). NaN with the authors' rule and where K was given.
    profile : tuple of dict
        For the numbers of directions in `LowRank.profile`: what `LowRankLevel` holds, and
        "capacity", "radius", "dimension" with those removed. Empty unless asked for.
    center_correlation : float
        Mean absolute cosine between centres about their mean, before anything is removed.
    low_rank_k : float
        Directions common to the centres that were removed; one taken off in part counts as the
        fraction of the squared length along it that went.
    kkt_residual : float
        The largest violation of the optimality conditions in any quadratic program, relative to
        the largest constraint of that program.
    warnings : tuple of MeasurementWarning
        What a reader of the numbers must know.
    n_t : int
        Gaussian vectors per manifold.
    seed : int
        What the vectors were drawn from: the same seed and manifold give the same vectors.
    confidence : float
    kappa : float
        Margin.
    dimension_convention : {"points", "rank"}
        Which dimensions D counts.
    counts : ndarray of int64, shape (P,)
        Points of each manifold.
    low_rank_settings : dict
        "remove", "rule" and "k" of the low-rank step, as asked for.
    low_rank : LowRank
        The directions removed, and what other numbers of them would leave.
    statistics : tuple of P AnchorStatistics
        Per vector, for paired comparisons.
    """

    capacity: np.ndarray
    capacity_lo: np.ndarray
    capacity_hi: np.ndarray
    radius: np.ndarray
    radius_lo: np.ndarray
    radius_hi: np.ndarray
    dimension: np.ndarray
    dimension_lo: np.ndarray
    dimension_hi: np.ndarray
    mean_capacity: float
    mean_capacity_lo: float
    mean_capacity_hi: float
    mean_radius: float
    mean_radius_lo: float
    mean_radius_hi: float
    mean_dimension: float
    mean_dimension_lo: float
    mean_dimension_hi: float
    iqm_radius: float
    iqm_radius_lo: float
    iqm_radius_hi: float
    iqm_dimension: float
    iqm_dimension_lo: float
    iqm_dimension_hi: float
    plausible_range: dict = field(repr=False)
    profile: tuple = field(repr=False)
    center_correlation: float
    low_rank_k: float
    kkt_residual: float
    warnings: tuple
    n_t: int
    seed: int
    confidence: float
    kappa: float
    dimension_convention: str
    counts: np.ndarray = field(repr=False)
    low_rank_settings: dict = field(repr=False)
    low_rank: object = field(repr=False)
    statistics: tuple = field(repr=False)

    def __str__(self) -> str:
        """The numbers about all manifolds, a line each."""
        lines = [f"{len(self.capacity)} manifolds, {self.n_t} Gaussian vectors each"]
        for name in METRICS:
            value, lo, hi = (getattr(self, f"mean_{name}{end}") for end in ENDS)
            percent = f"{100 * self.confidence:g}%"
            lines.append(f"  {name:20s}{value:10.5g}   {percent} interval {lo:.5g} to {hi:.5g}")
        lines.append(f"  {'center_correlation':20s}{self.center_correlation:10.5g}")
        lines.append(f"  {'low_rank_k':20s}{self.low_rank_k:10.4g}")
        lines.append(f"  {'kkt_residual':20s}{self.kkt_residual:10.2g}")
        return "\n".join(lines)

    def to_frame(self) -> "DataFrame":
        """A long pandas table; a row without `manifold` is about all manifolds together.

        Columns manifold, metric, value, lo, hi (uncertainty from the Gaussian vectors), k_lo, k_hi
        (`plausible_range`), warnings (those about the row, packed by `geomem.warning`). Means over
        the middle half have those about single manifolds only where more than a quarter of the
        manifolds have one: fewer cannot move such a mean beyond the values of the others.
        """
        frame = pandas().DataFrame(self.rows(), columns=ROW)
        frame["manifold"] = frame["manifold"].astype("Int64")
        frame["warnings"] = column(self.warnings, self.numbered())
        for metric in (f"{name}_iqm" for name in ROBUST):
            about = [known for known in self.warnings if known.is_about(metric)]
            concerned = {index for known in about for index in known.manifolds}
            if len(concerned) <= len(self.capacity) // 4:
                about = [known for known in about if not known.manifolds]
            frame.loc[frame["metric"] == metric, "warnings"] = pack(about)
        return frame

    def rows(self) -> list[tuple]:
        """The rows of `to_frame`, without warnings, as tuples; manifold None means all together."""
        rows = []
        for metric in METRICS:
            lo, hi = self.plausible_range[metric]
            for index in range(len(self.capacity)):
                ends = (float(getattr(self, f"{metric}{end}")[index]) for end in ENDS)
                rows.append((index, metric, *ends, float(lo[index]), float(hi[index])))
            rows.append((None, metric, *self._summary(f"mean_{metric}")))
        for metric in ROBUST:
            rows.append((None, f"{metric}_iqm", *self._summary(f"iqm_{metric}")))
        for metric in ("center_correlation", "low_rank_k", "kkt_residual"):
            rows.append((None, metric, float(getattr(self, metric)), *[np.nan] * 4))
        return rows

    def numbered(self) -> list[tuple]:
        """Metric and manifold of each row, as `geomem.warning.column` takes them."""
        return [(metric, manifold) for manifold, metric, *_ in self.rows()]

    def key(self) -> dict:
        """What geometries must have in common to be compared in pairs, by name."""
        return {
            "points per manifold": tuple(self.counts.tolist()),
            "random_state": self.seed,
            "n_t": self.n_t,
            "kappa": self.kappa,
            "dimension_convention": self.dimension_convention,
            "remove_low_rank": bool(self.low_rank_settings["remove"]),
            "low_rank_rule": self.low_rank_settings["rule"],
            "low_rank_k": self.low_rank_settings["k"],
        }

    def _summary(self, name):
        return (*(getattr(self, f"{name}{end}") for end in ENDS), *self.plausible_range[name])


def summarize(statistics, low_rank, warnings, *, confidence, compared, others, levels, **rest):
    """The `ManifoldGeometry` of per-vector statistics.

    Parameters
    ----------
    statistics : sequence of P AnchorStatistics
    low_rank : LowRank
    warnings : sequence of MeasurementWarning
    confidence : float
    compared : sequence of P AnchorStatistics
        Of the same manifolds with as many vectors as `others` and `levels` have.
    others : sequence of such
        With the plausible directions removed.
    levels : sequence of such
        With the directions of each level of the profile removed.
    rest : the attributes that do not follow from them
    """
    values = {}
    for name, found in _estimates(statistics, confidence).items():
        for end, value in zip(ENDS, (found.value, found.lo, found.hi), strict=True):
            values[f"{name}{end}"] = value if np.ndim(value) else float(value)
    before = _estimates(compared, confidence)
    shifted = [
        {
            name: _moved(values[name], before[name].value, found.value)
            for name, found in each.items()
        }
        for each in (_estimates(other, confidence) for other in (*others, *levels))
    ]
    return ManifoldGeometry(
        **values,
        plausible_range=_range(values, shifted[: len(others)]),
        profile=tuple(
            {
                **{name: getattr(level, name) for name in LEVEL},
                **{metric: float(found[f"mean_{metric}"]) for metric in METRICS},
            }
            for level, found in zip(low_rank.profile, shifted[len(others) :], strict=False)
        ),
        center_correlation=low_rank.center_correlation,
        low_rank_k=low_rank.k,
        kkt_residual=max(found.kkt_residual for found in statistics),
        warnings=tuple(warnings),
        n_t=len(statistics[0].cosine),
        confidence=confidence,
        low_rank=low_rank,
        statistics=tuple(statistics),
        **rest,
    )


def _estimates(statistics, confidence):
    """Estimates by name: of each manifold, of all, and of the middle half."""
    found = {}
    for metric, estimate in zip(
        METRICS, (intervals.capacities, intervals.radii, intervals.dimensions), strict=True
    ):
        found[metric], found[f"mean_{metric}"] = estimate(statistics, confidence)
        if metric in ROBUST:
            found[f"iqm_{metric}"] = intervals.interquartile(found[metric])
    return found


def _moved(value, before, after):
    """A value moved by what a comparison with fewer vectors moves; infinite ones stay."""
    with np.errstate(invalid="ignore"):
        moved = np.where(np.equal(before, after), value, value + (after - before))
    return moved if np.ndim(moved) else float(moved)


def _range(values, others):
    """Least and greatest of the values used and those with other plausible directions removed."""
    found = {}
    for name in others[0] if others else [n for n in values if not n.endswith(("_lo", "_hi"))]:
        all_values = np.array([values[name], *(other[name] for other in others)])
        unknown = all_values[0] * np.nan
        ends = (all_values.min(axis=0), all_values.max(axis=0)) if others else (unknown, unknown)
        found[name] = tuple(end if np.ndim(end) else float(end) for end in ends)
    return found


def paired_difference(
    first: ManifoldGeometry, second: ManifoldGeometry, confidence: float = 0.95
) -> dict[str, Estimate]:
    """Second minus first: mean capacity, radius and dimension from common Gaussian vectors.

    Layers, epochs or networks measured with one `random_state` share their vectors, so the error
    of a difference is far below that of its terms.

    Parameters
    ----------
    first, second : ManifoldGeometry
        Of as many manifolds, in the same order, with the same points in each.
    confidence : float

    Returns
    -------
    dict of "capacity", "radius", "dimension" to Estimate (value, lo, hi)

    Raises
    ------
    InputError
        If the two do not share their vectors, differ in the points of each manifold or in a setting
        that makes another number of it (`ManifoldGeometry.key`), or `confidence` cannot be used.
    """
    check_confidence(confidence)
    check_pair(first, second, ManifoldGeometry)
    return intervals.mean_difference(first.statistics, second.statistics, confidence)
