"""What `geomem.geometry` offers, all of it imported."""
# ruff: noqa: F401

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
