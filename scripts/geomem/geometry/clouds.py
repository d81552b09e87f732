"""What callers hand over as manifolds, as a list of plain two-dimensional real arrays.

NumPy arrays and torch tensors of any real type are taken as they are; what NumPy can turn into such
an array (lists, data frames) is turned. Everything that would lose something on the way is refused
by name: masks, units of structured types, imaginary parts, and sparse storage.
"""

import sys
import warnings
from collections.abc import Mapping, Set

import numpy as np

from geomem.errors import InputError

_OF_NUMPY = ("torch.float16", "torch.float32", "torch.float64")  # the others are narrower


def check_manifolds(manifolds):
    """The manifolds as a list of P >= 2 two-dimensional real arrays of equal width.

    Parameters
    ----------
    manifolds : sequence of P arrays (M_mu, N), or one array (P, M, N)

    Returns
    -------
    list of P arrays (M_mu, N)
        All of NumPy, or all torch tensors on one device. Where they are mixed, NumPy arrays.

    Raises
    ------
    InputError
        Names the manifold that cannot be used, and why.

    Warns
    -----
    UserWarning
        If every manifold has more points than features, as when rows are features.
    """
    given = _listed(manifolds)
    _check_columns(given)
    clouds = [real_array(cloud, f"manifolds[{index}]") for index, cloud in enumerate(given)]
    if len(clouds) < 2:
        raise InputError(f"manifolds holds {len(clouds)} manifold(s); the geometry needs 2 or more")
    for index, cloud in enumerate(clouds):
        if cloud.ndim != 2 or 0 in cloud.shape:
            raise InputError(
                f"manifolds[{index}] has shape {tuple(cloud.shape)}; expected (points, features), "
                f"at least one of each{_flatten_hint(cloud)}"
            )
        if cloud.shape[1] != clouds[0].shape[1]:
            transposed = len({len(c) for c in clouds if c.ndim}) == 1
            hint = " (if rows are features, give the transpose of each)" if transposed else ""
            raise InputError(
                f"manifolds[{index}] has {cloud.shape[1]} features and manifolds[0] has "
                f"{clouds[0].shape[1]}; give all points in the same features{hint}"
            )
    _warn_of_transposed(clouds)
    return _in_one_place(clouds)


def is_tensor(array):
    """Whether it is a torch tensor; torch is never imported for that: a tensor's owner has."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def _listed(manifolds):
    if isinstance(manifolds, Mapping):
        raise InputError(
            f"manifolds is a {type(manifolds).__name__}; expected a sequence of arrays (M, N): "
            "give list(manifolds.values())"
        )
    if isinstance(manifolds, Set | str | bytes):
        raise InputError(
            f"manifolds is a {type(manifolds).__name__}, which has no order of arrays; expected a "
            "sequence of arrays (M, N) or one array (P, M, N)"
        )
    _refuse_sparse(manifolds, "manifolds")
    if hasattr(manifolds, "iterrows"):
        raise InputError(
            "manifolds is one data frame; expected one array (M, N) for each manifold: group its "
            "rows by their class"
        )
    try:
        return list(manifolds)
    except Exception as error:  # what is no sequence raises TypeError, others anything
        raise InputError(
            f"manifolds is {type(manifolds).__name__} ({error}); expected a sequence of arrays "
            "(M, N) or one array (P, M, N)"
        ) from None


def _check_columns(given):
    """Data frames are taken column by column in their order, so their names must agree."""
    names = {i: list(frame.columns) for i, frame in enumerate(given) if hasattr(frame, "columns")}
    first = next(iter(names.values()), None)
    for index, columns in names.items():
        if columns != first and set(columns) & set(first):
            raise InputError(
                f"manifolds[{index}] is a data frame with other columns than the first, or in "
                "another order; give all the same, frame[first.columns]"
            )


def real_array(value, where, axes="points, features"):
    """A NumPy array or a plain torch tensor of real numbers, of any shape.

    Parameters
    ----------
    value : array, tensor, or what NumPy makes an array of
    where : str
        What a message calls it.
    axes : str
        Those that a message says are expected.

    Raises
    ------
    InputError
        If something would be lost: a mask, an imaginary part, or sparse storage.
    """
    _refuse_sparse(value, where)
    if is_tensor(value):
        return _tensor(value, where)
    if isinstance(value, list | tuple) and any(map(_is_array, value)):  # NumPy would drop masks
        value = [on_host(real_array(row, f"{where}[{i}]", axes)) for i, row in enumerate(value)]
    if isinstance(value, np.ma.MaskedArray):
        if np.ma.getmaskarray(value).any():
            raise InputError(
                f"{where} has masked values; leave out their points or features, or fill them in"
            )
        value = value.data
    try:
        array = np.asarray(value)
    except Exception as error:  # ragged lists raise ValueError, arrays of other libraries anything
        raise InputError(
            f"{where} ({type(value).__name__}) cannot be made one array ({error}); expected an "
            f"array ({axes})"
        ) from error
    if array.dtype.kind == "O" and array.ndim == 0:
        raise InputError(f"{where} is {type(value).__name__}; expected an array ({axes})")
    if array.dtype.kind not in "fiub":
        raise InputError(
            f"{where} has type {array.dtype}; expected real numbers{_type_hint(array.dtype)}"
        )
    return array


def _tensor(value, where):
    if value.device.type == "meta":
        raise InputError(f"{where} is a tensor on the device meta, which holds no values")
    if value.is_quantized:
        raise InputError(f"{where} is a quantized tensor; give its .dequantize()")
    if value.is_complex():
        raise InputError(f"{where} has type {value.dtype}; expected real numbers")
    tensor = sys.modules["torch"].Tensor
    if type(value).__torch_dispatch__ is not tensor.__torch_dispatch__:  # masked, distributed
        raise InputError(
            f"{where} is a {type(value).__name__}, a tensor with rules of its own; expected a "
            "plain dense tensor"
        )
    try:
        value = value.detach().as_subclass(tensor)
        value.reshape(-1)[:1].double()
    except Exception as error:  # types of fewer than 8 bits, tensors of other kinds
        raise InputError(
            f"{where} ({value.dtype}, {type(value).__name__}) cannot be turned into double "
            f"precision ({error}); give a dense tensor of real numbers"
        ) from error
    return value


def _refuse_sparse(value, where):
    torch = sys.modules.get("torch")
    if is_tensor(value):
        kind = "nested" if value.is_nested else "sparse"
        if value.is_nested or value.layout != torch.strided:
            advice = ".unbind(), a sequence" if kind == "nested" else ".to_dense()"
            raise InputError(f"{where} is a {kind} tensor ({value.layout}); give its {advice}")
    elif hasattr(value, "nnz") and (hasattr(value, "toarray") or hasattr(value, "todense")):
        advice = ".toarray()" if hasattr(value, "toarray") else ".todense()"
        raise InputError(f"{where} is sparse ({type(value).__name__}); give its {advice}")


def _is_array(row):
    return is_tensor(row) or hasattr(row, "__array__")


def _type_hint(dtype):
    if dtype.names:
        return ": give its fields as columns, numpy.lib.recfunctions.structured_to_unstructured"
    if dtype.kind == "O":
        return ": convert it, .astype(float)"
    if dtype.kind == "V":
        return ": convert it, .astype(numpy.float32)"
    return ""


def _flatten_hint(cloud):
    if cloud.ndim > 2:
        return ": flatten the features of each point, .reshape(len(points), -1)"
    return ""


def _warn_of_transposed(clouds):
    if all(len(cloud) > cloud.shape[1] for cloud in clouds):
        points, features = clouds[0].shape
        warnings.warn(
            f"every manifold has more points than features (manifolds[0]: {points} points, "
            f"{features} features). If its rows are features, give the transpose of each",
            stacklevel=4,
        )


def _in_one_place(clouds):
    """The point clouds themselves if all are NumPy's or on one device, else all as NumPy arrays."""
    places = {str(cloud.device) if is_tensor(cloud) else "numpy" for cloud in clouds}
    return clouds if len(places) == 1 else [on_host(cloud) for cloud in clouds]


def doubles(value, where):
    """What `real_array` takes, as a float64 NumPy array."""
    return np.asarray(on_host(real_array(value, where)), dtype=np.float64)


def on_host(cloud):
    """A NumPy array of an array or tensor, of its type; float32 for those that NumPy lacks."""
    if not is_tensor(cloud):
        return cloud
    cloud = cloud.cpu().resolve_neg()
    narrow = cloud.dtype.is_floating_point and str(cloud.dtype) not in _OF_NUMPY
    return (cloud.float() if narrow else cloud).numpy()
