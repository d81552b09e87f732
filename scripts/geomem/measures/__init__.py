"""Measures of one layer's representation beside the manifold geometry, each with an interval."""

from geomem.measures.participation import participation_ratio, participation_ratio_from_gram

__all__ = ["participation_ratio", "participation_ratio_from_gram"]
