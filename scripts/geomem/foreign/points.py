"""Points and labels of one array of a collection."""

import functools
from pathlib import Path

import numpy as np

from geomem.errors import InputError
from geomem.foreign.labels import csv_labels
from geomem.foreign.pooling import require_pooling
from geomem.geometry.clouds import real_array
from geomem.geometry.files import checked_labels
from geomem.storage.readers import named_arrays


def pooled(array, pooling="none", axis=(), where="the array"):
    """One row of features for each point.

    Parameters
    ----------
    array : ndarray, shape (n, ...)
        Points first.
    pooling : str
        `none` takes all values as features, and no axis; `mean` and `max` over the dimensions
        `axis`; `first`, `last` or an index one place of one dimension.
    axis : int or sequence of int
        Dimensions from 1 up, each once; empty: dimension 1 of an array of three dimensions
        (tokens).
    where : str
        What a message calls the array.

    Returns
    -------
    ndarray, shape (n, N)
        Means are accumulated in float64 and rounded to the array's own type, float32 at least.

    Raises
    ------
    InputError
        If there is no such pooling, the array has no such dimension, the two do not fit each other,
        or the axis has to be named.
    """
    if array.ndim < 2:
        raise InputError(f"{where} has shape {array.shape}; expected points first: (n, features)")
    if not array.size:
        raise InputError(f"{where} has shape {array.shape}, which holds no value")
    axis = axes_of(axis)
    require_pooling(where, pooling, axis)
    if pooling != "none":
        array = _over(array, pooling, _axes(array, axis, where), where)
    return array.reshape(len(array), -1)


def axes_of(axis):
    """A dimension, or several, as a tuple."""
    return tuple(np.atleast_1d(np.array(axis, dtype=object)))


def _axes(array, axis, where):
    if array.ndim == 2:
        raise InputError(
            f"{where} has shape {array.shape}, one value of each feature for each point, so there "
            "is nothing to pool over; leave pooling out"
        )
    if not axis and array.ndim != 3:
        raise InputError(
            f"{where} has shape {array.shape} and a pooling; name the dimensions that it pools "
            "over in the column axis, such as 1 for tokens or 2 3 for positions of a convolution"
        )
    axis = axis or (1,)
    if max(axis) >= array.ndim or array.ndim - len(axis) < 2:
        raise InputError(
            f"{where} has shape {array.shape}, which has no dimensions {axis} to pool over that "
            "leave features; correct the column axis"
        )
    return axis


def _over(array, pooling, axis, where):
    if pooling == "mean":
        kind = np.result_type(array.dtype, np.float32)
        return array.mean(axis=axis, dtype=np.float64).astype(kind)
    if pooling == "max":
        return array.max(axis=axis)
    index = {"first": 0, "last": -1}.get(pooling)
    index = int(pooling) if index is None else index
    if index >= array.shape[axis[0]]:
        raise InputError(
            f"{where} has {array.shape[axis[0]]} places in dimension {axis[0]}, so there is no "
            f"pooling {pooling}; they count from 0"
        )
    return np.take(array, index, axis=axis[0])


def points_of(entry):
    """The points of an `Entry`, real and finite, shape (n, N).

    Raises
    ------
    InputError, DamagedFileError
        Naming the file.
    """
    where = f"{entry.file} ({entry.array})" if entry.array else entry.file
    array = real_array(_array(entry), where)
    points = pooled(array, entry.pooling, entry.axis, where)
    if not np.isfinite(points).all():
        bad = int(np.flatnonzero(~np.isfinite(points).all(axis=1))[0])
        raise InputError(
            f"{where} holds values that are not finite, first in point {bad}; leave such points "
            "out, in the labels too"
        )
    return points


def _array(entry):
    arrays = named_arrays(entry.file, entry.array or None)
    if entry.array:
        return arrays[entry.array]
    labels = {"labels", entry.labels_array if entry.labels == entry.file else "labels"}
    others = arrays if len(arrays) == 1 else {n: a for n, a in arrays.items() if n not in labels}
    if len(others) != 1:
        raise InputError(
            f"{entry.file} holds {', '.join(others) or 'no array'}; name one in the column array"
        )
    return next(iter(others.values()))


def labels_of(entry, n_points=None):
    """The label of each point of an `Entry`: whole numbers from 0 up, booleans or text.

    Parameters
    ----------
    entry : Entry
    n_points : int, optional
        How many there must be.

    Raises
    ------
    InputError, DamagedFileError
        Naming the file.
    """
    labels = _labels(*_version(entry))
    labels = checked_labels(labels, labels.size if n_points is None else n_points, entry.labels)
    if labels.dtype.kind == "u" and labels.max(initial=0) >= 2**63:
        raise InputError(
            f"{entry.labels} has the label {labels.max()}; expected numbers below 2**63"
        )
    return labels


def names_of(entry):
    """The names of the classes of an `Entry`, a frozenset of str; None where they are numbers.

    Raises
    ------
    InputError, DamagedFileError
        As `labels_of`.
    """
    return _names(entry, *_version(entry)[2:])


@functools.lru_cache(4096)  # compared with those of all epochs, for each
def _names(entry, time, size):
    labels = labels_of(entry)
    return frozenset(map(str, np.unique(labels))) if labels.dtype.kind == "U" else None


def _version(entry):
    """Where the labels of an `Entry` are, and what changes when they do."""
    found = Path(entry.labels).stat()
    return entry.labels, entry.labels_array, found.st_mtime_ns, found.st_size


@functools.lru_cache(64)  # all layers have the same
def _labels(file, array, time, size):
    path = Path(file)
    if path.suffix == ".csv":
        return csv_labels(path, array)
    arrays = named_arrays(path, array or None)
    if len(arrays) != 1:
        raise InputError(f"{path} holds {', '.join(arrays)}; name the labels, {path.name}#ARRAY")
    return np.array(next(iter(arrays.values())))  # no memory map, which holds a file open
