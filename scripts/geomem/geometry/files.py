"""Manifolds from a file of arrays: .npy, .npz or .safetensors."""

import numpy as np

from geomem.errors import DamagedFileError, InputError

_SUFFIXES = (".npy", ".npz", ".safetensors")
_EXPECTED = (
    "expected one array (manifolds, points, features), or an array (points, features) per "
    "manifold, or one with labels of its points (whole numbers from 0 up, or text)"
)


def require_readable_type(path):
    """Raise InputError unless the name ends in one of the types that are read."""
    if path.suffix not in _SUFFIXES:
        raise InputError(f"{path} is not of a type this reads: .npy, .npz or .safetensors")


def read_manifolds(path):
    """Names and points (M, N) of the manifolds in a file.

    Parameters
    ----------
    path : pathlib.Path

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
    arrays = _arrays(path)
    found = ", ".join(f"{name} {array.dtype} {array.shape}" for name, array in arrays.items())
    if len(arrays) == 2 and (labelled := _labelled(path, *arrays.values())):
        return labelled
    dimensions = [array.ndim for array in arrays.values()]
    if dimensions == [3]:
        (array,) = arrays.values()
        return [str(index) for index in range(len(array))], list(array)
    if set(dimensions) == {2}:
        return list(arrays), list(arrays.values())
    raise InputError(f"{path} holds {found or 'no array'}; {_EXPECTED}")


def _labelled(path, *arrays):
    """Manifolds from one array of points and one of labels; None if they are no such pair."""
    labels, points = sorted(arrays, key=lambda array: (array.ndim, array.size))
    column = labels.ndim == 2 and labels.shape[1] == 1 and labels.dtype.kind in "iubUS"
    if points.ndim != 2 or not (labels.ndim == 1 or column):
        return None
    labels = labels.reshape(-1)
    if len(labels) != len(points):
        raise InputError(
            f"{path} holds {len(points)} points and {len(labels)} labels; expected one label for "
            "each point"
        )
    if labels.dtype.kind == "f" and np.array_equal(labels, np.floor(labels)):
        labels = labels.astype(np.int64)
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "backslashreplace")
    if labels.dtype.kind not in "iubU":
        raise InputError(
            f"{path} has labels of type {labels.dtype}; expected whole numbers from 0 up, or text"
        )
    if labels.dtype.kind == "i" and labels.min(initial=0) < 0:
        raise InputError(
            f"{path} has the label {labels.min()}; expected whole numbers from 0 up: leave out "
            "points that belong to no manifold"
        )
    classes = np.unique(labels)
    return [str(c) for c in classes], [points[labels == c] for c in classes]


def _arrays(path):
    require_readable_type(path)
    if not path.exists():
        raise DamagedFileError(f"{path} does not exist")
    read = {".npy": _load_npy, ".npz": _load_npz, ".safetensors": _load_safetensors}[path.suffix]
    try:
        return read(path)
    except (InputError, DamagedFileError):
        raise
    except Exception as error:  # what is cut off or altered can raise nearly anything
        raise DamagedFileError(f"{path} cannot be read ({error})") from error


def _load_npy(path):
    try:
        return {path.stem: np.load(path, mmap_mode="r", allow_pickle=False)}
    except ValueError as error:
        raise _objects(path, error) from error


def _load_npz(path):
    arrays = {}
    # Opened here: of a damaged archive NumPy leaves the file open.
    with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
        for name in file.files:
            try:
                arrays[name] = file[name]
            except ValueError as error:
                raise _objects(path, error, name) from error
            if not isinstance(arrays[name], np.ndarray):
                raise InputError(f"{path} holds {name}, which is no array; leave it out")
    return arrays


def _objects(path, error, name=""):
    """The error of an array of Python objects, which are never unpickled, or of another fault."""
    if "bject" not in str(error):
        return DamagedFileError(f"{path} cannot be read ({error})")
    place = f"{path}, {name}," if name else path
    return InputError(
        f"{place} is an array of Python objects, which is not read; {_EXPECTED}. Manifolds of "
        "different sizes are one array each, in an .npz"
    )


def _load_safetensors(path):
    try:
        import safetensors
    except ImportError:
        raise InputError(
            f"reading {path} needs the package safetensors; install it, or give an .npz"
        ) from None
    return {
        name: _decoded(path, name, stored)
        for name, stored in safetensors.deserialize(path.read_bytes())
    }


def _decoded(path, name, stored):
    """One tensor of a .safetensors file; types that NumPy lacks become float32, exactly."""
    kind, data = stored["dtype"], bytes(stored["data"])
    if kind in _PLAIN:
        values = np.frombuffer(data, _PLAIN[kind])
    elif kind == "BF16":
        values = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    elif kind == "F8_E5M2":
        values = (np.frombuffer(data, np.uint8).astype(np.uint16) << 8).view(np.float16)
    elif kind == "F8_E4M3":
        values = _E4M3[np.frombuffer(data, np.uint8)]
    else:
        raise InputError(
            f"{path}: {name} has type {kind}, which is not read; convert it to float32"
        )
    return values.reshape(stored["shape"])


_PLAIN = {
    "BOOL": "?", "I8": "i1", "U8": "u1", "I16": "<i2", "U16": "<u2", "I32": "<i4", "U32": "<u4",
    "I64": "<i8", "U64": "<u8", "F16": "<f2", "F32": "<f4", "F64": "<f8",
}  # fmt: skip


def _e4m3():
    """The values of the 256 codes of float8 e4m3: 1 sign, 4 exponent, 3 fraction bits, no infinity.

    Micikevicius et al., FP8 formats for deep learning, arXiv:2209.05433 (2022), table 1.
    """
    code = np.arange(256)
    exponent, fraction = code >> 3 & 15, (code & 7) / 8
    size = np.where(exponent > 0, (1 + fraction) * 2.0 ** (exponent - 7), fraction * 2.0**-6)
    size[code & 127 == 127] = np.nan
    return np.where(code < 128, size, -size).astype(np.float32)


_E4M3 = _e4m3()
