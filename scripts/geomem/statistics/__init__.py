"""Statistics of manifold measures: intervals, differences, groups, nulls, corrections.

`sample` measures one condition (a layer, a network, a subject) and takes its numbers apart;
`bootstrap` gives their intervals, `difference` compares two conditions, `group_difference` two
groups of networks or subjects, `shuffle_null` manifolds with shuffled ones. `at_common_size` and
`sweep` are about the number of points. `docs/statistics.md` and `docs/samples.md` say which to use.

Names are imported when they are first used: a job of the workflow that needs one module depends on
that one alone.
"""

from geomem.lazy import attributes

_HOMES = {
    "Difference": "inference",
    "GroupDifference": "groups",
    "Limit": "sizes",
    "Null": "nulls",
    "Sample": "samples",
    "Sweep": "sizes",
    "at_common_size": "sizes",
    "benjamini_hochberg": "multiple",
    "bootstrap": "inference",
    "correlation": "bounded",
    "difference": "inference",
    "extrapolated": "sizes",
    "group_difference": "groups",
    "group_mean": "groups",
    "holm": "multiple",
    "jackknife": "resampling",
    "jeffreys": "bounded",
    "mean_in_range": "bounded",
    "mean_of_correlations": "bounded",
    "mean_of_fractions": "bounded",
    "power": "planning",
    "replicates": "inference",
    "sample": "samples",
    "seeds_needed": "planning",
    "shuffle_null": "nulls",
    "split_halves": "resampling",
    "sweep": "sizes",
    "times_needed": "planning",
    "wilson": "bounded",
}

__all__ = sorted(_HOMES)
__getattr__, __dir__ = attributes(__name__, _HOMES)
