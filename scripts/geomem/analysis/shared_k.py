"""The number of removed directions that the layers and epochs of a run share."""

import pandas as pd

from geomem.errors import InputError


def shared_k(profiles):
    """One number of directions for everything that is compared: layers, epochs and kinds of a run.

    Parameters
    ----------
    profiles : sequence of DataFrame
        Tables of the measure `low_rank`, one for each epoch.

    Returns
    -------
    int
        The mean of the numbers that all of them have of their own, rounded.
    """
    table = pd.concat(profiles)
    each = table.loc[table["chosen"].astype(bool) & (table["metric"] == "cost"), "k"]
    if each.empty:
        raise InputError("geometry.low_rank.k is 'shared', but no layer was measured")
    return round(each.mean())
