"""Capacity, radius and dimension from mean-field theory, as a measure of a layer."""

from geomem.geometry import geometry_from_products


def measure(products, *, seed, threads, **settings):
    """The geometry of the manifolds of one layer and kind.

    Parameters
    ----------
    products : ManifoldProducts
    seed : int
        All layers and kinds draw the same Gaussian vectors, so that differences are not due to
        them.
    threads : int
    settings : dict
        The others of the configuration's section `geometry`.

    Returns
    -------
    DataFrame
        As `ManifoldGeometry.to_frame` gives it.
    """
    found = geometry_from_products(products, random_state=seed, threads=threads, **settings)
    return found.to_frame()
