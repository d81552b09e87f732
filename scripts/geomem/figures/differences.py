"""Differences between epochs, run by run."""

import numpy as np

from geomem.figures.seeds import CONFIDENCE
from geomem.statistics.combined import quantile
from geomem.warning import together


def difference(later, earlier, by):
    """Rows of `later` minus rows of `earlier`, run by run.

    Parameters
    ----------
    later, earlier : DataFrame
        Collected rows, at most one per run and combination of the columns `by`.
    by : list of str

    Returns
    -------
    DataFrame
        The rows of `later` that `earlier` has a counterpart of, with `value` the difference and
        `lo` to `hi` its interval. It has the warnings of both.

        Where both rows tell what each Gaussian vector adds to a mean (the geometry's column
        `influence`), both used the same vectors, and the 95 % interval is that of pairs. Else it is
        the one were both measurements independent (squares of the two half widths added on each
        side; Zou and Donner 2008): too wide for one network on the same images, whose errors are
        positively correlated.
    """
    keys = [*by, "width", "noise", "seed"]
    taken = [name for name in ("value", "lo", "hi", "warnings", "influence") if name in earlier]
    both = later.merge(earlier[[*keys, *taken]], on=keys, suffixes=("", "_earlier"))
    if "warnings_earlier" in both:
        pairs = zip(both["warnings"], both["warnings_earlier"], strict=True)
        both["warnings"] = [together(pair) for pair in pairs]
    value = both["value"] - both["value_earlier"]
    below = np.hypot(both["value"] - both["lo"], both["hi_earlier"] - both["value_earlier"])
    above = np.hypot(both["hi"] - both["value"], both["value_earlier"] - both["lo_earlier"])
    if "influence_earlier" in both:
        pairs = zip(both["influence"], both["influence_earlier"], strict=True)
        reach = np.array([_paired_reach(*pair) for pair in pairs])
        below, above = (np.where(np.isnan(reach), free, reach) for free in (below, above))
    columns = list(later.columns)
    return both.assign(value=value, lo=value - below, hi=value + above)[columns]


def _paired_reach(later, earlier):
    """Half width of a difference's interval from what each vector adds; NaN where not known."""
    if later is None or earlier is None or len(later) != len(earlier) or len(later) < 2:
        return np.nan
    change = np.asarray(later, dtype=float) - earlier
    return change.std(ddof=1) / np.sqrt(len(change)) * quantile(CONFIDENCE, len(change) - 1)
