"""`training.reproducible: portable`: the same bits on every x86-64 processor with AVX2 and FMA.

Sums are rounded otherwise in registers of another width and in another order. The libraries below
torch choose both by the processor they find. Three environment variables take the choice from them,
if they are set before torch is imported. Importing this module does not import torch.
"""

import os
import sys

from geomem.errors import InputError

PROCESSOR, PORTABLE = "processor", "portable"
SWITCHES = {
    "ATEN_CPU_CAPABILITY": "avx2",  # torch's own kernels
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # convolutions
    "MKL_CBWR": "COMPATIBLE",  # matrix products; its AVX2 means nothing on processors not Intel's
}
_WANTED = f"training.reproducible is {PORTABLE!r}, which"


def is_portable(training):
    """Whether a `training` section asks for it.

    Raises
    ------
    InputError
        If it cannot have it: `reproducible` is not known, or `precision` is not float32.
    """
    asked = training.get("reproducible", PROCESSOR)
    if asked not in (PROCESSOR, PORTABLE):
        raise InputError(f"training.reproducible is {asked!r}; expected {PROCESSOR} or {PORTABLE}")
    precision = training.get("precision", "float32")
    if asked == PORTABLE and precision != "float32":
        raise InputError(f"{_WANTED} needs training.precision float32, not {precision}")
    return asked == PORTABLE


def recipe_section(training):
    """A `training` section without the key `reproducible`, as `Recipe.read` takes it."""
    return {key: value for key, value in training.items() if key != "reproducible"}


def determining(training):
    """What it adds to the settings that determine the weights; nothing by default."""
    return {"reproducible": SWITCHES} if is_portable(training) else {}


def prepare(training, threads):
    """Set the variables if a `training` section asks for it; call before torch is imported.

    Raises
    ------
    InputError
        If it cannot have it, or `threads` is not 1.
    """
    if not is_portable(training):
        return
    if threads != 1:
        raise InputError(f"{_WANTED} needs one thread, not {threads}")
    if "torch" not in sys.modules:
        os.environ.update(SWITCHES)


def verify(training, device):
    """Raise InputError if a `training` section asks for it and this process cannot give it.

    Parameters
    ----------
    training : dict
    device : torch.device
        Where the network is trained.
    """
    if not is_portable(training):
        return
    import torch

    if device.type != "cpu":
        raise InputError(
            f"{_WANTED} is of the CPU, but this job uses {device.type}; set GEOMEM_DEVICE=cpu, or "
            f"training.reproducible: {PROCESSOR}"
        )
    if torch.get_num_threads() != 1:
        raise InputError(f"{_WANTED} needs one thread; call torch.set_num_threads(1)")
    unset = [f"{k}={v}" for k, v in SWITCHES.items() if os.environ.get(k) != v]
    if unset:
        raise InputError(f"{_WANTED} needs {', '.join(unset)} set before torch is imported")
    found = torch.backends.cpu.get_cpu_capability()
    if found != "AVX2":
        raise InputError(
            f"{_WANTED} needs an x86-64 processor with AVX2 and FMA; torch computes with {found}. "
            "On such a processor the variable ATEN_CPU_CAPABILITY was set after torch was imported"
        )
