"""Joint geometry (GLUE) of the manifolds over layers."""

from geomem.figures import depth, style

METRICS = ("capacity", "radius", "dimension", "utility")


@style.styled
def draw(glue, accuracy, *, per_class=None, epochs=("best", "last")):
    """Capacity, radius, dimension and utility against layer, a row per width, noise and epoch.

    Parameters
    ----------
    glue, accuracy : DataFrame
        Collected tables.
    per_class : int, optional
        Points per manifold M; draws the capacity 2/M of points without structure.
    epochs : sequence of "best", "last" or int

    Returns
    -------
    matplotlib Figure
    """
    return depth.over_layers(glue, accuracy, METRICS, per_class=per_class, epochs=epochs)
