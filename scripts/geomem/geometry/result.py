"""The measured geometry of a set of manifolds."""

from dataclasses import dataclass, field

import numpy as np

from geomem.errors import InputError
from geomem.geometry import intervals

METRICS = ("capacity", "radius", "dimension")
ENDS = ("", "_lo", "_hi")


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
    center_correlation : float
        Mean absolute cosine between centres about their mean, before anything is removed.
    low_rank_k : int
        Directions common to the centres that were removed.
    kkt_residual : float
        The largest violation of the optimality conditions in any quadratic program, relative to
        the largest constraint of that program.
    warnings : tuple of str
        What a reader of the numbers must know.
    n_t : int
        Gaussian vectors per manifold.
    seed : int
        What the vectors were drawn from: the same seed and manifold give the same vectors.
    confidence : float
    low_rank : LowRank
        The directions removed and how the number of them was chosen.
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
    center_correlation: float
    low_rank_k: int
    kkt_residual: float
    warnings: tuple
    n_t: int
    seed: int
    confidence: float
    low_rank: object = field(repr=False)
    statistics: tuple = field(repr=False)

    def to_frame(self):
        """A long pandas table; a row without `manifold` is about all manifolds together."""
        import pandas as pd

        frame = pd.DataFrame(self.rows(), columns=["manifold", "metric", "value", "lo", "hi"])
        frame["manifold"] = frame["manifold"].astype("Int64")
        frame["warnings"] = "; ".join(self.warnings)
        return frame

    def rows(self):
        """The rows of `to_frame`, without warnings, as tuples; manifold None means all together."""
        rows = []
        for metric in METRICS:
            for index in range(len(self.capacity)):
                ends = (float(getattr(self, f"{metric}{end}")[index]) for end in ENDS)
                rows.append((index, metric, *ends))
            rows.append((None, metric, *(getattr(self, f"mean_{metric}{end}") for end in ENDS)))
        for metric in ("center_correlation", "low_rank_k", "kkt_residual"):
            rows.append((None, metric, float(getattr(self, metric)), np.nan, np.nan))
        return rows


def summarize(statistics, low_rank, warnings, *, seed, confidence):
    """The `ManifoldGeometry` of per-vector statistics."""
    values = {}
    for metric, estimate in zip(
        METRICS, (intervals.capacities, intervals.radii, intervals.dimensions), strict=True
    ):
        for prefix, found in zip(("", "mean_"), estimate(statistics, confidence), strict=True):
            for end in ("value", "lo", "hi"):
                name = f"{prefix}{metric}" + ("" if end == "value" else f"_{end}")
                value = getattr(found, end)
                values[name] = float(value) if prefix else value
    return ManifoldGeometry(
        **values,
        center_correlation=low_rank.center_correlation,
        low_rank_k=low_rank.weights.shape[1],
        kkt_residual=max(found.kkt_residual for found in statistics),
        warnings=tuple(warnings),
        n_t=len(statistics[0].cosine),
        seed=seed,
        confidence=confidence,
        low_rank=low_rank,
        statistics=tuple(statistics),
    )


def paired_difference(first, second, confidence=0.95):
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
        If the two do not share their vectors.
    """
    if (first.seed, first.n_t) != (second.seed, second.n_t):
        raise InputError(
            f"the geometries were drawn from (seed, n_t) {(first.seed, first.n_t)} and "
            f"{(second.seed, second.n_t)}; measure both with the same random_state and n_t"
        )
    return intervals.mean_difference(first.statistics, second.statistics, confidence)
