"""Points and labels of one array of a collection."""

import csv
import functools
import numbers
import re
from pathlib import Path

import numpy as np

from geomem.errors import DamagedFileError, InputError
from geomem.foreign.manifest import require_pooling
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
        `none` takes all values as features; `mean` and `max` over the dimensions `axis`; `first`,
        `last` or an index one place of one dimension.
    axis : int or sequence of int
        Dimensions from 1 up; empty: dimension 1 of an array of three dimensions (tokens).
    where : str
        What a message calls the array.

    Returns
    -------
    ndarray, shape (n, N)
        Means are accumulated in float64 and rounded to the array's own type, float32 at least.

    Raises
    ------
    InputError
        If there is no such pooling, the array has no such dimension, or the axis has to be named.
    """
    if array.ndim < 2:
        raise InputError(f"{where} has shape {array.shape}; expected points first: (n, features)")
    if not array.size:
        raise InputError(f"{where} has shape {array.shape}, which holds no value")
    require_pooling(where, pooling)
    if pooling != "none":
        array = _over(array, pooling, _axes(array, axis, where), where)
    return array.reshape(len(array), -1)


def _axes(array, axis, where):
    if array.ndim == 2:
        raise InputError(
            f"{where} has shape {array.shape}, one value of each feature for each point, so there "
            "is nothing to pool over; leave pooling out"
        )
    if not np.size(axis) and array.ndim != 3:
        raise InputError(
            f"{where} has shape {array.shape} and a pooling; name the dimensions that it pools "
            "over in the column axis, such as 1 for tokens or 2 3 for positions of a convolution"
        )
    axis = tuple(np.atleast_1d(np.array(axis, dtype=object))) or (1,)
    if not all(isinstance(number, numbers.Integral) and number >= 1 for number in axis):
        raise InputError(
            f"{where}: axis is {axis}; expected dimensions from 1 up, such as 1 or (2, 3) "
            "(dimension 0 is that of the points)"
        )
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
    found = Path(entry.labels).stat()
    labels = _labels(entry.labels, entry.labels_array, found.st_mtime_ns, found.st_size)
    return checked_labels(labels, labels.size if n_points is None else n_points, entry.labels)


@functools.lru_cache(1024)  # all layers have the same, and text is compared over all epochs
def _labels(file, array, time, size):
    path = Path(file)
    if path.suffix == ".csv":
        return _csv_labels(path, array)
    arrays = named_arrays(path, array or None)
    if len(arrays) != 1:
        raise InputError(f"{path} holds {', '.join(arrays)}; name the labels, {path.name}#ARRAY")
    return next(iter(arrays.values()))


def _csv_labels(path, column):
    """A column of a CSV file, by default `label` or the only one; numbers where all are."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows, columns = list(reader), reader.fieldnames or []
    except (UnicodeDecodeError, csv.Error) as error:
        raise DamagedFileError(f"{path} cannot be read ({error}); expected CSV") from error
    name = column or ("label" if len(columns) != 1 else columns[0])
    if name not in columns:
        raise InputError(
            f"{path} has no column {name!r}; it has {', '.join(columns) or 'none'}: name the one "
            f"of the labels, {path.name}#COLUMN"
        )
    if name != "index" and "index" in columns:
        rows = _by_index(path, rows)
    texts = [(row[name] or "").strip() for row in rows]
    if "" in texts:
        raise InputError(f"{path}, row {texts.index('') + 2}: {name} is empty; give each a label")
    if all(re.fullmatch(r"(0|[1-9][0-9]*)(\.0+)?", text) for text in texts):
        return np.array(texts, dtype=np.float64).astype(np.int64)
    return np.array(texts)  # 01 and 1 are two names


def _by_index(path, rows):
    """Rows in the order of the points that their column `index` numbers from 0."""
    known = {str(number): None for number in range(len(rows))}
    for line, row in enumerate(rows, start=2):
        number = (row["index"] or "").strip()
        if number not in known or known[number] is not None:
            raise InputError(
                f"{path}, row {line}: index is {number!r}; expected every number from 0 to "
                f"{len(rows) - 1} once, the position of the point"
            )
        known[number] = row
    return list(known.values())
