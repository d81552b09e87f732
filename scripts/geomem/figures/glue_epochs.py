"""Joint geometry (GLUE) of the manifolds over epochs."""

from geomem.figures import epochs, seeds, style
from geomem.figures.glue import METRICS


@style.styled
def draw(glue, accuracy, *, layers=3):
    """Capacity, radius, dimension and utility in the last `layers` layers against the epoch.

    Capacity alone where there are several networks.

    Parameters
    ----------
    glue, accuracy : DataFrame
        Collected tables.
    layers : int

    Returns
    -------
    matplotlib Figure
    """
    several = len(seeds.conditions(glue)) > 1
    metrics = METRICS[:1] if several else METRICS
    return epochs.draw(glue, accuracy, layers=layers, metrics=metrics)
