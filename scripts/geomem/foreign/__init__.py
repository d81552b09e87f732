"""Activations, weights and labels that were made elsewhere.

`write_activations` writes arrays of any origin, and `Recorder` those of a PyTorch module in one's
own training loop, into a folder that `python -m geomem geometry` and the workflow take.

Importing this imports neither NumPy nor torch: the Snakefile reads manifests.
"""

import importlib

# geomem.config.code reads this, so that a job depends on the modules of the names it imports.
_HOMES = {"Recorder": "recorder", "write_activations": "writing"}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
