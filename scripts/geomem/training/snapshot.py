"""Snapshots: a network's weights and buffers at one epoch, as safetensors with a checksum.

Importing this module imports numpy, not torch.
"""

import hashlib
import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from geomem.storage.atomic import damaged, missing, replacing

if TYPE_CHECKING:
    import torch

REACHED = "reached"  # else "diverged" or "stopped", and the snapshot holds no tensors


def write_snapshot(path, arrays, metadata):
    """Write named arrays and string metadata whole or not at all.

    Parameters
    ----------
    path : path
    arrays : dict of str to ndarray
    metadata : dict of str to str
        A snapshot has `epoch`, `status`, `precision` and `provenance`. A `sha256` of all else in
        the file is added.
    """
    arrays = {name: np.asarray(arrays[name], order="C") for name in sorted(arrays)}
    content = safetensors.numpy.save(
        arrays, metadata={**metadata, "sha256": _checksum(arrays, metadata)}
    )
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.writelines(_ordered(content))


def _ordered(content):
    """Head and tensors of a file, its metadata sorted: safetensors writes them in random order."""
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    ordered = {"__metadata__": dict(sorted(header.pop("__metadata__").items())), **header}
    text = json.dumps(ordered, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors start at a multiple of eight bytes
    return struct.pack("<Q", len(text)) + text, memoryview(content)[8 + length :]


def read_snapshot(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read a snapshot and verify its checksum.

    Returns
    -------
    arrays : dict of str to ndarray
        By the names of the network's `state_dict`; empty when the epoch was not reached
        (`status` in the metadata is then "diverged" or "stopped", else "reached").
    metadata : dict of str to str

    Raises
    ------
    DamagedFileError
        If the file is missing, truncated or altered.
    """
    try:
        return unpack(Path(path).read_bytes())
    except FileNotFoundError:
        raise missing(path) from None
    except ValueError as error:
        raise damaged(path, error) from error


def unpack(content):
    """Arrays and metadata from the bytes of a file made by `write_snapshot`.

    Raises
    ------
    ValueError
        If they are not what was written.
    """
    try:
        (length,) = struct.unpack_from("<Q", content)
        metadata = json.loads(content[8 : 8 + length])["__metadata__"]
        arrays = safetensors.numpy.load(content)
        expected = metadata.pop("sha256")
    except (SafetensorError, struct.error, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    if _checksum(arrays, metadata) != expected:
        raise ValueError("its checksum does not match")
    return arrays, {**metadata, "sha256": expected}


def load_into(model: "torch.nn.Module", path: str | Path) -> dict[str, str]:
    """Load a snapshot's weights and buffers into a network built by `build_model`.

    Returns
    -------
    dict of str to str, the snapshot's metadata.

    Raises
    ------
    DamagedFileError
        If the file is damaged, holds no tensors, or holds those of another network.
    """
    import torch

    arrays, metadata = read_snapshot(path)
    if metadata["status"] != REACHED:
        raise damaged(path, f"it holds no weights: training had {metadata['status']} before")
    try:
        model.load_state_dict({name: torch.from_numpy(a) for name, a in arrays.items()})
    except RuntimeError as error:
        raise damaged(path, f"it belongs to another network: {error}") from error
    return metadata


def _checksum(arrays, metadata):
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.asarray(array, order="C").reshape(-1).view(np.uint8))
    return digest.hexdigest()
