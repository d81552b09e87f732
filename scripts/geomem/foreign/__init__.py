"""Activations, weights and labels that were made elsewhere.

`write_activations` writes arrays of any origin, and `Recorder` those of a PyTorch module in one's
own training loop, into a folder that `python -m geomem geometry` and the workflow take.

Importing this imports neither NumPy nor torch: the Snakefile reads manifests.
"""

from geomem.lazy import attributes

_HOMES = {"Recorder": "recorder", "write_activations": "writing"}

__all__ = sorted(_HOMES)
__getattr__, __dir__ = attributes(__name__, _HOMES)
