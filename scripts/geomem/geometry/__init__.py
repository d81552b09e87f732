"""Geometry of class manifolds: capacity, radius, dimension and centre correlation.

`manifold_geometry` measures arrays of points, `geometry_from_products` stored inner products;
`glue_geometry` measures all manifolds jointly (GLUE); `simulated_capacity` counts which random
dichotomies a hyperplane separates.

Names are imported when they are first used: what only reads stored inner products needs neither
compiled code nor SciPy, which take a second to import.
"""

from geomem.lazy import attributes

_HOMES = {
    "GlueGeometry": "glue_result",
    "ManifoldGeometry": "result",
    "ManifoldProducts": "products",
    "SimulatedCapacity": "simulated",
    "anchor_geometry": "anchors",
    "geometry_from_products": "measure",
    "glue_difference": "glue_result",
    "glue_from_draws": "glue",
    "glue_from_gram": "glue",
    "glue_geometry": "glue",
    "inner_products": "products",
    "manifold_geometry": "measure",
    "paired_difference": "result",
    "simulated_capacity": "simulated",
    "simulated_capacity_from_gram": "simulated",
}

__all__ = sorted(_HOMES)
__getattr__, __dir__ = attributes(__name__, _HOMES)
