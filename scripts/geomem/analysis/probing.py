"""What the layers of a network know about labels: probes of every layer, and its own classifier.

Probes are trained on analysed training images with the labels that these were given in training
("assigned") or with true ones ("true"), and judge held-out images by their true labels. So they say
what generalizes although labels were wrong (Ketha and Ramaswamy, 2025).
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from geomem.analysis.activations import extract_activations
from geomem.analysis.networks import analysed_kind, rows_of_kind
from geomem.errors import InputError
from geomem.measures import linear_probe, neural_collapse, subspace_probe
from geomem.models import in_format
from geomem.models.layout import same
from geomem.statistics.bounded import proportion
from geomem.training.batches import resident

COLUMNS = ("epoch", "layer", "layer_index", "kind", "labels", "metric", "value", "lo", "hi")
KINDS = ("unpermuted", "permuted", "restored", "test")
_BATCH = 256


def probe_layers(
    model, layers, every, images, analysis_set, normalizer, *, epoch, variance, confidence
):
    """Accuracy of probes of every layer, and of the network among the same classes and images.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode, on the device to compute on.
    layers, every : sequence of Layer
        Those to probe, and all of the network.
    images : ImageSet
    analysis_set : DataFrame, or dict of str to ndarray
        With the kind `test` and at least one kind of training images.
    normalizer : Normalizer
    epoch : int
        The snapshot's.
    variance : float
        Of a class, that its subspace holds.
    confidence : float

    Returns
    -------
    list of dict with the keys `COLUMNS`
        Of each layer the metrics `linear_probe` and `masc`, accuracies on the kind `test`,
        `masc_dimensions`, the mean number of dimensions of a class's subspace, and `trained_on`,
        the number of training images. Of the last layer
        `network`, the accuracy of the network's own output among the same classes, and, of each
        kind, `nc3` and `nc4` of its classifier, if that is a linear map.
    """
    rows = []

    def add(layer, kind, labels, metric, value, lo=np.nan, hi=np.nan):
        values = epoch, layer.name, layer.index, kind, labels, metric
        ends = map(float, (value, lo, hi))
        rows.append(dict(zip(COLUMNS, (*values, *ends), strict=True)))

    settings = (model, layers, images, analysis_set, normalizer)
    with extract_activations(*settings, epoch=epoch, store="raw", network=every) as activations:
        classes = activations.manifolds("test")
        for layer in layers:
            clouds = activations.features(layer.index, "test")
            judged = np.concatenate(clouds), np.repeat(classes, [len(cloud) for cloud in clouds])
            known_by = _training_points(activations, layer, analysis_set, classes)
            for labels, known in known_by.items():
                add(layer, "test", labels, "trained_on", len(known[0]))
                found = linear_probe(*known, *judged, confidence=confidence)
                add(layer, "test", labels, "linear_probe", *vars(found.accuracy).values())
                found = subspace_probe(*known, *judged, variance=variance, confidence=confidence)
                add(layer, "test", labels, "masc", *vars(found.accuracy).values())
                add(layer, "test", labels, "masc_dimensions", found.dimensions.mean())
    for kind in KINDS:
        if not (analysis_set["kind"] == kind).any():
            continue
        pixels, _, classes = analysed_kind(analysis_set, images, kind)
        logits, inputs, linear = outputs(model, normalizer, pixels.reshape(-1, *pixels.shape[2:]))
        if kind == "test":
            correct = logits[:, classes].argmax(axis=1) == np.repeat(
                np.arange(len(classes)), pixels.shape[1]
            )
            ends = vars(proportion(correct, confidence)).values()
            add(every[-1], kind, "", "network", *ends)
        if linear is not None:
            collapse = neural_collapse(
                inputs.reshape(*pixels.shape[:2], -1),
                weights=linear[0][classes],
                bias=linear[1][classes],
                confidence=confidence,
            )
            for name in ("nc3", "nc4"):
                add(every[-1], kind, "", name, *vars(getattr(collapse, name)).values())
    return rows


def _is_linear(module, given, out):
    """Whether a module computed the linear map of its weights: a subclass may do something else."""
    flat = given[0].ndim == 2
    return flat and same(functional.linear(given[0], module.weight, module.bias), out)


def outputs(model, normalizer, pixels):
    """What a network computes for images, and the linear map that ends it.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (n, C, H, W)

    Returns
    -------
    logits : ndarray, shape (n, classes)
    inputs : ndarray, shape (n, features), or None
        Of that map.
    linear : (ndarray (classes, features), ndarray (classes,)), or None
        Its weights and bias; None where the output of the network is that of no linear map.
    """
    device = next(model.parameters()).device
    calls, logits, inputs = [], [], []
    handles = [
        # a copy: what follows may change the output in place
        module.register_forward_hook(
            lambda m, given, named, out: calls.append((m, (*given, *named.values()), out.clone())),
            with_kwargs=True,
        )
        for module in model.modules()
        if isinstance(module, nn.Linear)
    ]
    try:
        with torch.no_grad():
            for start in range(0, len(pixels), _BATCH):
                calls.clear()
                batch = normalizer(resident(pixels[start : start + _BATCH], device))
                found = model(in_format(model, batch))
                logits.append(found.double().cpu().numpy())
                module = None
                if calls and torch.equal(calls[-1][2], found) and _is_linear(*calls[-1]):
                    module = calls[-1][0]
                    inputs.append(calls[-1][1][0].double().cpu().numpy())
    finally:
        for handle in handles:
            handle.remove()
    logits = np.concatenate(logits)
    if module is None:
        return logits, None, None
    weight = module.weight.detach().double().cpu().numpy()
    bias = np.zeros(len(weight))
    if module.bias is not None:
        bias = module.bias.detach().double().cpu().numpy()
    return logits, np.concatenate(inputs), (weight, bias)


def _training_points(activations, layer, analysis_set, classes):
    """What probes are trained on, by the labels that it carries.

    Permuted images whose assigned and true label are both among the classes, and as many unpermuted
    ones, to within one of each class. The images are the same for both sorts of labels.

    Returns
    -------
    dict of str to (ndarray (n, features), ndarray of int (n,))
        Points and labels, for `assigned` and `true`; without permuted images for `true` alone.
    """
    permuted, unpermuted = (rows_of_kind(analysis_set, kind) for kind in ("permuted", "unpermuted"))
    inside = np.isin(permuted["true_label"], classes) & np.isin(permuted["assigned_label"], classes)
    if len(inside) and not inside.any():
        raise InputError(
            f"probes.classes is {len(classes)}: no permuted image has both of its labels among "
            "them; raise probes.classes, up to analysis.classes"
        )
    first = unpermuted["position"] < (-(-inside.sum() // len(classes)) or np.inf)
    parts = [
        (activations.features(layer.index, kind), rows, chosen)
        for kind, rows, chosen in (
            ("permuted", permuted, inside),
            ("unpermuted", unpermuted, first),
        )
        if chosen.any()
    ]
    if not parts:
        raise InputError(
            "probes have nothing to be trained on: analysis.kinds has neither unpermuted nor "
            "permuted; add one, or set probes.epochs to []"
        )
    points = np.concatenate([np.concatenate(clouds)[chosen] for clouds, _, chosen in parts])
    assigned, true = (
        np.concatenate([rows[name][chosen] for _, rows, chosen in parts])
        for name in ("assigned_label", "true_label")
    )
    if not len(inside):
        return {"true": (points, true)}
    return {"assigned": (points, assigned), "true": (points, true)}
