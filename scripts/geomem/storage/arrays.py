"""Named arrays in one uncompressed .npz file."""

import json
import zipfile

import numpy as np

from geomem.storage.atomic import damaged, missing, replacing
from geomem.storage.seal import UNSEALED, seal, verify

PROVENANCE = "provenance"


def plain_text(array):
    """Text as pandas and Zarr hold it, in NumPy's type of fixed length; anything else as it is."""
    if array.dtype.kind in "OT" and all(isinstance(value, str) for value in array.flat):
        return np.array(array.tolist(), dtype=str)
    return array


def write_arrays(path, arrays, provenance):
    """Write a mapping of names to arrays (no object arrays) and their provenance."""
    with replacing(path) as temporary:
        with open(temporary, "wb") as file:
            np.savez(file, allow_pickle=False, **arrays, **{PROVENANCE: json.dumps(provenance)})
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.comment = UNSEALED.encode()
        seal(temporary)


def read_arrays(path, names=None):
    """Read arrays by name (all when `names` is None).

    Returns
    -------
    dict of str to ndarray, and the provenance dict.

    Raises
    ------
    DamagedFileError
        If the file is missing, truncated, altered, or lacks a name asked for.
    """
    try:
        verify(path)
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            wanted = [n for n in file.files if n != PROVENANCE] if names is None else names
            return {name: file[name] for name in wanted}, json.loads(str(file[PROVENANCE]))
    except FileNotFoundError:
        raise missing(path) from None
    except Exception as error:  # an altered zip header can raise nearly anything
        raise damaged(path, error) from error
