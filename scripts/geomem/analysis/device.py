"""Torch as the commands use it that analyse networks."""

import torch

from geomem.memory import give_back_libraries
from geomem.training.device import choose_device, compute_deterministically


def set_up(threads):
    """Give torch its threads, have it compute the same bits for the same work, and choose a device.

    What importing it left in memory is given back. Call it after all imports.

    Returns
    -------
    torch.device
    """
    give_back_libraries()
    torch.set_num_threads(threads)
    compute_deterministically()
    return choose_device()
