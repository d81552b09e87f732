r"""The loss gradient split into a part that knows the labels and one that does not.

Softmax cross-entropy with logits f, p = softmax f, one-hot labels y, C classes, n examples has

    label part        g_lab = -(1/n) sum_i (y_i - 1/C)^T df_i/dtheta
    independent part  g_ind =  (1/n) sum_i (p_i - 1/C)^T df_i/dtheta

and gradient g_lab + g_ind (Stephenson et al. 2021, section 5 and figure A.1). The network is in
evaluation mode: batch norm uses its running statistics (at initialization those of
`geomem.analysis.networks.with_statistics`), which makes the gradient a mean over
examples (in training mode it is not one, since examples of a batch affect each other).

Sampling error comes from groups of examples. The probe holds M examples of each of P manifolds, so
each position in the manifolds gives P examples, one of every class. Positions are dealt into K
groups; every group then has the same balance of classes, and its gradient is an independent
measurement of the same quantity. From the group gradients g_k (weights w_k, the shares of
positions) follow

- noise_floor = sqrt(sum_k w_k |g_k - g|^2 / (K - 1)) = sqrt(tr Sigma / n_c), the norm that sampling
  alone would give the mean of M positions: what the label part has when labels tell nothing. For
  the last layer at small weights Sigma is the features' covariance within a class divided by
  C^2 and summed over classes, and n_c = M.
- 95 % intervals of every measure: jackknife leaving out one group, Student's t with K - 1 degrees
  of freedom.

A norm is not corrected for its noise floor: |g|^2 exceeds its noiseless value by noise_floor^2.
"""

import numpy as np
import torch
from torch.nn import functional

from geomem.analysis.networks import probe_kind
from geomem.errors import InputError
from geomem.models import in_format
from geomem.training.batches import resident

KINDS = ("unpermuted", "permuted")
PARTS = ("label", "independent", "total")
COLUMNS = (
    "epoch", "layer", "layer_index", "kind", "part", "metric", "value", "lo", "hi",
)  # fmt: skip
_BATCH = {"cpu": 128, "cuda": 1024}
_BYTES = 2**30  # what the gradients of all groups may take
_FEWEST_GROUPS = 4


def split_gradients(model, layers, images, probe, normalizer, *, epoch):
    """Norm, noise floor and angle of the gradient's parts, layer by layer.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode, on the device to compute on.
    layers : sequence of Layer
        Those without parameters that training changes are passed over.
    images : ImageSet
    probe : DataFrame
        As `geomem.data.probe.choose_probe` returns it; assigned labels are used.
    normalizer : Normalizer
    epoch : int
        The snapshot's.

    Returns
    -------
    list of dict with the keys `COLUMNS`
        For each layer, kind and part the metrics `norm` and `noise_floor`; with part `total` also
        `cosine`, between the label and the independent part. Kinds that the probe lacks have none.

    Raises
    ------
    InputError
        If a gradient is not finite.
    """
    own = {name: value for name, value in model.named_parameters() if value.requires_grad}
    keys = {layer: [key for key in layer.state if key in own] for layer in layers}
    keys = {layer: of_layer for layer, of_layer in keys.items() if of_layer}
    names = [key for of_layer in keys.values() for key in of_layer]
    present = set(probe["kind"])
    rows = []
    for kind in (kind for kind in KINDS if kind in present):
        pixels, labels, _ = probe_kind(probe, images, kind)
        positions = deal(pixels.shape[1], n_groups(pixels.shape[1], own.values()))
        weights = np.array([len(group) for group in positions]) / pixels.shape[1]
        groups = [
            group_gradient(
                model,
                [own[name] for name in names],
                pixels[:, group].reshape(-1, *images.image_shape),
                labels[:, group].reshape(-1),
                normalizer,
            )
            for group in positions
        ]
        for layer, of_layer in keys.items():
            places = [names.index(key) for key in of_layer]
            products = _inner_products(groups, places)
            if not np.isfinite(products).all():
                raise InputError(
                    f"the gradient of layer {layer.name} for {kind} images is not finite at epoch "
                    f"{epoch}; the training diverged. Lower training.optimizer.lr"
                )
            common = {"epoch": epoch, "layer": layer.name, "layer_index": layer.index, "kind": kind}
            rows += [{**common, **row} for row in measures(products, weights)]
    return rows


def n_groups(n_positions, parameters):
    """As many groups as positions, fewer if their gradients would take over 1 GiB, at least 4."""
    per_group = 2 * 4 * sum(parameter.numel() for parameter in parameters)
    return min(n_positions, max(_BYTES // per_group, _FEWEST_GROUPS))


def deal(n_positions, n_groups):
    """Positions 0, 1, ... dealt into groups whose sizes differ by at most one."""
    return [np.arange(start, n_positions, n_groups) for start in range(n_groups)]


def group_gradient(model, parameters, pixels, labels, normalizer):
    """Both parts of the gradient of one group's mean loss.

    Parameters
    ----------
    model : nn.Module
    parameters : list of Parameter
    pixels : ndarray of uint8, shape (n, C, H, W)
    labels : ndarray of int64, shape (n,)
    normalizer : Normalizer

    Returns
    -------
    (list of Tensor, list of Tensor)
        Label part and independent part, one tensor for each parameter.
    """
    device = parameters[0].device
    totals = tuple([torch.zeros_like(p, requires_grad=False) for p in parameters] for _ in range(2))
    size = _BATCH.get(device.type, 128)
    for start in range(0, len(labels), size):
        batch = normalizer(resident(pixels[start : start + size], device))
        logits = model(in_format(model, batch)).float()
        with torch.no_grad():
            n_classes = logits.shape[1]
            target = torch.from_numpy(labels[start : start + size]).to(device)
            onehot = functional.one_hot(target, n_classes).float()
            cotangents = (
                (1 / n_classes - onehot) / len(labels),
                (logits.softmax(1) - 1 / n_classes) / len(labels),
            )
        for part, (cotangent, total) in enumerate(zip(cotangents, totals, strict=True)):
            gradients = torch.autograd.grad(
                logits, parameters, cotangent, retain_graph=part == 0, allow_unused=True
            )
            for value, gradient in zip(total, gradients, strict=True):
                if gradient is not None:  # a parameter the logits do not depend on
                    value += gradient
    return totals


def _inner_products(groups, places):
    """Products of all parts of all groups, over the parameters at `places`.

    Returns
    -------
    ndarray of float64, shape (2, K, 2, K)
        Axes: part (label, independent), group, part, group.
    """
    total = 0.0
    for place in places:
        flat = [part[place].flatten() for of_part in zip(*groups, strict=True) for part in of_part]
        stacked = torch.stack(flat).double()
        total = total + (stacked @ stacked.T).cpu().numpy()
    return total.reshape(2, len(groups), 2, len(groups))


def measures(products, weights):
    """All measures of one layer from the inner products of its group gradients.

    Parameters
    ----------
    products : ndarray, shape (2, K, 2, K)
        Of the label (0) and independent (1) parts of K groups.
    weights : ndarray, shape (K,)
        Share of each group in the mean, adding up to 1.

    Returns
    -------
    list of dict with part, metric, value, lo, hi
    """
    from scipy.stats import t as student

    n = len(weights)
    values = _values(products, weights)
    left_out = []
    for k in range(n):
        kept = np.delete(np.arange(n), k)
        part = products[:, kept][:, :, :, kept]
        left_out.append(_values(part, weights[kept] / weights[kept].sum()))
    rows = []
    for key, value in values.items():
        jackknife = np.array([other[key] for other in left_out])
        error = np.sqrt((n - 1) / n * ((jackknife - jackknife.mean()) ** 2).sum())
        half = student.ppf(0.975, n - 1) * error
        least, most = (-1.0, 1.0) if key[1] == "cosine" else (0.0, np.inf)
        rows.append(
            {
                "part": key[0],
                "metric": key[1],
                "value": value,
                "lo": max(value - half, least),
                "hi": min(value + half, most),
            }
        )
    return rows


def _values(products, weights):
    """{(part, metric): value} of the groups' weighted mean."""
    label, independent, mixed = products[0, :, 0], products[1, :, 1], products[0, :, 1]
    by_part = {
        "label": label,
        "independent": independent,
        "total": label + independent + mixed + mixed.T,
    }
    values = {}
    for part, gram in by_part.items():
        squared = max(weights @ gram @ weights, 0.0)
        scatter = max(weights @ np.diag(gram) - squared, 0.0)
        values[part, "norm"] = float(np.sqrt(squared))
        values[part, "noise_floor"] = float(np.sqrt(scatter / max(len(weights) - 1, 1)))
    size = values["label", "norm"] * values["independent", "norm"]
    cosine = weights @ mixed @ weights / size if size > 0 else np.nan
    values["total", "cosine"] = float(np.clip(cosine, -1.0, 1.0))
    return values
