"""Which layer shows that a permuted image is memorized, by a linear probe.

A probe that is trained on unpermuted images tells classes apart by what they have in common. That
it gives a permuted image its wrong label says that the layer puts the image with that class. The
first layer from which on it does is the prediction depth of Baldock et al. (Deep learning through
the lens of example difficulty, NeurIPS 2021), for wrong labels and linear probes.
"""

import numpy as np
import pandas as pd

from geomem.errors import InputError
from geomem.measures.probes import linear_probe

_NEEDED = ("unpermuted", "permuted")


def prediction_depths(activations, analysis_set):
    """From which layer on each permuted image is read as its assigned label.

    Parameters
    ----------
    activations : ActivationFile
        Of one snapshot, read with `heavy=True`, with the features of the points
        (`analysis.store: raw`).
    analysis_set : DataFrame
        Of the same network, see `geomem.data.analysis_set`.

    Returns
    -------
    DataFrame
        One row for each permuted image of the analysis set: `index`, `true_label`,
        `assigned_label`; `probe_layer` and `probe_layer_index`, the first layer from which on all
        observed layers give it its assigned label (missing if the last one does not);
        `true_layers`, in how many layers it is given its true label.

    Raises
    ------
    InputError
        If a kind or the features are missing.
    """
    for kind in _NEEDED:
        if kind not in activations.kinds:
            raise InputError(
                f"the activations hold {', '.join(activations.kinds)}; a probe needs the kinds "
                f"{' and '.join(_NEEDED)} in analysis.kinds"
            )
    order = ["manifold", "position"]
    images = analysis_set[analysis_set["kind"] == "permuted"].sort_values(order)
    found = images[["index", "true_label", "assigned_label"]].reset_index(drop=True)
    read = np.array([_predictions(activations, layer["index"]) for layer in activations.layers])
    assigned = read == found["assigned_label"].to_numpy()
    # Of each image how many of the last layers, without a gap, give it its assigned label.
    run = np.minimum.accumulate(assigned[::-1], axis=0).sum(axis=0)
    place = [None if length == 0 else len(read) - length for length in run]
    layers = activations.layers
    names = [None if i is None else layers[i]["name"] for i in place]
    found["probe_layer"] = pd.Series(names, dtype=object)
    indices = [pd.NA if i is None else layers[i]["index"] for i in place]
    found["probe_layer_index"] = pd.array(indices, dtype="Int64")
    found["true_layers"] = (read == found["true_label"].to_numpy()).sum(axis=0)
    return found


def _predictions(activations, layer):
    """The label that a probe of the unpermuted images gives to each permuted one, (n,)."""
    points, labels = [], []
    for kind in _NEEDED:
        clouds = activations.features(layer, kind)
        points.append(np.concatenate(clouds))
        labels.append(np.repeat(activations.manifolds(kind), [len(cloud) for cloud in clouds]))
    return linear_probe(points[0], labels[0], points[1], labels[1]).predictions
