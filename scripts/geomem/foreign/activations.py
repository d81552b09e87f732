"""What one subject and epoch of a collection becomes: the file that measures of layers read."""

import contextlib
import warnings

import numpy as np

from geomem.analysis.activation_file import ActivationFile, prefix
from geomem.data.randomness import generator
from geomem.errors import InputError
from geomem.foreign.points import labels_of, names_of, points_of
from geomem.geometry.products import gram_of_all, inner_products
from geomem.process import log


def class_numbers(collection, seed, epoch):
    """Numbers of the classes of one subject and epoch.

    Returns
    -------
    dict of str to int, or None
        Where labels are text: the position of each among all, sorted. None where they are numbers,
        which are the classes' own.

    Raises
    ------
    InputError
        If some labels of the collection are numbers and others text, or another subject or epoch
        has other classes: a number would be one class here and another one there.
    """
    names, kinds = {}, {}
    labelled = {(e.seed, e.epoch, e.labels, e.labels_array): e for e in collection.entries}
    for entry in labelled.values():  # not each layer
        found = names_of(entry)
        kinds[found is None] = entry.labels
        names.setdefault((entry.seed, entry.epoch), set()).update(found or ())
    if len(kinds) > 1:
        raise InputError(
            f"{kinds[False]} has labels that are text, {kinds[True]} numbers; use one for all"
        )
    own = names.get((seed, epoch))
    if not own:
        return None
    for other, found in names.items():
        if found != own:
            raise InputError(
                f"{collection.path}: the label {min(own ^ found)!r} is there in one of subject "
                f"{seed}, epoch {epoch} and subject {other[0]}, epoch {other[1]} alone, so that "
                "text does not say which classes are the same; give whole numbers as labels, one "
                "for each class"
            )
    return {name: number for number, name in enumerate(sorted(own))}


def activation_file(collection, seed, epoch, *, store="products", per_class=None, controls=()):
    """The activations of one subject and epoch, all layers and kinds.

    Parameters
    ----------
    collection : geomem.foreign.manifest.Collection
    seed, epoch : int
    store : {"products", "gram", "raw"}
        As in `geomem.analysis.activations.extract_activations`.
    per_class : int, optional
        Points of each class, drawn at random, the same ones in every layer, epoch and subject that
        has as many; default: all.
    controls : sequence of {"shuffled", "surrogate"}
        Of the points of the first kind, see `geomem.data.analysis_set`.

    Returns
    -------
    ActivationFile
        Without layers where the collection has no array of this subject and epoch.

    Raises
    ------
    InputError, DamagedFileError
        Naming the file that cannot be used.
    """
    entries = collection.at(seed, epoch)
    with _logged(collection.path):
        numbers = class_numbers(collection, seed, epoch)
    described, arrays = {}, {}
    for entry in entries:
        with _logged(entry.file):
            points = points_of(entry)
            labels = _numbered(labels_of(entry, len(points)), numbers)
        chosen = _chosen(labels, per_class, entry)
        index = collection.layers.index(entry.layer)
        described[index] = _described(entry.layer, index, points.shape[1], described)
        made = {entry.kind: (points[chosen], labels[chosen])}
        if entry.kind == collection.kinds[0]:
            made |= {control: _control(control, *made[entry.kind], seed) for control in controls}
        for kind, (rows, classes) in made.items():
            _add(arrays, index, kind, rows, classes, store, entry)
    _require_every_kind(collection, described, arrays, seed, epoch)
    layers = tuple(described[index] for index in sorted(described))
    return ActivationFile(epoch, layers, arrays, _columns(collection, seed, epoch))


@contextlib.contextmanager
def _logged(where):
    """Within the block, warnings are lines of the log."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    for warning in caught:
        log(f"warning: {where}: {warning.message}")


def _require_every_kind(collection, described, arrays, seed, epoch):
    kinds = [name.partition("/")[0] for name in arrays if name.endswith("/manifolds")]
    for index, layer in described.items():
        for kind in kinds:
            if prefix(index, kind) + "counts" not in arrays:
                raise InputError(
                    f"{collection.path}: layer {layer['name']!r} has no points of kind {kind!r} "
                    f"at epoch {epoch} of subject {seed}, and another layer has; give every "
                    "layer the same kinds"
                )


def _numbered(labels, numbers):
    if numbers is None:
        return labels.astype(np.int64)
    return np.array([numbers[str(label)] for label in labels], dtype=np.int64)


def _chosen(labels, per_class, entry):
    """Indices of the points used, ordered by class."""
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2:
        raise InputError(f"{entry.labels} has {len(classes)} class; the geometry needs 2 or more")
    if per_class is not None and counts.min() < per_class:
        raise InputError(
            f"activations.per_class is {per_class}, but {entry.labels} has {counts.min()} points "
            f"of class {classes[counts.argmin()]}; lower it"
        )
    parts = []
    for label, count in zip(classes, counts, strict=True):
        members = np.flatnonzero(labels == label)
        if per_class is not None:
            order = generator("recorded points", 0, int(label)).permutation(count)
            members = members[np.sort(order[:per_class])]
        parts.append(members)
    return np.concatenate(parts)


def _control(control, points, classes, seed):
    """Points and classes of a control: dealt at random, and with `surrogate` Gaussian too."""
    order = generator("recorded shuffled", seed).permutation(len(points))
    points = points[order]
    if control == "surrogate":
        count = len(points)
        drawn = generator("surrogate", seed, 0).standard_normal((count, count)) / count**0.5
        points = drawn @ (points - points.mean(axis=0, dtype=np.float64))
    return points, classes


def _described(name, index, features, before):
    found = {"index": index, "name": name, "kind": "recorded", "shape": [features]}
    found["features"] = features
    if index in before and before[index] != found:
        raise InputError(
            f"layer {name!r} has {features} features for one kind and "
            f"{before[index]['features']} for another of the same epoch and subject; expected the "
            "same"
        )
    return found


def _add(arrays, index, kind, points, classes, store, entry):
    known, counts = np.unique(classes, return_counts=True)
    clouds = np.split(points, np.cumsum(counts)[:-1])
    before = arrays.setdefault(f"{kind}/manifolds", known)
    if not np.array_equal(before, known):
        raise InputError(
            f"{entry.file}: layer {entry.layer!r} has other classes than the layers before it, "
            f"for kind {kind}; label all layers of an epoch alike"
        )
    with _logged(entry.file):
        arrays |= inner_products(clouds).to_arrays(prefix(index, kind))
    if store == "gram":
        arrays[prefix(index, kind) + "gram"] = gram_of_all(clouds, center=False)
    elif store == "raw":
        exactly = np.result_type(points, np.float32)
        arrays[prefix(index, kind) + "features"] = points.astype(exactly)


def _columns(collection, seed, epoch):
    """What tables say in all rows: depth, and names of the subject and the condition."""
    count = len(collection.layers)
    found = {"n_layers": count, "weighted_layers": ",".join(map(str, range(count)))}
    if collection.subjects:
        found["subject"] = collection.subjects[seed]
    if collection.conditions:
        found["condition"] = collection.conditions[epoch]
    return found
