"""Joint geometry (GLUE) of the manifolds over layers and over epochs."""

from geomem.figures import depth, epochs, seeds, style

METRICS = ("capacity", "dimension", "radius", "utility")


@style.styled
def draw(glue, accuracy, *, per_class=None, epochs=("best", "last")):
    """Capacity, dimension, radius and utility against layer, a row per width, noise and epoch.

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


@style.styled
def draw_epochs(glue, accuracy, *, layers=3):
    """The same in the last `layers` layers against the epoch; capacity alone of several networks.

    Returns
    -------
    matplotlib Figure
    """
    several = len(seeds.conditions(glue)) > 1
    metrics = METRICS[:1] if several else METRICS
    return epochs.draw(glue, accuracy, layers=layers, metrics=metrics)
