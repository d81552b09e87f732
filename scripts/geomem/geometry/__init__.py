"""Geometry of class manifolds: capacity, radius, dimension and centre correlation.

`manifold_geometry` measures arrays of points, `geometry_from_products` stored inner products;
`glue_geometry` measures all manifolds jointly (GLUE); `simulated_capacity` counts which random
dichotomies a hyperplane separates.
"""

from geomem.geometry.anchors import anchor_geometry
from geomem.geometry.glue import glue_from_draws, glue_from_gram, glue_geometry
from geomem.geometry.glue_result import GlueGeometry, glue_difference
from geomem.geometry.measure import geometry_from_products, manifold_geometry
from geomem.geometry.products import ManifoldProducts, inner_products
from geomem.geometry.result import ManifoldGeometry, paired_difference
from geomem.geometry.simulated import (
    SimulatedCapacity,
    simulated_capacity,
    simulated_capacity_from_gram,
)

__all__ = [
    "GlueGeometry",
    "ManifoldGeometry",
    "ManifoldProducts",
    "SimulatedCapacity",
    "anchor_geometry",
    "geometry_from_products",
    "glue_difference",
    "glue_from_draws",
    "glue_from_gram",
    "glue_geometry",
    "inner_products",
    "manifold_geometry",
    "paired_difference",
    "simulated_capacity",
    "simulated_capacity_from_gram",
]
