"""Weights of a network that was trained elsewhere, from files of each epoch.

Importing this imports NumPy, not torch.
"""

from pathlib import Path

import numpy as np

from geomem.errors import DamagedFileError, InputError
from geomem.storage.readers import named_arrays

_TORCH = (".pt", ".pth", ".bin", ".ckpt")
_INSIDE = ("state_dict", "model_state_dict", "model", "net", "weights")  # usual names in a file
_WRAPPERS = ("module.", "_orig_mod.")  # what DataParallel and torch.compile put before all names


def read_weights(path, key=None):
    """The arrays of a file of weights by the names of `state_dict`.

    Parameters
    ----------
    path : str
        .safetensors; or .pt, .pth, .bin, .ckpt, saved by torch and read with `weights_only=True`.
    key : str, optional
        Where the weights are in a file saved by torch; by default the file itself, or what of
        `state_dict`, `model_state_dict`, `model`, `net` and `weights` it has.

    Returns
    -------
    dict of str to ndarray
        The prefixes that `DataParallel` and `torch.compile` give to all names are left out; what
        NumPy lacks (bfloat16) is float32.

    Raises
    ------
    InputError
        If the file is of another type or holds no weights.
    DamagedFileError
        If it is missing or cannot be read.
    """
    path = Path(path)
    if path.suffix == ".safetensors":
        arrays = named_arrays(path)
    elif path.suffix in _TORCH:
        arrays = _saved_by_torch(path, key)
    else:
        raise InputError(
            f"weights.path: {path} is not of a type this reads: .safetensors, {', '.join(_TORCH)}"
        )
    while arrays and (wrapper := _wrapper(arrays)):
        arrays = {name.removeprefix(wrapper): array for name, array in arrays.items()}
    if not arrays:
        raise InputError(f"weights.path: {path} holds no weights")
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(f"weights.path: {path}: {name} holds values that are not finite")
    return arrays


def _wrapper(names):
    """The prefix of a wrapper that all names have, or None; a wrapper may hold another one."""
    return next((w for w in _WRAPPERS if all(name.startswith(w) for name in names)), None)


def _saved_by_torch(path, key):
    import torch

    if not path.exists():
        raise DamagedFileError(f"weights.path: {path} does not exist")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what is cut off, altered or no such file can raise anything
        raise DamagedFileError(
            f"weights.path: {path} cannot be read with weights_only=True "
            f"({str(error).splitlines()[0]}); save model.state_dict() alone"
        ) from error
    if key is None:
        inside = [name for name in _INSIDE if _is_state(found, name)]
        key = inside[0] if inside and not _tensors(found) else None
    if key is not None:
        if not _is_state(found, key):
            known = ", ".join(map(str, found)) if isinstance(found, dict) else type(found).__name__
            raise InputError(f"weights.key: {path} has no weights at {key!r}; it has {known}")
        found = found[key]
    if not _tensors(found):
        listed = ", ".join(list(map(str, found))[:9]) if isinstance(found, dict) else ""
        raise InputError(
            f"weights.path: {path} holds {type(found).__name__} ({listed}), expected tensors by "
            "name; give their place in it as weights.key"
        )
    return {name: _array(value) for name, value in found.items()}


def _is_state(found, name):
    return isinstance(found, dict) and _tensors(found.get(name))


def _tensors(value):
    import torch

    values = value.values() if isinstance(value, dict) else ()
    return bool(values) and all(isinstance(each, torch.Tensor) for each in values)


def _array(tensor):
    tensor = tensor.detach().cpu()
    try:
        return tensor.contiguous().numpy()
    except TypeError:  # bfloat16, float8
        return tensor.float().numpy()
