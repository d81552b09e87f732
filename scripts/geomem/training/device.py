"""Where tensors live and in which precision they are computed."""

import contextlib
import os

import torch

from geomem.errors import InputError
from geomem.training.gpus import claim

_DTYPES = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device():
    """The CUDA device when there is one, else the CPU; the variable GEOMEM_DEVICE overrides it.

    Of several GPUs in CUDA_VISIBLE_DEVICES it is one that no other process has claimed.
    """
    claim()
    name = os.environ.get("GEOMEM_DEVICE")
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"GEOMEM_DEVICE is {name!r}; give cpu, cuda or cuda:N") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"GEOMEM_DEVICE is {name!r}, but torch finds no CUDA device; give cpu")
    return device


def device_name(device):
    """The device as results record it: "cpu" or the name of the GPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def compute_deterministically():
    """Have this process compute the same bits for the same work on the same device.

    Matrix products and convolutions in float32 use full float32, not TensorFloat-32.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # else cuBLAS may reorder sums
    # The same switch as use_deterministic_algorithms, which imports a compiler for four seconds.
    torch.set_deterministic_debug_mode("warn")
    # Nothing here reads memory it has not written, so filling it first would only cost time.
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False


def autocast(device, precision):
    """A context that computes in `precision`: "float32", "bfloat16" or "float16"."""
    dtype = _DTYPES[precision]
    if dtype is None:
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=dtype)
