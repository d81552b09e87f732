r"""The loss gradient split into a part that knows the labels and one that does not.

Softmax cross-entropy with logits f, p = softmax f, one-hot labels y, n examples has

    label part        g_lab = -(1/n) sum_i (y_i - r_i)^T df_i/dtheta
    independent part  g_ind =  (1/n) sum_i (p_i - r_i)^T df_i/dtheta

and gradient g_lab + g_ind (Stephenson et al. 2021, section 5 and figure A.1). r_i is what the label
of example i is on average if labels tell nothing about images, so that the label part then is zero
on average:

- unpermuted examples: the frequency of each class among the labels. With C balanced classes that
  is 1/C, the paper's formula. Where only P of them occur, 1/C would leave a part in g_lab that no
  label is to blame for: at initialization 1.6 to 1.8 times the noise for 30 of 40 classes.
- permuted examples: 0 for the example's true class, which their labels avoid by definition, and
  1/(C - 1) for the others. With 1/C the label part would contain -1/(C - 1) of that of unpermuted
  examples. Where classes have n_c training images of n, labels that are shuffled or drawn blindly
  give n_t n_a images of class t the wrong label a; taken equally many with each label, class t has
  the label a in proportion to 1/(n - n_a).

The examples are training images of all classes, equally many with each label, `per_class` or as
many as every class has. The network is in evaluation mode: batch norm uses its running statistics
(at initialization those of `geomem.analysis.networks.with_statistics`), which makes the gradient a
mean over examples (in training mode it is not one, since examples of a batch affect each other).

Sampling error comes from groups of examples. With m examples of each label, each position 1 to m
gives one example of every label. Positions are dealt into K groups; every group then has the same
balance of classes, and its gradient is an independent measurement of the same quantity. From the
group gradients g_k (weights w_k, the fractions of positions) follow

- noise_floor = sqrt(sum_k w_k |g_k - g|^2 / (K - 1)) = sqrt(tr Sigma / m), the norm that sampling
  alone would give the mean of m positions: what the label part has when labels tell nothing. For
  the last layer at small weights Sigma is the features' covariance within a class divided by
  C^2 and summed over classes.
- signal = (|g|^2 - noise_floor^2) / tr Sigma, the squared norm without its noise, in units of the
  variance of one position. It does not depend on m: with m' positions, |g| / noise_floor is
  sqrt(1 + m' signal).
- the standard error of every measure (jackknife leaving out one group), and 95 % intervals with
  Student's t, K - 1 degrees of freedom.

A norm is not corrected for its noise floor: |g|^2 exceeds its noiseless value by noise_floor^2.
"""

import numpy as np
import torch
from torch.nn import functional

from geomem.data.randomness import generator
from geomem.errors import InputError
from geomem.memory import give_back
from geomem.models import in_format
from geomem.training.batches import resident

KINDS = ("unpermuted", "permuted")
PARTS = ("label", "independent", "total")
COLUMNS = (
    "epoch", "layer", "layer_index", "kind", "part", "metric", "value", "lo", "hi", "error",
)  # fmt: skip
_BATCH = {"cpu": 128, "cuda": 1024}
_BYTES = 2**30  # what the gradients of all groups may take
_FEWEST_GROUPS = 4
_COLUMNS = 2**13  # elements of a gradient turned into float64 at a time
_RANGES = {"norm": (0.0, np.inf), "noise_floor": (0.0, np.inf), "cosine": (-1.0, 1.0)}


def choose_examples(labels, kind, *, per_class=None, seed=0):
    """Training images of one kind, equally many with each label.

    Parameters
    ----------
    labels : DataFrame, or dict of str to ndarray
        One row per training image: index, true_label, assigned_label, kind.
    kind : {"unpermuted", "permuted"}
    per_class : int, optional
        At most so many with each label; by default, and where there are fewer, as many as every
        label has.
    seed : int

    Returns
    -------
    ndarray of int64, shape (C, m), or None
        Image numbers by label and position. None if there is no such image.

    Raises
    ------
    InputError
        If a label has fewer than 2.
    """
    of_kind = np.flatnonzero(np.asarray(labels["kind"] == kind))
    if not len(of_kind):
        return None
    index, assigned = (np.asarray(labels[name])[of_kind] for name in ("index", "assigned_label"))
    counts = np.bincount(assigned, minlength=int(np.max(labels["true_label"])) + 1)
    least = int(counts.min())
    if least < 2:
        raise InputError(
            f"gradients: {least} {kind} images have the label {counts.argmin()}; expected at least "
            "2 with every label. Use more training images, or set gradients.epochs to []"
        )
    size = least if per_class is None else min(per_class, least)
    order = generator(f"gradient examples {kind}", seed).permutation(len(of_kind))
    index, assigned = index[order].astype(np.int64), assigned[order]
    return np.stack([index[assigned == label][:size] for label in range(len(counts))])


def null_labels(assigned, kind, class_sizes):
    """What labels would be on average if they told nothing about the images.

    Parameters
    ----------
    assigned : ndarray of int64
        Labels of the examples, each equally often.
    kind : {"unpermuted", "permuted"}
    class_sizes : ndarray of int, shape (C,)
        Training images of each true class, whatever their label.

    Returns
    -------
    callable
        Of (true labels, n_classes); returns ndarray of float32, shape (n, n_classes), each row
        adding up to 1.
    """
    labels, counts = np.unique(assigned, return_counts=True)
    sizes = np.asarray(class_sizes, dtype=float)

    def expected(true, n_classes):
        frequency = np.zeros(n_classes)
        frequency[labels] = counts
        if kind == "permuted":
            frequency /= sizes.sum() - sizes
        rows = np.repeat(frequency[None], len(true), axis=0)
        if kind == "permuted":
            rows[np.arange(len(true)), true] = 0
        return (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)

    return expected


def split_gradients(model, layers, images, labels, normalizer, *, epoch, per_class=None, seed=0):
    """Norm, noise floor and angle of the gradient's parts, layer by layer.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode, on the device to compute on.
    layers : sequence of Layer
        Those without parameters that training changes are passed over.
    images : ImageSet
    labels : DataFrame, or dict of str to ndarray
        As `geomem.data.labels.label_table` returns it; assigned labels are used.
    normalizer : Normalizer
    epoch : int
        The snapshot's.
    per_class, seed : int
        See `choose_examples`.

    Returns
    -------
    list of dict with the keys `COLUMNS`
        For each layer, kind and part the metrics `norm`, `noise_floor` and `signal`; with part
        `total` also `cosine`, between the label and the independent part. Kinds without images have
        none.

    Raises
    ------
    InputError
        If a gradient is not finite.
    """
    assigned = np.asarray(labels["assigned_label"], dtype=np.int64)
    class_sizes = np.bincount(np.asarray(labels["true_label"]), minlength=images.n_classes)
    rows = []
    for kind in KINDS:
        chosen = choose_examples(labels, kind, per_class=per_class, seed=seed)
        if chosen is None:
            continue
        expected = null_labels(assigned[chosen], kind, class_sizes)
        by_layer, sizes = gradient_products(
            model, layers, images, labels, normalizer, chosen, expected
        )
        for layer, products in by_layer.items():
            if not np.isfinite(products).all():
                raise InputError(
                    f"the gradient of layer {layer.name} for {kind} images is not finite at epoch "
                    f"{epoch}; the training diverged. Lower training.optimizer.lr"
                )
            common = {"epoch": epoch, "layer": layer.name, "layer_index": layer.index, "kind": kind}
            rows += [{**common, **row} for row in measures(products, sizes)]
    return rows


def gradient_products(model, layers, images, labels, normalizer, chosen, expected, *, count=None):
    """Inner products of the gradients of groups of examples, layer by layer.

    Parameters
    ----------
    model, layers, images, labels, normalizer
        As for `split_gradients`.
    chosen : ndarray of int64, shape (C, m)
        Image numbers, as `choose_examples` returns them, or some of their rows and columns.
    expected : callable
        As `null_labels` returns it.
    count : int, optional
        Groups, K. Default: see `n_groups`.

    Returns
    -------
    dict of Layer to ndarray of float64, shape (2, K, 2, K)
        Axes: part (label, independent), group, part, group. Layers without parameters that
        training changes are left out.
    ndarray of int, shape (K,)
        Positions in each group.
    """
    own = {name: value for name, value in model.named_parameters() if value.requires_grad}
    keys = {layer: [key for key in layer.state if key in own] for layer in layers}
    keys = {layer: of_layer for layer, of_layer in keys.items() if of_layer}
    names = [key for of_layer in keys.values() for key in of_layer]
    assigned, true = (
        np.asarray(labels[name], dtype=np.int64) for name in ("assigned_label", "true_label")
    )
    positions = deal(chosen.shape[1], count or n_groups(chosen.shape[1], own.values()))
    groups = {
        name: own[name].new_empty((2, len(positions), own[name].numel()), requires_grad=False)
        for name in names
    }
    for k, group in enumerate(positions):
        numbers = chosen[:, group].reshape(-1)
        parts = group_gradient(
            model,
            [own[name] for name in names],
            images.train_images[numbers],
            assigned[numbers],
            expected(true[numbers], images.n_classes),
            normalizer,
        )
        for part, gradients in enumerate(parts):
            for name, gradient in zip(names, gradients, strict=True):
                groups[name][part, k] = gradient.flatten()
    give_back()
    by_layer = {
        layer: _inner_products([groups[key] for key in of_layer])
        for layer, of_layer in keys.items()
    }
    return by_layer, np.array([len(group) for group in positions])


def n_groups(n_positions, parameters):
    """As many groups as positions, fewer if their gradients would take over 1 GiB, at least 4."""
    per_group = 2 * 4 * sum(parameter.numel() for parameter in parameters)
    return min(n_positions, max(_BYTES // per_group, _FEWEST_GROUPS))


def deal(n_positions, n_groups):
    """Positions 0, 1, ... dealt into groups whose sizes differ by at most one."""
    return [np.arange(start, n_positions, n_groups) for start in range(n_groups)]


def group_gradient(model, parameters, pixels, labels, expected, normalizer):
    """Both parts of the gradient of one group's mean loss.

    Parameters
    ----------
    model : nn.Module
    parameters : list of Parameter
    pixels : ndarray of uint8, shape (n, C, H, W)
    labels : ndarray of int64, shape (n,)
    expected : ndarray of float32, shape (n, C)
        What the labels would be on average if they told nothing.
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
            target = torch.from_numpy(labels[start : start + size]).to(device)
            onehot = functional.one_hot(target, logits.shape[1]).float()
            null = torch.from_numpy(expected[start : start + size]).to(device)
            cotangents = (
                (null - onehot) / len(labels),
                (logits.softmax(1) - null) / len(labels),
            )
        for part, (cotangent, total) in enumerate(zip(cotangents, totals, strict=True)):
            # The same as `grad(logits, parameters, cotangent)`, to the bit. To compare the shapes
            # of these two, torch would import sympy: .5 s and 20 MB.
            gradients = torch.autograd.grad(
                (logits * cotangent).sum(), parameters, retain_graph=part == 0, allow_unused=True
            )
            for value, gradient in zip(total, gradients, strict=True):
                if gradient is not None:  # a parameter the logits do not depend on
                    value += gradient
    return totals


def _inner_products(groups):
    """Inner products of the group gradients of one layer.

    Parameters
    ----------
    groups : list of Tensor, shape (2, K, n)
        Of each of its n-element parameters: part (label, independent), group, element.

    Returns
    -------
    ndarray of float64, shape (2, K, 2, K)
        Axes: part (label, independent), group, part, group.
    """
    total = 0.0
    for of_parameter in groups:
        for some in of_parameter.flatten(0, 1).split(_COLUMNS, dim=1):
            rows = some.double()
            total = total + (rows @ rows.T).cpu().numpy()
    count = groups[0].shape[1]
    return total.reshape(2, count, 2, count)


def measures(products, sizes):
    """All measures of one layer from the inner products of its group gradients.

    Parameters
    ----------
    products : ndarray, shape (2, K, 2, K)
        Of the label (0) and independent (1) parts of K groups.
    sizes : ndarray of int, shape (K,)
        Positions in each group.

    Returns
    -------
    list of dict with part, metric, value, lo, hi, error
    """
    from scipy.special import stdtrit

    n = len(sizes)
    values = _values(products, sizes)
    left_out = []
    for k in range(n):
        kept = np.delete(np.arange(n), k)
        part = products[:, kept][:, :, :, kept]
        left_out.append(_values(part, sizes[kept]))
    rows = []
    for key, value in values.items():
        jackknife = np.array([other[key] for other in left_out])
        error = np.sqrt((n - 1) / n * ((jackknife - jackknife.mean()) ** 2).sum())
        half = stdtrit(n - 1, 0.975) * error
        least, most = _RANGES.get(key[1], (-np.inf, np.inf))
        rows.append(
            {
                "part": key[0],
                "metric": key[1],
                "value": value,
                "lo": max(value - half, least),
                "hi": min(value + half, most),
                "error": error,
            }
        )
    return rows


def _values(products, sizes):
    """{(part, metric): value} of the groups' mean, weighted by their sizes."""
    weights = sizes / sizes.sum()
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
        noise = scatter / max(len(weights) - 1, 1)
        values[part, "noise_floor"] = float(np.sqrt(noise))
        with np.errstate(divide="ignore", invalid="ignore"):  # no noise: nothing to measure in
            values[part, "signal"] = float((squared - noise) / np.float64(noise * sizes.sum()))
    size = values["label", "norm"] * values["independent", "norm"]
    cosine = weights @ mixed @ weights / size if size > 0 else np.nan
    values["total", "cosine"] = float(np.clip(cosine, -1.0, 1.0))
    return values
