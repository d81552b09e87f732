"""Activations into a folder that `geomem geometry` and the workflow read."""

import csv
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from geomem.errors import InputError
from geomem.foreign.manifest import KIND, NAME, require_kind, whole
from geomem.foreign.points import axes_of, pooled
from geomem.foreign.pooling import require_pooling
from geomem.geometry.clouds import on_host, real_array
from geomem.geometry.files import checked_labels
from geomem.storage.atomic import replacing

_COLUMNS = ("file", "layer", "epoch", "condition", "subject", "kind", "labels")


def write_activations(
    folder: str | Path,
    arrays: Mapping[str, ArrayLike],
    labels: ArrayLike,
    *,
    epoch: int | None = None,
    condition: str | None = None,
    subject: str | int = "0",
    kind: str = KIND,
    pooling: str = "none",
    axis: int | Sequence[int] = (),
) -> Path:
    """Write what layers compute at one epoch, beside what other calls wrote.

    Parameters
    ----------
    folder : path
        Each epoch, subject and kind has a folder of its own below it, so that trainings may write
        side by side. Writing one again replaces it.
    arrays : dict of str to array, shape (n, ...)
        By name of the layer, in the order of the network. NumPy arrays or torch tensors, points
        first.
    labels : array, shape (n,)
        Whole numbers from 0 up, or text.
    epoch : int, optional
        A whole number from 0 up.
    condition : str, optional
        Name of the epoch, or of what takes its place. One of the two must be given.
    subject : str or int
        Name of the subject, or seed of the training.
    kind : str
        Kind of the manifolds: `unpermuted`, `permuted`, `restored` and `test` are drawn as those
        of networks that geomem trained; any other word as well.
    pooling, axis
        As for `geomem.foreign.points.pooled`, of arrays with more than two dimensions.

    Returns
    -------
    pathlib.Path
        Of the manifest written.

    Raises
    ------
    InputError
        If an array is not one of real, finite numbers, labels do not fit, or the folder could not
        be read: an epoch that is no whole number, say.
    """
    if not isinstance(arrays, Mapping) or not arrays:
        raise InputError("arrays is empty or no dict; expected {layer name: array (n, ...)}")
    names = {"epoch": epoch, "condition": condition, "subject": subject, "kind": kind}
    epoch, condition, subject, kind = _checked(names)
    _require_layers(arrays)
    axis = axes_of(axis)
    require_pooling("write_activations", pooling, axis)
    points = {name: _points(name, array, pooling, axis) for name, array in arrays.items()}
    labels = checked_labels(labels, len(next(iter(points.values()))), "write_activations")
    for name, array in points.items():
        if len(array) != len(labels):
            raise InputError(
                f"arrays: {name!r} has {len(array)} points and there are {len(labels)} labels; "
                "expected one label for each point"
            )
    moment = f"epoch-{epoch}" if epoch else condition
    place = Path(folder) / _safe(subject) / _safe(moment) / _safe(kind)
    manifest = place / NAME
    manifest.unlink(missing_ok=True)  # so that it never names files of two epochs
    for old in place.glob("*.npy"):
        old.unlink()
    _save(place / "labels.npy", labels)
    rows = []
    for position, (name, array) in enumerate(points.items()):
        file = f"{position:03d}-{_safe(name)}.npy"
        _save(place / file, array)
        rows.append((file, name, epoch, condition, subject, kind, "labels.npy"))
    with replacing(manifest) as temporary, open(temporary, "w", newline="") as stream:
        csv.writer(stream).writerows([_COLUMNS, *rows])
    return manifest


def _points(name, array, pooling, axis):
    array = on_host(real_array(array, f"arrays[{name!r}]"))
    chosen = (pooling, axis) if array.ndim > 2 else ()
    array = pooled(array, *chosen, where=f"layer {name!r}")
    if not np.isfinite(array).all():
        raise InputError(f"layer {name!r} holds values that are not finite")
    return array


def _checked(names):
    """Epoch, condition, subject and kind as the manifest has them: text, "" for what is missing.

    What reading would refuse is refused here, before it takes the folder of another epoch.
    """
    where = "write_activations"
    if names["epoch"] is None and names["condition"] is None:
        raise InputError("epoch and condition are both missing; give one")
    texts = {name: "" if own is None else str(own).strip() for name, own in names.items()}
    for name, text in texts.items():
        if not text and names[name] is not None:
            raise InputError(f"{where}: {name} is {names[name]!r}; give it a name, or leave it out")
    if re.fullmatch(r"epoch-\d+", texts["condition"]) and not texts["epoch"]:
        raise InputError(
            f"{where}: condition is {texts['condition']!r}, which is the folder of an epoch; give "
            "the epoch, or another name"
        )
    if not texts["subject"]:
        raise InputError(f"{where}: subject is None; give it a name, or leave it out")
    require_kind(where, texts["kind"])
    if texts["epoch"]:
        texts["epoch"] = str(whole(where, "epoch", texts["epoch"]))
    return texts.values()


def _require_layers(arrays):
    known = {}
    for name in arrays:
        text = str(name).strip()
        if not text or text in known:
            other = f" beside {known[text]!r}" if text else ""
            raise InputError(f"arrays has the layer {name!r}{other}; give each a name of its own")
        known[text] = name


def _safe(name):
    """A name as part of a path; one that has to change gets a checksum, so that no two meet."""
    safe = re.sub(r"[^A-Za-z0-9_.-]", "_", str(name)).lstrip(".")
    if safe == str(name):
        return safe
    return f"{safe}-{hashlib.sha256(str(name).encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def _save(path, array):
    with replacing(path) as temporary, open(temporary, "wb") as stream:
        np.save(stream, array, allow_pickle=False)
