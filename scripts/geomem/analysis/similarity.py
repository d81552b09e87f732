"""How alike a layer is between epochs, seeds and widths: linear CKA on the same held-out images."""

import itertools

import numpy as np

from geomem.analysis.activations import extract_activations
from geomem.measures import linear_cka_from_grams

COLUMNS = (
    "epoch", "layer", "layer_index", "kind", "compared", "other", "other_epoch", "metric",
    "value", "lo", "hi",
)  # fmt: skip
KIND = "test"
_GROUPS = 20  # of the jackknife


def grams_of_layers(model, layers, images, analysis_set, normalizer, *, epoch, network):
    """Inner products of the test images in every layer, ndarrays (n, n) by layer.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode, on the device to compute on.
    layers, network : sequence of Layer
        Those to compare, and all of the network.
    images : ImageSet
    analysis_set : DataFrame, or dict of str to ndarray
        Its rows of the kind `test` are taken.
    normalizer : Normalizer
    epoch : int

    Returns
    -------
    dict of (int, str) to ndarray
        By index and name of the layer.
    """
    of_kind = np.asarray(analysis_set["kind"] == KIND)
    chosen = {name: np.asarray(analysis_set[name])[of_kind] for name in analysis_set}
    settings = (model, layers, images, chosen, normalizer)
    with extract_activations(*settings, epoch=epoch, store="gram", network=network) as found:
        return {(layer.index, layer.name): found.gram(layer.index, KIND) for layer in layers}


def between_epochs(snapshots, confidence):
    """CKA of every layer of a run between its epochs.

    Parameters
    ----------
    snapshots : dict of (int or str) to (int, dict)
        By the name of a snapshot (a number, best or last): its epoch, and the inner products that
        `grams_of_layers` gives. Snapshots that training did not reach are missing.
    confidence : float

    Returns
    -------
    list of dict with the keys `COLUMNS`
        Metrics `cka`, corrected for the finite number of images, and `cka_plain`. `compared` is
        "epoch" and `other` what a snapshot is compared with, such as "epoch best", of epoch
        `other_epoch`.
    """
    rows = []
    for later, earlier in itertools.product(_once(snapshots), snapshots):
        if snapshots[earlier][0] < snapshots[later][0]:
            pair = snapshots[later], snapshots[earlier]
            rows += _rows("epoch", f"epoch {earlier}", *pair, confidence)
    return rows


def between_runs(own, others, compared, value, confidence):
    """The same between like snapshots of two runs that differ in `compared`: "seed" or "width".

    `own` and `others` are as `snapshots` above, `value` is what the other run has of `compared`.
    """
    rows = []
    for name in _once(own):
        if name in others:
            rows += _rows(compared, f"{compared} {value}", own[name], others[name], confidence)
    return rows


def _once(snapshots):
    """A name for each epoch: the last one, where the best epoch is also the last."""
    return {epoch: name for name, (epoch, _) in snapshots.items()}.values()


def _rows(compared, other, snapshot, other_snapshot, confidence):
    (epoch, grams), (other_epoch, other_grams) = snapshot, other_snapshot
    rows = []
    for key in sorted(grams.keys() & other_grams.keys()):
        index, layer = key
        names = epoch, layer, index, KIND, compared, other, other_epoch
        for metric, debiased in (("cka", True), ("cka_plain", False)):
            found = linear_cka_from_grams(
                grams[key],
                other_grams[key],
                debiased=debiased,
                confidence=confidence,
                groups=_GROUPS,
            )
            values = metric, *map(float, vars(found).values())
            rows.append(dict(zip(COLUMNS, (*names, *values), strict=True)))
    return rows
