"""Geometry of class manifolds: capacity, radius, dimension and centre correlation.

`manifold_geometry` measures arrays of points, `geometry_from_products` stored inner products;
`glue_geometry` measures all manifolds jointly (GLUE); `simulated_capacity` counts which random
dichotomies a hyperplane separates.
"""

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


def __getattr__(name):
    """Import the rest when a name is first asked for.

    What only reads stored inner products needs neither compiled code nor SciPy, which take a second
    to import.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from geomem.geometry import public

    return getattr(public, name)


def __dir__():
    return [*globals(), *__all__]
