"""Labels that the user gives: a file of them, or a matrix from which they are drawn.

The files of CIFAR-10N and CIFAR-100N (Wei et al., Learning with noisy labels revisited, ICLR 2022)
are dicts of arrays saved by torch, with the keys `clean_label`, `aggre_label`, `worse_label` and
others; they are read as they are.
"""

import csv
import re
from pathlib import Path

import numpy as np

from geomem.data.randomness import generator
from geomem.errors import DamagedFileError, InputError
from geomem.storage.readers import named_arrays

_CLEAN = "clean_label"
_TABLES = (".csv", ".parquet")
_TYPES = (*_TABLES, ".npy", ".npz", ".pt", ".pth")


def read_labels(path, true_labels, class_names, column=None):
    """The label that a file gives to each training image.

    Parameters
    ----------
    path : str
        A table (.csv, .parquet) with the columns `index` and `label`, of all images or of some;
        or an array for all images in order: .npy, one of an .npz, or of a dict saved by torch.
    true_labels : ndarray of int, shape (n,)
    class_names : sequence of str
        Labels may be these or their positions. A text that is both is the name.
    column : str, optional
        Name of the column or of the array, where there are several.

    Returns
    -------
    ndarray of int64, shape (n,)
        The true label where a table says nothing.

    Raises
    ------
    InputError
        If there are not as many labels as images, one is no class or, as a number, the position of
        one class and the name of another, or the file's own clean labels are not those of the
        images (as when its order is another).
    DamagedFileError
        If the file is missing or cannot be read.
    """
    path = Path(path).expanduser()
    if path.suffix not in _TYPES:
        raise InputError(f"labels.path: {path} is not of a type this reads: {', '.join(_TYPES)}")
    if not path.exists():
        raise DamagedFileError(f"labels.path: {path} does not exist")
    if path.suffix in _TABLES:
        index, given = _table(path, column)
        if len(index) and (index.min() < 0 or index.max() >= len(true_labels)):
            raise InputError(
                f"{path}: index {index.min() if index.min() < 0 else index.max()} is outside the "
                f"{len(true_labels)} training images, which count from 0"
            )
        if len(np.unique(index)) < len(index):
            raise InputError(f"{path}: an index stands there twice; give one label for each image")
        labels = true_labels.copy()
        labels[index] = _classes(path, given, class_names)
        return labels
    arrays = _dict_of(path) if path.suffix in (".pt", ".pth") else named_arrays(path)
    chosen = _chosen(path, arrays, column)
    for name in dict.fromkeys((_CLEAN, chosen)):
        if name in arrays and arrays[name].shape != true_labels.shape:
            raise InputError(
                f"{path}: {name} has shape {arrays[name].shape} and there are {len(true_labels)} "
                "training images; use all images of the data set (data.train_per_class: null)"
            )
    told = _CLEAN in arrays  # that numbers are positions, since the clean ones are
    if told:
        clean = _classes(path, arrays[_CLEAN], class_names, positions=True)
        differing = np.mean(clean != true_labels)
        if differing:
            raise InputError(
                f"{path}: its {_CLEAN} differs from the labels of {100 * differing:.3g} % of the "
                "training images; the order of the images is another, or it is of another data set"
            )
    return _classes(path, arrays[chosen], class_names, positions=told)


def _table(path, column):
    """Index and label columns of a table, as arrays."""
    if path.suffix == ".csv":
        try:
            with open(path, newline="", encoding="utf-8-sig") as file:
                rows = list(csv.DictReader(file))
        except (UnicodeDecodeError, csv.Error) as error:
            raise DamagedFileError(f"{path} cannot be read ({error}); expected CSV") from error
        columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
    else:
        import pyarrow.parquet

        try:
            columns = pyarrow.parquet.read_table(path).to_pydict()
        except Exception as error:  # an altered header can raise nearly anything
            raise DamagedFileError(f"{path} cannot be read ({error})") from error
    column = column or "label"
    for name in ("index", column):
        if name not in columns:
            raise InputError(
                f"{path} has no column {name!r}; it has {', '.join(map(str, columns)) or 'none'}"
            )
    try:
        index = np.array([int(value) for value in columns["index"]], dtype=np.int64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: index holds what is no whole number ({error})") from None
    labels = np.array(columns[column])
    if labels.dtype.kind in "iu":
        return index, labels
    return index, np.array([str(value).strip() for value in columns[column]])


def _dict_of(path):
    """Arrays of a dict saved by torch; nothing but arrays and plain values is unpickled."""
    import torch

    rebuild = np.zeros(1).__reduce__()[0]
    kinds = {type(np.dtype(code)) for code in "bhilBHILfd"}
    # Files of NumPy 1 call the module otherwise than those of NumPy 2.
    names = [f"numpy.{core}.multiarray._reconstruct" for core in ("core", "_core")]
    allowed = [*((rebuild, name) for name in names), np.ndarray, np.dtype, *kinds]
    try:
        with torch.serialization.safe_globals(allowed):
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what is cut off, altered or no such file can raise anything
        raise DamagedFileError(
            f"{path} cannot be read ({str(error).splitlines()[0]}); expected a dict of arrays "
            "saved by torch"
        ) from error
    if not isinstance(found, dict):
        raise InputError(f"{path} holds {type(found).__name__}; expected a dict of arrays")
    return {str(name): np.asarray(value) for name, value in found.items()}


def _chosen(path, arrays, column):
    names = [name for name in arrays if name != _CLEAN]
    if column is None and len(names) == 1:
        return names[0]
    if column not in arrays:
        what = "labels.column is missing" if column is None else f"labels.column is {column!r}"
        raise InputError(f"{what}; {path} has {', '.join(arrays) or 'no array'}: choose one")
    return column


def _classes(path, labels, class_names, positions=False):
    """Class ids of labels that are whole numbers or names of classes.

    A number is a position among the classes. Where names of classes are numbers themselves, text is
    names if all of it is and else numbers, and a number that is also the name of another class,
    `01` included, is refused, unless it is known to be a position (`positions`).
    """
    labels = np.asarray(labels)
    places = {name: n for n, name in enumerate(map(str, class_names))}
    numbered = {int(name): n for name, n in places.items() if re.fullmatch("[0-9]{1,9}", name)}
    if labels.dtype.kind in "US":
        labels = labels.astype(str)
        positions_too = {} if numbered else {str(n): n for n in range(len(class_names))}
        known = positions_too | places
        unknown = [str(label) for label in np.unique(labels) if label not in known]
        if not unknown:
            return np.array([known[label] for label in labels], dtype=np.int64)
        if not numbered or not all(re.fullmatch("[0-9]{1,9}", label) for label in labels):
            raise InputError(
                f"{path}: {unknown[0]!r} is no class; expected a number from 0 to "
                f"{len(class_names) - 1} or a name such as {class_names[0]!s}"
                + (", all numbers or all names" if numbered else "")
            )
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "iu":
        raise InputError(f"{path}: labels are {labels.dtype}; expected whole numbers or names")
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(class_names):
        raise InputError(
            f"{path}: labels are {labels.min()} to {labels.max()}; with {len(class_names)} classes "
            f"they must lie in 0 to {len(class_names) - 1}"
        )
    for label in [] if positions else np.unique(labels).tolist():
        if numbered.get(label, label) != label:  # class folders 0 to 11, sorted as text
            raise InputError(
                f"{path}: the label {label} is the name of one class and the position of another, "
                f"{class_names[label]!s}; give the names as text, or rename the classes so that "
                "both agree (00, 01, 02 and so on)"
            )
    return labels.astype(np.int64)


def read_matrix(matrix, n_classes):
    """A class-transition matrix as an array.

    Parameters
    ----------
    matrix : list of lists, or str
        Row c has the probability of each label for an image of class c; or a .csv (no header) or
        .npy of it.
    n_classes : int

    Returns
    -------
    ndarray of float64, shape (n_classes, n_classes)

    Raises
    ------
    InputError
        If it is of another shape, or a row is no distribution.
    """
    where = "labels.matrix"
    if isinstance(matrix, str):
        where, path = f"labels.matrix: {matrix}", Path(matrix).expanduser()
        try:
            if path.suffix == ".csv":
                matrix = np.loadtxt(path, delimiter=",", ndmin=2)
            else:
                (matrix,) = named_arrays(path).values()
        except (OSError, ValueError) as error:
            raise InputError(f"{where} cannot be read as a matrix ({error})") from error
    try:
        matrix = np.asarray(matrix, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where} is no matrix ({error}); expected rows of numbers") from error
    if matrix.shape != (n_classes, n_classes):
        raise InputError(
            f"{where} has shape {matrix.shape}; with {n_classes} classes expected "
            f"({n_classes}, {n_classes})"
        )
    for label, row in enumerate(matrix):
        if not (np.isfinite(row).all() and (row >= 0).all() and abs(row.sum() - 1) < 1e-6):
            raise InputError(
                f"{where}: row {label} is no distribution (sum {row.sum():.6g}, least "
                f"{row.min():.3g}); expected probabilities that add up to 1"
            )
    return matrix


def draw_labels(true_labels, matrix, seed):
    """A label for each image from its class's row of a transition matrix.

    Returns
    -------
    ndarray of int64, shape (n,)
        At equal seed the same whatever part of them is used.
    """
    level = generator("transition labels", seed).random(len(true_labels))
    ends = np.cumsum(matrix, axis=1)
    ends /= ends[:, -1:]
    # The first label whose cumulative probability exceeds the level, so none of probability 0.
    return (level[:, None] >= ends[true_labels]).sum(axis=1).astype(np.int64)
