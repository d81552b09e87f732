"""Capacity, radius and dimension from mean-field theory, as a measure of a layer."""

from geomem.geometry import geometry_from_products
from geomem.geometry.intervals import influence


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
        As `ManifoldGeometry.to_frame` gives it, with the column `influence`: in rows of means over
        manifolds how each vector moves them (n_t numbers of mean 0), so that the error of a
        difference can be told from the table; else None.
    """
    found = geometry_from_products(products, random_state=seed, threads=threads, **settings)
    frame = found.to_frame()
    frame["influence"] = _influences(found, frame)
    return frame


def _influences(geometry, frame):
    found = {}
    for metric in ("capacity", "radius", "dimension"):
        of_vectors = influence(metric, geometry.statistics).mean(axis=0)
        found[metric] = (of_vectors - of_vectors.mean()).astype("float32")
    return [
        found.get(metric) if whole else None
        for metric, whole in zip(frame["metric"], frame["manifold"].isna(), strict=True)
    ]
