"""Activations, weights and labels that were made elsewhere.

`write_activations` writes arrays of any origin, and `Recorder` those of a PyTorch module in one's
own training loop, into a folder that `python -m geomem geometry` and the workflow take.

Importing this imports neither NumPy nor torch: the Snakefile reads manifests.
"""

import importlib

__all__ = ["Recorder", "write_activations"]

_MODULES = {"Recorder": "recorder", "write_activations": "writing"}


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
