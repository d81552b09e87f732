"""A defect of oneDNN that training must not meet."""

import os
import platform

import torch
from torch import nn

from geomem.errors import InputError
from geomem.models.layers import memory_format

_LEAST = 8  # float32 numbers in a register of AVX2


def refuse_overwriting(model, device):
    """Raise InputError for a layer in whose gradient oneDNN writes past the end of its memory.

    In oneDNN 3.12, which torch 2.13 contains, the code for AVX2 does so in the gradient of the
    weights of a 1x1 convolution with a stride, of channels-last images with fewer than 8 channels
    (https://github.com/uxlfoundation/oneDNN/issues/6035). The process then crashes or goes on with
    wrong gradients. The code for AVX-512 has no such defect.

    Parameters
    ----------
    model : nn.Module
        As `build_model` returns it.
    device : torch.device
    """
    if device.type != "cpu" or platform.machine() not in ("x86_64", "AMD64") or _has_avx512():
        return
    if memory_format(model) is not torch.channels_last:
        return
    for name, layer in model.named_modules():
        if not isinstance(layer, nn.Conv2d) or max(layer.kernel_size) > 1:
            continue
        channels = layer.in_channels // layer.groups
        if max(layer.stride) > 1 and channels < _LEAST:
            raise InputError(
                f"model: layer {name}, a 1x1 convolution with a stride, has {channels} input "
                f"channels; on processors without AVX-512, and with training.reproducible: portable"
                f", torch computes its gradient wrongly or crashes below {_LEAST}. Take a wider "
                "network"
            )


def _has_avx512():
    """Whether oneDNN takes its code for AVX-512: a user may have limited it, torch or both."""
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA") or "ALL"
    wide = limit.upper().startswith(("AVX512", "AVX10", "DEFAULT", "ALL"))
    return wide and torch.backends.cpu.get_cpu_capability() == "AVX512"
