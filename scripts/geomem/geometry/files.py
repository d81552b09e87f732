"""Manifolds from a file of arrays."""

import numpy as np

from geomem.errors import InputError
from geomem.geometry.clouds import on_host
from geomem.storage.arrays import plain_text
from geomem.storage.readers import MATRICES, named_arrays


def read_manifolds(path):
    """Names and points (M, N) of the manifolds in a file.

    Parameters
    ----------
    path : pathlib.Path
        Of a type that `geomem.storage.readers.named_arrays` reads.

    Returns
    -------
    list of str, and list of ndarray

    Raises
    ------
    InputError
        If the file is of another type, or its arrays do not say what the manifolds are.
    DamagedFileError
        If it is missing or cannot be read.
    """
    arrays = named_arrays(path)
    found = ", ".join(f"{name} {array.dtype} {array.shape}" for name, array in arrays.items())
    if len(arrays) == 2 and (labelled := _labelled(path, arrays)):
        return labelled
    dimensions = [array.ndim for array in arrays.values()]
    if dimensions == [3]:
        (array,) = arrays.values()
        return [str(index) for index in range(len(array))], list(array)
    if set(dimensions) == {2}:
        _refuse_labels(path, arrays)
        _refuse_columns_as_points(path, arrays)
        return list(arrays), list(arrays.values())
    raise InputError(f"{path} holds {found or 'no array'}; {MATRICES}")


def _labelled(path, arrays):
    """Manifolds from one array of points and one of labels; None if they are no such pair."""
    (name, labels), (other, points) = sorted(
        arrays.items(),
        key=lambda item: (item[1].ndim, item[1].size, item[0] != "labels", item[0] == "points"),
    )
    # MATLAB's columns and rows; of floats, its default, where they cannot be a manifold
    kinds = "iubUSf" if points.ndim == 2 and 1 < points.shape[1] != labels.size else "iubUS"
    column = labels.shape in ((labels.size, 1), (1, len(points))) and labels.dtype.kind in kinds
    if points.ndim != 2 or not (labels.ndim == 1 or column):
        return None
    either = labels.dtype.kind in "iub" and (len(labels) == 1 or points.dtype.kind in "iub")
    told = labels.ndim == 1 or name == "labels" or other == "points"
    if not told and either and labels.shape[1] == points.shape[1]:
        raise InputError(
            f"{path}: {name} {labels.shape} may hold the labels of the points in {other} "
            f"{points.shape}, or be a manifold of its own. Name the arrays labels and points, or "
            f"give {name} as floating-point numbers"
        )
    labels = checked_labels(labels, len(points), path)
    classes = np.unique(labels)
    return [str(c) for c in classes], [points[labels == c] for c in classes]


def _refuse_labels(path, arrays):
    """Raise InputError if one of some two-dimensional arrays can be no manifold."""
    for name, array in arrays.items():
        of_labels = array.dtype.kind in "fiub" and ((array == 0) | (array == 1)).all()
        if of_labels and min(array.shape) > 1 and (array.sum(axis=1) == 1).all():
            raise InputError(
                f"{path}: each row of {name} has a single 1, as labels in one-hot code have; give "
                "one whole number for each point, .argmax(axis=1)"
            )
    if len(arrays) > 1 and (named := {"points", "labels"} & set(arrays)):
        raise InputError(
            f"{path} holds {', '.join(arrays)}, each of two dimensions; {min(named)} is a name for "
            "one array of points with labels of them. Name manifolds otherwise, or give labels of "
            "one dimension"
        )


def _refuse_columns_as_points(path, arrays):
    """Raise InputError if one of two arrays may be labels of the other's columns."""
    if len(arrays) != 2:
        return
    (name, labels), (other, points) = sorted(arrays.items(), key=lambda item: item[1].size)
    line = 1 in labels.shape and len(points) != labels.size == points.shape[1] > 1
    if line and (labels.dtype.kind in "iubUST" or (labels.dtype.kind == "f" and _whole(labels))):
        raise InputError(
            f"{path}: {other} {points.shape} has {labels.size} columns and {name} {labels.shape} "
            f"holds as many whole numbers. If these are labels, points have to be rows: give "
            f"{other} transposed. If {name} is a manifold of one point, give all points in one "
            "array and labels of one dimension"
        )


def checked_labels(labels, n_points, source):
    """Labels of points, (n_points,): whole numbers from 0 up, booleans or text without blanks.

    Parameters
    ----------
    labels : array
        One dimension, or MATLAB's two of which one has size 1.
    n_points : int
    source : path or str
        Where they came from, for messages.

    Raises
    ------
    InputError
        If they are masked, of another type or shape, or not as many as the points.
    """
    if np.ma.is_masked(labels):
        raise InputError(f"{source} has masked labels; leave out the points that have none")
    labels = plain_text(np.asarray(on_host(labels)))
    if labels.size != max(labels.shape, default=1):
        raise InputError(
            f"{source} has labels of shape {labels.shape}; expected one dimension, in the order of "
            "the points"
        )
    labels = labels.reshape(-1)
    if len(labels) != n_points:
        raise InputError(
            f"{source} has {len(labels)} labels for {n_points} points; expected one for each"
        )
    if labels.dtype.kind == "f" and _whole(labels):
        labels = labels.astype(np.int64)
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "backslashreplace")
    if labels.dtype.kind == "U":
        labels = np.char.strip(labels)
    if labels.dtype.kind not in "iubU":
        some = ", not all of them finite" if _lacks_finite(labels) else ""
        raise InputError(
            f"{source} has labels of type {labels.dtype}{some}; expected whole numbers from 0 up, "
            "or text"
        )
    if labels.dtype.kind == "i" and labels.min(initial=0) < 0:
        raise InputError(
            f"{source} has the label {labels.min()}; expected whole numbers from 0 up: leave out "
            "points that belong to no manifold"
        )
    return labels


def _whole(labels):
    """Whether all are whole numbers that 64 bits hold."""
    return bool((np.abs(labels) < 2.0**63).all() and np.array_equal(labels, np.floor(labels)))


def _lacks_finite(labels):
    return labels.dtype.kind == "f" and not np.isfinite(labels).all()
