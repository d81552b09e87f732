"""Where a result came from, as a plain dictionary that every result file carries."""

import importlib.metadata
import platform
import time

from geomem import __version__
from geomem.storage.atomic import digest

PACKAGES = ("numpy", "scipy", "pandas", "pyarrow", "matplotlib", "numba", "torch", "torchvision")


def provenance(stage, spec, inputs=(), *, started=None, device="cpu"):
    """Describe a result about to be written.

    Parameters
    ----------
    stage : str
        Name of the rule or command.
    spec : dict
        The settings that determined the result.
    inputs : iterable of path
        Files it was made from; their SHA-256 digests are recorded.
    started : float, optional
        `time.monotonic()` at the start of the work, for the seconds it took.
    device : str
        Where it was computed.
    """
    return {
        "stage": stage,
        "spec": spec,
        "inputs": {str(path): digest(path) for path in inputs},
        "geomem": __version__,
        "python": platform.python_version(),
        "packages": _versions(),
        "device": device,
        "seconds": None if started is None else round(time.monotonic() - started, 3),
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _versions():
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
