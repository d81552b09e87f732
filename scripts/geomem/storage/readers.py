"""Named arrays of a file that others wrote: NumPy, safetensors, MATLAB, HDF5 or Zarr.

Nothing is unpickled. The packages of the rarer types are imported when such a file is read.
"""

import base64
import contextlib
import importlib
import math
import warnings
from pathlib import Path

import numpy as np

from geomem.errors import DamagedFileError, InputError
from geomem.storage.arrays import plain_text

MATRICES = (
    "expected one array (manifolds, points, features), or an array (points, features) per "
    "manifold, or one with labels of its points (whole numbers from 0 up, or text)"
)


def named_arrays(path, wanted=None):
    """The arrays of a file by name.

    Parameters
    ----------
    path : pathlib.Path
        .npy, .npz, .safetensors, .mat, .h5, .hdf5 or .zarr (a folder).
    wanted : str, optional
        Read only the array of this name. In HDF5 and Zarr a name is a path, `group/array`.

    Returns
    -------
    dict of str to ndarray
        Of a file without names (.npy, a .zarr of one array) under the file's own.

    Raises
    ------
    InputError
        If the file is of another type, needs a package that is not installed, holds what is no
        array of numbers or text, or has no array of the name.
    DamagedFileError
        If it is missing or cannot be read.

    Warns
    -----
    UserWarning
        If parts of a Zarr or HDF5 array are not stored, whose values are then taken as the fill
        value: such parts need not be written, but what was interrupted lacks some as well.
    """
    path = Path(path)
    require_type(path)
    if not path.exists():
        raise DamagedFileError(f"{path} does not exist")
    try:
        arrays = _READERS[path.suffix](path, wanted)
    except (InputError, DamagedFileError):
        raise
    except Exception as error:  # what is cut off or altered can raise nearly anything
        raise DamagedFileError(f"{path} cannot be read ({error})") from error
    if wanted is not None and wanted not in arrays:
        known = ", ".join(_READERS[path.suffix](path, None)) or "none"
        raise InputError(f"{path} has no array {wanted!r}; it has {known}")
    return arrays


def require_type(path):
    """Raise InputError unless the name ends in one of the types that are read."""
    if path.suffix not in _READERS:
        *first, last = TYPES
        raise InputError(f"{path} is not of a type this reads: {', '.join(first)} or {last}")


def _npy(path, wanted):
    try:
        # Not np.load, which leaves a file open that begins as an archive does.
        return {path.stem: np.lib.format.open_memmap(path, mode="r")}
    except ValueError as error:
        raise _objects(path, error) from error


def _npz(path, wanted):
    arrays = {}
    # Opened here: of a damaged archive NumPy leaves the file open.
    with open(path, "rb") as stream:
        if stream.read(6) == b"\x93NUMPY":
            raise InputError(f"{path} is a single array; let its name end in .npy")
    with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
        for name in _chosen(file.files, wanted):
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
        f"{place} is an array of Python objects, which is not read; {MATRICES}. Manifolds of "
        "different sizes are one array each, in an .npz"
    )


def _mat(path, wanted):
    """Variables of a MATLAB file; those of version 7.3 are HDF5 with the dimensions reversed."""
    from scipy.io import loadmat

    try:
        found = loadmat(path, variable_names=None if wanted is None else [wanted])
    except NotImplementedError:  # version 7.3
        return {name: array.T for name, array in _hdf5(path, wanted).items()}
    arrays = {name: value for name, value in found.items() if not name.startswith("__")}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiubUc":
            raise InputError(
                f"{path}: {name} is a cell array, a struct or sparse; save full numeric arrays"
            )
    return arrays


def _hdf5(path, wanted):
    h5py = _package("h5py", path)
    with h5py.File(path) as file:
        found = dict(_hdf5_arrays(file, h5py))
        return {name: _values(path, name, found[name]) for name in _chosen(found, wanted)}


def _hdf5_arrays(group, h5py, start="", above=()):
    """Datasets by their names, of which one dataset may have several (links)."""
    for name in group:
        try:
            item = group.get(name)
        except RuntimeError:  # a link that leads back to itself
            continue
        if isinstance(item, h5py.Dataset):
            yield start + name, item
        elif isinstance(item, h5py.Group) and item not in (group, *above):
            yield from _hdf5_arrays(item, h5py, f"{start}{name}/", (group, *above))


def _values(path, name, dataset):
    if not (dataset.is_virtual or dataset.external):
        grid = zip(dataset.shape or (), dataset.chunks or dataset.shape or (), strict=True)
        count = math.prod(-(-length // each) for length, each in grid if each)
        stored = dataset.id.get_num_chunks() if dataset.chunks else dataset.id.get_storage_size()
        absent = count - min(stored, count) if dataset.size else 0
        _warn_of_absent(f"{path}, {name}", absent, count, dataset.fillvalue)
    values = dataset[()]
    if dataset.dtype.kind == "O":  # text, or lengths that vary
        if not all(isinstance(value, bytes | str) for value in np.ravel(values)):
            raise InputError(f"{path}: {name} has rows of different lengths; store full arrays")
        values = dataset.asstr()[()].astype(str)
    values = np.asarray(values)
    _require_unpacked(f"{path}, {name}", dataset.attrs, values)
    return values


def _zarr(path, wanted):
    zarr = _package("zarr", path)
    opened = zarr.open(path, mode="r")
    if isinstance(opened, zarr.Array):
        return {path.stem: _zarr_values(path, opened)}
    found = dict(_zarr_arrays(opened))
    return {name: _zarr_values(f"{path}, {name}", found[name]) for name in _chosen(found, wanted)}


def _zarr_values(where, array):
    absent = array.nchunks - array.nchunks_initialized
    _warn_of_absent(where, absent, array.nchunks, array.fill_value)
    values = plain_text(np.asarray(array[...]))
    _require_unpacked(where, array.attrs, values)
    return values


def _require_unpacked(where, attributes, values):
    """Refuse values that stand for others, or for none, by attributes of the CF conventions.

    Eaton et al., NetCDF Climate and Forecast (CF) Metadata Conventions 1.11 (2023), sections 2.5.1
    and 8.1. xarray writes these attributes and undoes them when it reads.
    """
    if values.dtype.kind not in "iuf":
        return
    packed = {"scale_factor": 1, "add_offset": 0}
    found = {name: _number(attributes.get(name, same)) for name, same in packed.items()}
    if found != packed:
        said = ", ".join(f"{name} {found[name]:g}" for name in packed if name in attributes)
        raise InputError(
            f"{where}: the attributes {said} say that values are packed, which is not undone; open "
            "the file with xarray and store the array as .npy"
        )
    for name in ("_FillValue", "missing_value"):
        missing = _number(attributes.get(name, np.nan))
        if np.isnan(missing):  # no such attribute; NaN itself is refused where values are used
            continue
        if count := np.count_nonzero(np.isclose(values, missing, rtol=1e-6, atol=0)):
            raise InputError(
                f"{where}: {count} values are {missing:g}, which its attribute {name} says is for "
                "missing ones; leave out the points or features that have them"
            )


def _number(attribute):
    """An attribute's number, NaN if it is text without one.

    In Zarr 3 xarray writes floats as the base64 of their eight bytes.
    """
    value = np.ravel(attribute)[0]
    with contextlib.suppress(ValueError):
        return float(value)
    with contextlib.suppress(ValueError):
        return float(np.frombuffer(base64.b64decode(value, validate=True), "<f8").item())
    return np.nan


def _warn_of_absent(where, absent, count, fill):
    if absent > 0:
        warnings.warn(
            f"{where}: {absent} of {count} chunks are not stored and are taken as {fill}; if "
            "nothing else was written there, that is right, but a copy or a recording that was "
            "interrupted looks the same",
            stacklevel=3,
        )


def _zarr_arrays(group, start=""):
    for name, array in sorted(group.arrays()):
        yield start + name, array
    for name, inner in sorted(group.groups()):
        yield from _zarr_arrays(inner, f"{start}{name}/")


def _package(name, path):
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputError(
            f"reading {path} needs the package {name}; install it (pip install {name}), or store "
            "the arrays as .npz"
        ) from None


def _chosen(names, wanted):
    return [name for name in names if wanted in (None, name)]


def _safetensors(path, wanted):
    safetensors = _package("safetensors", path)
    return {
        name: _decoded(path, name, stored)
        for name, stored in safetensors.deserialize(path.read_bytes())
        if wanted in (None, name)
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
_READERS = {
    ".npy": _npy,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".mat": _mat,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".zarr": _zarr,
}
TYPES = tuple(_READERS)
